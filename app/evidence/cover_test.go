package evidence_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/throughline/throughline/app/evidence/evidencetest"
	"github.com/throughline/throughline/app/ledger"
)

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
