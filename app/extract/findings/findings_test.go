package findings_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/findings"
	"github.com/throughline/throughline/app/threat"
)

func report() extract.Report {
	return extract.Report{
		Engine: extract.Version{Version: "1", Finders: []string{"table@1"}},
		Findings: []extract.Finding{{
			Title: "Badges are cloned", Quote: "Badges are cloned & sold", At: document.Span{Start: 3, End: 30}, Section: []string{"Threats"}, Origin: threat.Stated,
			Finder: "table", Confidence: 0.97, Why: "row", STRIDE: []threat.STRIDE{threat.Spoofing}, STRIDEBy: "stated", Severity: threat.High, SeverityRaw: "Hoch",
			Person: threat.Person{Account: "557058:aa", Name: "Ana"}, Ticket: "SEC-1", Mitigations: []threat.Mitigation{{Quote: "Sign badges", At: document.Span{Start: 31, End: 42}, Status: "planned"}},
		}, {Title: "Badges are cloned", Quote: "Badges are cloned & sold", Origin: threat.Stated}},
	}
}

func TestJSON(t *testing.T) {
	doc := &document.Document{Format: document.Storage, Source: []byte("<p/>")}
	criteria := func(f extract.Finding) []threat.Criterion {
		if f.Ticket == "" {
			return nil
		}
		return []threat.Criterion{{Framework: "soc2", ID: "CC6.1", By: "mapping@1"}}
	}
	file := findings.Of("gate.xml", doc, report(), criteria)
	first, second := file.Threats[0], file.Threats[1]
	if first.ID == second.ID {
		t.Errorf("two threats with the same words have one id %s", first.ID)
	}
	if first.Owner != "557058:aa" {
		t.Errorf("owner %q, want the account that is mentioned", first.Owner)
	}
	got, err := file.JSON()
	if err != nil {
		t.Fatal(err)
	}
	again, err := findings.Of("gate.xml", doc, report(), criteria).JSON()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(again)); diff != "" {
		t.Errorf("the same report gave other bytes:\n%s", diff)
	}
}

// TestIDsFollowWords: ids depend neither on the place of a threat nor on the format of the page.
func TestIDsFollowWords(t *testing.T) {
	md := &document.Document{Format: document.Markdown, Source: []byte("x")}
	xml := &document.Document{Format: document.Storage, Source: []byte("<p>x</p>")}
	moved := report()
	moved.Findings[0].At = document.Span{Start: 900, End: 927}
	a, b := findings.Of("a.md", md, report(), nil), findings.Of("b.xml", xml, moved, nil)
	if a.Threats[0].ID != b.Threats[0].ID {
		t.Errorf("ids %s and %s for the same words", a.Threats[0].ID, b.Threats[0].ID)
	}
}

func TestNothingFoundIsAnEmptyList(t *testing.T) {
	got := findings.Of("p.md", &document.Document{Format: document.Markdown}, extract.Report{}, nil)
	if got.Threats == nil || len(got.Threats) != 0 {
		t.Errorf("threats %v, want an empty list", got.Threats)
	}
}
