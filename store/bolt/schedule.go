package bolt

import (
	"cmp"
	"container/heap"
	"sync"
	"time"

	"github.com/throughline/throughline/app/tenant"
)

// entry is a waiting job as the schedule knows it.
type entry struct {
	key    string // its row
	id     uint64
	tenant tenant.ID
	lane   string
	runAt  time.Time
}

// schedule says which waiting job runs next. It holds in memory what the file holds durably, and only while Run runs: tenants
// take turns, a lane that is in use is passed over, and no tenant gets every worker while there are several.
//
// An entry that was replaced or removed stays in its queue until it comes up; jobs tells that it no longer counts.
type schedule struct {
	workers int
	wake    chan struct{} // has room for one: something may have become ready

	mu      sync.Mutex
	active  bool
	jobs    map[string]*entry // those that count, by key
	timed   queue             // not due yet, when last looked at
	turns   []*share          // tenants with due jobs and workers left for them, the next one first
	shares  map[tenant.ID]*share
	lanes   map[laneKey][]*entry // in use; with the entries that came up meanwhile
	running int
}

// share is what one tenant has due and at work.
type share struct {
	tenant  tenant.ID
	due     queue
	running int
	listed  bool // in turns
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
	s.jobs, s.shares, s.lanes = map[string]*entry{}, map[tenant.ID]*share{}, map[laneKey][]*entry{}
	s.timed, s.turns, s.running = nil, nil, 0
}

// add takes in a waiting job, instead of what was known under its key.
func (s *schedule) add(e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.active {
		return
	}
	if known := s.jobs[e.key]; known != nil && *known == e {
		return
	}
	s.jobs[e.key] = &e
	heap.Push(&s.timed, &e)
	s.poke()
}

func (s *schedule) remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, key)
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

// next gives out a job to lease, and occupies a worker and its lane until release. When there is none it says when the
// earliest one falls due; the zero time when none waits or all workers are occupied.
func (s *schedule) next(now time.Time) (*entry, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.timed) > 0 && !s.timed[0].runAt.After(now) {
		s.ready(heap.Pop(&s.timed).(*entry))
	}
	if s.running < s.workers {
		for len(s.turns) > 0 {
			of := s.turns[0]
			s.turns = s.turns[1:]
			of.listed = false
			if e := s.pick(of); e != nil {
				s.list(of)
				return e, time.Time{}
			}
		}
	}
	for len(s.timed) > 0 && s.jobs[s.timed[0].key] != s.timed[0] {
		heap.Pop(&s.timed)
	}
	if len(s.timed) == 0 || s.running == s.workers {
		return nil, time.Time{}
	}
	return nil, s.timed[0].runAt
}

// pick takes a tenant's first due job whose lane is free.
func (s *schedule) pick(of *share) *entry {
	for len(of.due) > 0 {
		e := heap.Pop(&of.due).(*entry)
		if s.jobs[e.key] != e {
			continue
		}
		lane := laneKey{e.tenant, e.lane}
		if behind, used := s.lanes[lane]; used {
			s.lanes[lane] = append(behind, e)
			continue
		}
		s.lanes[lane] = nil
		delete(s.jobs, e.key)
		of.running++
		s.running++
		return e
	}
	s.tidy(of)
	return nil
}

// release ends the occupation that next began.
func (s *schedule) release(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lane := laneKey{e.tenant, e.lane}
	behind := s.lanes[lane]
	delete(s.lanes, lane)
	of := s.shares[e.tenant]
	of.running--
	s.running--
	for _, one := range behind {
		s.ready(one)
	}
	s.list(of)
	s.tidy(of)
	s.poke()
}

// ready puts a due entry in its tenant's queue.
func (s *schedule) ready(e *entry) {
	of := s.shares[e.tenant]
	if of == nil {
		of = &share{tenant: e.tenant}
		s.shares[e.tenant] = of
	}
	heap.Push(&of.due, e)
	s.list(of)
}

// list gives a tenant its turn after all others, when there is something for it to do.
func (s *schedule) list(of *share) {
	if !of.listed && len(of.due) > 0 && of.running < s.most() {
		of.listed = true
		s.turns = append(s.turns, of)
	}
}

// tidy forgets a tenant with nothing due and nothing at work.
func (s *schedule) tidy(of *share) {
	if len(of.due) == 0 && of.running == 0 {
		delete(s.shares, of.tenant)
	}
}

// queue is a heap of entries, the earliest first and the oldest job first among them.
type queue []*entry

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return cmp.Or(q[i].runAt.Compare(q[j].runAt), cmp.Compare(q[i].id, q[j].id)) < 0
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(e any)   { *q = append(*q, e.(*entry)) }
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return e
}
