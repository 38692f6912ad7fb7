package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

// handlers gives every kind the same handler.
func handlers(do work.Handler) map[work.Kind]work.Handler {
	return map[work.Kind]work.Handler{work.ReviewPage: do, work.WritePanel: do, work.FileTickets: do, work.SyncTicket: do}
}

// run runs jobs until the returned function is called, which waits for Run to return; the test's end calls it too.
func run(t testing.TB, s store.Store, h map[work.Kind]work.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, h) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("Run did not return")
		}
	})
	t.Cleanup(stop)
	return stop
}

// next waits for a value.
func next[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

// settle waits until no job is running or due.
func settle(t testing.TB, s store.Store) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		idle, err := s.Idle(t.Context())
		wantNone(t, err)
		if idle {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never idle: %+v", peek(t, s, work.Filter{}))
		}
		<-time.After(2 * time.Millisecond)
	}
}

func exerciseRun(t *testing.T, open Open) {
	t.Run("does what was accepted, once", func(t *testing.T) {
		s := start(t, open, store.Options{})
		ran := make(chan work.Job, 10)
		accept(t, s, delivery("before", review("1")))
		stop := run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome { ran <- job; return work.Outcome{} }))
		if job := next(t, "the job accepted before", ran); job.Subject != "1" || job.Attempt != 1 || job.State != work.Running {
			t.Errorf("got %+v, want the first run of page 1", job)
		}
		settle(t, s)
		began := time.Now()
		accept(t, s, delivery("during", review("2")))
		next(t, "the job accepted during Run", ran)
		if late := time.Since(began); late > 5*time.Second {
			t.Errorf("it began after %v, want at once", late)
		}
		settle(t, s)
		stop()
		if jobs := peek(t, s, work.Filter{}); len(jobs) != 0 || len(ran) != 0 {
			t.Errorf("left: %+v, ran again: %d", jobs, len(ran))
		}
	})
	t.Run("wakes on a commit", func(t *testing.T) {
		s := start(t, open, store.Options{})
		ran := make(chan work.Job, 10)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome { ran <- job; return work.Outcome{} }))
		settle(t, s)
		wantNone(t, s.Commit(t.Context(), trace.Change{Tenant: acme, Jobs: []work.Job{{Kind: work.WritePanel, Subject: "1"}}}))
		if job := next(t, "the follow-up", ran); job.Kind != work.WritePanel || job.Tenant != acme {
			t.Errorf("got %+v", job)
		}
	})
	t.Run("an event during a run leads to another", func(t *testing.T) {
		s := start(t, open, store.Options{})
		began, goOn := make(chan work.Job), make(chan bool)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome { began <- job; <-goOn; return work.Outcome{} }))
		accept(t, s, delivery("1", review("1")))
		first := next(t, "the first run", began)
		again := review("1")
		again.Args, again.Occurred = json.RawMessage(`{"again":true}`), noon.Add(time.Minute)
		accept(t, s, delivery("2", again))
		if got := peek(t, s, work.Filter{State: work.Waiting}); len(got) != 1 {
			t.Errorf("got %d waiting jobs beside the running one, want 1", len(got))
		}
		if got := peek(t, s, work.Filter{State: work.Running}); len(got) != 1 || got[0].ID != first.ID {
			t.Errorf("got running %+v, want the first", got)
		}
		select {
		case job := <-began:
			t.Errorf("%+v began beside the first run", job)
		case <-time.After(50 * time.Millisecond):
		}
		goOn <- true
		if second := next(t, "the second run", began); string(second.Args) != `{"again":true}` || second.Attempt != 1 {
			t.Errorf("got %+v, want the later event's first run", second)
		}
		goOn <- true
		settle(t, s)
	})
	t.Run("a lane is never shared", func(t *testing.T) {
		s := start(t, open, store.Options{})
		var mu sync.Mutex
		inLane, ran := map[string]int{}, 0
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome {
			lane := string(job.Tenant) + " " + job.Lane
			mu.Lock()
			inLane[lane]++
			if inLane[lane] > 1 {
				t.Errorf("two jobs side by side in lane %q", lane)
			}
			mu.Unlock()
			<-time.After(time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			inLane[lane]--
			ran++
			return work.Outcome{}
		}))
		for i := range 60 {
			page := fmt.Sprint(i % 4)
			panel, ticket := review(page), work.Job{Kind: work.SyncTicket, Subject: fmt.Sprint("issue", i), Lane: page, RunAt: noon}
			panel.Kind = work.WritePanel
			d := delivery(fmt.Sprint(i), review(page), panel, ticket)
			if i%2 == 1 {
				d.Tenant = globex
			}
			accept(t, s, d)
		}
		settle(t, s)
		if ran < 60 {
			t.Errorf("%d runs, want at least the 60 of the tickets", ran)
		}
	})
	t.Run("no tenant starves another", func(t *testing.T) {
		s := start(t, open, store.Options{Workers: 2})
		for i := range 200 {
			accept(t, s, delivery(fmt.Sprint(i), review(fmt.Sprint(i))))
		}
		for i := range 5 {
			d := delivery(fmt.Sprint(i), review(fmt.Sprint(i)))
			d.Tenant = globex
			accept(t, s, d)
		}
		var mu sync.Mutex
		var order []tenant.ID
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, job.Tenant)
			return work.Outcome{}
		}))
		settle(t, s)
		last := 0
		for i, id := range order {
			if id == globex {
				last = i
			}
		}
		if len(order) != 205 || last > 30 {
			t.Errorf("%d runs, the small tenant's last was run %d; want 205, and it among the first 30", len(order), last)
		}
	})
	t.Run("a tenant that hangs leaves a way", func(t *testing.T) {
		s := start(t, open, store.Options{Workers: 4})
		goOn, ran := make(chan bool), make(chan tenant.ID, 100)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome {
			if job.Tenant == acme {
				<-goOn
			}
			ran <- job.Tenant
			return work.Outcome{}
		}))
		for i := range 20 {
			accept(t, s, delivery(fmt.Sprint(i), review(fmt.Sprint(i))))
		}
		d := delivery("k", review("1"))
		d.Tenant = globex
		accept(t, s, d)
		if id := next(t, "the other tenant's job", ran); id != globex {
			t.Errorf("got a job of %s", id)
		}
		close(goOn)
		settle(t, s)
	})
	t.Run("verdicts", func(t *testing.T) { exerciseVerdicts(t, open) })
	t.Run("one Run at a time", func(t *testing.T) {
		s := start(t, open, store.Options{})
		began := make(chan work.Job, 1)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome { began <- job; return work.Outcome{} }))
		accept(t, s, delivery("k", review("1")))
		next(t, "Run to have begun", began)
		wantKind(t, s.Run(t.Context(), nil), fault.Conflict)
	})
	t.Run("waits for handlers when it ends", func(t *testing.T) {
		s := start(t, open, store.Options{})
		began, goOn, ended := make(chan bool, 2), make(chan bool), make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		var alive error
		go func() {
			ended <- s.Run(ctx, handlers(func(ctx context.Context, _ work.Job) work.Outcome {
				began <- true
				<-goOn
				alive = ctx.Err()
				return work.Outcome{}
			}))
		}()
		accept(t, s, delivery("1", review("1")))
		next(t, "the handler", began)
		cancel()
		accept(t, s, delivery("2", review("2")))
		select {
		case err := <-ended:
			t.Fatalf("Run returned %v while a handler ran", err)
		case <-time.After(50 * time.Millisecond):
		}
		goOn <- true
		wantNone(t, next(t, "Run to return", ended))
		wantNone(t, alive)
		if jobs := peek(t, s, work.Filter{}); len(jobs) != 1 || jobs[0].Subject != "2" {
			t.Errorf("left %+v, want the job accepted after the end alone", jobs)
		}
	})
	t.Run("what a dead process ran runs again", func(t *testing.T) {
		s := start(t, open, store.Options{Grace: time.Nanosecond})
		began, never := make(chan work.Job, 1), make(chan bool)
		died := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			died <- s.Run(ctx, handlers(func(ctx context.Context, job work.Job) work.Outcome {
				began <- job
				<-ctx.Done()
				<-never // closed only after the store
				return work.Outcome{}
			}))
		}()
		accept(t, s, delivery("1", review("1")))
		next(t, "the handler", began)
		wantNone(t, s.Close()) // as if it died: nothing more is written
		cancel()
		close(never)
		_ = next(t, "Run to return", died) // its error is the closed store's

		s = start(t, open, store.Options{})
		if idle, err := s.Idle(t.Context()); err != nil || idle {
			t.Errorf("idle %v, %v, before it ran again", idle, err)
		}
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome { began <- job; return work.Outcome{} }))
		if job := next(t, "the second run", began); job.Attempt != 2 || !strings.Contains(job.Reason, "process") {
			t.Errorf("got attempt %d, reason %q, want the second, saying why", job.Attempt, job.Reason)
		}
		settle(t, s)
	})
}
