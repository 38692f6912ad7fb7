package main

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/throughline/throughline/app/evidence/evidencetest"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/store"
)

// madeKey is the master key of made stores, which hold no secret of anybody's.
var madeKey = []byte("a key of thirty-two bytes for us")

// makeStore makes a data folder whose store holds one site with the ledger of n threats.
func makeStore(t testing.TB, dir string, n int) {
	t.Helper()
	ctx := context.Background()
	now := evidencetest.Begin
	s, err := store.Open(ctx, "bolt://"+filepath.Join(dir, "throughline.db"), store.Options{Key: madeKey, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.WriteFile(filepath.Join(dir, keyFile), []byte(base64.StdEncoding.EncodeToString(madeKey)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const site = tenant.ID("acme.test")
	if _, err := s.Install(ctx, site, tenant.Installation{Product: tenant.Jira, Door: "connect", ClientKey: "made", BaseURL: "https://acme.test", Secret: tenant.NewSecret("made")}); err != nil {
		t.Fatal(err)
	}
	batch := make([]ledger.Entry, 0, 5000)
	commit := func() {
		if err := s.Commit(ctx, trace.Change{Tenant: site, Entries: batch}); err != nil {
			t.Fatal(err)
		}
		batch = batch[:0]
	}
	for e := range evidencetest.Entries(n) {
		// A small store keeps the times to the entry, a large one to the batch.
		if len(batch) == cap(batch) || n <= 1000 && len(batch) > 0 {
			commit()
		}
		now = e.Recorded
		batch = append(batch, e)
	}
	commit()
}

// TestMakeStore makes the store that the README's figures of exports are measured on:
//
//	THROUGHLINE_MAKE=100000:/tmp/large go test -run TestMakeStore ./cmd/throughline
func TestMakeStore(t *testing.T) {
	order := os.Getenv("THROUGHLINE_MAKE")
	if order == "" {
		t.Skip("set THROUGHLINE_MAKE to threats:folder to make a store to measure on")
	}
	count, dir, _ := cutOrder(order)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	makeStore(t, dir, count)
}

func cutOrder(order string) (int, string, error) {
	for i, r := range order {
		if r == ':' {
			n, err := strconv.Atoi(order[:i])
			return n, order[i+1:], err
		}
	}
	return 0, "", os.ErrInvalid
}
