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
func (Finder) Version() int { return 2 }

// Find reads the running text of every section.
func (f Finder) Find(page *extract.Page) []extract.Candidate {
	var out []extract.Candidate
	tabled := map[*extract.Section]bool{} // sections with a table of threats; absent until asked
	for _, s := range page.Sections {
		least := threshold(s)
		if least > 1 {
			continue
		}
		r := reader{page: page, section: s, least: least}
		r.least = max(r.least, lead(page, s, tabled))
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
	if s.Within == lexicon.Neutral && !s.Known {
		return outside
	}
	return 2
}

// outside is how surely a sentence must state a threat where the section does not promise any.
const outside = 0.9

// reader reads the sentences of one section.
type reader struct {
	page    *extract.Page
	section *extract.Section
	least   float64

	drafts  []*extract.Draft
	run     []*extract.Draft // the threats since measures were last stated: what is prescribed next is against all of them
	settled bool             // measures were stated since
	lists   bool             // "… should:" came before, the items are measures
	open    bool             // the last threat may be gone on about
	words   map[string]bool  // of the last threat
	quote   extract.Passage  // of the last threat
	thin    bool             // it only names the threat
}

// line is a sentence with what it says.
type line struct {
	extract.Passage
	prose.Reading
}

// behind is what the sentence says behind the clause that states the threat, all of it where that is too little.
func (l line) behind() extract.Passage {
	rest := l.Cut(l.Clause.End, l.End)
	text := rest.Flat.Text[rest.Start:rest.End]
	rest.Start += len(text) - len(strings.TrimLeft(text, " ,;:"))
	if len(lexicon.Words(rest.Text())) < 4 {
		return l.Passage
	}
	return rest
}

// block reads a block's sentences. What a block prescribes beside a threat is against that one; what a block without threats
// prescribes is against all since the last such block.
func (r *reader) block(b *extract.Block) {
	r.open = false
	if b.Kind == document.Table || b.Title || r.announces(b) || r.least == outside && !r.page.Lexicon.Cued(b.Text()) {
		return
	}
	listed := r.lists && b.Kind == document.Item
	r.lists = listed
	var lines, measures []line
	var fields []extract.Part
	threats := 0
	for _, p := range b.Parts {
		switch p.Role {
		case lexicon.None, lexicon.Threat, lexicon.Concern, lexicon.Description, lexicon.Impact, lexicon.Actor, lexicon.Title:
			for _, l := range r.lines(b, p) {
				lines = append(lines, l)
				if l.Threat >= r.least && !(listed && b.Depth == 0 && l.Threat < 0.65) {
					threats++
				} else if l.Measure >= r.measure() || listed {
					measures = append(measures, l)
				}
			}
		case lexicon.Mitigation:
			measures = append(measures, line{Passage: b.Passage(p), Reading: prose.Reading{Measure: 1}})
			lines = append(lines, measures[len(measures)-1])
		default:
			fields = append(fields, p)
		}
	}
	if threats == 0 {
		r.prescribed(measures)
		return
	}
	r.stated(b, lines)
	for _, p := range fields { // "Owner: …" at the end of the paragraph
		r.drafts[len(r.drafts)-1].Put(p.Role, b.Passage(p))
	}
}

func (r *reader) lines(b *extract.Block, p extract.Part) []line {
	var out []line
	text := b.Flat.Text
	for _, s := range prose.Sentences(text[p.Start:p.End]) {
		at := prose.Range{Start: p.Start + s.Start, End: p.Start + s.End}
		out = append(out, line{extract.Passage{Flat: &b.Flat, Start: at.Start, End: at.End}, r.page.Reader.Read(text, at)})
	}
	return out
}

// measure is how surely a sentence must say what is done: less where the section promises mitigations.
func (r *reader) measure() float64 {
	if r.section.Within == lexicon.Risks {
		return 0.5
	}
	return 0.6
}

// prescribed gives the measures of a block without threats to the threats before it.
func (r *reader) prescribed(measures []line) {
	for _, m := range measures {
		r.settled = true
		if strings.HasSuffix(m.Text(), ":") {
			r.lists = true
			continue
		}
		for _, d := range r.run {
			d.Mitigate(m.Passage)
		}
	}
}

// stated reads a block with threats, and the measures between them: those before the first threat are against it.
func (r *reader) stated(b *extract.Block, lines []line) {
	if r.settled {
		r.run, r.settled = nil, false
	}
	var before []line
	var last *extract.Draft
	for _, l := range lines {
		if rating, ok := r.page.Rating(l.Passage); ok && last != nil {
			last.Put(lexicon.Severity, rating)
			if l.Goes || len(lexicon.Words(l.Text())) < 8 {
				continue
			}
		}
		if l.Threat >= r.least {
			if d := r.threat(b, l); d != nil {
				last = d
			}
			for _, m := range before {
				last.Mitigate(m.Passage)
			}
			before = nil
			if l.Measure >= 0.65 { // the sentence prescribes, so that the harm does not come about
				last.Mitigate(l.behind())
			}
			continue
		}
		if r.thin && last != nil && l.Measure < r.measure() && l.Flat == r.quote.Flat { // "Another risk is around logins. …"
			r.quote.End = l.End
			last.Requote(r.quote)
			last.Say(l.Passage)
			r.thin = false
		}
		switch {
		case l.Measure < r.measure():
		case strings.HasSuffix(l.Text(), ":"):
			r.lists = true
		case last == nil && l.Measure < 0.65:
		case last == nil:
			before = append(before, l)
		default:
			last.Mitigate(l.Passage)
		}
	}
	if up := b.Item; up != nil && up.Section == r.section { // nested in an item that prescribes
		if m := r.page.Reader.Read(up.Text(), prose.Range{End: len(up.Text())}); m.Measure >= 0.6 && m.Threat < r.least {
			last.Mitigate(up.Whole())
		}
	}
}

// threat makes a draft of a sentence; nil when the sentence goes on about the threat before it.
func (r *reader) threat(b *extract.Block, l line) *extract.Draft {
	words := content(l.Text())
	if r.open && !l.Adds && (l.Goes || common(words, r.words)*2 >= min(len(words), len(r.words))) {
		last := r.drafts[len(r.drafts)-1]
		if r.thin && l.Flat == r.quote.Flat { // the sentence before only named the threat
			r.quote.End = l.End
			last.Requote(r.quote)
			r.thin = false
		}
		last.Say(l.Passage)
		for w := range words {
			r.words[w] = true
		}
		return nil
	}
	d := r.page.Draft("statement", l.Passage)
	clause := l.Passage.Cut(l.Clause.Start, l.Clause.End)
	if clause != l.Passage {
		d.Say(clause)
	}
	d.Kind(r.section.Kind)
	d.Marks(b.Marks)
	d.Because(sure(r.section, l.Threat), "sentence that "+l.Why+" "+place(r.section))
	r.drafts, r.run = append(r.drafts, d), append(r.run, d)
	r.open, r.words = true, words
	r.thin, r.quote = l.Threat < 0.6 || len(lexicon.Words(l.Text())) < 9, l.Passage
	return d
}

// announces reports whether a paragraph leads over to a list whose entries were found as threats.
func (r *reader) announces(b *extract.Block) bool {
	if b.Kind == document.Item || !strings.HasSuffix(b.Text(), ":") && !strings.HasSuffix(b.Text(), "following.") || b.Index+1 >= len(r.page.Blocks) {
		return false
	}
	next := r.page.Blocks[b.Index+1]
	return next.Kind == document.Item && next.Section == b.Section && r.page.Claims.Within(next.Node.Span, 1) > 0
}

// sure is the confidence that a sentence deserves in its section.
func sure(s *extract.Section, threat float64) float64 {
	if s.Within == lexicon.Neutral || s.Within == lexicon.Mitigations {
		return min(0.6, threat)
	}
	return min(0.9, threat)
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
func lead(page *extract.Page, s *extract.Section, tabled map[*extract.Section]bool) float64 {
	if s.Within != lexicon.Threats && s.Within != lexicon.Risks {
		return 0
	}
	if n := page.Claims.Within(page.Extent(s), 2); n > 1 || n > 0 && s.Within == lexicon.Threats {
		return 0.95
	}
	for up := s.Parent; up != nil && up.Within == s.Within; up = up.Parent {
		found, asked := tabled[up]
		if !asked {
			for _, b := range page.Own(up) {
				found = found || b.Kind == document.Table && page.Claims.Within(b.Node.Span, 2) > 1
			}
			tabled[up] = found
		}
		if found {
			return 0.85
		}
	}
	return 0
}
