package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/anchor"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/operate"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/store"
)

// command runs a command and returns its exit code and output.
func command(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	code := run(t.Context(), args, &out, &out)
	return code, out.String()
}

// succeeds runs a command that must succeed and whose output must contain all of want.
func succeeds(t *testing.T, want []string, args ...string) string {
	t.Helper()
	return ends(t, 0, want, args...)
}

func ends(t *testing.T, code int, want []string, args ...string) string {
	t.Helper()
	got, out := command(t, args...)
	if got != code {
		t.Errorf("throughline %s ended with %d, want %d:\n%s", strings.Join(args, " "), got, code, out)
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("throughline %s says\n%swithout %q", strings.Join(args, " "), out, w)
		}
	}
	return out
}

// packOf writes a pack of everything that a store's ledger has, and returns its path.
func packOf(t *testing.T, d *demo, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	does(t, "export", "--data", d.dir, "--out", path)
	return path
}

// TestLedger follows a site's ledger through its commands, beside the running server and without it.
func TestLedger(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	settled(t, d)
	data := "--data=" + d.dir
	var l operate.Ledger
	if err := json.Unmarshal([]byte(succeeds(t, nil, "ledger", "checkpoint", data, "--json")), &l); err != nil {
		t.Fatal(err)
	}
	if c, err := ledger.OpenCheckpoint([]byte(l.Checkpoint), l.Key); err != nil || c.Size != l.Entries || l.Entries < 100 {
		t.Errorf("%+v: %v", l, err)
	}
	succeeds(t, []string{l.Key, l.Checkpoint}, "ledger", "show", data)
	succeeds(t, []string{"is whole"}, "ledger", "check", data)
	succeeds(t, []string{"c2sp.org/tlog-proof@v1", "\nindex 3\n", "occurred", "observed", "recorded", " UTC"}, "ledger", "show", "3", data)
	ends(t, 2, []string{"does not cover entry 99999"}, "ledger", "show", "99999", data)

	before := packOf(t, d, "before.zip")
	succeeds(t, []string{"Verifies", "comes from the pack itself"}, "verify", before)
	account := pageOf(t, d, "Checkout").OwnerID
	ends(t, 2, []string{"no account id"}, "ledger", "erase", data, "--account", "x", "--why", "asked for")
	succeeds(t, []string{"Erased from "}, "ledger", "erase", data, "--account", account, "--why", "asked for")
	checked := succeeds(t, []string{"is whole", "erased"}, "ledger", "check", data)
	if err := d.store.Entries(t.Context(), d.tenant(), 0, func(e ledger.Entry) bool {
		if strings.Contains(e.By+string(e.Data), account) {
			t.Errorf("entry %d still names the account", e.Seq)
		}
		return true
	}); err != nil || strings.Contains(checked, "WRONG") {
		t.Error(err)
	}

	after := packOf(t, d, "after.zip")
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(l.Key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := succeeds(t, []string{"Verifies", "It continues the checkpoint of", "was erased from"}, "verify", after, "--key", key, "--previous", before)
	if strings.Contains(out, "comes from the pack itself") {
		t.Error("the key is said to be the pack's own, though another was given")
	}
	ends(t, 1, []string{"DOES NOT VERIFY (continuation)", "wrong order"}, "verify", before, "--previous", after)
	ends(t, 1, []string{"DOES NOT VERIFY (key)"}, "verify", after, "--key", strings.Replace(l.Key, "+A", "+B", 1))
	ends(t, 2, []string{"opening"}, "verify", filepath.Join(t.TempDir(), "none.zip"))
	raw, err := os.ReadFile(after)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(after, append(raw, "more"...), 0o600); err != nil {
		t.Fatal(err)
	}
	ends(t, 1, []string{"DOES NOT VERIFY (container)", "4 bytes follow"}, "verify", after)
	ends(t, 1, []string{`"part": "container"`, `"verifies": false`}, "verify", after, "--json")

	if err := d.close(); err != nil { // which keeps the newest checkpoint outside
		t.Fatal(err)
	}
	succeeds(t, []string{"is whole", "and 1 kept outside"}, "ledger", "check", data)
}

// TestLedgerOfAnOlderStore restores a backup: the commands say so, and a server signs nothing more.
func TestLedgerOfAnOlderStore(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	id, data := d.tenant(), "--data="+d.dir
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	succeeds(t, []string{"is whole"}, "ledger", "check", data)
	file := filepath.Join(d.dir, "throughline.db")
	backup, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := app.Config{Data: d.dir}
	key, err := masterKey(c, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), dsn(c), store.Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), trace.Change{Tenant: id, Entries: []ledger.Entry{{Kind: ledger.Overdue}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := anchor.Keep(t.Context(), anchor.Folder{Path: filepath.Join(d.dir, app.CheckpointFolder)}, s, id); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	succeeds(t, []string{"is whole"}, "ledger", "check", data)
	if err := os.WriteFile(file, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	ends(t, 1, []string{"WRONG", "an older copy of the store"}, "ledger", "check", data)
}

// TestAnchorPage keeps checkpoints in a page of the site, whose own text stays as it is.
func TestAnchorPage(t *testing.T) {
	const text = "<p>What is kept here is written by Throughline.</p>"
	d := startTest(t, func(o *demoOptions) {
		o.door, o.account = accountDoor, func(c *app.Config, s *sandbox.Sandbox) {
			account(0)(c, s)
			page, err := s.Confluence().Create(site.Amir, confluence.Draft{SpaceID: s.Confluence().Pages()[0].SpaceID, Title: "Ledger checkpoints", Body: text})
			if err != nil {
				t.Error(err)
			}
			_, host, _ := strings.Cut(s.BaseURL(), "://")
			c.AnchorPages, c.Checkpoint = []string{host + "/" + page.ID}, time.Second
		}
	})
	var body string
	within(t, "the page has a checkpoint", func() bool {
		body = pageOf(t, d, "Ledger checkpoints").Version().Body
		return strings.Contains(body, "<pre>")
	})
	if !strings.HasPrefix(body, text) {
		t.Errorf("the page's own text was changed: %s", body)
	}
	_, note, _ := strings.Cut(body, "<pre>")
	note, _, _ = strings.Cut(note, "</pre>")
	signed, err := d.store.Signed(t.Context(), d.tenant())
	if err != nil || len(signed) == 0 {
		t.Fatal(err)
	}
	if c, err := ledger.OpenCheckpoint([]byte(note), signed[0].Key); err != nil || c.Size == 0 {
		t.Errorf("%q: %+v, %v", note, c, err)
	}
}
