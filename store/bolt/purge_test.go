package bolt

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// cutOff is a context that ends when it was asked so often: each transaction asks once.
type cutOff struct {
	context.Context
	left int
}

func (c *cutOff) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestPurgeGoesOnAfterCrash cuts a purge off after each of its transactions.
func TestPurgeGoesOnAfterCrash(t *testing.T) {
	for cut := 1; ; cut++ {
		path, o := filepath.Join(t.TempDir(), "purge.db"), Options{Key: []byte("0123456789abcdef0123456789abcdef")}
		s, err := Open(t.Context(), path, o)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
		if _, err := s.Install(t.Context(), "acme", tenant.Installation{Product: tenant.Jira, ClientKey: "j", Secret: tenant.NewSecret("s"), InstalledAt: at}); err != nil {
			t.Fatal(err)
		}
		fill(t, s, 3, 1000)
		d := work.Delivery{Tenant: "acme", Key: "k"}
		for i := range purged + 10 {
			d.Jobs = append(d.Jobs, work.Job{Kind: work.ReviewPage, Subject: fmt.Sprint(i)})
		}
		if _, err := s.Accept(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if err := s.Uninstall(t.Context(), "j", at); err != nil {
			t.Fatal(err)
		}
		_, err = s.Purge(&cutOff{t.Context(), cut}, "acme", at.Add(time.Hour))
		whole := err == nil
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(t.Context(), path, o); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Purge(t.Context(), "acme", at.Add(time.Hour)); err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatalf("cut after %d: %v", cut, err)
		}
		s.finishPurges(t.Context())
		checkIndexes(t, s)
		err = s.db.View(func(btx *bbolt.Tx) error {
			if b := btx.Bucket(bucketTenants).Bucket([]byte("acme")); b != nil || btx.Bucket(bucketAside) != nil || count(btx.Bucket(bucketClients)) != 0 {
				t.Errorf("cut after %d: something of the tenant is left", cut)
			}
			if q := queueOf(btx); count(q.waiting)+count(q.names) != 0 {
				t.Errorf("cut after %d: %d jobs are left", cut, count(q.waiting))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if whole {
			if cut < 8 {
				t.Errorf("a purge took %d transactions: it is not bounded", cut)
			}
			return
		}
	}
}
