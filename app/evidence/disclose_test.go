package evidence_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/ledger"
)

// TestUndisclosedAreTold counts, beside the program, which entries a narrowed pack has before, in and after its window, and holds manifest,
// summary and sheets to it.
func TestUndisclosedAreTold(t *testing.T) {
	s := filled(t, 200)
	q := half()
	q.From, q.To, q.AsOf, q.Scope.Space = date(2, 1), date(3, 1), date(4, 1), "PAY"
	pack, _ := build(t, s, q, nil)
	in := files(t, pack)
	var m archive.Manifest
	if err := json.Unmarshal(in["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	shown := map[uint64]bool{}
	for line := range bytes.Lines(in["ledger/entries.jsonl"]) {
		var l struct {
			Leaf struct{ Seq uint64 } `json:"leaf"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		shown[l.Leaf.Seq] = true
	}
	var all, disclosed [3]int
	space := map[string]string{} // by page
	outside, pages := 0, 0       // entries in the window of other spaces' threats, and of other spaces' pages
	for e := range entriesOf(t, s) {
		if !e.Recorded.Before(q.AsOf) {
			break
		}
		if e.Kind == ledger.Reviewed {
			var f ledger.PageFact
			if err := json.Unmarshal(e.Data, &f); err != nil {
				t.Fatal(err)
			}
			space[e.Page] = f.Space
		}
		zone := 0
		if !e.Recorded.Before(q.From) {
			zone++
		}
		if !e.Recorded.Before(q.To) {
			zone++
		}
		all[zone]++
		if shown[e.Seq] {
			disclosed[zone]++
		}
		if zone != 1 || e.Page == "" || space[e.Page] == "PAY" {
			continue
		}
		if e.Threat == "" {
			pages++
		} else if !shown[e.Seq] {
			outside++
		}
	}
	for zone, got := range []archive.Share{m.Entries.Before, m.Entries.In, m.Entries.After} {
		if got.Entries != all[zone] || got.Disclosed != disclosed[zone] {
			t.Errorf("zone %d: the manifest tells of %+v, there are %d, %d disclosed", zone, got, all[zone], disclosed[zone])
		}
	}
	reasons := m.Entries.In.Undisclosed
	if told := reasons["of threats outside of the scope"] + reasons["of threats that did not count in the window"]; told != outside || outside == 0 {
		t.Errorf("the manifest tells of %v, there are %d entries of other spaces' threats", reasons, outside)
	}
	if reasons["of pages outside of the scope"] != pages || pages == 0 {
		t.Errorf("the manifest tells of %v, there are %d entries of other spaces' pages", reasons, pages)
	}
	var sum evidence.Summary
	if err := json.Unmarshal(in["summary.json"], &sum); err != nil || fmt.Sprint(sum.Spread) != fmt.Sprint(m.Entries) {
		t.Errorf("the summary tells of %+v, the manifest of %+v: %v", sum.Spread, m.Entries, err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(in["register.xlsx"]))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	about, err := book.GetRows("About")
	if want := fmt.Sprintf("in the window %d, %d disclosed, %d not (%d of pages outside of the scope", all[1], disclosed[1], all[1]-disclosed[1], pages); err != nil || !strings.Contains(fmt.Sprint(about), want) {
		t.Errorf("the first sheet does not say %q: %v", want, about)
	}
}
