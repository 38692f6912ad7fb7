package bolt

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/work"
)

// former makes the jobs of an open store those of schema 1, as its program wrote them, and has it remember so many keys, of
// yesterday.
func former(t *testing.T, s *Store, jobs []work.Job, keys int) {
	t.Helper()
	err := s.db.Update(func(btx *bbolt.Tx) error {
		if err := btx.DeleteBucket(bucketQueue); err != nil {
			return err
		}
		b, err := btx.CreateBucket(bucketJobs)
		if err != nil {
			return err
		}
		for _, state := range []work.State{work.Waiting, work.Running, work.Held} {
			shelf, err := b.CreateBucket([]byte(state))
			if err != nil {
				return err
			}
			for _, job := range jobs {
				if job.State != state {
					continue
				}
				row := key(string(job.Tenant), string(job.Kind), job.Subject)
				if state == work.Running {
					row = number(job.ID)
				}
				raw, err := json.Marshal(job)
				if err != nil {
					return err
				}
				if err := shelf.Put(row, raw); err != nil {
					return err
				}
			}
		}
		if err := btx.DeleteBucket(bucketDedup); err != nil {
			return err
		}
		days, err := btx.CreateBucket(bucketKeys)
		if err != nil {
			return err
		}
		day, err := days.CreateBucket(dayName(time.Now().UTC(), 1))
		if err != nil {
			return err
		}
		for i := range keys {
			sum := sha256.Sum256(key("acme.atlassian.net", fmt.Sprint(i)))
			if err := day.Put(sum[:16], present); err != nil {
				return err
			}
		}
		if err := b.Bucket(bucketWaiting).SetSequence(uint64(len(jobs))); err != nil {
			return err
		}
		return btx.Bucket(bucketMeta).Put(keySchema, []byte("1"))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func formerJobs(n int) []work.Job {
	noon := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	jobs := make([]work.Job, n)
	for i := range jobs {
		jobs[i] = work.Job{
			ID: uint64(i + 1), Tenant: "acme.atlassian.net", Kind: work.SyncTicket, Subject: fmt.Sprint(i), Lane: fmt.Sprint("page-", i%7), State: work.Waiting,
			Args: json.RawMessage(`{"id":"1"}`), RunAt: noon.Add(time.Duration(i%11) * time.Minute), Occurred: noon, Observed: noon, Created: noon, Attempt: 2, Reason: "503",
		}
	}
	jobs[0].State, jobs[1].State = work.Running, work.Held
	return jobs
}

// TestMigrates opens a file of the former layout, also after a crash in the middle of it.
func TestMigrates(t *testing.T) {
	for _, steps := range []int{0, 1, 2, 5, 7} {
		t.Run(fmt.Sprint(steps, " steps before a crash"), func(t *testing.T) {
			path, o := filepath.Join(t.TempDir(), "old.db"), Options{Key: []byte("0123456789abcdef0123456789abcdef")}
			reopen := func() *Store {
				t.Helper()
				s, err := Open(t.Context(), path, o)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				return s
			}
			s := reopen()
			want := formerJobs(moved + 500)
			former(t, s, want, moved+500)
			for range steps {
				if more, err := s.migrateSome(); err != nil || !more {
					t.Fatalf("more %v, %v", more, err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), path, Options{ReadOnly: true}); !fault.Is(err, fault.Invalid) {
				t.Errorf("read-only: got %v, want it refused until somebody may write", err)
			}
			s = reopen()
			got, err := s.Peek(t.Context(), work.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			checkIndexes(t, s)
			if _, err := s.Accept(t.Context(), deliver("new", "new")); err != nil {
				t.Fatal(err)
			}
			last, err := s.Peek(t.Context(), work.Filter{After: uint64(len(want))})
			if err != nil || len(last) != 1 || last[0].ID != uint64(len(want)+1) {
				t.Errorf("got %+v, %v: want the IDs to go on", last, err)
			}
			for _, key := range []int{0, moved, moved + 499} {
				if fresh, err := s.Accept(t.Context(), deliver(fmt.Sprint(key), "1")); err != nil || fresh {
					t.Errorf("key %d: fresh %v, %v; want it known from before", key, fresh, err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			o.ReadOnly = true
			reopen()
		})
	}
}
