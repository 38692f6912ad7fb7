package bolt

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// Run implements work.Queue: one Run at a time, or fault.Conflict. When ctx ends nothing new is leased, and handlers have
// Options.Grace until the context they were given ends too. A handler that panics has its job held; the process lives.
func (s *Store) Run(ctx context.Context, handlers map[work.Kind]work.Handler) error {
	if s.writer == nil {
		return fault.New(fault.Denied, "store: run jobs: opened read-only")
	}
	if !s.runs.TryLock() {
		return fault.New(fault.Conflict, "store: run jobs: they are being run already")
	}
	defer s.runs.Unlock()
	defer s.schedule.reset(false)
	if err := s.recover(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	r := &runner{store: s, handlers: handlers, stopping: ctx}
	var end context.CancelFunc
	r.ctx, end = context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(s.options.Grace, end) })()
	r.dispatch()
	r.busy.Wait()
	return nil
}

// recover makes jobs wait again that were running when their process died, and fills the schedule.
func (s *Store) recover(ctx context.Context) error {
	return s.write(ctx, "recover jobs", func(t *tx) error {
		lost, err := peek(t.jobs().running, work.Running, work.Filter{})
		if err != nil {
			return err
		}
		for _, job := range lost {
			if err := t.delete(t.jobs().running, number(job.ID)); err != nil {
				return err
			}
			job.Reason = "its process ended while it ran"
			if err := s.again(t, job); err != nil {
				return err
			}
		}
		t.wrote = true // so that what follows happens after every commit before
		t.after = append([]func(){func() { s.schedule.reset(true); s.rescan() }}, t.after...)
		return nil
	})
}

// again lets a job wait for its next attempt at once, or holds it when it had its attempts.
func (s *Store) again(t *tx, job work.Job) error {
	if job.Attempt >= s.options.Attempts {
		job.Reason = fmt.Sprintf("gave up after %d attempts; the last: %s", job.Attempt, job.Reason)
		return t.hold(job)
	}
	job.RunAt = t.now
	return s.wait(t, job)
}

// rescan tells the schedule of every tenant with waiting jobs.
func (s *Store) rescan() {
	err := s.db.View(func(btx *bbolt.Tx) error {
		queueOf(btx).eachTenant(func(id tenant.ID, at uint64) bool {
			s.schedule.note(id, at)
			return true
		})
		return nil
	})
	if err != nil {
		s.options.Logger.Error("the waiting jobs could not be looked at; they wait for the next event of their site", "error", err)
	}
}

// resync reads anew what is kept in memory of the file, of which a commit that failed may have left more than was thought.
func (s *Store) resync() {
	s.known.forget()
	s.rescan()
}

// look reads which job of a tenant is to be leased next.
func (s *Store) look(id tenant.ID, used func([]byte) bool) (e entry, found bool, err error) {
	err = s.db.View(func(btx *bbolt.Tx) error {
		e, found = queueOf(btx).first(id, used)
		return nil
	})
	return e, found, err
}

func (s *Store) commitFailed(err error) {
	s.options.Logger.Error("a commit failed; its senders were told to come back", "error", err)
}

type runner struct {
	store    *Store
	handlers map[work.Kind]work.Handler
	stopping context.Context // ended: lease nothing more
	ctx      context.Context // the handlers'
	busy     sync.WaitGroup
}

// dispatch starts jobs as they fall due and workers come free. It sleeps until one of both happens; it never polls.
func (r *runner) dispatch() {
	s := r.store
	timer := time.NewTimer(0)
	defer timer.Stop()
	for r.stopping.Err() == nil {
		e, found, due, err := s.schedule.next(s.options.Clock(), s.look)
		if found {
			r.busy.Go(func() { r.work(e) })
			continue
		}
		if err != nil {
			s.options.Logger.Error("the waiting jobs could not be looked at; tried again in a second", "error", err)
			due = s.options.Clock().Add(time.Second)
		}
		timer.Stop()
		if !due.IsZero() {
			timer.Reset(due.Sub(s.options.Clock()))
		}
		select {
		case <-r.stopping.Done():
		case <-s.schedule.wake:
		case <-timer.C:
		}
	}
}

// work leases one job, does it, and writes down what came of it.
func (r *runner) work(e entry) {
	s := r.store
	defer s.schedule.release(e)
	job, ok := r.lease(e)
	if !ok {
		return
	}
	outcome := r.handle(job)
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		err := s.write(context.WithoutCancel(r.ctx), "finish a job", func(t *tx) error { return r.finish(t, job, outcome) })
		if err == nil {
			return
		}
		s.options.Logger.Error("a job's outcome could not be written", "job", job.ID, "kind", job.Kind, "error", err)
		if !r.sleep(pause) {
			return // it is still among the running ones, and runs again after the restart
		}
	}
}

// sleep reports whether the runner still runs after d.
func (r *runner) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.stopping.Done():
		return false
	}
}

// lease makes a job a running one, durably: a job that kills the process has its attempt counted. It reports false when the
// job is gone, was put off, or could not be leased now.
func (r *runner) lease(e entry) (job work.Job, ok bool) {
	s := r.store
	err := s.write(r.stopping, "lease a job", func(t *tx) error {
		ok = false
		row := number(e.id)
		raw := t.jobs().waiting.Get(row)
		if raw == nil {
			return nil
		}
		var err error
		if job, err = decodeJob(row, work.Waiting, raw); err != nil {
			return err
		}
		if instant(job.RunAt) > max(e.runAt, instant(t.now)) || job.Lane != e.lane {
			return nil // changed since the schedule looked
		}
		if err := t.deleteWaiting(job); err != nil {
			return err
		}
		job.State = work.Running
		job.Attempt++
		ok = true
		return t.put(t.jobs().running, row, encodeJob(job))
	})
	if err != nil && r.stopping.Err() == nil {
		s.options.Logger.Error("a job could not be leased; tried again", "job", e.id, "error", err)
		r.sleep(time.Second) // release has its tenant looked at again
	}
	return job, err == nil && ok
}

// handle calls the job's handler.
func (r *runner) handle(job work.Job) (outcome work.Outcome) {
	handler := r.handlers[job.Kind]
	if handler == nil {
		return work.Outcome{Verdict: work.Hold, Reason: fmt.Sprintf("nothing here does jobs of kind %q: run a version that does, or drop it", job.Kind)}
	}
	defer func() {
		if p := recover(); p != nil {
			r.store.options.Logger.Error("a handler panicked; its job is held", "job", job.ID, "kind", job.Kind, "panic", p, "stack", string(debug.Stack()))
			outcome = work.Outcome{Verdict: work.Hold, Reason: fmt.Sprintf("a bug: its handler panicked (%v); report it, and retry with a version that mends it", p)}
		}
	}()
	return handler(r.ctx, job)
}

// finish writes down the outcome of a running job.
func (r *runner) finish(t *tx, job work.Job, o work.Outcome) error {
	s := r.store
	running := t.jobs().running
	if running.Get(number(job.ID)) == nil {
		return nil // a repeated attempt, after one that failed halfway, finds it done
	}
	if err := t.delete(running, number(job.ID)); err != nil {
		return err
	}
	job.Reason = o.Reason
	switch o.Verdict {
	case work.Done, work.Discard:
		// What a person was to mend is mended: the same job, led to by a later event, went through.
		held, found, err := t.jobs().named(nameHeld, job)
		if err != nil || !found {
			return err
		}
		return t.deleteHeld(held)
	case work.Snooze:
		job.Attempt--
		job.RunAt = t.now.Add(max(o.After, 0))
		return s.wait(t, job)
	case work.Retry:
		if job.Attempt >= s.options.Attempts {
			return s.again(t, job)
		}
		pause := max(o.After, work.Backoff(job.Attempt))
		job.RunAt = t.now.Add(pause + time.Duration(s.options.Rand()*float64(pause)/5))
		return s.wait(t, job)
	default:
		return t.hold(job)
	}
}
