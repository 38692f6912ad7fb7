package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// checkIndexes derives the indexes from the waiting and held jobs, and compares.
func checkIndexes(t *testing.T, s *Store) {
	t.Helper()
	err := s.db.View(func(btx *bbolt.Tx) error {
		q := queueOf(btx)
		names, lanes, heads := map[string]string{}, map[string]string{}, map[string]string{}
		first := map[string]work.Job{}
		waiting, err := peek(q.waiting, work.Waiting, work.Filter{})
		if err != nil {
			return err
		}
		for _, job := range waiting {
			names[string(jobName(nameWaiting, job))] = string(number(job.ID))
			lane := laneOf(job)
			lanes[string(append(bytes.Clone(lane), place(job)...))] = string(present)
			if known, any := first[string(lane)]; !any || bytes.Compare(place(job), place(known)) < 0 {
				first[string(lane)] = job
			}
		}
		for _, job := range first {
			heads[string(append(headsOf(job.Tenant), place(job)...))] = job.Lane
		}
		held, err := peek(q.held, work.Held, work.Filter{})
		if err != nil {
			return err
		}
		for _, job := range held {
			names[string(jobName(nameHeld, job))] = string(number(job.ID))
		}
		for name, of := range map[string]struct {
			b    *bbolt.Bucket
			want map[string]string
		}{"names": {q.names, names}, "lanes": {q.lanes, lanes}, "heads": {q.heads, heads}} {
			got := map[string]string{}
			if err := of.b.ForEach(func(k, v []byte) error { got[string(k)] = string(v); return nil }); err != nil {
				return err
			}
			if diff := cmp.Diff(of.want, got); diff != "" {
				t.Errorf("index %s: -derived +kept\n%s", name, diff)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestIndexes runs a queue at random in made-up time, with every verdict, and looks at the indexes.
func TestIndexes(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), filepath.Join(dir, "test.db"), Options{Key: []byte("0123456789abcdef0123456789abcdef"), Attempts: 3})
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		verdicts := make(chan work.Outcome, 1<<13)
		for range cap(verdicts) {
			verdicts <- work.Outcome{Verdict: work.Verdict(r.IntN(5)), After: time.Duration(r.IntN(300)) * time.Second}
		}
		for i := range 30 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				handle := func(context.Context, work.Job) work.Outcome {
					time.Sleep(time.Second)
					return <-verdicts
				}
				done <- s.Run(ctx, map[work.Kind]work.Handler{work.ReviewPage: handle, work.SyncTicket: handle})
			}()
			for n := range 30 {
				job := work.Job{Kind: work.ReviewPage, Subject: fmt.Sprint(r.IntN(40)), RunAt: time.Now().Add(time.Duration(r.IntN(240)-120) * time.Second)}
				if r.IntN(2) == 0 {
					job.Kind, job.Lane = work.SyncTicket, fmt.Sprint("lane-", r.IntN(3))
				}
				d := work.Delivery{Tenant: tenant.ID(fmt.Sprint("t", r.IntN(3))), Key: fmt.Sprint(i, "-", n), Jobs: []work.Job{job}}
				if _, err := s.Accept(t.Context(), d); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Duration(r.IntN(20)) * time.Second)
			if jobs, err := s.Peek(t.Context(), work.Filter{State: work.Held}); err != nil {
				t.Fatal(err)
			} else if len(jobs) > 0 {
				if err := s.Retry(t.Context(), jobs[r.IntN(len(jobs))].ID); err != nil {
					t.Fatal(err)
				}
			}
			if jobs, err := s.Peek(t.Context(), work.Filter{State: work.Waiting}); err != nil {
				t.Fatal(err)
			} else if len(jobs) > 0 {
				_ = s.Drop(t.Context(), jobs[r.IntN(len(jobs))].ID) // it may have begun meanwhile
			}
			cancel()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			checkIndexes(t, s)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestLooksPastLanesInUse holds a look to the number of lanes in use, whatever waits behind them, and the schedule's memory to
// the number of tenants.
func TestLooksPastLanesInUse(t *testing.T) {
	s := openTest(t, Options{})
	const many = 20_000
	now := time.Now()
	for i := 0; i < many; i += 1000 {
		d := deliver(fmt.Sprint(i), "1")
		d.Jobs = nil
		for n := range 1000 {
			d.Jobs = append(d.Jobs, work.Job{Kind: work.SyncTicket, Subject: fmt.Sprint(i + n), Lane: "busy", RunAt: now.Add(-time.Hour)})
		}
		if _, err := s.Accept(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Accept(t.Context(), deliver("k", "free")); err != nil {
		t.Fatal(err)
	}
	looked := 0
	e, found, err := s.look("acme.atlassian.net", func(lane []byte) bool {
		looked++
		return string(lane) == "busy"
	})
	if err != nil || !found || e.lane != "free" || looked != 2 {
		t.Errorf("got %+v, %v, %v after %d lanes; want the free lane's job after the busy one's head", e, found, err, looked)
	}
	s.schedule.reset(true)
	s.rescan()
	if n := len(s.schedule.shares); n != 1 {
		t.Errorf("the schedule holds %d entries for %d jobs of one tenant", n, many)
	}
}

func TestJobRows(t *testing.T) {
	noon := time.Date(2026, 11, 2, 12, 0, 0, 123456789, time.UTC)
	tests := []struct {
		name string
		job  work.Job
	}{
		{"all of it", work.Job{
			ID: 7, Tenant: "acme", Kind: work.SyncTicket, Subject: "10@42", Lane: "42", Args: json.RawMessage(`{"a":1}`), State: work.Waiting,
			RunAt: noon, Occurred: noon.Add(-time.Hour), Observed: noon, Created: noon, Attempt: 3, Reason: "503",
		}},
		{"as little as there can be", work.Job{ID: 1, Tenant: "a", Kind: "k", Subject: "s", Lane: "s", State: work.Waiting}},
		{"times far off", work.Job{
			ID: 1, Tenant: "a", Kind: "k", Subject: "s", Lane: "s", State: work.Waiting,
			RunAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Occurred: time.Date(1601, 1, 1, 0, 0, 0, 1, time.UTC),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decodeJob(number(tt.job.ID), work.Waiting, encodeJob(tt.job))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.job, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if raw := encodeJob(tt.job); tenantOf(raw) != tt.job.Tenant {
				t.Errorf("its tenant is read as %q", tenantOf(raw))
			}
		})
	}
}

func FuzzDecodeJob(f *testing.F) {
	f.Add(encodeJob(formerJobs(2)[1]))
	f.Add([]byte{jobRow, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		_ = tenantOf(raw)
		job, err := decodeJob(number(1), work.Waiting, raw)
		if err != nil {
			return
		}
		again, err := decodeJob(number(1), work.Waiting, encodeJob(job))
		if diff := cmp.Diff(job, again); err != nil || diff != "" {
			t.Errorf("%v, -first +again\n%s", err, diff)
		}
	})
}

func TestInstantKeepsOrder(t *testing.T) {
	times := []time.Time{
		{},
		time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), time.Unix(0, 0), time.Unix(0, 1), time.Now(), time.Now().Add(time.Nanosecond),
		time.Date(2242, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for i, at := range times[1:] {
		if instant(at) < instant(times[i]) {
			t.Errorf("%v sorts before %v", at, times[i])
		}
		if n := instant(at); int64(n) < 0 {
			t.Errorf("%v is %d, which is no time again", at, n)
		}
	}
}
