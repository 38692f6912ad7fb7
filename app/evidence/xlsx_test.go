package evidence_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/throughline/throughline/app/ledger"
)

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
