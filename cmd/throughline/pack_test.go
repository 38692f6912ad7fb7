package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/store"
)

// does runs a command that must succeed, and returns what it printed.
func does(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, bad bytes.Buffer
	if code := run(t.Context(), args, &out, &bad); code != 0 {
		t.Fatalf("throughline %v: %d\n%s%s", args, code, out.String(), bad.String())
	}
	return out.String(), bad.String()
}

// fails runs a command that must not succeed, and returns what it complained of.
func fails(t *testing.T, args ...string) string {
	t.Helper()
	var out, bad bytes.Buffer
	if code := run(t.Context(), args, &out, &bad); code == 0 {
		t.Fatalf("throughline %v succeeded:\n%s", args, out.String())
	}
	return bad.String()
}

func inPack(t *testing.T, pack, name string) []byte {
	t.Helper()
	z, err := zip.OpenReader(pack)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPackBesideServer exports a pack beside the running server: its count agrees with Jira's own, it verifies, it is the same again,
// a person's choice of criteria is in the next, and the ledger keeps each export.
func TestPackBesideServer(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	dir := t.TempDir()
	one, two, three := filepath.Join(dir, "1.zip"), filepath.Join(dir, "2.zip"), filepath.Join(dir, "3.zip")
	now := time.Now().UTC().Format(time.RFC3339Nano)
	ask := []string{"export", "--data", d.dir, "--to", now, "--as-of", now, "--sample", "3", "--out"}
	if _, notes := does(t, append(ask, one)...); strings.Contains(notes, "reconciled") {
		t.Errorf("the pack says that it is not reconciled: %s", notes)
	}
	var s struct {
		Population     int
		Reconciliation evidence.Reconciliation
	}
	if err := json.Unmarshal(inPack(t, one, "summary.json"), &s); err != nil {
		t.Fatal(err)
	}
	if s.Population == 0 || !s.Reconciliation.Agrees() || s.Reconciliation.Jira == 0 {
		t.Errorf("population %d, %+v", s.Population, s.Reconciliation)
	}
	does(t, "verify", one)

	id := anyThreat(t, d)
	was, _ := does(t, "history", "--data", d.dir, string(id))
	said, _ := does(t, "criteria", "set", "--data", d.dir, string(id), "cc6.7,CC6.1", "--why", "tokens in transit", "--by", "dana")
	if !strings.Contains(said, string(id)+" bears on CC6.1, CC6.7 (was ") {
		t.Errorf("criteria set said %q", said)
	}
	does(t, "criteria", "confirm", "--data", d.dir, string(id), "--by", "omar")
	then, _ := does(t, "history", "--data", d.dir, string(id), "--as-of", now)
	if strings.Contains(then, "CC6.7 (tokens in transit)") || events(then) != events(was) {
		t.Errorf("the history as of then tells of what came later:\n%s", then)
	}
	if is, _ := does(t, "history", "--data", d.dir, string(id)); !strings.Contains(is, "→ CC6.1, CC6.7 (tokens in transit)") {
		t.Errorf("the history does not tell of the choice:\n%s", is)
	}

	does(t, append(ask, two)...)
	a, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(two); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the same question got other bytes: %v", err)
	}
	does(t, "export", "--data", d.dir, "--out", three)
	does(t, "verify", three, "--previous", one)
	rows, err := csv.NewReader(bytes.NewReader(inPack(t, three, "mapping.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var chosen []string
	for _, row := range rows {
		if row[0] == string(id) {
			chosen = append(chosen, row[1]+" by "+row[3])
		}
	}
	if want := []string{"CC6.1 by omar", "CC6.7 by omar"}; !slices.Equal(chosen, want) {
		t.Errorf("the pack maps %v, want %v", chosen, want)
	}
	exports := 0
	err = d.store.Entries(t.Context(), d.tenant(), 0, func(e ledger.Entry) bool {
		if e.Kind == ledger.Exported {
			exports++
		}
		return true
	})
	if err != nil || exports != 3 {
		t.Errorf("the ledger keeps %d exports of 3: %v", exports, err)
	}
}

func events(history string) string {
	before, _, _ := strings.Cut(history, "As known at")
	return before
}

func anyThreat(t *testing.T, d *demo) threat.ID {
	t.Helper()
	pages, err := d.store.Pages(t.Context(), d.tenant())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		rec, err := d.store.Page(t.Context(), d.tenant(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(rec.Threats) > 0 {
			return rec.Threats[0].ID
		}
	}
	t.Fatal("no page has a threat")
	return ""
}

// TestPackWithoutJira: a pack whose site cannot be asked is made all the same, and says so wherever somebody may look.
func TestPackWithoutJira(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	if err := d.site.Close(); err != nil {
		t.Fatal(err)
	}
	pack := filepath.Join(t.TempDir(), "p.zip")
	if _, notes := does(t, "export", "--data", d.dir, "--out", pack); !strings.Contains(notes, "NOT RECONCILED. Jira could not be asked: ") {
		t.Errorf("the command says %q", notes)
	}
	for _, name := range []string{"manifest.json", "exceptions.csv", "summary.json"} {
		if !strings.Contains(string(inPack(t, pack, name)), "Jira could not be asked: ") {
			t.Errorf("%s does not say that Jira could not be asked", name)
		}
	}
	does(t, "verify", pack)
}

func TestExportsThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 30)
	out := filepath.Join(t.TempDir(), "p.zip")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"ends before it begins", []string{"--from", "2026-03-01", "--to", "2026-02-01"}, "is empty: --from must be earlier than --to"},
		{"in the future", []string{"--from", "2099-01-01", "--to", "2099-02-01"}, "in the future"},
		{"knowledge of the future", []string{"--as-of", "2099-01-01"}, "in the future"},
		{"unknown framework", []string{"--framework", "pci"}, `unknown framework "pci": use one of soc2-tsc-2017`},
		{"unknown site", []string{"--site", "other.test"}, "other.test"},
		{"unknown format", []string{"--format", "xls"}, "use csv, json or pack"},
		{"negative sample", []string{"--sample", "-3"}, "draw one threat or more"},
		{"a folder that is not there", []string{"--out", filepath.Join(dir, "no", "p.zip")}, "no such file or directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			said := fails(t, append([]string{"export", "--data", dir, "--out", out}, tt.args...)...)
			if !strings.Contains(said, tt.want) {
				t.Errorf("it says %q, want %q", said, tt.want)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("there is a file")
			}
		})
	}
	if said := fails(t, "export", "--data", dir, "--format", "pack"); !strings.Contains(said, "name it with --out") {
		t.Errorf("a pack without --out: %q", said)
	}
	t.Run("no room for temporary files", func(t *testing.T) {
		t.Setenv("TMPDIR", filepath.Join(dir, "nowhere"))
		if said := fails(t, "export", "--data", dir, "--out", out); !strings.Contains(said, "set TMPDIR to a folder with room") {
			t.Errorf("it says %q", said)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "*")); len(left) > 0 {
			t.Errorf("it left %v", left)
		}
	})
}

// TestForgedPackIsNamed: whoever holds the site's key changes a row of a pack and signs it. verify names the row; without making the pack
// again it finds nothing, and says that it did not look.
func TestForgedPackIsNamed(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 30)
	pack := filepath.Join(t.TempDir(), "p.zip")
	does(t, "export", "--data", dir, "--out", pack)
	succeeds(t, []string{"Verifies", "Made again from the disclosed entries: 30 files"}, "verify", pack)
	forged := forgedByInsider(t, dir, pack, "threats.csv", ",mitigated,", ",verified,")
	ends(t, 1, []string{"DOES NOT VERIFY (replay): threats.csv: row ", `its state is "verified", and the ledger's entries give "mitigated"`}, "verify", forged)
	ends(t, 1, []string{`"part": "replay"`, `"file": "threats.csv"`}, "verify", forged, "--json")
	succeeds(t, []string{"Verifies", "NOT held against the entries: tables, sheets and summary (--replay=false)"}, "verify", forged, "--replay=false")

	// What another build might have made otherwise is told, and is no "verifies": a forger may name any build.
	worded := forgedByInsider(t, dir, pack, "exceptions.csv", "late,", "later,")
	ends(t, 3, []string{"VERIFIES IN PART", "NOT all files are what the disclosed entries give: exceptions.csv: row ", "forgery"}, "verify", worded)
	ends(t, 3, []string{`"in_part": true`, `"differs": "exceptions.csv: row `}, "verify", worded, "--json")

	shown := filepath.Join(t.TempDir(), "key.txt")
	said, _ := does(t, "ledger", "show", "--data", dir)
	if err := os.WriteFile(shown, []byte(said), 0o600); err != nil {
		t.Fatal(err)
	}
	succeeds(t, []string{"Verifies"}, "verify", pack, "--key", shown)
	if said := fails(t, "verify", pack, "--key", pack); !strings.Contains(said, "no key of the form") {
		t.Errorf("a key file without a key: %q", said)
	}
}

// forgedByInsider is a pack with a text replaced in one file, and a manifest that is true of it and signed with the store's key.
func forgedByInsider(t *testing.T, data, pack, name, old, replacement string) string {
	t.Helper()
	c := app.Config{Data: data}
	key, err := masterKey(c, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), dsn(c), store.Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var m archive.Manifest
	if err := json.Unmarshal(inPack(t, pack, "manifest.json"), &m); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p := archive.New(&out)
	for _, f := range m.Files {
		if archive.OfContainer(f.Name) {
			continue
		}
		w, err := p.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		content := inPack(t, pack, f.Name)
		if f.Name == name {
			content = bytes.Replace(content, []byte(old), []byte(replacement), 1)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		w.Rows = f.Rows
	}
	if _, err := p.Close(t.Context(), m.Facts, s, archive.Scope{Size: m.Ledger.Size, Previous: m.Ledger.Previous, In: func(ledger.Entry) bool { return true }}); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "forged.zip", out.Bytes())
}
