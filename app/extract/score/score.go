// Package score measures findings against what a reader labelled: precision, recall and F1 of threats, recall of their
// mitigations, and near-misses taken for threats.
package score

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/fault"
)

// Label is what a reader labelled in one document.
type Label struct {
	Threats    []Threat `json:"threats"`
	NotThreats []string `json:"not_threats"` // near-misses: passages that could be taken for a threat and state none
	Ambiguous  []string `json:"ambiguous"`   // passages that readers would argue about; a finding that is one of them does not count
}

// Threat is a labelled threat.
type Threat struct {
	Quote       string   `json:"quote"`
	Also        []string `json:"also"` // other wordings of it on the page
	Mitigations []string `json:"mitigations"`
	Owner       string   `json:"owner"`
	Ticket      string   `json:"ticket"`
	Severity    string   `json:"severity"`
}

// Finding is what of a finding is measured, as `throughline scan --format json` prints it. Only stated ones count.
type Finding struct {
	Title       string `json:"title"`
	Statement   string `json:"statement"`
	Quote       string `json:"quote"`
	Origin      string `json:"origin"`
	Owner       string `json:"owner"`
	Ticket      string `json:"ticket"`
	Severity    string `json:"severity"`
	SeverityRaw string `json:"severity_stated"`
	Mitigations []struct {
		Quote string `json:"quote"`
		Text  string `json:"text"`
	} `json:"mitigations"`
}

// Count is how often something was labelled and how often it was right.
type Count struct{ Labelled, Right int }

// Row is the measure of one document.
type Row struct {
	Name        string
	Labels      int // labelled threats
	Found       int // findings that count
	Hit         int // findings that are labelled threats, one to one
	Mitigations Count
	Owners      Count
	Tickets     Count
	Severities  Count
	NearMisses  Count // Right counts those taken for threats

	Missed   []string // labelled threats without a finding
	Extra    []string // findings without a label
	Repeated []string // findings that state a labelled threat once more
}

// Precision is the share of findings that are right.
func (r Row) Precision() float64 { return float64(r.Hit) / float64(max(1, r.Found)) }

// Recall is the share of labelled threats that were found.
func (r Row) Recall() float64 { return float64(r.Hit) / float64(max(1, r.Labels)) }

// F1 is the harmonic mean of precision and recall.
func (r Row) F1() float64 { return harmonic(r.Precision(), r.Recall()) }

func harmonic(p, r float64) float64 { return 2 * p * r / max(1e-9, p+r) }

// Sheet is the measure of many documents.
type Sheet struct {
	Rows    []Row
	Missing []string // labelled documents without findings
}

// Directory measures the findings in one directory against the labels in another. Both hold <name>.json files. The rows are
// ordered by name. A labelled document without a findings file counts as one in which nothing was found.
func Directory(labels, found string) (Sheet, error) {
	paths, err := filepath.Glob(filepath.Join(labels, "*.json"))
	if err != nil || len(paths) == 0 {
		return Sheet{}, fault.New(fault.NotFound, "no label files (*.json) in %s", labels)
	}
	slices.Sort(paths)
	var sheet Sheet
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		var label Label
		if err := read(path, &label); err != nil {
			return Sheet{}, err
		}
		var file struct {
			Threats []Finding `json:"threats"`
		}
		switch err := read(filepath.Join(found, filepath.Base(path)), &file); {
		case os.IsNotExist(err):
			sheet.Missing = append(sheet.Missing, name)
		case err != nil:
			return Sheet{}, err
		}
		sheet.Rows = append(sheet.Rows, Document(name, label, file.Threats))
	}
	return sheet, nil
}

func read(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// Document measures the findings of one document. Findings and labels match by the overlap of their words, one to one, the
// best overlap first.
func Document(name string, label Label, all []Finding) Row {
	var found []Finding
	for _, f := range all {
		if f.Origin == "stated" {
			found = append(found, f)
		}
	}
	pairs := pair(label.Threats, found)
	found, pairs = settle(label, found, pairs)
	row := Row{Name: name, Labels: len(label.Threats), Found: len(found), Hit: len(pairs)}
	hitLabel, hitFound := map[int]bool{}, map[int]bool{}
	for _, p := range pairs {
		hitLabel[p.label], hitFound[p.finding] = true, true
		row.add(label.Threats[p.label], found[p.finding])
	}
	for i, t := range label.Threats {
		if !hitLabel[i] {
			row.Missed = append(row.Missed, t.Quote)
		}
	}
	for j, f := range found {
		if hitFound[j] {
			continue
		}
		if slices.ContainsFunc(label.Threats, func(t Threat) bool { return match(t, f) > 0 }) {
			row.Repeated = append(row.Repeated, cmp.Or(f.Quote, f.Title))
		} else {
			row.Extra = append(row.Extra, cmp.Or(f.Quote, f.Title))
		}
	}
	for _, n := range label.NotThreats {
		row.NearMisses.Labelled++
		if slices.ContainsFunc(found, func(f Finding) bool { return overlap(n, cmp.Or(f.Quote, f.Title)) > 0.8 }) {
			row.NearMisses.Right++
		}
	}
	return row
}

// add counts what a matched pair says beside the threat.
func (r *Row) add(want Threat, got Finding) {
	for _, m := range want.Mitigations {
		r.Mitigations.Labelled++
		for _, g := range got.Mitigations {
			text := cmp.Or(g.Quote, g.Text)
			if overlap(m, text) > 0 || overlap(text, m) > 0 {
				r.Mitigations.Right++
				break
			}
		}
	}
	field(&r.Owners, want.Owner, got.Owner)
	field(&r.Tickets, want.Ticket, got.Ticket)
	field(&r.Severities, want.Severity, got.Severity+" "+got.SeverityRaw)
}

func field(c *Count, want, got string) {
	if want == "" {
		return
	}
	c.Labelled++
	if common(want, got) {
		c.Right++
	}
}

// match is the best overlap of a threat's wordings with a finding's texts.
func match(t Threat, f Finding) float64 {
	best := text(t.Quote, f)
	for _, also := range t.Also {
		best = max(best, text(also, f))
	}
	return best
}

func text(label string, f Finding) float64 {
	return max(overlap(label, f.Quote), overlap(label, f.Title), overlap(label, f.Statement))
}

type matched struct {
	score          float64
	label, finding int
}

// pair matches one to one, best overlap first; of equals the later ones first.
func pair(labels []Threat, found []Finding) []matched {
	var all []matched
	for i, l := range labels {
		for j, f := range found {
			if s := match(l, f); s > 0 {
				all = append(all, matched{s, i, j})
			}
		}
	}
	slices.SortFunc(all, func(a, b matched) int {
		return cmp.Or(cmp.Compare(b.score, a.score), b.label-a.label, b.finding-a.finding)
	})
	usedLabel, usedFinding := map[int]bool{}, map[int]bool{}
	var out []matched
	for _, m := range all {
		if !usedLabel[m.label] && !usedFinding[m.finding] {
			usedLabel[m.label], usedFinding[m.finding] = true, true
			out = append(out, m)
		}
	}
	return out
}

// settle leaves out the findings that readers would argue about: they are neither rewarded nor punished.
func settle(label Label, found []Finding, pairs []matched) ([]Finding, []matched) {
	taken := map[int]bool{}
	for _, p := range pairs {
		taken[p.finding] = true
	}
	at := map[int]int{}
	var kept []Finding
	for j, f := range found {
		if !taken[j] && slices.ContainsFunc(label.Ambiguous, func(a string) bool { return text(a, f) > 0 }) {
			continue
		}
		at[j] = len(kept)
		kept = append(kept, f)
	}
	for i := range pairs {
		pairs[i].finding = at[pairs[i].finding]
	}
	return kept, pairs
}
