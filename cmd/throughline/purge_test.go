package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/store"
)

// TestPurge starts the server on a store with a site that left long ago, one that left just now and one that stays.
func TestPurge(t *testing.T) {
	local, err := sandbox.New(sandbox.Options{Pages: seed.Demo()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	s := newServer(t, local, "connect")
	key := []byte("0123456789abcdef0123456789abcdef")
	path := "bolt://" + filepath.Join(s.dir, "throughline.db")
	db, err := store.Open(t.Context(), path, store.Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	for id, removed := range map[tenant.ID]time.Duration{"long-ago.test": 2 * time.Hour, "just-now.test": 30 * time.Minute, "stays.test": 0} {
		in := tenant.Installation{Product: tenant.Jira, Door: "connect", ClientKey: string(id), BaseURL: "https://" + string(id), Secret: tenant.NewSecret("s")}
		if _, err := db.Install(t.Context(), id, in); err != nil {
			t.Fatal(err)
		}
		c := trace.Change{Tenant: id, Page: &trace.Page{ID: "1"}, Entries: []ledger.Entry{{Kind: ledger.Reviewed, Page: "1"}}}
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if removed > 0 {
			if err := db.Uninstall(t.Context(), string(id), time.Now().Add(-removed)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(s.dir, "checkpoints")
	if err := os.MkdirAll(kept, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, site := range []string{"long-ago.test", "long-ago.test,12.tsr"} {
		if err := os.WriteFile(filepath.Join(kept, site), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(s.env, "THROUGHLINE_PURGE_AFTER=1h", "THROUGHLINE_MASTER_KEY="+base64.StdEncoding.EncodeToString(key))
	s.start()
	const wanted = `throughline_purged_total{what="sites"} 1`
	for end := time.Now().Add(15 * time.Second); !strings.Contains(body(t, s.url+"/metrics"), wanted); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the metrics never showed %s", wanted)
		}
	}
	s.stop()
	if log := s.log.String(); !strings.Contains(log, `msg=purged tenant=long-ago.test`) || !strings.Contains(log, "pages=1 threats=0 entries=1") || strings.Count(log, "msg=purged") != 1 {
		t.Errorf("the log does not say what was purged:\n%s", log)
	}
	if left, err := filepath.Glob(filepath.Join(kept, "long-ago*")); err != nil || len(left) > 0 {
		t.Errorf("checkpoints are left of the purged site: %v, %v", left, err)
	}
	db, err = store.Open(t.Context(), path, store.Options{Key: key, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all, err := db.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []tenant.ID
	for _, one := range all {
		ids = append(ids, one.ID)
		if _, err := db.Page(t.Context(), one.ID, "1"); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]tenant.ID{"just-now.test", "stays.test"}, ids); diff != "" {
		t.Errorf("sites: -want +got\n%s", diff)
	}
	if _, err := db.Page(t.Context(), "long-ago.test", "1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v, want the page of the purged site gone", err)
	}
}

// body is what a GET answers.
func body(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
