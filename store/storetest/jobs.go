package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

func exerciseJobs(t *testing.T, open Open) {
	t.Run("filters", func(t *testing.T) {
		s := start(t, open, store.Options{})
		panel := review("1")
		panel.Kind = work.WritePanel
		accept(t, s, delivery("1", review("1"), panel))
		d := delivery("1", review("1"))
		d.Tenant = globex
		accept(t, s, d)
		all := peek(t, s, work.Filter{})
		if len(all) != 3 || all[0].ID >= all[1].ID || all[1].ID >= all[2].ID {
			t.Fatalf("got %+v, want three by ID", all)
		}
		for name, row := range map[string]struct {
			filter work.Filter
			want   int
		}{
			"tenant": {work.Filter{Tenant: acme}, 2}, "kind": {work.Filter{Kind: work.ReviewPage}, 2}, "both": {work.Filter{Tenant: globex, Kind: work.WritePanel}, 0},
			"state": {work.Filter{State: work.Held}, 0}, "id": {work.Filter{ID: all[1].ID}, 1},
		} {
			if got := peek(t, s, row.filter); len(got) != row.want {
				t.Errorf("%s: got %d jobs, want %d", name, len(got), row.want)
			}
		}
		stats, err := s.Stats(t.Context())
		wantNone(t, err)
		if stats.Waiting != 3 || stats.Due != 3 || stats.Oldest <= 0 {
			t.Errorf("got %+v, want three due", stats)
		}
	})
	t.Run("retry one that waits", func(t *testing.T) {
		s := start(t, open, store.Options{})
		ran := make(chan work.Job, 1)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome { ran <- job; return work.Outcome{} }))
		later := review("1")
		later.RunAt = time.Now().Add(time.Hour)
		accept(t, s, delivery("1", later))
		if idle, err := s.Idle(t.Context()); err != nil || !idle {
			t.Errorf("idle %v, %v: a job for later counts as due", idle, err)
		}
		wantNone(t, s.Retry(t.Context(), peek(t, s, work.Filter{})[0].ID))
		next(t, "the run", ran)
	})
	t.Run("retry one that is held", func(t *testing.T) {
		s := start(t, open, store.Options{})
		outcome := work.Outcome{Verdict: work.Hold, Reason: "no project is mapped"}
		ran := make(chan work.Job, 1)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome { ran <- job; return outcome }))
		for _, key := range []string{"1", "2"} { // the second is held into the first
			accept(t, s, delivery(key, review("1")))
			next(t, "the run", ran)
			settle(t, s)
		}
		held := peek(t, s, work.Filter{State: work.Held})
		if len(held) != 1 || held[0].Reason != outcome.Reason {
			t.Fatalf("held %+v, want one", held)
		}
		outcome = work.Outcome{}
		wantNone(t, s.Retry(t.Context(), held[0].ID))
		if job := next(t, "the run", ran); job.ID != held[0].ID || job.Attempt != 1 || job.Reason != held[0].Reason {
			t.Errorf("got %+v, want the held job's first attempt anew, with why it was held", job)
		}
		settle(t, s)
		if left := peek(t, s, work.Filter{}); len(left) != 0 {
			t.Errorf("left %+v", left)
		}
	})
	t.Run("drop", func(t *testing.T) {
		s := start(t, open, store.Options{})
		ran := make(chan work.Job, 1)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome {
			ran <- job
			return work.Outcome{Verdict: work.Hold}
		}))
		later := review("2")
		later.RunAt = time.Now().Add(time.Hour)
		accept(t, s, delivery("1", review("1"), later))
		next(t, "the run", ran)
		settle(t, s)
		for _, job := range peek(t, s, work.Filter{}) {
			wantNone(t, s.Drop(t.Context(), job.ID))
		}
		if left := peek(t, s, work.Filter{}); len(left) != 0 {
			t.Errorf("left %+v", left)
		}
	})
	t.Run("none there", func(t *testing.T) {
		s := start(t, open, store.Options{})
		wantKind(t, s.Retry(t.Context(), 7), fault.NotFound)
		wantKind(t, s.Drop(t.Context(), 7), fault.NotFound)
		began, goOn := make(chan work.Job), make(chan bool)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome { began <- job; <-goOn; return work.Outcome{} }))
		accept(t, s, delivery("1", review("1")))
		job := next(t, "the run", began)
		wantKind(t, s.Drop(t.Context(), job.ID), fault.NotFound)
		wantKind(t, s.Retry(t.Context(), job.ID), fault.NotFound)
		goOn <- true
	})
}
