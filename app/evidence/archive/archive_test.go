package archive_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/stamp/stamptest"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/store"
)

const site tenant.ID = "acme.atlassian.net"

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// entry is the nth of a test's ledger.
func entry(n int) ledger.Entry {
	return ledger.Entry{
		Kind: ledger.Moved, Page: fmt.Sprint(n % 7), Threat: fmt.Sprintf("T-%d", n), Version: n, By: by(n),
		Occurred: noon(), Observed: noon().Add(time.Second), Data: ledger.Encode(ledger.MoveFact{To: threat.Open, Why: "<stated> & \u2028 kept"}),
	}
}

// erasable is the account of every fifth entry.
const erasable = "5b10a2844c20165700ede21g"

func by(n int) string {
	if n%5 == 4 {
		return erasable
	}
	return fmt.Sprint("5b10a", n%3)
}

// logOf is a store whose ledger has so many entries.
func logOf(t testing.TB, entries int) store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), "bolt://"+filepath.Join(t.TempDir(), "test.db"), store.Options{
		Key: []byte("0123456789abcdef0123456789abcdef"), Clock: noon,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	record(t, s, 0, entries)
	return s
}

func record(t testing.TB, s store.Store, from, to int) {
	t.Helper()
	var all []ledger.Entry
	for n := from; n < to; n++ {
		all = append(all, entry(n))
	}
	if err := s.Commit(t.Context(), trace.Change{Tenant: site, Entries: all}); err != nil {
		t.Fatal(err)
	}
}

func facts() archive.Facts {
	return archive.Facts{Site: site, From: noon().AddDate(-1, 0, 0), To: noon(), AsOf: noon().Add(time.Hour), By: "mira", Version: "test", Counts: map[string]int{"threats": 2}}
}

// pack writes a pack with a table of two rows and every other entry disclosed.
func pack(t testing.TB, s archive.Log, size, previous uint64, stamps ...archive.Stamp) []byte {
	t.Helper()
	var out bytes.Buffer
	p := archive.New(&out)
	f, err := p.Create("threats.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "threat,title\r\nT-1,\"first\r\nof two\"\r\nT-2,second\r\n"); err != nil {
		t.Fatal(err)
	}
	f.Rows = 2
	if f, err = p.Create("oscal/poam.json"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "{}\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Close(t.Context(), facts(), s, archive.Scope{
		Size: size, Previous: previous, In: func(e ledger.Entry) bool { return e.Seq%2 == 0 }, Stamps: stamps,
	}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// stamped is a stamp of a log's first so many entries.
func stamped(t testing.TB, s archive.Log, tsa *stamptest.Authority, size uint64, at time.Time) archive.Stamp {
	t.Helper()
	c, err := s.Checkpoint(t.Context(), site, size)
	if err != nil {
		t.Fatal(err)
	}
	return archive.Stamp{Note: c.Note, Token: tsa.Token(t, c.Note, at), Time: at, Size: size}
}

// lately is a time at which a test's authority may stamp.
func lately() time.Time { return time.Now().UTC().Truncate(time.Second).Add(-time.Hour) }

func TestSameInputSameBytes(t *testing.T) {
	s := logOf(t, 20)
	first := pack(t, s, 20, 0)
	record(t, s, 20, 30) // what came later is not in a pack of 20 entries
	if !bytes.Equal(first, pack(t, s, 20, 0)) {
		t.Error("the same input gave other bytes")
	}
	z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s bears the time %v", f.Name, f.Modified)
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "/etc/passwd", "../up", "a/../../b", "a//b", "a/./b", "ledger/key", "manifest.json", "VERIFY.md", "ümlaut", "a\\b", "a.", "dir./a", "dir/"} {
		p := archive.New(io.Discard)
		if _, err := p.Create(name); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, want it refused", name, err)
		}
	}
	p := archive.New(io.Discard)
	for i, want := range []bool{true, false} {
		if _, err := p.Create("a.csv"); (err == nil) != want {
			t.Errorf("the same name, time %d: %v", i+1, err)
		}
	}
}
