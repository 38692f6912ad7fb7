package evidence_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/store"
)

// recheck verifies a pack, and then makes it again.
func recheck(t *testing.T, pack []byte, version string) (evidence.Rechecked, error) {
	t.Helper()
	in := bytes.NewReader(pack)
	r, err := archive.Verify(t.Context(), in, in.Size(), archive.Expect{})
	if err != nil {
		t.Fatalf("the container itself: %v", err)
	}
	contents, err := archive.Read(in, in.Size())
	if err != nil {
		t.Fatal(err)
	}
	return evidence.Recheck(t.Context(), contents, r.Withheld, version, func(string, int, int) {})
}

// signedAnew is a pack of which an insider changed files and manifest, and signed them: edit gets a file's content, nil where there is
// none, and returns it changed, nil to take it away.
func signedAnew(t *testing.T, s store.Store, pack []byte, name string, edit func(string) *string, manifest func(*archive.Manifest)) []byte {
	t.Helper()
	in := files(t, pack)
	var m archive.Manifest
	if err := json.Unmarshal(in["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		changed := edit(string(in[name]))
		at := slices.IndexFunc(m.Files, func(f archive.File) bool { return f.Name == name })
		switch {
		case changed == nil:
			m.Files = slices.Delete(m.Files, at, at+1)
		case *changed == string(in[name]):
			t.Fatalf("the edit of %s changed nothing", name)
		default:
			in[name] = []byte(*changed)
			if at < 0 {
				at, m.Files = 0, slices.Insert(m.Files, 0, archive.File{Name: name})
			}
			if strings.HasSuffix(name, ".csv") {
				m.Files[at].Rows = len(records(t, in[name]))
			}
		}
	}
	if manifest != nil {
		manifest(&m)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	var packed bytes.Buffer
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		packed.Reset()
		return flate.NewWriter(io.MultiWriter(w, &packed), flate.DefaultCompression)
	})
	put := func(name string, method uint16, content []byte) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err == nil {
			_, err = w.Write(content)
		}
		if err = errors.Join(err, z.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	hash := func(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) }
	for i, f := range m.Files {
		put(f.Name, zip.Deflate, in[f.Name])
		m.Files[i].Bytes, m.Files[i].SHA256 = uint64(len(in[f.Name])), hash(in[f.Name])
		var again bytes.Buffer
		w, err := flate.NewWriter(&again, flate.DefaultCompression)
		if err == nil {
			_, err = w.Write(in[f.Name])
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		m.Files[i].Packed, m.Files[i].Stored = uint64(again.Len()), hash(again.Bytes())
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Attest(t.Context(), site, sha256.Sum256(raw))
	if err != nil {
		t.Fatal(err)
	}
	put("manifest.json", zip.Store, raw)
	put("manifest.sig", zip.Store, signed)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestPacksAreMadeAgain: whatever a pack is asked, what it discloses gives its files again, to the byte.
func TestPacksAreMadeAgain(t *testing.T) {
	s := filled(t, 400)
	tests := []struct {
		name string
		ask  func(*evidence.Query)
	}{
		{"all", func(*evidence.Query) {}},
		{"a month, known later", func(q *evidence.Query) { q.From, q.To, q.AsOf = date(2, 1), date(3, 1), date(5, 1) }},
		{"known before it was over", func(q *evidence.Query) { q.AsOf = date(3, 1) }},
		{"a space", func(q *evidence.Query) { q.Scope.Space = "PAY" }},
		{"a project", func(q *evidence.Query) { q.Scope.Project = "SEC" }},
		{"a project that is none", func(q *evidence.Query) { q.Scope.Project = "NONE" }},
		{"a label in a month, with a sample", func(q *evidence.Query) {
			q.Scope.Label, q.From, q.To, q.AsOf, q.Sample, q.Seed = "design", date(2, 1), date(3, 1), date(4, 1), 7, 1<<63
		}},
		{"another framework", func(q *evidence.Query) { q.Framework = "iso27001" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := half()
			tt.ask(&q)
			pack, _ := build(t, s, q, jira{answer: evidence.Answer{Question: "labels = threat", Count: 3, Keys: map[string]string{"1": "SEC-1"}}})
			got, err := recheck(t, pack, "test")
			if err != nil || got.Files != 30 || got.Why != "" {
				t.Errorf("%+v, %v", got, err)
			}
			if got, err = recheck(t, pack, "a later one"); err != nil || got.Files != 30 {
				t.Errorf("by another version that makes the same: %+v, %v", got, err)
			}
		})
	}
	t.Run("bodies that were erased later", func(t *testing.T) {
		q := half()
		q.AsOf = date(5, 1)
		if _, _, err := ledger.Erase(t.Context(), s, s, site, "557058:ada", nil, ledger.Erasure{Why: "asked for", By: "root"}); err != nil {
			t.Fatal(err)
		}
		pack, _ := build(t, s, q, nil)
		got, err := recheck(t, pack, "test")
		if err != nil || got.Files != 0 || !strings.Contains(got.Why, "erased later") {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestForgedTablesAreNamed: an insider writes tables that the ledger does not bear out, and signs them with the site's key. The container
// is whole; what the entries give is not.
func TestForgedTablesAreNamed(t *testing.T) {
	s := filled(t, 120)
	whole, _ := build(t, s, half(), jira{answer: evidence.Answer{Question: "labels = threat", Count: 3}})
	in := files(t, whole)
	row := func(state string) map[string]string {
		for _, r := range records(t, in["threats.csv"]) {
			if r["state"] == state && r["owner"] != "" && r["verified_by"] != "" == (state == "verified") {
				return r
			}
		}
		t.Fatalf("no threat is %s", state)
		return nil
	}
	sheet := func(edit func(rows [][]string) [][]string) func(string) *string {
		return func(s string) *string {
			rows, err := csv.NewReader(strings.NewReader(s)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			w := csv.NewWriter(&out)
			w.UseCRLF = true
			if err := w.WriteAll(edit(rows)); err != nil {
				t.Fatal(err)
			}
			all := out.String()
			return &all
		}
	}
	// cell changes one cell of a threat's first row.
	cell := func(threat, column, with string) func(string) *string {
		return sheet(func(rows [][]string) [][]string {
			at := slices.IndexFunc(rows, func(row []string) bool { return row[0] == threat })
			rows[at][slices.Index(rows[0], column)] = with
			return rows
		})
	}
	// dropped takes rows away that begin with a text; added adds a row like the first, of another threat.
	dropped := func(first string) func(string) *string {
		return sheet(func(rows [][]string) [][]string {
			return slices.DeleteFunc(rows, func(row []string) bool { return row[0] == first })
		})
	}
	added := sheet(func(rows [][]string) [][]string {
		more := slices.Clone(rows[1])
		more[0] = "T-MADEUP00"
		return append(rows, more)
	})
	text := func(old, with string) func(string) *string {
		return func(s string) *string { out := strings.Replace(s, old, with, 1); return &out }
	}
	gone := func(string) *string { return nil }
	open, verified, withdrawn := row("open"), row("verified"), row("withdrawn")
	tests := []struct {
		name, file string
		edit       func(string) *string
		manifest   func(*archive.Manifest)
		want       []string
		older      bool // is found, too, by a version that did not make the pack
	}{
		{"a state", "threats.csv", cell(open["threat"], "state", "verified"), nil, []string{open["threat"], `state is "verified"`, `"open"`}, true},
		{"an owner", "threats.csv", cell(open["threat"], "owner", "557058:zoe"), nil, []string{open["threat"], `owner is "557058:zoe"`, open["owner"]}, true},
		{"a ticket", "threats.csv", cell(open["threat"], "ticket", "SEC-9999"), nil, []string{`ticket is "SEC-9999"`}, true},
		{"who verified", "threats.csv", cell(verified["threat"], "verified_by", "557058:zoe"), nil, []string{verified["threat"], `verified_by is "557058:zoe"`}, false},
		{"when it was verified", "threats.csv", cell(verified["threat"], "verified", "2026-01-01T00:00:00.000Z"), nil, []string{`verified is "2026-01-01T00:00:00.000Z"`}, false},
		{"a due date", "threats.csv", cell(open["threat"], "due", "2029-01-01"), nil, []string{`due is "2029-01-01"`}, true},
		{"a page version", "threats.csv", cell(open["threat"], "page_version", "77"), nil, []string{`page_version is "77"`}, true},
		{"a severity", "threats.csv", cell(open["threat"], "severity", "none"), nil, []string{`severity is "none"`}, true},
		{"an exception hidden", "threats.csv", cell(withdrawn["threat"], "exceptions", ""), nil, []string{`exceptions is ""`, `"withdrawn"`}, false},
		{"a threat left out", "threats.csv", dropped(open["threat"]), nil, []string{"row ", open["threat"]}, true},
		{"a threat made up", "threats.csv", added, nil, []string{"T-MADEUP00", "no entry of the ledger gives it"}, true},
		{"a move", "states.csv", cell(open["threat"], "to", "verified"), nil, []string{"row ", open["threat"]}, true},
		{"moves left out", "states.csv", dropped(open["threat"]), nil, []string{"row ", open["threat"]}, true},
		{"a move made up", "states.csv", added, nil, []string{"T-MADEUP00", "no entry of the ledger gives it"}, true},
		{"exceptions left out", "exceptions.csv", dropped("late"), nil, []string{"row "}, false},
		{"a verification by somebody else", "verifications.csv", cell(verified["threat"], "by", "557058:zoe"), nil, []string{verified["threat"], `by is "557058:zoe"`}, true},
		{"a verification at another time", "verifications.csv", cell(verified["threat"], "occurred", "2026-01-01T00:00:00.000Z"), nil, []string{verified["threat"], `occurred is "2026-01-01T00:00:00.000Z"`}, true},
		{"a ticket's due date", "tickets.csv", cell(open["ticket"], "due", "2029-01-01"), nil, []string{open["ticket"], `due is "2029-01-01"`}, true},
		{"a cell of JSON", "threats.json", text(`"state":"open"`, `"state":"verified"`), nil, []string{"threats.json"}, false},
		{"a count of the summary", "summary.json", text(`"population": `, `"population": 9`), nil, []string{"summary.json"}, false},
		{"a register's count", "summary.json", text(`"register_as_of": `, `"register_as_of": 1`), nil, []string{"the register had 1"}, true},
		{"a byte of the cover", "summary.pdf", text("%PDF", "%PDf"), nil, []string{"summary.pdf"}, false},
		{"a byte of the sheets", "register.xlsx", func(s string) *string { out := s + "x"; return &out }, nil, []string{"register.xlsx"}, false},
		{"a finding of OSCAL", "oscal/poam.json", text("open", "done"), nil, []string{"oscal/poam.json"}, false},
		{"a table taken away", "mapping.csv", gone, nil, []string{"mapping.csv", "the pack has it not"}, false},
		{"a file that no pack has", "approval.pdf", text("", "approved"), nil, []string{"approval.pdf", "no pack has such a file"}, false},
		{"a count of the manifest", "", nil, func(m *archive.Manifest) { m.Counts["state: open"]++ }, []string{"manifest.json", "state: open"}, false},
		{"a count that nobody makes", "", nil, func(m *archive.Manifest) { m.Counts["approved"] = 9 }, []string{"manifest.json"}, false},
		{"threats stated", "", nil, func(m *archive.Manifest) { m.Counts["threats_stated"]++ }, []string{"manifest.json", "threats stated"}, true},
		{"a note", "", nil, func(m *archive.Manifest) { m.Notes = nil }, []string{"manifest.json"}, false},
		{"another window", "", nil, func(m *archive.Manifest) {
			m.From = m.From.AddDate(0, 2, 0)
			moved := 0
			for e := range entriesOf(t, s) {
				if e.Recorded.Before(m.From) {
					moved++
				}
			}
			m.Entries.Before, m.Entries.In = archive.Share{Entries: moved, Disclosed: moved}, archive.Share{Entries: m.Entries.In.Entries - moved, Disclosed: m.Entries.In.Disclosed - moved}
		}, []string{"the entries give"}, false},
		{"a window that is none", "", nil, func(m *archive.Manifest) { m.Query = map[string]string{"sample": "many"} }, []string{"manifest.json", "its question"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			forged := signedAnew(t, s, whole, tt.file, tt.edit, tt.manifest)
			for _, version := range []string{"test", "a later one", ""} {
				got, err := recheck(t, forged, version)
				var found *archive.Flaw
				if !errors.As(err, &found) {
					facts := 0
					for _, table := range []string{"threats", "states", "tickets", "verifications", "acceptances", "decisions"} {
						facts += len(records(t, in[table+".csv"]))
					}
					if version == "test" || tt.older || err != nil || got.Files != 0 || got.Facts != facts || got.Differs == "" {
						t.Errorf("by version %q: %+v, %v, want a flaw", version, got, err)
					}
					continue
				}
				for _, want := range tt.want {
					if found.Part != archive.Replay || !strings.Contains(found.Error(), want) {
						t.Errorf("by version %s, named as %s: %v, want %q in it", version, found.Part, found, want)
					}
				}
			}
		})
	}
}

// entriesOf are a store's entries.
func entriesOf(t *testing.T, s store.Store) func(func(ledger.Entry) bool) {
	return func(yield func(ledger.Entry) bool) {
		if err := s.Entries(t.Context(), site, 0, yield); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryForgedCellIsFound changes one cell of one table at random and signs the pack again: 60 times.
func TestEveryForgedCellIsFound(t *testing.T) {
	s := filled(t, 60)
	whole, _ := build(t, s, half(), nil)
	random := rand.New(rand.NewPCG(7, 8))
	tables := evidence.Tables()
	for n := range 60 {
		file := tables[n%len(tables)].Name + ".csv"
		if tables[n%len(tables)].Name == "sample" {
			continue // none was drawn
		}
		forged := signedAnew(t, s, whole, file, func(s string) *string {
			rows, err := csv.NewReader(strings.NewReader(s)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			row := rows[1+random.IntN(len(rows)-1)]
			row[random.IntN(len(row))] += "x"
			var made strings.Builder
			w := csv.NewWriter(&made)
			w.UseCRLF = true
			if err := w.WriteAll(rows); err != nil {
				t.Fatal(err)
			}
			out := made.String()
			return &out
		}, nil)
		_, err := recheck(t, forged, "test")
		var found *archive.Flaw
		if !errors.As(err, &found) || found.Part != archive.Replay || found.File != file {
			t.Errorf("%d: %s: %v", n, file, err)
		}
	}
}

// TestExportThatEndsEarly: what was made by then goes away with it.
func TestExportThatEndsEarly(t *testing.T) {
	s := filled(t, 20)
	ctx, cancel := context.WithCancel(t.Context())
	q := half()
	w := &evidence.Walk{Log: s, Tenant: site, Until: q.AsOf}
	_, err := evidence.Build(ctx, io.Discard, w, q, evidence.Maker{Log: s, Reconciler: leaves{cancel}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the cancellation", err)
	}
}

// leaves asks nobody: whoever asked has left.
type leaves struct{ cancel func() }

func (l leaves) Tickets(ctx context.Context, _ tenant.ID) (evidence.Answer, error) {
	l.cancel()
	return evidence.Answer{}, ctx.Err()
}
