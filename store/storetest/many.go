package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

// exerciseMany is about queues that are long: they are worked in order, whatever stands in the way of parts of them.
func exerciseMany(t *testing.T, open Open) {
	const many = 5000
	// waiting makes so many jobs of a tenant wait, each in the lane that is named for it.
	waiting := func(t *testing.T, s store.Store, many int, lane func(i int) string, at time.Time) {
		t.Helper()
		for i := 0; i < many; i += 500 {
			d := delivery(fmt.Sprint("many", i))
			for n := i; n < min(i+500, many); n++ {
				d.Jobs = append(d.Jobs, work.Job{Kind: work.SyncTicket, Subject: fmt.Sprint("many", n), Lane: lane(n), RunAt: at})
			}
			accept(t, s, d)
		}
	}
	t.Run("all of them run, before and after a restart", func(t *testing.T) {
		s := start(t, open, store.Options{Workers: 4})
		waiting(t, s, many, func(i int) string { return fmt.Sprint(i % 50) }, noon)
		var ran atomic.Int64
		half := make(chan bool, 1)
		count := handlers(func(context.Context, work.Job) work.Outcome {
			if ran.Add(1) == many/10 {
				half <- true
			}
			return work.Outcome{}
		})
		stop := run(t, s, count)
		next(t, "a tenth of them", half)
		stop()
		left := peek(t, s, work.Filter{})
		if n := ran.Load(); int64(len(left))+n != many {
			t.Errorf("%d ran and %d are left of %d", n, len(left), many)
		}
		wantNone(t, s.Close())
		s = start(t, open, store.Options{Workers: 4})
		stats, err := s.Stats(t.Context())
		wantNone(t, err)
		if stats.Waiting != len(left) || stats.Due != len(left) || stats.Oldest <= 0 {
			t.Errorf("got %+v, want %d waiting and due", stats, len(left))
		}
		run(t, s, count)
		settle(t, s)
		if n := ran.Load(); n != many {
			t.Errorf("%d runs of %d jobs", n, many)
		}
	})
	t.Run("a lane in use holds up nobody else", func(t *testing.T) {
		s := start(t, open, store.Options{Workers: 4})
		waiting(t, s, many, func(int) string { return "busy" }, noon.Add(-time.Hour))
		began, goOn, ran := make(chan bool, many), make(chan bool), make(chan string, 10)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome {
			if job.Lane == "busy" {
				began <- true
				<-goOn
				return work.Outcome{}
			}
			ran <- job.Lane
			return work.Outcome{}
		}))
		next(t, "the busy lane's first job", began)
		for i := range 3 { // later than all of those, and of the same tenant
			accept(t, s, delivery(fmt.Sprint("free", i), review(fmt.Sprint("free", i))))
			if lane := next(t, "a job of a free lane", ran); lane != fmt.Sprint("free", i) {
				t.Errorf("got lane %q", lane)
			}
		}
		if len(began) != 0 {
			t.Error("two jobs side by side in one lane")
		}
		close(goOn)
	})
	t.Run("in the order of their time, then of their acceptance", func(t *testing.T) {
		s := start(t, open, store.Options{Workers: 1})
		var want []string
		for i := range 40 {
			// The first ones are due last; every second shares its time with the one before.
			at := noon.Add(time.Duration(20-i/2) * time.Second)
			accept(t, s, delivery(fmt.Sprint(i), work.Job{Kind: work.ReviewPage, Subject: fmt.Sprint(i), RunAt: at}))
		}
		for i := 38; i >= 0; i -= 2 {
			want = append(want, fmt.Sprint(i), fmt.Sprint(i+1))
		}
		ran := make(chan string, 40)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome { ran <- job.Subject; return work.Outcome{} }))
		for _, subject := range want {
			if got := next(t, "job "+subject, ran); got != subject {
				t.Fatalf("got %s, want %s", got, subject)
			}
		}
		settle(t, s)
	})
	t.Run("those put off wait, and the others do not wait for them", func(t *testing.T) {
		s := start(t, open, store.Options{})
		later := time.Now().Add(time.Hour)
		waiting(t, s, many, func(i int) string { return fmt.Sprint(i) }, later)
		ran := make(chan work.Job, 10)
		run(t, s, handlers(func(_ context.Context, job work.Job) work.Outcome {
			ran <- job
			if job.Attempt == 1 && job.Subject == "snoozes" {
				return work.Outcome{Verdict: work.Snooze, After: time.Hour, Reason: "not yet"}
			}
			return work.Outcome{}
		}))
		accept(t, s, delivery("now", review("now")))
		accept(t, s, delivery("snoozes", review("snoozes")))
		next(t, "a job that is due", ran)
		next(t, "another", ran)
		settle(t, s)
		stats, err := s.Stats(t.Context())
		wantNone(t, err)
		if stats.Waiting != many+1 || stats.Due != 0 || stats.Oldest != 0 || len(ran) != 0 {
			t.Errorf("got %+v and %d more runs, want %d put off and none due", stats, len(ran), many+1)
		}
		accept(t, s, delivery("sooner", work.Job{Kind: work.SyncTicket, Subject: "many77", RunAt: noon})) // merges, and is due
		if job := next(t, "one that is due after all", ran); job.Subject != "many77" || job.Lane != "77" {
			t.Errorf("got %+v", job)
		}
	})
	t.Run("in parts", func(t *testing.T) {
		s := start(t, open, store.Options{})
		waiting(t, s, 1000, func(i int) string { return fmt.Sprint(i) }, noon)
		d := delivery("k", review("1"))
		d.Tenant = globex
		accept(t, s, d)
		seen, last := 0, uint64(0)
		for {
			part := peek(t, s, work.Filter{Tenant: acme, State: work.Waiting, After: last, Limit: 300})
			for _, job := range part {
				if job.ID <= last || job.Tenant != acme {
					t.Fatalf("got %+v after %d", job, last)
				}
				last = job.ID
				seen++
			}
			if len(part) < 300 {
				break
			}
		}
		if seen != 1000 {
			t.Errorf("got %d in parts, want 1000", seen)
		}
	})
}
