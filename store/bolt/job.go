package bolt

import (
	"cmp"
	"context"
	"slices"
	"time"

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
	digest := digestOf(d.Tenant, d.Key)
	err := s.writer.offer(ctx, func(t *tx) error {
		known, err := t.remember(digest)
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
	if job.Lane != "" {
		if err := named("job lane", job.Lane); err != nil {
			return err
		}
	}
	return named("job subject", job.Subject)
}

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
	q := t.jobs()
	other, met, err := q.named(nameWaiting, job)
	switch {
	case err != nil:
		return err
	case met && job.ID == 0:
		job = work.Merge(other, job)
	case met:
		job = work.Merge(job, other)
	case job.ID == 0:
		if job.ID, err = q.waiting.NextSequence(); err != nil {
			return err
		}
	}
	job.State = work.Waiting
	if met && job.ID == other.ID && job.RunAt.Equal(other.RunAt) {
		err = t.put(q.waiting, number(job.ID), encodeJob(job)) // its place stays
	} else {
		if met {
			if err := t.deleteWaiting(other); err != nil {
				return err
			}
		}
		err = t.putWaiting(job)
	}
	if err != nil {
		return err
	}
	id, at := job.Tenant, instant(job.RunAt)
	t.after = append(t.after, func() { s.schedule.note(id, at) })
	return nil
}

// hold keeps a job for a person. Of several held for the same, one remains.
func (t *tx) hold(job work.Job) error {
	q := t.jobs()
	other, met, err := q.named(nameHeld, job)
	if err != nil {
		return err
	}
	if met {
		other = work.Merge(other, job)
		other.Reason, other.Attempt = job.Reason, job.Attempt
		job = other
	}
	if err := t.put(q.names, jobName(nameHeld, job), number(job.ID)); err != nil {
		return err
	}
	return t.put(q.held, number(job.ID), encodeJob(job))
}

// deleteHeld removes a held job.
func (t *tx) deleteHeld(job work.Job) error {
	if err := t.delete(t.jobs().names, jobName(nameHeld, job)); err != nil {
		return err
	}
	return t.delete(t.jobs().held, number(job.ID))
}

// Peek implements work.Queue.
func (s *Store) Peek(ctx context.Context, f work.Filter) ([]work.Job, error) {
	var found []work.Job
	err := s.view(ctx, "list jobs", func(btx *bbolt.Tx) error {
		q := queueOf(btx)
		for _, shelf := range []struct {
			state work.State
			rows  *bbolt.Bucket
		}{{work.Waiting, q.waiting}, {work.Running, q.running}, {work.Held, q.held}} {
			if f.State != "" && f.State != shelf.state {
				continue
			}
			jobs, err := peek(shelf.rows, shelf.state, f)
			if err != nil {
				return err
			}
			found = append(found, jobs...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b work.Job) int { return cmp.Compare(a.ID, b.ID) })
	if f.Limit > 0 && len(found) > f.Limit {
		found = found[:f.Limit]
	}
	return found, nil
}

// peek reads the jobs of a state that a filter selects.
func peek(rows *bbolt.Bucket, state work.State, f work.Filter) ([]work.Job, error) {
	var found []work.Job
	cursor := rows.Cursor()
	from := max(f.ID, f.After+1)
	for id, raw := cursor.Seek(number(from)); id != nil; id, raw = cursor.Next() {
		if f.ID != 0 && numberOf(id) != f.ID || f.Limit > 0 && len(found) == f.Limit {
			break
		}
		if f.Tenant != "" && f.Tenant != tenantOf(raw) {
			continue
		}
		job, err := decodeJob(id, state, raw)
		if err != nil {
			return nil, err
		}
		if f.Kind == "" || f.Kind == job.Kind {
			found = append(found, job)
		}
	}
	return found, nil
}

// find looks for a waiting or held job by its ID.
func (t *tx) find(id uint64) (work.Job, error) {
	q, row := t.jobs(), number(id)
	if raw := q.waiting.Get(row); raw != nil {
		return decodeJob(row, work.Waiting, raw)
	}
	if raw := q.held.Get(row); raw != nil {
		return decodeJob(row, work.Held, raw)
	}
	return work.Job{}, fault.New(fault.NotFound, "no waiting or held job has this id")
}

// Retry implements work.Queue. A held job starts with no attempts again.
func (s *Store) Retry(ctx context.Context, id uint64) error {
	return s.write(ctx, "retry a job", func(t *tx) error {
		job, err := t.find(id)
		if err != nil {
			return err
		}
		if job.State == work.Held {
			job.Attempt = 0
			err = t.deleteHeld(job)
		} else {
			err = t.deleteWaiting(job)
		}
		if err != nil {
			return err
		}
		if job.RunAt.After(t.now) {
			job.RunAt = t.now
		}
		return s.wait(t, job)
	})
}

// Drop implements work.Queue.
func (s *Store) Drop(ctx context.Context, id uint64) error {
	return s.write(ctx, "drop a job", func(t *tx) error {
		job, err := t.find(id)
		switch {
		case err != nil:
			return err
		case job.State == work.Waiting:
			return t.deleteWaiting(job)
		}
		return t.deleteHeld(job)
	})
}

// Idle implements work.Queue.
func (s *Store) Idle(ctx context.Context) (idle bool, err error) {
	now := instant(s.options.Clock())
	err = s.view(ctx, "see whether jobs are to be done", func(btx *bbolt.Tx) error {
		q := queueOf(btx)
		running, _ := q.running.Cursor().First()
		idle = running == nil
		q.eachTenant(func(_ tenant.ID, at uint64) bool {
			idle = idle && at > now
			return idle
		})
		return nil
	})
	return err == nil && idle, err
}

// Stats counts the jobs, by the keys of the indexes alone.
func (s *Store) Stats(ctx context.Context) (work.Stats, error) {
	var stats work.Stats
	now := instant(s.options.Clock())
	err := s.view(ctx, "count jobs", func(btx *bbolt.Tx) error {
		q := queueOf(btx)
		stats.Running, stats.Held = count(q.running), count(q.held)
		rows := q.lanes.Cursor()
		for row, _ := rows.First(); row != nil; row, _ = rows.Next() {
			stats.Waiting++
			if at := numberOf(row[len(row)-placeSize:]); at <= now {
				stats.Due++
				stats.Oldest = max(stats.Oldest, time.Duration(now-at))
			}
		}
		return nil
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
