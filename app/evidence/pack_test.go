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
	"github.com/throughline/throughline/app/control"
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

func TestSheets(t *testing.T) {
	s := filled(t, 60)
	pack, _ := build(t, s, half(), nil)
	book, err := excelize.OpenReader(bytes.NewReader(files(t, pack)["register.xlsx"]))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	want := []string{
		"About", "Threats", "Tickets", "Ticket steps", "Reviews", "Verifications", "Acceptances", "Exceptions", "Criteria", "Criteria matrix", "States", "Decisions",
	}
	if diff := cmp.Diff(want, book.GetSheetList()); diff != "" {
		t.Errorf("sheets (-want +got):\n%s", diff)
	}
	for _, name := range want[1:] {
		panes, err := book.GetPanes(name)
		if err != nil || !panes.Freeze || panes.YSplit != 1 {
			t.Errorf("%s: its head is not frozen: %+v %v", name, panes, err)
		}
		tables, err := book.GetTables(name)
		if err != nil || len(tables) != 1 {
			t.Errorf("%s: %d filters, %v", name, len(tables), err)
		}
	}
	for _, name := range want {
		layout, err := book.GetPageLayout(name)
		if err != nil || *layout.Orientation != "landscape" || *layout.FitToHeight != 0 {
			t.Errorf("%s: printed as %+v, %v", name, layout, err)
		}
	}
	titles := map[string]string{}
	for _, n := range book.GetDefinedName() {
		titles[n.Scope] = n.Name + " " + n.RefersTo
	}
	if got := titles["Threats"]; len(titles) != len(want)-1 || got != "_xlnm.Print_Titles 'Threats'!$A:$A,'Threats'!$1:$1" {
		t.Errorf("%d sheets repeat their heads on every printed page, Threats by %q", len(titles), got)
	}
	// A date is a number with a format, not text.
	kind, err := book.GetCellType("Tickets", "J2")
	if value, _ := book.GetCellValue("Tickets", "J2", excelize.Options{RawCellValue: true}); err != nil || kind != excelize.CellTypeUnset || !strings.HasPrefix(value, "46") {
		t.Errorf("due date: %v %q %v", kind, value, err)
	}
	for cell, want := range map[string]string{
		"Tickets!C2": `HYPERLINK("https://acme.test/browse/SEC-1")`, "Threats!K2": `HYPERLINK("https://acme.test/browse/SEC-1")`,
		"Threats!T2": `HYPERLINK("https://acme.test/wiki/spaces/ENG/pages/1000000/Design+of+service+0")`, "About!A21": `HYPERLINK("#'Tickets'!A1","Tickets")`,
	} {
		sheet, at, _ := strings.Cut(cell, "!")
		if got, err := book.GetCellFormula(sheet, at); got != want || err != nil {
			t.Errorf("%s leads to %q, want %q (%v)", cell, got, want, err)
		}
	}
	if got, err := book.GetCellValue("About", "A1"); got != "Evidence of threat traceability: acme.test" || err != nil {
		t.Errorf("the first sheet's title is %q (%v)", got, err)
	}
	for cell, high := range map[string]float64{"Threats!T2": 27, "Reviews!L2": 27} { // an address, and a text, that are longer than their columns are wide
		sheet, at, _ := strings.Cut(cell, "!")
		id, err := book.GetCellStyle(sheet, at)
		if err != nil {
			t.Fatal(err)
		}
		style, err := book.GetStyle(id)
		if err != nil || style.Alignment == nil || !style.Alignment.WrapText {
			t.Errorf("%s runs into the next column: %+v, %v", cell, style, err)
		}
		if got, err := book.GetRowHeight(sheet, 2); got < high || err != nil {
			t.Errorf("%s is %g points high, too low for two lines (%v)", cell, got, err)
		}
	}
	if props, err := book.GetDocProps(); err != nil || props.Title != "Throughline evidence: acme.test" || props.Created != "2026-07-01T00:00:00Z" {
		t.Errorf("properties %+v, %v", props, err)
	}
	if got, _ := book.GetCellValue("Criteria matrix", "B2"); got == "" {
		t.Error("the matrix has no titles")
	}
	formulas := 0
	rows, err := book.GetRows("Threats")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if strings.HasPrefix(row[1], "'=HYPERLINK") {
			formulas++
		}
		if f, _ := book.GetCellFormula("Threats", fmt.Sprintf("B%d", i+1)); f != "" {
			t.Errorf("row %d holds a formula: %s", i+1, f)
		}
	}
	if formulas == 0 {
		t.Error("no title that looks like a formula was found: it was lost, or the made ledger has none")
	}
}

// TestEmptySheetsSaySo: a sheet without rows is not taken for one that failed.
func TestEmptySheetsSaySo(t *testing.T) {
	s := filled(t, 0)
	commit(t, s, []ledger.Entry{{Kind: ledger.Reviewed, Page: "1", Data: ledger.Encode(ledger.PageFact{Title: "Empty"})}})
	pack, _ := build(t, s, half(), nil)
	book, err := excelize.OpenReader(bytes.NewReader(files(t, pack)["register.xlsx"]))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for sheet, want := range map[string]string{"Threats": "none", "Tickets": "none", "Criteria matrix": "none", "Acceptances": "none", "Exceptions": "not reconciled"} {
		if got, err := book.GetCellValue(sheet, "A2"); got != want || err != nil {
			t.Errorf("%s begins with %q, want %q (%v)", sheet, got, want, err)
		}
	}
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

// TestCoverAddsUp: what the cover counts adds up to what the tables have, and it says where the log begins.
func TestCoverAddsUp(t *testing.T) {
	s := filled(t, 120)
	commit(t, s, []ledger.Entry{
		{Kind: ledger.Reviewed, Page: "1", Data: ledger.Encode(ledger.PageFact{Title: "No threats"})},
		{Kind: ledger.ReviewFailed, Page: "2", Data: ledger.Encode(ledger.PageFact{Title: "Broken", Failed: "not well-formed"})},
	})
	pack, made := build(t, s, half(), nil)
	is, in := made.Summary, files(t, pack)
	if tickets := len(records(t, in["tickets.csv"])); is.Tickets != tickets || is.Filed != tickets || is.There+is.Deleted != tickets || is.There != is.Reconciled.AsOf || is.Deleted == 0 {
		t.Errorf("%d rows of tickets: %+v", tickets, is)
	}
	if is.Pages != 3 || is.Bare != 1 {
		t.Errorf("%d pages with threats and %d without, want 3 and 1", is.Pages, is.Bare)
	}
	var begins time.Time
	for e := range entriesOf(t, s) {
		begins = e.Recorded
		break
	}
	if !is.Begins.Equal(begins) || !bytes.Contains(in["summary.json"], []byte(`"log_begins": "`+begins.Format(time.RFC3339Nano)+`"`)) {
		t.Errorf("the log begins at %s, want %s", is.Begins, begins)
	}
	tests := []struct {
		name string
		from time.Time
		late bool
	}{
		{"a window from before it", date(1, 1), true},
		{"a window in it", date(2, 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := half()
			q.From = tt.from
			book, err := excelize.OpenReader(bytes.NewReader(files(t, first(build(t, s, q, nil)))["register.xlsx"]))
			if err != nil {
				t.Fatal(err)
			}
			defer book.Close()
			rows, err := book.GetRows("About")
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(rows, func(row []string) bool { return len(row) > 1 && row[0] == "Log begins" })
			if at < 0 || strings.Contains(rows[at][1], "there is no evidence of what was before it") != tt.late {
				t.Errorf("the first sheet says %q", rows)
			}
		})
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

func TestReconciliation(t *testing.T) {
	s := filled(t, 100)
	_, made := build(t, s, half(), nil)
	ours := made.Summary.Reconciled.AsOf
	keys := map[string]string{}
	for _, row := range records(t, files(t, first(build(t, s, half(), nil)))["tickets.csv"]) {
		if row["deleted"] == "no" {
			keys[row["ticket_id"]] = row["ticket"]
		}
	}
	if len(keys) != ours || ours == 0 {
		t.Fatalf("%d tickets in the table, %d to reconcile", len(keys), ours)
	}
	other := map[string]string{"99": "SEC-999"}
	for id, key := range keys {
		if key != "SEC-1" {
			other[id] = key
		}
	}
	tests := []struct {
		name   string
		jira   evidence.Reconciler
		agrees bool
		words  string
		rows   []string // what the exceptions say
	}{
		{"agrees", jira{answer: evidence.Answer{Question: "q", Count: ours, Keys: keys}}, true, "agrees", nil},
		{"a count alone", jira{answer: evidence.Answer{Question: "q", Count: ours}}, true, "agrees", nil},
		{"another count", jira{answer: evidence.Answer{Question: "q", Count: ours + 3}}, false, "DIFFERS", []string{"too many to list"}},
		{"other tickets", jira{answer: evidence.Answer{Question: "q", Count: ours, Keys: other}}, false, "DIFFERS", []string{"SEC-1: in the register", "SEC-999: in Jira"}},
		{"unreachable", jira{err: errors.New("dial tcp: connection refused")}, false, "NOT RECONCILED", []string{"connection refused"}},
		{"not asked", nil, false, "NOT RECONCILED", []string{"Jira was not asked"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pack, made := build(t, s, half(), tt.jira)
			r := made.Summary.Reconciled
			if r.Agrees() != tt.agrees || !strings.Contains(r.Words(), tt.words) {
				t.Errorf("agrees %v, %q", r.Agrees(), r.Words())
			}
			var got []string
			for _, row := range records(t, files(t, pack)["exceptions.csv"]) {
				if row["kind"] == "not reconciled" {
					got = append(got, row["what"])
				}
			}
			if len(got) != len(tt.rows) {
				t.Fatalf("exceptions %q, want %q", got, tt.rows)
			}
			for i, part := range tt.rows {
				if !strings.Contains(got[i], part) {
					t.Errorf("exception %q, want one of %q", got[i], part)
				}
			}
		})
	}
}

// TestReconciliationGoesOnToNow: Jira tells of now, so what was filed and deleted after the instant of knowledge is counted in.
func TestReconciliationGoesOnToNow(t *testing.T) {
	s := filled(t, 100)
	q := half()
	q.AsOf = date(3, 1)
	keys := map[string]string{}
	for _, row := range records(t, files(t, first(build(t, s, half(), nil)))["tickets.csv"]) {
		if row["deleted"] == "no" {
			keys[row["ticket_id"]] = row["ticket"]
		}
	}
	_, made := build(t, s, q, jira{answer: evidence.Answer{Question: "q", Count: len(keys), Keys: keys}})
	r := made.Summary.Reconciled
	if !r.Agrees() || r.AsOf == 0 || r.Later == 0 || r.AsOf+r.Later-r.Gone != r.Ours {
		t.Errorf("%+v: %s", r, r.Words())
	}
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

func TestScope(t *testing.T) {
	s := filled(t, 200)
	tests := []struct {
		name  string
		scope evidence.Scope
		want  int
	}{
		{"everything", evidence.Scope{}, 200},
		{"a space", evidence.Scope{Space: "eng"}, 100}, // pages 0 and 3
		{"a label", evidence.Scope{Label: "Design"}, 200},
		{"a label that no page has", evidence.Scope{Label: "other"}, 0},
		{"a project", evidence.Scope{Project: "SEC"}, 200},
		{"another project", evidence.Scope{Project: "OPS"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := half()
			q.Scope = tt.scope
			pack, made := build(t, s, q, nil)
			if made.Threats != tt.want || made.Summary.Outside != 200-tt.want {
				t.Errorf("%d threats and %d outside, want %d", made.Threats, made.Summary.Outside, tt.want)
			}
			if rows := records(t, files(t, pack)["threats.csv"]); len(rows) != tt.want {
				t.Errorf("%d rows, want %d", len(rows), tt.want)
			}
		})
	}
}

func TestSampleIsDrawnAgain(t *testing.T) {
	s := filled(t, 200)
	draw := func(n int, seed uint64) []string {
		q := half()
		q.Sample, q.Seed = n, seed
		var out []string
		for _, row := range records(t, files(t, first(build(t, s, q, nil)))["sample.csv"]) {
			out = append(out, row["threat"])
		}
		return out
	}
	a := draw(10, 7)
	if diff := cmp.Diff(a, draw(10, 7)); diff != "" || len(a) != 10 {
		t.Errorf("the same seed drew another sample:\n%s", diff)
	}
	if cmp.Equal(a, draw(10, 8)) {
		t.Error("another seed drew the same")
	}
	if diff := cmp.Diff(a[:4], draw(4, 7)); diff != "" {
		t.Errorf("a smaller sample is no part of the larger:\n%s", diff)
	}
	if got := draw(1000, 7); len(got) != 200 {
		t.Errorf("a sample larger than the population has %d", len(got))
	}
}

func TestFrameworks(t *testing.T) {
	s := filled(t, 60)
	for _, framework := range control.Frameworks() {
		q := half()
		q.Framework = framework
		pack, _ := build(t, s, q, nil)
		c, err := control.Framework(framework)
		if err != nil {
			t.Fatal(err)
		}
		rows := records(t, files(t, pack)["mapping.csv"])
		if len(rows) == 0 {
			t.Errorf("%s: nothing is mapped", framework)
		}
		for _, row := range rows {
			if _, ok := c.Find(row["criterion"]); !ok || row["framework"] != framework {
				t.Errorf("%s: mapped to %s of %s", framework, row["criterion"], row["framework"])
			}
			if row["by"] == "" {
				t.Errorf("%s: %s → %s, and nobody chose it", framework, row["threat"], row["criterion"])
			}
		}
	}
}

func TestQueriesThatCannotBe(t *testing.T) {
	tests := []struct {
		name string
		q    evidence.Query
	}{
		{"ends before it begins", evidence.Query{Window: evidence.Window{From: date(7, 1), To: date(1, 1)}}},
		{"in the future", evidence.Query{Window: evidence.Window{From: date(12, 2), To: date(12, 3)}}},
		{"knowledge of the future", evidence.Query{Window: evidence.Window{From: date(1, 1), To: date(7, 1)}, AsOf: date(12, 2)}},
		{"knowledge before the window", evidence.Query{Window: evidence.Window{From: date(2, 1), To: date(7, 1)}, AsOf: date(1, 1)}},
		{"unknown framework", evidence.Query{Window: evidence.Window{From: date(1, 1), To: date(7, 1)}, Framework: "pci"}},
		{"negative sample", evidence.Query{Window: evidence.Window{From: date(1, 1), To: date(7, 1)}, Sample: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.q.Check(date(12, 1)); !fault.Is(err, fault.Invalid) {
				t.Errorf("Check: %v, want fault.Invalid", err)
			}
		})
	}
}

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

// TestSummaryIsReadable: the PDF is one, and its text can be searched.
func TestSummaryIsReadable(t *testing.T) {
	s := filled(t, 60)
	pack, _ := build(t, s, half(), nil)
	pdf := files(t, pack)["summary.pdf"]
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.HasSuffix(bytes.TrimSpace(pdf), []byte("%%EOF")) {
		t.Error("summary.pdf is no PDF")
	}
	var manifest struct {
		Files []struct{ Name string }
	}
	if err := json.Unmarshal(files(t, pack)["manifest.json"], &manifest); err != nil || len(manifest.Files) < 30 {
		t.Errorf("manifest: %v, %d files", err, len(manifest.Files))
	}
}

// TestSummaryHasItsParts: each part is in the outline, whether or not the one before it has anything to say.
func TestSummaryHasItsParts(t *testing.T) {
	always := []string{
		"Population", "Coverage by criterion", "Reviews of design pages over time", "Exceptions", "Sign-offs in the window", "How to verify this pack", "Method", "Limits",
	}
	stated := evidencetest.Entries(1)
	tests := []struct {
		name    string
		entries func(ledger.Entry) bool
		sample  int
		more    []string
	}{
		{"nobody signed off, a sample", func(e ledger.Entry) bool { return e.Kind != ledger.Verified && e.Kind != ledger.RiskAccepted }, 5, []string{"Sample"}},
		{"no sample", func(ledger.Entry) bool { return true }, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := filled(t, 0)
			var entries []ledger.Entry
			for e := range stated {
				if tt.entries(e) {
					entries = append(entries, e)
				}
			}
			commit(t, s, entries)
			q := half()
			q.Sample = tt.sample
			pack, _ := build(t, s, q, nil)
			pdf := files(t, pack)["summary.pdf"]
			var got []string
			for _, part := range bytes.Split(pdf, []byte("<</Title (\xfe\xff"))[1:] {
				name, _, _ := bytes.Cut(part, []byte(")\n/Parent"))
				got = append(got, strings.ReplaceAll(string(name), "\x00", ""))
			}
			want := slices.Concat(always[:5], tt.more, always[5:])
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("outline (-want +got):\n%s", diff)
			}
		})
	}
}
