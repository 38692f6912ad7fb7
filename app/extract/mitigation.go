package extract

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
	"github.com/throughline/throughline/app/threat"
)

// Mitigate adds what a passage says is done: one mitigation a sentence where it is long, else one.
func (d *Draft) Mitigate(p Passage) {
	text := p.Text()
	if d.page.Lexicon.Empty(text) || p.Flat == nil {
		return
	}
	d.Cover(p.Span())
	d.weaknesses(text)
	for _, part := range divide(p) {
		d.mitigation(part)
	}
}

func (d *Draft) mitigation(p Passage) {
	m := threat.Mitigation{Quote: p.Text(), At: p.Span()}
	if m.Quote == "" || len(d.c.Mitigations) >= most || slices.ContainsFunc(d.c.Mitigations, func(o threat.Mitigation) bool { return o.At == m.At }) {
		return
	}
	m.Status = statusIn(m.Quote)
	d.c.Mitigations = append(d.c.Mitigations, m)
}

// Mitigations adds mitigations that were read elsewhere, such as those of the whole section.
func (d *Draft) Mitigations(ms []threat.Mitigation) {
	for _, m := range ms {
		if !slices.ContainsFunc(d.c.Mitigations, func(o threat.Mitigation) bool { return o.At == m.At }) {
			d.c.Mitigations = append(d.c.Mitigations, m)
		}
	}
}

// HasMitigations reports whether any was found.
func (d *Draft) HasMitigations() bool { return len(d.c.Mitigations) > 0 }

// divide splits a passage that prescribes several things: into its sentences, and these at ";" and "(b)". What only points
// elsewhere is left out.
func divide(p Passage) []Passage {
	text := p.Flat.Text[p.Start:p.End]
	var out []Passage
	for _, s := range prose.Sentences(text) {
		if sentence := text[s.Start:s.End]; strings.HasPrefix(sentence, "See ") || strings.HasPrefix(sentence, "(see ") {
			continue
		}
		for _, c := range clauses(text, s) {
			out = append(out, p.Cut(p.Start+c.Start, p.Start+c.End))
		}
	}
	return out
}

// clauses splits a sentence at ";" and at the signs of an enumeration, where each part has a few words of its own.
func clauses(text string, s prose.Range) []prose.Range {
	var out []prose.Range
	start, either := s.Start, strings.Contains(text[s.Start:s.End], "either by ")
	for i := s.Start; i+3 < s.End; i++ {
		cut := 0
		switch {
		case text[i] == ';' && text[i+1] == ' ':
			cut = i + 1
		case either && strings.HasPrefix(text[i:], " or by "), strings.HasPrefix(text[i:], "either by "):
			cut = i + strings.Index(text[i:], "by ")
		case text[i] == '(' && text[i+2] == ')' && isLetter(text[i+1]) && i > s.Start:
			cut = i
		}
		if cut > 0 && len(lexicon.Words(text[start:cut])) > 2 && len(lexicon.Words(text[cut:cut+min(60, s.End-cut)])) > 2 {
			end := cut
			if text[cut-1] == ';' {
				end--
			}
			out = append(out, prose.Range{Start: start, End: end})
			start = cut
		}
	}
	end := s.End
	if end > start && text[end-1] == ';' {
		end--
	}
	return append(out, prose.Range{Start: start, End: end})
}

// statusIn reads a mitigation's status from its own words: "(planned)", "✅", "will be".
func statusIn(text string) string {
	t := strings.ToLower(text)
	for _, w := range []string{"(planned)", "(todo)", "(to do)", "(future)", "(geplant)", "(open)", "(offen)", "is planned", "are planned", "[ ]"} {
		if strings.Contains(t, w) {
			return "planned"
		}
	}
	for _, w := range []string{"(done)", "(implemented)", "(in place)", "(umgesetzt)", "✅", "✔", "[x]", "already implemented", "is implemented"} {
		if strings.Contains(t, w) {
			return "in place"
		}
	}
	return ""
}
