package bolt

import (
	"container/heap"
	"sync"
	"time"

	"github.com/throughline/throughline/app/tenant"
)

// schedule says which waiting job runs next. The jobs stay in the file; it knows the tenants that have some, when to look at each
// again, and the lanes in use, and only while Run runs. Tenants take turns, a lane that is in use is passed over, and no tenant
// gets every worker while there are several.
type schedule struct {
	workers int
	wake    chan struct{} // has room for one: something may have become ready

	mu      sync.Mutex
	active  bool
	shares  map[tenant.ID]*share
	turns   []*share // tenants that may have a due job and have workers left for it, the next one first
	timed   timed    // tenants whose first job in a free lane is not due yet
	lanes   map[laneKey]struct{}
	running int
}

// share is what one tenant has waiting and at work.
type share struct {
	tenant  tenant.ID
	running int
	listed  bool   // in turns
	next    uint64 // in timed: when to look again, as instant has it
	at      int    // its place in timed; -1 when it is not there
}

type laneKey struct {
	tenant tenant.ID
	lane   string
}

func newSchedule(workers int) *schedule {
	return &schedule{workers: workers, wake: make(chan struct{}, 1)}
}

// reset empties the schedule and makes it follow changes, or not.
func (s *schedule) reset(active bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = active
	s.shares, s.lanes = map[tenant.ID]*share{}, map[laneKey]struct{}{}
	s.turns, s.timed, s.running = nil, nil, 0
}

// note says that a tenant has a job waiting that is due at a time: to be called after the commit.
func (s *schedule) note(id tenant.ID, at uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.active {
		return
	}
	of := s.share(id)
	if of.listed || of.at >= 0 && of.next <= at {
		return
	}
	if of.at >= 0 {
		of.next = at
		heap.Fix(&s.timed, of.at)
	} else {
		s.await(of, at)
	}
	s.poke()
}

// poke wakes the runner.
func (s *schedule) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// most is how many workers one tenant may occupy: not all, so that handlers that hang for one tenant leave a way for others.
func (s *schedule) most() int { return max(1, s.workers-max(1, s.workers/4)) }

// look finds the job of a tenant that is due first among those whose lane is not in use.
type look func(id tenant.ID, used func(lane []byte) bool) (e entry, found bool, err error)

// next gives out a job to lease, and occupies a worker and its lane until release. When there is none it says when to ask again;
// the zero time when only a note or a release can change that. After an error it may be asked again.
//
// It looks while it holds the lock: a note that comes meanwhile is taken in afterwards, so that no job is overlooked that was
// committed after the look.
func (s *schedule) next(now time.Time, look look) (e entry, found bool, again time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := instant(now)
	for len(s.timed) > 0 && s.timed[0].next <= at {
		s.list(heap.Pop(&s.timed).(*share))
	}
	for s.running < s.workers && len(s.turns) > 0 {
		of := s.turns[0]
		e, found, err := look(of.tenant, func(lane []byte) bool {
			_, used := s.lanes[laneKey{of.tenant, string(lane)}]
			return used
		})
		if err != nil {
			return entry{}, false, time.Time{}, err
		}
		s.turns[0] = nil
		s.turns = s.turns[1:]
		of.listed = false
		switch {
		case !found:
			s.tidy(of)
		case e.runAt > at:
			s.await(of, e.runAt)
		default:
			s.lanes[laneKey{e.tenant, e.lane}] = struct{}{}
			of.running++
			s.running++
			s.list(of)
			return e, true, time.Time{}, nil
		}
	}
	if len(s.timed) == 0 || s.running == s.workers {
		return entry{}, false, time.Time{}, nil
	}
	return entry{}, false, time.Unix(0, int64(s.timed[0].next)), nil
}

// release ends the occupation that next began.
func (s *schedule) release(e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lanes, laneKey{e.tenant, e.lane})
	of := s.shares[e.tenant]
	of.running--
	s.running--
	s.list(of) // its lane may have more
	s.poke()
}

func (s *schedule) share(id tenant.ID) *share {
	of := s.shares[id]
	if of == nil {
		of = &share{tenant: id, at: -1}
		s.shares[id] = of
	}
	return of
}

// list gives a tenant its turn after all others, unless it has its workers; release lists it then.
func (s *schedule) list(of *share) {
	if of.listed || of.running >= s.most() {
		return
	}
	if of.at >= 0 {
		heap.Remove(&s.timed, of.at)
	}
	of.listed = true
	s.turns = append(s.turns, of)
}

// await puts off looking at a tenant until a time.
func (s *schedule) await(of *share, at uint64) {
	of.next = at
	heap.Push(&s.timed, of)
}

// tidy forgets a tenant with nothing waiting and nothing at work.
func (s *schedule) tidy(of *share) {
	if of.running == 0 && of.at < 0 {
		delete(s.shares, of.tenant)
	}
}

// timed is a heap of shares, the one to be looked at first in front.
type timed []*share

func (q timed) Len() int           { return len(q) }
func (q timed) Less(i, j int) bool { return q[i].next < q[j].next }
func (q timed) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

func (q *timed) Push(e any) {
	of := e.(*share)
	of.at = len(*q)
	*q = append(*q, of)
}

func (q *timed) Pop() any {
	old := *q
	of := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	of.at = -1
	return of
}
