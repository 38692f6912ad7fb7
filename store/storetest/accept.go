package storetest

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func delivery(key string, jobs ...work.Job) work.Delivery {
	return work.Delivery{Tenant: acme, Key: key, Seen: noon, Jobs: jobs}
}

// review is a job that is due.
func review(page string) work.Job {
	return work.Job{Kind: work.ReviewPage, Subject: page, RunAt: noon, Occurred: noon, Observed: noon.Add(time.Second)}
}

func accept(t testing.TB, s store.Store, d work.Delivery) bool {
	t.Helper()
	fresh, err := s.Accept(t.Context(), d)
	wantNone(t, err)
	return fresh
}

func peek(t testing.TB, s store.Store, f work.Filter) []work.Job {
	t.Helper()
	jobs, err := s.Peek(t.Context(), f)
	wantNone(t, err)
	return jobs
}

func exerciseAccept(t *testing.T, open Open) {
	t.Run("is durable", func(t *testing.T) {
		s := start(t, open, store.Options{})
		before := time.Now().Add(-time.Minute)
		if !accept(t, s, delivery("k", review("1"))) {
			t.Error("the first delivery was taken for a repetition")
		}
		wantNone(t, s.Close())
		s = start(t, open, store.Options{})
		jobs := peek(t, s, work.Filter{})
		if len(jobs) != 1 {
			t.Fatalf("got %d jobs, want the accepted one", len(jobs))
		}
		got := jobs[0]
		if got.ID == 0 || got.Created.Before(before) || got.Created.Location() != time.UTC {
			t.Errorf("got id %d, created %v; want both filled in", got.ID, got.Created)
		}
		want := review("1")
		want.ID, want.Created, want.Tenant, want.State, want.Lane = got.ID, got.Created, acme, work.Waiting, "1"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if accept(t, s, delivery("k", review("2"))) {
			t.Error("a repetition was taken for new after the restart")
		}
		if n := len(peek(t, s, work.Filter{})); n != 1 {
			t.Errorf("got %d jobs after a repetition, want 1", n)
		}
	})
	t.Run("dedup is per tenant", func(t *testing.T) {
		s := start(t, open, store.Options{})
		accept(t, s, delivery("k", review("1")))
		other := delivery("k", review("1"))
		other.Tenant = globex
		if !accept(t, s, other) {
			t.Error("another tenant's key was taken for a repetition")
		}
		if n := len(peek(t, s, work.Filter{})); n != 2 {
			t.Errorf("got %d jobs, want one each", n)
		}
	})
	t.Run("a key without jobs", func(t *testing.T) {
		s := start(t, open, store.Options{})
		if !accept(t, s, delivery("k")) || accept(t, s, delivery("k", review("1"))) {
			t.Error("the key was not remembered")
		}
	})
	t.Run("merges", func(t *testing.T) {
		s := start(t, open, store.Options{})
		first, later, older := review("1"), review("1"), review("1")
		first.Args = json.RawMessage(`{"n":1}`)
		later.Args, later.Occurred, later.RunAt = json.RawMessage(`{"n":2}`), noon.Add(time.Minute), noon.Add(time.Hour)
		older.Args, older.Occurred, older.RunAt = json.RawMessage(`{"n":0}`), noon.Add(-time.Minute), noon.Add(-time.Hour)
		for i, job := range []work.Job{first, later, older} {
			accept(t, s, delivery(fmt.Sprint(i), job))
		}
		jobs := peek(t, s, work.Filter{})
		if len(jobs) != 1 {
			t.Fatalf("got %d jobs, want them merged", len(jobs))
		}
		got := jobs[0]
		if string(got.Args) != `{"n":2}` || !got.Occurred.Equal(later.Occurred) || !got.RunAt.Equal(older.RunAt) {
			t.Errorf("got %+v, want the newest event at the earliest time", got)
		}
	})
	t.Run("another kind or subject does not merge", func(t *testing.T) {
		s := start(t, open, store.Options{})
		panel := review("1")
		panel.Kind = work.WritePanel
		accept(t, s, delivery("k", review("1"), review("2"), panel))
		if n := len(peek(t, s, work.Filter{})); n != 3 {
			t.Errorf("got %d jobs, want 3", n)
		}
	})
	t.Run("what cannot be accepted", func(t *testing.T) {
		s := start(t, open, store.Options{})
		nobody := delivery("k", review("1"))
		nobody.Tenant = ""
		for name, d := range map[string]work.Delivery{
			"no tenant": nobody, "no key": delivery("", review("1")), "no kind": delivery("k", work.Job{Subject: "1"}),
			"no subject": delivery("k", work.Job{Kind: work.ReviewPage}), "NUL": delivery("k", review("1\x002")),
		} {
			if _, err := s.Accept(t.Context(), d); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: got %v, want it refused as invalid", name, err)
			}
		}
		if n := len(peek(t, s, work.Filter{})); n != 0 {
			t.Errorf("got %d jobs from refused deliveries", n)
		}
	})
	t.Run("by many at once", func(t *testing.T) {
		s := start(t, open, store.Options{})
		const senders, each = 32, 20
		var fresh sync.Map
		var all sync.WaitGroup
		for range senders {
			all.Go(func() {
				for i := range each { // every sender sends the same
					ok, err := s.Accept(t.Context(), delivery(fmt.Sprint(i), review(fmt.Sprint(i%7))))
					if err != nil {
						t.Error(err)
					} else if ok {
						if _, twice := fresh.LoadOrStore(i, true); twice {
							t.Errorf("key %d was new twice", i)
						}
					}
				}
			})
		}
		all.Wait()
		n := 0
		fresh.Range(func(any, any) bool { n++; return true })
		if jobs := len(peek(t, s, work.Filter{})); n != each || jobs != 7 {
			t.Errorf("got %d new keys and %d jobs, want %d and 7", n, jobs, each)
		}
	})
}
