package bolt

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

func openTest(t testing.TB, o Options) *Store {
	t.Helper()
	o.Key = []byte("0123456789abcdef0123456789abcdef")
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "test.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func deliver(key, page string) work.Delivery {
	return work.Delivery{Tenant: "acme.atlassian.net", Key: key, Jobs: []work.Job{{Kind: work.ReviewPage, Subject: page}}}
}

func TestWritesShareCommits(t *testing.T) {
	s := openTest(t, Options{})
	var inside atomic.Int32
	blocked, goOn := make(chan bool), make(chan bool)
	first := make(chan error, 1)
	go func() {
		first <- s.write(t.Context(), "block", func(*tx) error { blocked <- true; <-goOn; return nil })
	}()
	<-blocked
	var all sync.WaitGroup
	var id atomic.Int64
	for range 100 {
		all.Go(func() {
			err := s.write(t.Context(), "gather", func(t *tx) error {
				if inside.Add(1) == 1 {
					id.Store(int64(t.ID()))
				}
				if int64(t.ID()) != id.Load() {
					return errors.New("another transaction")
				}
				return t.put(t.Bucket(bucketMeta), []byte("x"), present)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for len(s.writer.queue) < 100 {
		time.Sleep(time.Millisecond) // polling real goroutines
	}
	goOn <- true
	all.Wait()
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestOneBadWriteSparesTheOthers(t *testing.T) {
	s := openTest(t, Options{})
	put := func(name string, err error) func(*tx) error {
		return func(t *tx) error {
			if err := t.put(t.Bucket(bucketMeta), []byte(name), present); err != nil {
				return err
			}
			return err
		}
	}
	batch := []*write{
		{do: put("a", nil), done: make(chan struct{})},
		{do: put("half", errors.New("broke halfway")), done: make(chan struct{})},
		{do: func(*tx) error { panic("bug") }, done: make(chan struct{})},
		{do: func(*tx) error { return fault.New(fault.Conflict, "changed") }, done: make(chan struct{})},
		{do: put("b", nil), done: make(chan struct{})},
	}
	s.writer.commit(batch[:len(batch):len(batch)])
	_ = s.db.View(func(btx *bbolt.Tx) error {
		meta := btx.Bucket(bucketMeta)
		if meta.Get([]byte("a")) == nil || meta.Get([]byte("b")) == nil || meta.Get([]byte("half")) != nil {
			t.Error("want the good writes made and nothing of the bad ones")
		}
		return nil
	})
}

func TestFullDisk(t *testing.T) {
	s := openTest(t, Options{})
	s.db.AllocSize = 1 // grow as little as needed, so that the limit bites
	var err error
	limit := func(bytes int) {
		_ = s.write(t.Context(), "limit", func(*tx) error { s.db.MaxSize = bytes; return nil })
	}
	limit(200_000)
	accepted := map[string]bool{}
	for i := range 20_000 {
		key := fmt.Sprint(i)
		if _, err = s.Accept(t.Context(), deliver(key, key)); err != nil {
			break
		}
		accepted[key] = true
	}
	if !fault.Is(err, fault.Busy) || fault.RetryAfter(err) == 0 {
		t.Fatalf("got %v after %d, want busy with a time to come back", err, len(accepted))
	}
	limit(0)
	key := fmt.Sprint(len(accepted))
	if fresh, err := s.Accept(t.Context(), deliver(key, key)); err != nil || !fresh {
		t.Errorf("with room again: %v, %v; want the refused delivery to be new", fresh, err)
	}
	jobs, err := s.Peek(t.Context(), work.Filter{})
	if err != nil || len(jobs) != len(accepted)+1 {
		t.Errorf("got %d jobs, %v; want %d", len(jobs), err, len(accepted)+1)
	}
}

func TestFullQueue(t *testing.T) {
	s := openTest(t, Options{})
	blocked, goOn := make(chan bool), make(chan bool)
	var all sync.WaitGroup
	all.Go(func() {
		_ = s.write(t.Context(), "block", func(*tx) error { blocked <- true; <-goOn; return nil })
	})
	<-blocked
	for i := range queued {
		all.Go(func() {
			_, err := s.Accept(t.Context(), deliver(fmt.Sprint(i), "1"))
			if err != nil && !fault.Is(err, fault.Busy) { // the purge of old dedup keys may have taken a place
				t.Error(err)
			}
		})
	}
	for len(s.writer.queue) < queued {
		time.Sleep(time.Millisecond) // polling real goroutines
	}
	if _, err := s.Accept(t.Context(), deliver("one more", "1")); !fault.Is(err, fault.Busy) || fault.RetryAfter(err) == 0 {
		t.Errorf("got %v, want busy with a time to come back", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Commit(ctx, trace.Change{Tenant: "acme"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a commit to wait for room as long as it may", err)
	}
	goOn <- true
	all.Wait()
}
