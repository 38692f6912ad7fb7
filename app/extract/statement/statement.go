// Package statement finds threats that sentences state in running text: in sections about security or risk, and outside of
// them where the sentence leaves no doubt.
package statement

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

// Finder finds threats in sentences.
type Finder struct{}

// Name is "statement".
func (Finder) Name() string { return "statement" }

// Version of the rules.
func (Finder) Version() int { return 1 }

// Find reads the running text of every section.
func (f Finder) Find(page *extract.Page) []extract.Candidate {
	var out []extract.Candidate
	for _, s := range page.Sections {
		least := threshold(s)
		if least > 1 {
			continue
		}
		r := reader{page: page, section: s, least: least}
		r.least = max(r.least, lead(page, s))
		for _, b := range page.Own(s) {
			r.block(b)
		}
		out = append(out, r.done()...)
	}
	return out
}

// threshold is how surely a sentence must state a threat to count in a section.
func threshold(s *extract.Section) float64 {
	switch s.Within {
	case lexicon.Threats, lexicon.Risks:
		return 0.5 + 0.05*float64(min(2, s.Distance))
	case lexicon.Security:
		return 0.5 + 0.05*float64(min(2, s.Distance))
	case lexicon.Drawbacks:
		return 0.6
	case lexicon.Mitigations:
		return 0.85
	}
	return 2
}

// reader reads the sentences of one section.
type reader struct {
	page    *extract.Page
	section *extract.Section
	least   float64

	drafts []*extract.Draft
	scores []float64
	open   bool // the last threat may be gone on about
	words  map[string]bool
	wants  bool // "… should:" came before, the items are mitigations
}

func (r *reader) block(b *extract.Block) {
	if b.Kind == document.Table || b.Title {
		r.open = false
		return
	}
	if b.Kind == document.Item && r.wants {
		if b.Depth == 0 && len(r.drafts) > 0 {
			r.drafts[len(r.drafts)-1].Mitigate(b.Whole())
		}
	} else {
		r.wants = false
	}
	if r.announces(b) {
		return
	}
	for _, p := range b.Parts {
		switch p.Role {
		case lexicon.None, lexicon.Threat, lexicon.Concern, lexicon.Description, lexicon.Impact, lexicon.Actor, lexicon.Title:
			r.sentences(b, p)
		case lexicon.Mitigation:
			if len(r.drafts) > 0 {
				r.drafts[len(r.drafts)-1].Mitigate(b.Passage(p))
			}
		}
	}
	if b.Kind != document.Item {
		r.open = false
	}
}

// announces reports whether a paragraph leads over to a list whose entries were found as threats.
func (r *reader) announces(b *extract.Block) bool {
	if b.Kind == document.Item || !strings.HasSuffix(b.Text(), ":") || b.Index+1 >= len(r.page.Blocks) {
		return false
	}
	next := r.page.Blocks[b.Index+1]
	return next.Kind == document.Item && next.Section == b.Section && r.page.Claims.Within(next.Node.Span, 1) > 0
}

func (r *reader) sentences(b *extract.Block, p extract.Part) {
	text := b.Flat.Text
	r.open = false
	for _, s := range prose.Sentences(text[p.Start:p.End]) {
		at := prose.Range{Start: p.Start + s.Start, End: p.Start + s.End}
		reading := r.page.Reader.Read(text, at)
		passage := extract.Passage{Flat: &b.Flat, Start: at.Start, End: at.End}
		if reading.Threat < r.least {
			if reading.Measure >= 0.6 && len(r.drafts) > 0 && !r.wants {
				last := r.drafts[len(r.drafts)-1]
				if strings.HasSuffix(passage.Text(), ":") {
					r.wants = true
				} else {
					last.Mitigate(passage)
				}
			}
			continue
		}
		words := content(text[at.Start:at.End])
		if r.open && !reading.Adds && (reading.Goes || common(words, r.words)*2 >= min(len(words), len(r.words))) {
			last := len(r.drafts) - 1
			r.drafts[last].Say(passage)
			for w := range words {
				r.words[w] = true
			}
			continue
		}
		d := r.page.Draft("statement", passage)
		if c := (extract.Passage{Flat: &b.Flat, Start: reading.Clause.Start, End: reading.Clause.End}); c != passage {
			d.Say(c)
		}
		d.Kind(r.section.Kind)
		d.Marks(b.Marks)
		d.Because(min(0.9, reading.Threat), "sentence that "+reading.Why+" "+place(r.section))
		r.drafts, r.scores = append(r.drafts, d), append(r.scores, reading.Threat)
		r.open, r.words = true, words
	}
}

func place(s *extract.Section) string {
	switch s.Within {
	case lexicon.Security:
		return "in a section about security"
	case lexicon.Drawbacks:
		return "in a section about drawbacks"
	case lexicon.Threats, lexicon.Risks:
		return "in a section about threats"
	case lexicon.Mitigations:
		return "among mitigations"
	}
	return "outside of a section about threats"
}

func (r *reader) done() []extract.Candidate {
	var out []extract.Candidate
	for _, d := range r.drafts {
		out = append(out, d.Done())
	}
	return out
}

// content is the longer words of a text.
func content(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range lexicon.Words(text) {
		if len(w.Text) > 3 {
			out[strings.TrimRight(w.Text, "s")] = true
		}
	}
	return out
}

func common(a, b map[string]bool) int {
	n := 0
	for w := range a {
		if b[w] {
			n++
		}
	}
	return n
}

// lead raises the threshold where a section's threats were found in a clearer shape: its running text then leads over to them
// or explains them.
func lead(page *extract.Page, s *extract.Section) float64 {
	if s.Within != lexicon.Threats && s.Within != lexicon.Risks {
		return 0
	}
	if n := page.Claims.Within(page.Extent(s), 2); n > 1 || n > 0 && s.Within == lexicon.Threats {
		return 0.95
	}
	for up := s.Parent; up != nil && up.Within == s.Within; up = up.Parent {
		n := 0
		for _, b := range page.Own(up) {
			if b.Kind == document.Table && page.Claims.Within(b.Node.Span, 2) > 1 {
				n++
			}
		}
		if n > 0 {
			return 0.85
		}
	}
	return 0
}
