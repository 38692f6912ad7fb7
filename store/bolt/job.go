package bolt

import (
	"cmp"
	"context"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// Accept implements work.Queue. A delivery needs a key: work without an event is committed by Commit.
func (s *Store) Accept(ctx context.Context, d work.Delivery) (bool, error) {
	if err := named("tenant", string(d.Tenant)); err != nil {
		return false, err
	}
	if d.Key == "" {
		return false, fault.New(fault.Invalid, "store: a delivery without dedup key")
	}
	for _, job := range d.Jobs {
		if err := validJob(job); err != nil {
			return false, err
		}
	}
	if s.writer == nil {
		return false, fault.New(fault.Denied, "store: accept a delivery: opened read-only")
	}
	var fresh bool
	err := s.writer.offer(ctx, func(t *tx) error {
		known, err := t.remember(d.Tenant, d.Key)
		fresh = !known
		if err != nil || known {
			return err
		}
		for _, job := range d.Jobs {
			if job.Observed.IsZero() {
				job.Observed = d.Seen
			}
			if err := s.enqueue(t, d.Tenant, job); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fault.Wrap(err, "store: accept a delivery for %s", d.Tenant)
	}
	return fresh, nil
}

func validJob(job work.Job) error {
	if err := named("job kind", string(job.Kind)); err != nil {
		return err
	}
	return named("job subject", job.Subject)
}

// jobKey is the row of a waiting or held job.
func jobKey(job work.Job) []byte { return key(string(job.Tenant), string(job.Kind), job.Subject) }

func (t *tx) jobs(state []byte) *bbolt.Bucket { return t.Bucket(bucketJobs).Bucket(state) }

// enqueue makes a new job wait.
func (s *Store) enqueue(t *tx, id tenant.ID, job work.Job) error {
	job.Tenant, job.ID, job.Attempt, job.Created = id, 0, 0, t.now
	if job.Lane == "" {
		job.Lane = job.Subject
	}
	if job.RunAt.IsZero() {
		job.RunAt = t.now
	}
	job.RunAt, job.Occurred, job.Observed = utc(job.RunAt), utc(job.Occurred), utc(job.Observed)
	return s.wait(t, job)
}

// wait puts a job among the waiting ones, or merges it into the one that waits for the same. A job that was at work before
// keeps its ID and attempts, for the one it meets was accepted during its run.
func (s *Store) wait(t *tx, job work.Job) error {
	waiting, row := t.jobs(bucketWaiting), jobKey(job)
	job.State = work.Waiting
	if raw := waiting.Get(row); raw != nil {
		other, err := decode[work.Job](row, raw)
		if err != nil {
			return err
		}
		if job.ID == 0 {
			job = work.Merge(other, job)
		} else {
			job = work.Merge(job, other)
		}
	} else if job.ID == 0 {
		id, err := waiting.NextSequence()
		if err != nil {
			return err
		}
		job.ID = id
	}
	if err := t.putJSON(waiting, row, job); err != nil {
		return err
	}
	next := entry{key: string(row), id: job.ID, tenant: job.Tenant, lane: job.Lane, runAt: job.RunAt}
	t.after = append(t.after, func() { s.schedule.add(next) })
	return nil
}

// take removes a job from the waiting ones.
func (s *Store) take(t *tx, row []byte) error {
	gone := string(row)
	t.after = append(t.after, func() { s.schedule.remove(gone) })
	return t.delete(t.jobs(bucketWaiting), row)
}

// hold keeps a job for a person. Of several held for the same, one remains.
func (t *tx) hold(job work.Job) error {
	held, row := t.jobs(bucketHeld), jobKey(job)
	job.State = work.Held
	if raw := held.Get(row); raw != nil {
		other, err := decode[work.Job](row, raw)
		if err != nil {
			return err
		}
		other = work.Merge(other, job)
		other.Reason, other.Attempt = job.Reason, job.Attempt
		job = other
	}
	return t.putJSON(held, row, job)
}

// Peek implements work.Queue.
func (s *Store) Peek(ctx context.Context, f work.Filter) ([]work.Job, error) {
	var found []work.Job
	err := s.view(ctx, "list jobs", func(btx *bbolt.Tx) error {
		for _, state := range [][]byte{bucketWaiting, bucketRunning, bucketHeld} {
			err := eachJob(btx, state, func(_ []byte, job work.Job) bool {
				if matches(f, job) {
					found = append(found, job)
				}
				return true
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b work.Job) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

func matches(f work.Filter, job work.Job) bool {
	return (f.Tenant == "" || f.Tenant == job.Tenant) && (f.Kind == "" || f.Kind == job.Kind) &&
		(f.State == "" || f.State == job.State) && (f.ID == 0 || f.ID == job.ID)
}

// eachJob reads the jobs of a state until yield returns false.
func eachJob(btx *bbolt.Tx, state []byte, yield func(row []byte, job work.Job) bool) error {
	rows := btx.Bucket(bucketJobs).Bucket(state).Cursor()
	for k, raw := rows.First(); k != nil; k, raw = rows.Next() {
		job, err := decode[work.Job](k, raw)
		if err != nil {
			return err
		}
		if !yield(k, job) {
			break
		}
	}
	return nil
}

// find looks for a waiting or held job by its ID.
func (t *tx) find(id uint64) (state, row []byte, found work.Job, err error) {
	for _, state := range [][]byte{bucketWaiting, bucketHeld} {
		err := eachJob(t.Tx, state, func(k []byte, job work.Job) bool {
			if job.ID == id {
				row, found = k, job
			}
			return row == nil
		})
		if err != nil || row != nil {
			return state, row, found, err
		}
	}
	return nil, nil, work.Job{}, fault.New(fault.NotFound, "no waiting or held job has this id")
}

// Retry implements work.Queue. A held job starts with no attempts again.
func (s *Store) Retry(ctx context.Context, id uint64) error {
	return s.write(ctx, "retry a job", func(t *tx) error {
		state, row, job, err := t.find(id)
		if err != nil {
			return err
		}
		job.RunAt, job.Reason = t.now, ""
		if &state[0] == &bucketHeld[0] {
			job.Attempt = 0
			if err := t.delete(t.jobs(bucketHeld), row); err != nil {
				return err
			}
		}
		return s.wait(t, job)
	})
}

// Drop implements work.Queue.
func (s *Store) Drop(ctx context.Context, id uint64) error {
	return s.write(ctx, "drop a job", func(t *tx) error {
		state, row, job, err := t.find(id)
		if err != nil {
			return err
		}
		if job.State == work.Waiting {
			return s.take(t, row)
		}
		return t.delete(t.jobs(state), row)
	})
}

// Idle implements work.Queue.
func (s *Store) Idle(ctx context.Context) (bool, error) {
	stats, err := s.Stats(ctx)
	return err == nil && stats.Running == 0 && stats.Due == 0, err
}

// Stats counts the jobs.
func (s *Store) Stats(ctx context.Context) (work.Stats, error) {
	var stats work.Stats
	now := s.options.Clock()
	err := s.view(ctx, "count jobs", func(btx *bbolt.Tx) error {
		jobs := btx.Bucket(bucketJobs)
		stats.Running = count(jobs.Bucket(bucketRunning))
		stats.Held = count(jobs.Bucket(bucketHeld))
		return eachJob(btx, bucketWaiting, func(_ []byte, job work.Job) bool {
			stats.Waiting++
			if late := now.Sub(job.RunAt); late >= 0 {
				stats.Due++
				stats.Oldest = max(stats.Oldest, late)
			}
			return true
		})
	})
	if err != nil {
		return work.Stats{}, err
	}
	return stats, nil
}

func count(b *bbolt.Bucket) (n int) {
	rows := b.Cursor()
	for k, _ := rows.First(); k != nil; k, _ = rows.Next() {
		n++
	}
	return n
}
