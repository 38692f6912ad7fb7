package score

import (
	"fmt"
	"io"
	"strings"
)

// Total is the measure over all documents.
func (s Sheet) Total() Row {
	t := Row{Name: "TOTAL"}
	for _, r := range s.Rows {
		t.Labels, t.Found, t.Hit = t.Labels+r.Labels, t.Found+r.Found, t.Hit+r.Hit
		t.Mitigations.plus(r.Mitigations)
		t.Owners.plus(r.Owners)
		t.Tickets.plus(r.Tickets)
		t.Severities.plus(r.Severities)
		t.NearMisses.plus(r.NearMisses)
	}
	return t
}

func (c *Count) plus(o Count) { c.Labelled, c.Right = c.Labelled+o.Labelled, c.Right+o.Right }

// MacroF1 is the mean F1 of the documents that state any threat, so that a long one does not drown the rest.
func (s Sheet) MacroF1() float64 {
	sum, n := 0.0, 0
	for _, r := range s.Rows {
		if r.Labels > 0 {
			sum, n = sum+r.F1(), n+1
		}
	}
	return sum / float64(max(1, n))
}

// Write prints a line a document and the totals last; verbose lists what was missed, found without a label and repeated.
func (s Sheet) Write(w io.Writer, verbose bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-38s %6s %6s %5s %6s %6s %6s %8s\n", "document", "labels", "found", "hit", "P", "R", "F1", "mitig.")
	for _, r := range s.Rows {
		fmt.Fprintf(&b, "%-38s %6d %6d %5d %6.2f %6.2f %6.2f %4d/%d\n", r.Name, r.Labels, r.Found, r.Hit, r.Precision(), r.Recall(), r.F1(), r.Mitigations.Right, r.Mitigations.Labelled)
		if verbose {
			list(&b, "missed", r.Missed)
			list(&b, "extra", r.Extra)
			list(&b, "repeated", r.Repeated)
		}
	}
	if len(s.Missing) > 0 {
		fmt.Fprintf(&b, "no findings file for: %s\n", strings.Join(s.Missing, ", "))
	}
	t := s.Total()
	fmt.Fprintf(&b, "TOTAL precision %.3f recall %.3f F1 %.3f macro-F1 %.3f | mitigations %s | owners %s tickets %s severities %s | near-misses taken %s\n",
		t.Precision(), t.Recall(), t.F1(), s.MacroF1(), t.Mitigations, t.Owners, t.Tickets, t.Severities, t.NearMisses)
	_, err := io.WriteString(w, b.String())
	return err
}

// String is "right/labelled".
func (c Count) String() string { return fmt.Sprintf("%d/%d", c.Right, c.Labelled) }

func list(b *strings.Builder, what string, texts []string) {
	for _, t := range texts {
		t = strings.Join(strings.Fields(t), " ")
		if r := []rune(t); len(r) > 140 {
			t = string(r[:140])
		}
		fmt.Fprintf(b, "    %-8s %s\n", what, t)
	}
}
