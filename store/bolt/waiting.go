package bolt

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// The jobs that wait are read from the file in the order in which they are due, so that memory does not grow with their number.
// A lane's jobs stand in the order of their time, and only the first of them, its head, is among those that may be leased: who
// looks for one therefore passes over the heads of lanes in use, at most as many as there are workers, and never over what waits
// behind them.

// jobName is the row by which a job of a state is found for its tenant, kind and subject. A state is one letter here.
func jobName(state byte, job work.Job) []byte {
	return append([]byte{state}, key(string(job.Tenant), string(job.Kind), job.Subject)...)
}

const (
	nameWaiting = 'w'
	nameHeld    = 'h'
)

// instant is a time in nanoseconds since 1970, as a number that never falls from one time to a later one: times before 1970 and
// after 2242 are moved there, which loses no order that anybody needs.
func instant(t time.Time) uint64 {
	switch s := t.Unix(); {
	case s < 0:
		return 0
	case s >= 1<<33:
		return math.MaxInt64
	}
	return uint64(t.UnixNano())
}

// place is what orders the jobs of a lane, and the heads of a tenant: the time, then the ID.
func place(job work.Job) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(make([]byte, 0, placeSize), instant(job.RunAt)), job.ID)
}

const (
	numberSize = 8
	placeSize  = 2 * numberSize
)

func laneOf(job work.Job) []byte { return key(string(job.Tenant), job.Lane, "") }

func headsOf(id tenant.ID) []byte { return key(string(id), "") }

// queue is a transaction's view of the jobs.
type queue struct {
	waiting, running, held, names, lanes, heads *bbolt.Bucket
}

func queueOf(btx *bbolt.Tx) queue {
	b := btx.Bucket(bucketQueue)
	return queue{
		waiting: b.Bucket(bucketWaiting), running: b.Bucket(bucketRunning), held: b.Bucket(bucketHeld),
		names: b.Bucket(bucketNames), lanes: b.Bucket(bucketLanes), heads: b.Bucket(bucketHeads),
	}
}

// jobs is the queue of a write's transaction.
func (t *tx) jobs() queue {
	if t.queue == nil {
		q := queueOf(t.Tx)
		q.waiting.FillPercent, q.heads.FillPercent = appended, appended
		t.queue = &q
	}
	return *t.queue
}

// appended is how full the pages are made of rows that mostly come in order.
const appended = 0.9

// named finds the waiting or held job of a tenant, kind and subject. found is false when there is none.
func (q queue) named(state byte, like work.Job) (job work.Job, found bool, err error) {
	id := q.names.Get(jobName(state, like))
	if id == nil {
		return work.Job{}, false, nil
	}
	from, is := q.waiting, work.Waiting
	if state == nameHeld {
		from, is = q.held, work.Held
	}
	raw := from.Get(id)
	if raw == nil {
		return work.Job{}, false, fault.New(fault.Internal, "the index names %s job %x, which is gone", is, id)
	}
	job, err = decodeJob(id, is, raw)
	return job, true, err
}

// putWaiting writes a job and its indexes; no other of its name may wait.
func (t *tx) putWaiting(job work.Job) error {
	q := t.jobs()
	if err := t.put(q.waiting, number(job.ID), encodeJob(job)); err != nil {
		return err
	}
	if err := t.put(q.names, jobName(nameWaiting, job), number(job.ID)); err != nil {
		return err
	}
	lane, at := laneOf(job), place(job)
	head := q.head(lane)
	if err := t.put(q.lanes, append(lane, at...), present); err != nil {
		return err
	}
	switch {
	case head == nil:
	case bytes.Compare(head, at) <= 0:
		return nil
	default:
		if err := t.delete(q.heads, append(headsOf(job.Tenant), head...)); err != nil {
			return err
		}
	}
	return t.put(q.heads, append(headsOf(job.Tenant), at...), []byte(job.Lane))
}

// deleteWaiting removes a job with its indexes, and makes the next of its lane the head if it was.
func (t *tx) deleteWaiting(job work.Job) error {
	q := t.jobs()
	if err := t.delete(q.waiting, number(job.ID)); err != nil {
		return err
	}
	if err := t.delete(q.names, jobName(nameWaiting, job)); err != nil {
		return err
	}
	lane, at := laneOf(job), place(job)
	head := q.head(lane)
	if err := t.delete(q.lanes, append(bytes.Clone(lane), at...)); err != nil {
		return err
	}
	if !bytes.Equal(head, at) {
		return nil
	}
	heads := headsOf(job.Tenant)
	if err := t.delete(q.heads, append(bytes.Clone(heads), at...)); err != nil {
		return err
	}
	next := q.head(lane)
	if next == nil {
		return nil
	}
	return t.put(q.heads, append(heads, next...), []byte(job.Lane))
}

// head is the time and ID of a lane's first job, a copy; nil when nothing waits in it.
func (q queue) head(lane []byte) []byte {
	row, _ := q.lanes.Cursor().Seek(lane)
	if !bytes.HasPrefix(row, lane) || len(row) != len(lane)+placeSize {
		return nil
	}
	return bytes.Clone(row[len(lane):])
}

// entry is a waiting job as the schedule sees it.
type entry struct {
	id     uint64
	tenant tenant.ID
	lane   string
	runAt  uint64 // as instant has it
}

// first is the head of a tenant that is due first, those of lanes in use left out. found is false when there is none.
func (q queue) first(id tenant.ID, used func(lane []byte) bool) (e entry, found bool) {
	prefix := headsOf(id)
	rows := q.heads.Cursor()
	for row, lane := rows.Seek(prefix); bytes.HasPrefix(row, prefix); row, lane = rows.Next() {
		if used(lane) {
			continue
		}
		at := row[len(prefix):]
		return entry{id: numberOf(at[numberSize:]), tenant: id, lane: string(lane), runAt: numberOf(at)}, true
	}
	return entry{}, false
}

// eachTenant tells of every tenant with waiting jobs when the first of them is due, until yield returns false.
func (q queue) eachTenant(yield func(id tenant.ID, at uint64) bool) {
	rows := q.heads.Cursor()
	for row, _ := rows.First(); row != nil; {
		id, at, _ := bytes.Cut(row, []byte{0})
		if !yield(tenant.ID(id), numberOf(at)) {
			return
		}
		row, _ = rows.Seek(append(bytes.Clone(id), 1)) // after everything of the tenant
	}
}
