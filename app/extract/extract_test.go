package extract_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document/markdown"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/catalog"
	"github.com/throughline/throughline/app/extract/lexicon"
)

func TestExplicitID(t *testing.T) {
	tests := []struct{ name, text, id, rest string }{
		{"hyphen", "T-03: Stolen badge", "T-03", "Stolen badge"},
		{"long", "STRIDE-DOS-1 - Flooded gate", "STRIDE-DOS-1", "Flooded gate"},
		{"no separator", "STRIDE-DOS-1 Flooded gate", "STRIDE-DOS-1", "Flooded gate"},
		{"short", "R2. Lost key", "R2", "Lost key"},
		{"brackets", "[TM-7] Lost key", "TM-7", "Lost key"},
		{"mixed case", "Threat-03-T - Swapped label", "Threat-03-T", "Swapped label"},
		{"word and number", "Abuse case 4: free parking", "Abuse case 4", "free parking"},
		{"a weakness", "CWE-79: scripts", "", ""},
		{"a standard", "RFC-7519 tokens", "", ""},
		{"a service", "S3 buckets are open", "", ""},
		{"a chapter", "3.2 Tampering", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			id, rest := extract.ExplicitID(lexicon.Standard(), test.text)
			got := ""
			if id != "" {
				got = test.text[rest:]
			}
			if id != test.id || got != test.rest {
				t.Errorf("got %q and %q, want %q and %q", id, got, test.id, test.rest)
			}
		})
	}
}

func TestVersionNamesEveryFinder(t *testing.T) {
	got := catalog.Engine().Version().Finders
	want := []string{"table@2", "labelled@2", "heading@2", "list@2", "statement@2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("finders (-want +got):\n%s", diff)
	}
}

// TestStatedScale: bare numbers are rated by the bands that the page states, else by the usual ones of a 5 × 5 matrix.
func TestStatedScale(t *testing.T) {
	table := "\n\n## Risks\n\n| Risk | Likelihood | Impact |\n|---|---|---|\n| The gate is left open | 3 | 4 |\n"
	tests := []struct{ name, scale, want string }{
		{"none stated", "", "high"},
		{"from", "The score is likelihood × impact: from 15 high, from 8 medium, below that low.", "medium"},
		{"ranges", "Scores: 1–5 low, 6–11 medium, 12–25 critical.", "critical"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			doc, err := markdown.Parse([]byte("# Gate\n\n" + test.scale + table))
			if err != nil {
				t.Fatal(err)
			}
			found := catalog.Engine().Scan(doc).Findings
			if len(found) != 1 || string(found[0].Severity) != test.want {
				t.Errorf("got %+v, want one finding of severity %s", found, test.want)
			}
		})
	}
}

// TestManyRows: a long register is read whole, and rows that say the same are one threat.
func TestManyRows(t *testing.T) {
	var b strings.Builder
	b.WriteString("## Threats\n\n| Id | Threat |\n|---|---|\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "| T-%d | Gate number %d is forced by a lorry |\n", i, i)
	}
	b.WriteString("| T-7 | Gate number 7 is forced by a lorry |\n")
	doc, err := markdown.Parse([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	found := catalog.Engine().Scan(doc).Findings
	if len(found) != 3000 {
		t.Errorf("found %d threats, want 3000", len(found))
	}
	if found[7].Label != "T-7" || len(found[7].Also) != 1 {
		t.Errorf("got %q with %d other places, want T-7 with one", found[7].Label, len(found[7].Also))
	}
}
