package list

import (
	"strings"

	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
	"github.com/throughline/throughline/app/threat"
)

// entry reads one item as a threat; ok is false when it states none.
func (l listing) entry(entry []*extract.Block, intent float64, why string) (*extract.Draft, bool) {
	head := entry[0]
	if len(head.Parts) == 0 {
		return nil, false
	}
	first := head.Parts[0]
	switch first.Role {
	case lexicon.None, lexicon.Threat, lexicon.Concern:
	case lexicon.Actor, lexicon.Element: // "An insider: could …"
		first.Start = first.From
	default:
		return nil, false
	}
	quote := head.Passage(first)
	text := quote.Text()
	if l.page.Lexicon.Empty(text) || len(lexicon.Words(text)) < 2 || symbolic(text) || strings.HasSuffix(text, ":") && len(entry) == 1 {
		return nil, false
	}
	title, rest := runIn(l.page.Lexicon, head, first)
	if title != "" && goesOn(head.Text()[rest:first.End]) { // in bold, but no sentence of its own
		title, rest = "", first.Start
	}
	var stride threat.STRIDE
	kinded := false
	if title != "" {
		stride, kinded = l.page.Lexicon.STRIDE(title)
	}
	if kinded && l.page.Lexicon.Empty(strings.Trim(head.Text()[rest:first.End], " :.–—-")) {
		return nil, false // "Repudiation: n/a"
	}
	if kinded {
		said := head.Text()[rest:first.End]
		rest += len(said) - len(strings.TrimLeft(said, " :.–—-"))
	}
	rating, behind := l.rated(head, rest, first.End)
	rest = behind
	if first.Role == lexicon.Actor || first.Role == lexicon.Element {
		title, rest = "", first.Start
	}
	sentences := prose.Sentences(head.Flat.Text[rest:first.End])
	var best, lead prose.Range
	var bestReading prose.Reading
	measures, denies, possible := 0.0, false, false
	for n, s := range sentences {
		at := prose.Range{Start: rest + s.Start, End: rest + s.End}
		r := l.page.Reader.Read(head.Flat.Text, at)
		if n == 0 {
			lead, measures = at, r.Measure
		}
		denies = denies || r.Denies
		possible = possible || r.Possible && r.Measure < 0.6
		if r.Threat > bestReading.Threat {
			best, bestReading = at, r
		}
	}
	reads := bestReading.Threat
	denies = denies && reads < 0.4
	if possible && intent >= 0.85 {
		reads = max(reads, 0.35) // "two clerks could …" in a list of risks
	}
	if strings.Contains(head.Text()[:rest], "?") {
		return nil, false // a question and its answer
	}
	if title != "" && nominal(l.page, title) {
		reads = max(reads, 0.6)
	}
	if title != "" && l.harmful(title) {
		reads = max(reads, 0.5)
	}
	if title == "" && len(sentences) == 1 && nominal(l.page, text) && measures < 0.5 {
		reads = max(reads, 0.5)
	}
	if head.Linked() {
		return nil, false
	}
	switch {
	case strings.HasSuffix(text, "?") || strings.HasSuffix(title, "?"):
		return nil, false
	case intent < 0.6 && len(sentences) > 1 && (title == "" || !nominal(l.page, title)):
		return nil, false // prose, which is read sentence by sentence
	case intent <= 0.9 && l.section.Level < 7 && title != "" && reads < 0.3 && !recorded(entry):
		return nil, false // an aspect, and what is so about it
	case denies:
		return nil, false
	case measures >= 0.65 && reads < 0.5 && !(intent > 0.9 && (measures < 0.7 || l.worsens(text))):
		return nil, false
	case kinded && intent > 0.92:
	case intent >= 0.92 && (l.section.Within.Gathers() || reads >= 0.3 || l.tells(text)):
	case intent >= 0.85 && (l.section.Topic == lexicon.Threats || l.section.Level >= 7 || reads >= 0.3 || l.tells(text) || recorded(entry) || l.countered(entry)):
	case intent < 0.5 && reads < 0.65:
		return nil, false
	case intent >= 0.6 && reads < 0.5, intent < 0.6 && reads < 0.5:
		return nil, false
	}
	d := l.page.Draft("list", quote)
	d.Kind(l.section.Kind)
	if kinded {
		d.Kind(stride)
		title = strings.Trim(head.Text()[rest:first.End], " :.–—-") // what it says of the kind
	}
	if !rating.Blank() {
		d.Put(lexicon.Severity, rating)
	}
	if title != "" {
		d.Entitle(title)
		switch {
		case best.End > 0 && bestReading.Threat >= 0.4:
			d.Say(quote.Cut(best.Start, best.End))
		case lead.End > 0:
			d.Say(quote.Cut(lead.Start, lead.End))
		}
	} else if len(sentences) > 1 {
		if bestReading.Threat >= 0.4 {
			d.Say(quote.Cut(best.Start, best.End))
		} else {
			d.Say(quote.Cut(lead.Start, lead.End))
		}
	}
	if id, rest := extract.ExplicitID(l.page.Lexicon, text); id != "" && title == "" && rest < len(text) {
		d.Label(id)
	}
	d.Gather(entry)
	if !d.HasMitigations() {
		l.measures(d, entry)
	}
	d.Because(min(0.97, intent+reads/10), why)
	return d, true
}

// symbolic reports whether a text has signs and abbreviations only: "A->G".
func symbolic(text string) bool {
	for _, w := range lexicon.Words(text) {
		if len(w.Text) > 2 {
			return false
		}
	}
	return true
}

// harmful reports whether a short title names a harm: "Stale data".
func (l listing) harmful(title string) bool {
	words := lexicon.Words(title)
	if len(words) > 3 {
		return false
	}
	for _, w := range words {
		if l.page.Reader.Class(w.Text).Has(lexicon.Harm) {
			return true
		}
	}
	return false
}

// worsens reports whether an entry tells in the words of an instruction what gets worse: "make cancelling harder".
func (l listing) worsens(text string) bool {
	words := lexicon.Words(text)
	if len(words) == 0 || l.page.Reader.Class(words[0].Text).Has(lexicon.Measure) {
		return false
	}
	for _, w := range words {
		if l.page.Reader.Class(w.Text).Has(lexicon.Harm) {
			return true
		}
	}
	return false
}

// tells reports whether any word of a text speaks of harm.
func (l listing) tells(text string) bool {
	for _, w := range lexicon.Words(text) {
		if l.page.Reader.Class(w.Text).Has(lexicon.Attack | lexicon.Harm | lexicon.Risk | lexicon.Adversary | lexicon.Hostile | lexicon.Negation | lexicon.Nominal) {
			return true
		}
	}
	return false
}

// recorded reports whether an entry has labelled parts of a threat below it: severity, impact, mitigation, owner.
func recorded(entry []*extract.Block) bool {
	for i, b := range entry {
		for n, p := range b.Parts {
			if i == 0 && n == 0 {
				continue
			}
			switch p.Role {
			case lexicon.Mitigation, lexicon.Severity, lexicon.Impact, lexicon.Likelihood, lexicon.Owner:
				return true
			}
		}
	}
	return false
}

// countered reports whether an item nested in the entry says that it mitigates something.
func (l listing) countered(entry []*extract.Block) bool {
	for _, b := range entry[1:] {
		if r := l.page.Reader.Read(b.Text(), prose.Range{End: len(b.Text())}); r.Measure >= 0.85 {
			return true
		}
	}
	return false
}

// rated reads a severity in brackets right behind an entry's title ("**Data loss** (high): …") and where the text goes on.
func (l listing) rated(b *extract.Block, from, end int) (rating extract.Passage, behind int) {
	text := b.Text()[from:end]
	open := strings.IndexByte(text, '(')
	if open < 0 || strings.TrimSpace(text[:open]) != "" {
		return extract.Passage{}, from
	}
	shut := strings.IndexByte(text, ')')
	if shut < open || shut > open+32 {
		return extract.Passage{}, from
	}
	p := extract.Passage{Flat: &b.Flat, Start: from + open + 1, End: from + shut}
	if _, ok := l.page.Lexicon.Severity(p.Text()); !ok {
		return extract.Passage{}, from
	}
	behind = from + shut + 1
	return p, behind + len(text[shut+1:]) - len(strings.TrimLeft(text[shut+1:], " :.–—-"))
}
