package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

func exerciseVerdicts(t *testing.T, open Open) {
	once := func(t *testing.T, o store.Options, h work.Handler) (store.Store, []work.Job) {
		s := start(t, open, o)
		ran := make(chan bool, 1)
		stop := run(t, s, handlers(func(ctx context.Context, job work.Job) work.Outcome {
			defer func() { ran <- true }()
			return h(ctx, job)
		}))
		accept(t, s, delivery("k", review("1")))
		next(t, "the run", ran)
		settle(t, s)
		stop()
		return s, peek(t, s, work.Filter{})
	}
	say := func(o work.Outcome) work.Handler {
		return func(context.Context, work.Job) work.Outcome { return o }
	}
	t.Run("done", func(t *testing.T) {
		if _, left := once(t, store.Options{}, say(work.Outcome{})); len(left) != 0 {
			t.Errorf("left %+v", left)
		}
	})
	t.Run("discard", func(t *testing.T) {
		if _, left := once(t, store.Options{}, say(work.Outcome{Verdict: work.Discard, Reason: "page is gone"})); len(left) != 0 {
			t.Errorf("left %+v", left)
		}
	})
	t.Run("done after one was held", func(t *testing.T) {
		s := start(t, open, store.Options{})
		ran, broken := make(chan bool, 1), true
		stop := run(t, s, handlers(func(context.Context, work.Job) work.Outcome {
			defer func() { ran <- true }()
			if broken {
				return work.Outcome{Verdict: work.Hold, Reason: "mend me"}
			}
			return work.Outcome{}
		}))
		accept(t, s, delivery("k", review("1")))
		next(t, "the first run", ran)
		settle(t, s)
		broken = false
		accept(t, s, delivery("l", review("1")))
		next(t, "the second run", ran)
		settle(t, s)
		stop()
		if left := peek(t, s, work.Filter{}); len(left) != 0 {
			t.Errorf("left %+v, want nothing: a later event mended it", left)
		}
	})
	t.Run("snooze", func(t *testing.T) {
		began := time.Now()
		_, left := once(t, store.Options{}, say(work.Outcome{Verdict: work.Snooze, After: time.Hour, Reason: "quota"}))
		if len(left) != 1 || left[0].State != work.Waiting || left[0].Attempt != 0 || left[0].Reason != "quota" {
			t.Fatalf("left %+v, want it waiting without attempt", left)
		}
		if pause := left[0].RunAt.Sub(began); pause < time.Hour || pause > time.Hour+patience {
			t.Errorf("it waits %v, want an hour", pause)
		}
	})
	for _, row := range []struct {
		name     string
		after    time.Duration
		rand     float64
		min, max time.Duration
	}{
		{"retry backs off", 0, 0, time.Second, time.Second},
		{"retry with all its jitter", 0, 0.999999, 1199 * time.Millisecond, 1200 * time.Millisecond},
		{"retry at least after", time.Minute, 0.5, 66 * time.Second, 66 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			fixed := time.Now() // the store's clock stands, so that the pause can be told exactly
			o := store.Options{Clock: func() time.Time { return fixed }, Rand: func() float64 { return row.rand }}
			_, left := once(t, o, say(work.Outcome{Verdict: work.Retry, After: row.after, Reason: "503"}))
			if len(left) != 1 || left[0].State != work.Waiting || left[0].Attempt != 1 || left[0].Reason != "503" {
				t.Fatalf("left %+v, want it waiting with one attempt", left)
			}
			if pause := left[0].RunAt.Sub(fixed); pause < row.min || pause > row.max {
				t.Errorf("it waits %v, want %v to %v", pause, row.min, row.max)
			}
		})
	}
	held := func(name string, o store.Options, h work.Handler) {
		t.Run(name, func(t *testing.T) {
			s, left := once(t, o, h)
			if len(left) != 1 || left[0].State != work.Held || left[0].Reason == "" {
				t.Fatalf("left %+v, want it held with a reason", left)
			}
			if idle, err := s.Idle(t.Context()); err != nil || !idle {
				t.Errorf("idle %v, %v: a held job counts as due", idle, err)
			}
		})
	}
	held("hold", store.Options{}, say(work.Outcome{Verdict: work.Hold, Reason: "no project is mapped"}))
	held("a panic", store.Options{}, func(context.Context, work.Job) work.Outcome { panic("oh") })
	held("the last attempt", store.Options{Attempts: 1}, say(work.Outcome{Verdict: work.Retry, Reason: "503"}))
	held("an unknown verdict", store.Options{}, say(work.Outcome{Verdict: 99, Reason: "?"}))
	t.Run("a kind nobody does", func(t *testing.T) {
		s := start(t, open, store.Options{})
		run(t, s, nil)
		accept(t, s, delivery("k", review("1")))
		settle(t, s)
		if left := peek(t, s, work.Filter{State: work.Held}); len(left) != 1 || left[0].Reason == "" {
			t.Errorf("held %+v, want it with a reason", left)
		}
	})
	t.Run("a snooze meets a newer event", func(t *testing.T) {
		s := start(t, open, store.Options{})
		began, goOn := make(chan work.Job), make(chan bool)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome {
			began <- job
			<-goOn
			if job.Occurred.Equal(noon) {
				return work.Outcome{Verdict: work.Snooze, After: time.Hour}
			}
			return work.Outcome{}
		}))
		accept(t, s, delivery("1", review("1")))
		next(t, "the first run", began)
		newer := review("1")
		newer.Occurred = noon.Add(time.Minute)
		accept(t, s, delivery("2", newer))
		goOn <- true
		if job := next(t, "the second run", began); !job.Occurred.Equal(newer.Occurred) {
			t.Errorf("got %+v, want the newer event's", job)
		}
		goOn <- true
		settle(t, s)
		if left := peek(t, s, work.Filter{}); len(left) != 0 {
			t.Errorf("left %+v", left)
		}
	})
}
