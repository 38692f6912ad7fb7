package bolt

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/work"
)

// TestRetriesUntilHeld follows one job through all its attempts in made-up time.
func TestRetriesUntilHeld(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), filepath.Join(dir, "test.db"), Options{
			Key: []byte("0123456789abcdef0123456789abcdef"), Rand: func() float64 { return 0 },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var runs []time.Duration
		began := time.Now()
		done := make(chan error, 1)
		go func() {
			done <- s.Run(ctx, map[work.Kind]work.Handler{work.ReviewPage: func(_ context.Context, job work.Job) work.Outcome {
				runs = append(runs, time.Since(began))
				return work.Outcome{Verdict: work.Retry, Reason: "503"}
			}})
		}()
		if _, err := s.Accept(t.Context(), deliver("k", "1")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		want := time.Duration(0)
		for i, at := range runs {
			if at != want {
				t.Errorf("run %d at %v, want %v", i+1, at, want)
			}
			want += work.Backoff(i + 1)
		}
		jobs, err := s.Peek(t.Context(), work.Filter{State: work.Held})
		if len(runs) != 12 || err != nil || len(jobs) != 1 || jobs[0].Attempt != 12 {
			t.Errorf("%d runs, left %+v, %v; want it held after 12", len(runs), jobs, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestRunsOnAfterFullDisk runs jobs while the disk fills up and has room again: what was accepted runs, and all of it ends.
func TestRunsOnAfterFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), path, Options{Key: []byte("0123456789abcdef0123456789abcdef")})
		if err != nil {
			t.Fatal(err)
		}
		s.db.AllocSize = 1
		limit := func(bytes int) {
			_ = s.write(t.Context(), "limit", func(*tx) error { s.db.MaxSize = bytes; return nil })
		}
		limit(150_000)
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		ran := map[string]bool{}
		done := make(chan error, 1)
		go func() {
			done <- s.Run(ctx, map[work.Kind]work.Handler{work.ReviewPage: func(_ context.Context, job work.Job) work.Outcome {
				time.Sleep(time.Minute) // made-up time: jobs pile up
				mu.Lock()
				defer mu.Unlock()
				ran[job.Subject] = true
				return work.Outcome{}
			}})
		}()
		accepted, refused := map[string]bool{}, 0
		for i := range 3000 {
			if i == 2500 {
				limit(0)
			}
			key := fmt.Sprint(i)
			if _, err := s.Accept(t.Context(), deliver(key, key)); err == nil {
				accepted[key] = true
			} else if refused++; !fault.Is(err, fault.Busy) {
				t.Fatal(err)
			}
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		jobs, err := s.Peek(t.Context(), work.Filter{})
		if err != nil || len(jobs) != 0 {
			t.Errorf("left %d jobs, %v", len(jobs), err)
		}
		for key := range accepted {
			if !ran[key] {
				t.Errorf("%s was accepted and never ran", key)
			}
		}
		t.Logf("%d accepted, %d refused, %d ran", len(accepted), refused, len(ran))
		if refused == 0 || len(accepted) == 0 {
			t.Error("the disk was never full, or always")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
