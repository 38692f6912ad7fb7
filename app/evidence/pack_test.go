package evidence_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/xuri/excelize/v2"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/evidence/evidencetest"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/store"
)

const site tenant.ID = "acme.test"

// filled is a store whose ledger has the lives of n threats.
func filled(t *testing.T, n int) store.Store {
	t.Helper()
	var now atomic.Pointer[time.Time] // the store's committer reads it
	now.Store(&evidencetest.Begin)
	s, err := store.Open(t.Context(), "bolt://"+filepath.Join(t.TempDir(), "t.db"), store.Options{
		Key: []byte("0123456789abcdef0123456789abcdef"), Clock: func() time.Time { return *now.Load() },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var batch []ledger.Entry
	for e := range evidencetest.Entries(n) {
		if len(batch) == 100 { // one time of recording each
			commit(t, s, batch)
			batch = nil
		}
		now.Store(&e.Recorded)
		batch = append(batch, e)
	}
	commit(t, s, batch)
	return s
}

func commit(t *testing.T, s store.Store, entries []ledger.Entry) {
	t.Helper()
	if err := s.Commit(t.Context(), trace.Change{Tenant: site, Entries: entries}); err != nil {
		t.Fatal(err)
	}
}

func half() evidence.Query {
	return evidence.Query{Window: evidence.Window{From: date(1, 1), To: date(7, 1)}, AsOf: date(7, 1)}
}

func date(month, day int) time.Time {
	return time.Date(2026, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// jira answers a reconciliation.
type jira struct {
	answer evidence.Answer
	err    error
}

func (j jira) Tickets(context.Context, tenant.ID) (evidence.Answer, error) { return j.answer, j.err }

func build(t *testing.T, s store.Store, q evidence.Query, r evidence.Reconciler) ([]byte, evidence.Made) {
	t.Helper()
	if err := q.Check(date(12, 1)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := &evidence.Walk{Log: s, Tenant: site, Until: q.AsOf}
	made, err := evidence.Build(t.Context(), &out, w, q, evidence.Maker{By: "mira", Version: "test", Log: s, Reconciler: r})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), made
}

func files(t *testing.T, pack []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func records(t *testing.T, data []byte) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		one := map[string]string{}
		for i, name := range rows[0] {
			one[name] = row[i]
		}
		out = append(out, one)
	}
	return out
}

// TestPackIsTheSameAgain: what was recorded later, and when it is made, change no byte.
func TestPackIsTheSameAgain(t *testing.T) {
	s := filled(t, 120)
	q := half()
	q.AsOf, q.Sample, q.Seed = date(4, 1), 5, 7
	first, _ := build(t, s, q, nil)
	commit(t, s, []ledger.Entry{{Kind: ledger.Exported, Data: ledger.Encode(ledger.ExportFact{By: "mira", Size: 7})}})
	second, _ := build(t, s, q, nil)
	if bytes.Equal(first, second) {
		return
	}
	a, b := files(t, first), files(t, second)
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s differs", name)
		}
	}
	t.Error("the same question got other bytes")
}

// TestTablesAgree: CSV, JSON and XLSX have the same rows, JSON as its schema says.
func TestTablesAgree(t *testing.T) {
	s := filled(t, 200)
	q := half()
	q.Sample = 5
	pack, _ := build(t, s, q, nil)
	in := files(t, pack)
	schema := compile(t, "schema.json", in["schema.json"])
	book, err := excelize.OpenReader(bytes.NewReader(in["register.xlsx"]))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for _, table := range evidence.Tables() {
		t.Run(table.Name, func(t *testing.T) {
			rows := records(t, in[table.Name+".csv"])
			if len(rows) == 0 {
				t.Error("no rows: the made ledger lacks something")
			}
			var doc any
			if doc, err = jsonschema.UnmarshalJSON(bytes.NewReader(in[table.Name+".json"])); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Error(err)
			}
			listed := doc.(map[string]any)["rows"].([]any)
			if len(listed) != len(rows) {
				t.Errorf("JSON has %d rows, CSV %d", len(listed), len(rows))
			}
			if table.Name == "mapping" {
				return // a matrix in the workbook
			}
			sheet, err := book.GetRows(table.Head)
			if err != nil {
				t.Fatal(err)
			}
			if len(sheet)-1 != len(rows) {
				t.Errorf("the sheet has %d rows, CSV %d", len(sheet)-1, len(rows))
			}
		})
	}
	if _, err := book.GetRows("Criteria matrix"); err != nil {
		t.Error(err)
	}
}

func compile(t *testing.T, name string, data []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestOSCAL holds the OSCAL files against NIST's schemas: of a full population, and of an empty one.
func TestOSCAL(t *testing.T) {
	for _, n := range []int{0, 200} {
		s := filled(t, n)
		if n == 0 {
			commit(t, s, []ledger.Entry{{Kind: ledger.Reviewed, Page: "1", Data: ledger.Encode(ledger.PageFact{Title: "Empty"})}})
		}
		pack, _ := build(t, s, half(), nil)
		in := files(t, pack)
		for file, contract := range map[string]string{
			"oscal/assessment-results.json": "oscal_assessment-results_schema-1.2.1.json", "oscal/poam.json": "oscal_poam_schema-1.2.1.json",
		} {
			t.Run(fmt.Sprintf("%s of %d", file, n), func(t *testing.T) {
				data, err := os.ReadFile(contracttest.Path(t, "contracts", "oscal", contract))
				if err != nil {
					t.Fatal(err)
				}
				schema := compile(t, contract, data)
				doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(in[file]))
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(doc); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestExceptionsStay: no flag takes an exception out of a pack, and a sample none either.
func TestExceptionsStay(t *testing.T) {
	s := filled(t, 300)
	q := half()
	q.Sample = 1
	pack, made := build(t, s, q, nil)
	got := map[string]int{}
	for _, row := range records(t, files(t, pack)["exceptions.csv"]) {
		got[row["kind"]]++
	}
	if diff := cmp.Diff(made.Summary.Exceptions, got); diff != "" {
		t.Errorf("summary and table differ (-summary +table):\n%s", diff)
	}
	for _, kind := range []string{
		"not reconciled", "review failed", "ticket deleted", "unowned", "late", "reopened", "verified by the assignee", "rule waived", "stale", "accepted",
		"withdrawn", "dismissed", "ticket altered by hand",
	} {
		if got[kind] == 0 {
			t.Errorf("no exception %q", kind)
		}
	}
}

// TestNumbersOfEntriesLead: by the number that stands in a table the entry is found that it says.
func TestNumbersOfEntriesLead(t *testing.T) {
	s := filled(t, 120)
	pack, made := build(t, s, half(), nil)
	log := make([]ledger.Entry, made.Size)
	for e := range entriesOf(t, s) {
		log[e.Seq] = e
	}
	in := files(t, pack)
	tests := []struct {
		name, table, column string
		kinds               []ledger.Kind
	}{
		{"what stated a threat", "threats", "entry", []ledger.Kind{ledger.Stated}},
		{"what moved it last", "threats", "state_entry", []ledger.Kind{ledger.Moved}},
		{"moves", "states", "entry", []ledger.Kind{ledger.Moved}},
		{"verifications", "verifications", "entry", []ledger.Kind{ledger.Verified}},
		{"acceptances", "acceptances", "entry", []ledger.Kind{ledger.RiskAccepted}},
		{"changes of tickets", "ticket_steps", "entry", []ledger.Kind{ledger.Filed, ledger.Ticketed}},
		{"what a ticket is by", "tickets", "entry", []ledger.Kind{ledger.Filed, ledger.Ticketed}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows := records(t, in[tt.table+".csv"])
			if len(rows) == 0 {
				t.Fatal("no rows")
			}
			for _, row := range rows {
				n, err := strconv.Atoi(row[tt.column])
				if err != nil {
					t.Fatal(err)
				}
				if e := log[n]; e.Threat != row["threat"] || !slices.Contains(tt.kinds, e.Kind) {
					t.Errorf("%s leads to entry %d, which is %s of %s", row["threat"], n, e.Kind, e.Threat)
				}
			}
		})
	}
	for _, row := range records(t, in["threats.csv"]) {
		n, _ := strconv.Atoi(row["state_entry"])
		var f ledger.MoveFact
		if err := json.Unmarshal(log[n].Data, &f); err != nil || string(f.To) != row["state"] {
			t.Errorf("%s is %s, and entry %d moved it to %s (%v)", row["threat"], row["state"], n, f.To, err)
		}
	}
}

// TestTicketStepsLeadToTickets: the steps of a ticket are as many as its row says, and the last leaves it as it is there. Verifications name who
// it was that moved it to done, and who verified.
func TestTicketStepsLeadToTickets(t *testing.T) {
	s := filled(t, 120)
	in := files(t, first(build(t, s, half(), nil)))
	steps := map[string][]map[string]string{}
	for _, row := range records(t, in["ticket_steps.csv"]) {
		steps[row["ticket_id"]] = append(steps[row["ticket_id"]], row)
	}
	tickets := records(t, in["tickets.csv"])
	if len(steps) != len(tickets) || len(steps) == 0 {
		t.Errorf("steps of %d tickets, and %d tickets", len(steps), len(tickets))
	}
	done := map[string]string{}
	for _, row := range tickets {
		done[row["threat"]] = row["done"]
		its := steps[row["ticket_id"]]
		if fmt.Sprint(len(its)-1) != row["changes"] || its[0]["kind"] != "ticket.filed" || its[0]["occurred"] != row["filed"] {
			t.Fatalf("%s has %s changes, filed %s, and the steps %v", row["ticket"], row["changes"], row["filed"], its)
		}
		for _, column := range []string{"threat", "ticket", "status", "category", "resolution", "declined", "assignee", "due", "deleted", "hidden", "entry"} {
			if got := its[len(its)-1][column]; got != row[column] {
				t.Errorf("the last step of %s leaves its %s %q, and it is %q", row["ticket"], column, got, row[column])
			}
		}
	}
	for _, row := range records(t, in["verifications.csv"]) {
		if row["done"] == "" || row["done"] != done[row["threat"]] {
			t.Errorf("%s was verified when its ticket was done at %q, and it was at %q", row["threat"], row["done"], done[row["threat"]])
		}
	}
}

// TestVerificationTakenBack: a verification that somebody took back is told of, and nothing says any more that the threat is verified.
func TestVerificationTakenBack(t *testing.T) {
	s := filled(t, 120)
	before, was := build(t, s, half(), nil)
	var id string
	for _, row := range records(t, files(t, before)["verifications.csv"]) {
		if id = row["threat"]; row["holds"] != "yes" {
			t.Errorf("%s was verified, and nobody took it back: holds %q", id, row["holds"])
		}
	}
	commit(t, s, []ledger.Entry{{
		Kind: ledger.Moved, Threat: id, Page: pageOf(t, s, id), By: "557058:eyal", Occurred: date(6, 20), Observed: date(6, 20),
		Data: ledger.Encode(ledger.MoveFact{From: threat.Verified, To: threat.Mitigated, Why: "reopened: the old token works again"}),
	}})
	pack, made := build(t, s, half(), nil)
	in := files(t, pack)
	for _, row := range records(t, in["verifications.csv"]) {
		if (row["holds"] == "yes") == (row["threat"] == id) {
			t.Errorf("verification of %s: holds %q", row["threat"], row["holds"])
		}
	}
	for _, row := range records(t, in["threats.csv"]) {
		if verified := row["state"] == "verified"; verified != (row["verified_by"] != "") || verified != (row["verified"] != "") {
			t.Errorf("%s is %s, verified by %q at %q", row["threat"], row["state"], row["verified_by"], row["verified"])
		}
	}
	var got []string
	for _, row := range records(t, in["exceptions.csv"]) {
		if row["kind"] == "verification withdrawn" {
			got = append(got, row["threat"], row["since"])
			for _, want := range []string{"verified by 557058:", "taken back by 557058:eyal", "the old token works again"} {
				if !strings.Contains(row["what"], want) {
					t.Errorf("the exception says %q, want %q in it", row["what"], want)
				}
			}
			if row["entry"] != fmt.Sprint(made.Size-1) {
				t.Errorf("the exception is by entry %s, want %d", row["entry"], made.Size-1)
			}
		}
	}
	if diff := cmp.Diff([]string{id, "2026-06-20T00:00:00.000Z"}, got); diff != "" {
		t.Errorf("verifications withdrawn (-want +got):\n%s", diff)
	}
	if is, then := made.Summary, was.Summary; is.Verified != then.Verified || is.VerifiedHold != then.VerifiedHold-1 {
		t.Errorf("%d verifications of which %d hold, before %d and %d", is.Verified, is.VerifiedHold, then.Verified, then.VerifiedHold)
	}
	if !bytes.Contains(in["oscal/assessment-results.json"], []byte("Verification of "+id+" (withdrawn 2026-06-20)")) {
		t.Error("OSCAL does not say that it was taken back")
	}
}

// pageOf is the page that states a threat.
func pageOf(t *testing.T, s store.Store, id string) string {
	for e := range entriesOf(t, s) {
		if e.Threat == id {
			return e.Page
		}
	}
	t.Fatalf("no threat %s", id)
	return ""
}

func TestTrace(t *testing.T) {
	s := filled(t, 60)
	tests := []struct {
		name, of        string
		at              time.Time
		events, threats bool
	}{
		{"a page", "1000000", date(7, 1), true, true},
		{"a threat", "T-00000003", date(7, 1), true, true},
		{"before anything", "1000000", evidencetest.Begin, false, false},
		{"nothing", "T-NOTHING", date(7, 1), false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, err := evidence.Trace(t.Context(), s, site, tt.of, tt.at)
			if fault.Is(err, fault.NotFound) == tt.events {
				t.Fatal(err)
			}
			if (len(h.Events) > 0) != tt.events || (len(h.Threats) > 0) != tt.threats {
				t.Errorf("%d events, %d threats", len(h.Events), len(h.Threats))
			}
			for _, e := range h.Events {
				if e.What == "" || !e.Recorded.Before(tt.at) || e.Page != tt.of && e.Threat != tt.of {
					t.Errorf("event %+v", e)
				}
			}
		})
	}
}

func first(pack []byte, _ evidence.Made) []byte { return pack }

// full is a disk without room behind it.
type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(b), nil
}

func TestDiskFull(t *testing.T) {
	s := filled(t, 60)
	whole, _ := build(t, s, half(), nil)
	for _, room := range []int{0, 1000, len(whole) / 2, len(whole) - 1} {
		q := half()
		if err := q.Check(date(12, 1)); err != nil {
			t.Fatal(err)
		}
		w := &evidence.Walk{Log: s, Tenant: site, Until: q.AsOf}
		_, err := evidence.Build(t.Context(), &full{room}, w, q, evidence.Maker{By: "mira", Version: "test", Log: s})
		if err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("room for %d of %d bytes: %v", room, len(whole), err)
		}
	}
}
