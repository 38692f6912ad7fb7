// Package heading finds threats that have a heading of their own.
package heading

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

// Finder finds threats that have a heading of their own.
type Finder struct{}

// Name is "heading".
func (Finder) Name() string { return "heading" }

// Version of the rules.
func (Finder) Version() int { return 2 }

// Find reads every section whose title names a threat.
func (f Finder) Find(page *extract.Page) []extract.Candidate {
	measures := byID(page)
	var out []extract.Candidate
	for _, s := range page.Sections[1:] {
		if s.Within == lexicon.Excluded {
			continue
		}
		if c, why := names(page, s); c > 0 {
			out = append(out, f.entry(page, s, c, why, measures))
		}
	}
	return out
}

// byID maps ids to the sections that give their mitigations ("T-03 Recommended mitigations").
func byID(page *extract.Page) map[string]*extract.Section {
	out := map[string]*extract.Section{}
	for _, s := range page.Sections[1:] {
		if id, rest := extract.ExplicitID(page.Lexicon, s.Title); id != "" && mitigates(page, s.Title[rest:]) {
			out[id] = s
		}
	}
	return out
}

func mitigates(page *extract.Page, title string) bool {
	t, _ := page.Lexicon.Topic(title)
	return t == lexicon.Mitigations || page.Lexicon.Role(title) == lexicon.Mitigation
}

// names reports how surely a section's title names a threat; 0 when it does not.
func names(page *extract.Page, s *extract.Section) (confidence float64, why string) {
	lex := page.Lexicon
	if s.Level > 7 && s.Head.Item != nil {
		return 0, ""
	}
	title := s.Title
	id, rest := extract.ExplicitID(lex, title)
	if labels(page, s) > 0 {
		return 0, "" // the labels state the threats, and the title is theirs or groups them
	}
	if id != "" {
		bare := strings.TrimSpace(title[min(rest, len(title)):])
		if mitigates(page, bare) || asks(title) {
			return 0, ""
		}
		threatID := strings.HasPrefix(id, "T") || strings.HasPrefix(id, "R") || lex.Role(strings.TrimRight(id, "0123456789-# ")) == lexicon.Threat
		if within(s).Gathers() && (bare != "" || threatID && stated(page, s)) || threatID && measured(page, s) {
			return 0.97, "heading with an id of its own among threats"
		}
		return 0, ""
	}
	if label, rest, ok := strings.Cut(title, ":"); ok && strings.TrimSpace(rest) != "" && lex.Role(label) == lexicon.Threat && lex.Plain(label) && len(lexicon.Words(rest)) > 1 {
		return 0.96, "heading labelled “" + strings.TrimSpace(label) + "”"
	}
	if label, rest, ok := strings.Cut(title, ":"); ok && len(lexicon.Words(rest)) > 1 && lex.Role(strings.TrimRight(label, "0123456789-# ")) == lexicon.Concern && rated(page, s) {
		return 0.9, "heading labelled “" + strings.TrimSpace(label) + "”, with its severity and mitigation below"
	}
	if s.Known || s.Names && !leafKind(page, s) || !within(s.Parent).Gathers() || asks(title) || mitigates(page, title) {
		return 0, ""
	}
	if lex.Role(title) != lexicon.None && lex.Role(title) != lexicon.Threat {
		return 0, ""
	}
	if hasThreatHeadings(page, s) || tabled(page, s) {
		return 0, ""
	}
	if sorted(page, s) {
		return 0, "" // its paragraphs state one threat a kind
	}
	harm := nominal(page, title) || page.Reader.Read(title, prose.Range{End: len(title)}).Threat >= 0.5
	switch {
	case measured(page, s) && (within(s.Parent) == lexicon.Threats || within(s.Parent) == lexicon.Risks || harm):
		return 0.9, "heading among threats, with its mitigation below"
	case harm && within(s.Parent) != lexicon.Drawbacks:
		return 0.8, "heading that names an attack or a failure in a section about threats"
	}
	return 0, ""
}

// stated reports whether a section says what its threat is, under a label or in a paragraph of its own.
func stated(page *extract.Page, s *extract.Section) bool {
	for _, b := range page.Own(s) {
		if r := b.Role(); b.Kind == document.Paragraph && (r == lexicon.None || r == lexicon.Description || r == lexicon.Threat) {
			return true
		}
	}
	return false
}

// within is what a section gathers, or its parent does.
func within(s *extract.Section) lexicon.Topic {
	if s == nil {
		return lexicon.Neutral
	}
	return s.Within
}

// leafKind reports whether a heading that names a kind of STRIDE is a threat itself: one of few, with prose below.
func leafKind(page *extract.Page, s *extract.Section) bool {
	named := 0
	for _, o := range s.Parent.Kids {
		if o.Names {
			named++
		}
	}
	if named > 1 || len(s.Kids) > 0 {
		return false
	}
	for _, b := range page.Own(s) {
		if b.Kind != document.Paragraph || b.Role() != lexicon.None {
			return false
		}
	}
	return true
}

// asks reports whether a title asks something, with or without a question mark: "What we worry about".
func asks(title string) bool {
	title = strings.TrimSpace(title)
	if strings.HasSuffix(title, "?") {
		return true
	}
	first, _, more := strings.Cut(title, " ")
	switch strings.ToLower(first) {
	case "what", "how", "why", "where", "which", "who":
		return more
	}
	return false
}

// measured reports whether a section gives mitigations of its own under a label or title.
func measured(page *extract.Page, s *extract.Section) bool {
	for _, b := range page.Blocks[s.First:s.End] {
		if b.Title {
			if b.Section.Topic == lexicon.Mitigations && b.Section.Parent == s {
				return true
			}
			continue
		}
		if b.Section != s || entryOf(page, b) {
			continue
		}
		for _, p := range b.Parts {
			if p.Role == lexicon.Mitigation && p.Label != "" {
				return true
			}
		}
	}
	return false
}

// sorted reports whether several of a section's paragraphs begin with a kind of STRIDE.
func sorted(page *extract.Page, s *extract.Section) bool {
	n := 0
	for _, b := range page.Own(s) {
		label, _, ok := strings.Cut(b.Text(), ":")
		if !ok || b.Title || len(label) > 40 {
			continue
		}
		if _, ok := page.Lexicon.STRIDE(label); ok {
			n++
		}
	}
	return n > 1
}

// rated reports whether a section states a severity and a mitigation under labels.
func rated(page *extract.Page, s *extract.Section) bool {
	severity := false
	for _, b := range page.Own(s) {
		for _, p := range b.Parts {
			severity = severity || p.Role == lexicon.Severity && p.Label != ""
		}
	}
	return severity && measured(page, s)
}

// entryOf reports whether a block is nested in the entry of a list that states something itself, so that what it labels belongs
// to the entry.
func entryOf(page *extract.Page, b *extract.Block) bool {
	if b.Item == nil || b.Item.Role() != lexicon.None && b.Item.Role() != lexicon.Threat {
		return false
	}
	text := b.Item.Text()
	return page.Reader.Read(text, prose.Range{End: len(text)}).Threat >= 0.5
}

// hasThreatHeadings reports whether a section's subsections are the threats, so that its own title groups them.
func hasThreatHeadings(page *extract.Page, s *extract.Section) bool {
	for _, k := range s.Kids {
		if k.Topic == lexicon.Mitigations || page.Lexicon.Role(k.Title) != lexicon.None && page.Lexicon.Role(k.Title) != lexicon.Threat {
			continue
		}
		if c, _ := names(page, k); c > 0 {
			return true
		}
	}
	return false
}

// tabled reports whether a section's threats stand in a table.
func tabled(page *extract.Page, s *extract.Section) bool {
	for _, b := range page.Blocks[s.First:s.End] {
		if b.Kind == document.Table {
			return true
		}
	}
	return false
}

// labels counts the blocks of a section that a label makes a threat.
func labels(page *extract.Page, s *extract.Section) int {
	n := 0
	for _, b := range page.Blocks[s.First:s.End] {
		if b.Role() != lexicon.Threat || b.Title || b.Parts[0].Label == "" || !page.Lexicon.Plain(b.Parts[0].Label) {
			continue
		}
		if _, rating := page.Lexicon.Severity(b.Passage(b.Parts[0]).Text()); !rating {
			n++
		}
	}
	return n
}

// nominal reports whether a title's words name an attack or a failure, and its last word no measure against it.
func nominal(page *extract.Page, title string) bool {
	words := lexicon.Words(title)
	if len(words) == 0 || len(words) > 16 {
		return false
	}
	last := page.Reader.Class(words[len(words)-1].Text)
	if last.Has(lexicon.Measure) || page.Lexicon.Word(words[len(words)-1].Text) == lexicon.Mitigation {
		return false
	}
	if c := page.Reader.Class(words[0].Text); c.Has(lexicon.Measure) && !c.Has(lexicon.Harm|lexicon.Attack) {
		return false
	}
	for _, w := range words {
		if page.Reader.Class(w.Text).Has(lexicon.Nominal | lexicon.Attack) {
			return true
		}
	}
	return false
}

func (f Finder) entry(page *extract.Page, s *extract.Section, confidence float64, why string, measures map[string]*extract.Section) extract.Candidate {
	d := page.Draft("heading", s.Head.Whole())
	if s.Head.Kind == document.Heading || s.Head.Kind == document.Summary {
		label, rest, ok := strings.Cut(s.Title, ":")
		if ok && page.Lexicon.Role(label) == lexicon.Threat && !strings.ContainsAny(label, "0123456789") {
			d.Entitle(rest)
		} else {
			d.Entitle(s.Title)
		}
	} else {
		d.Entitle(s.Title)
	}
	d.Kind(s.Kind)
	d.Cover(page.Extent(s))
	own := page.Own(s)
	say, _, ok := page.Best(own, 0.4)
	if !ok {
		say, ok = page.Lead(own)
	}
	if ok {
		d.Say(say)
		if p := page.Paragraph(own, say); !p.Blank() {
			d.Requote(p) // the paragraph states the threat, its heading titles it
		}
	}
	d.Gather(own)
	d.Marks(s.Head.Marks)
	for _, k := range s.Kids {
		if k.Topic == lexicon.Mitigations {
			for _, p := range page.Remedies(page.Blocks[k.First:k.End]) {
				d.Mitigate(p)
			}
		}
	}
	if id, _ := extract.ExplicitID(page.Lexicon, s.Title); id != "" {
		if m := measures[id]; m != nil && m != s {
			for _, p := range page.Remedies(page.Blocks[m.First:m.End]) {
				d.Mitigate(p)
			}
		}
	}
	if !d.HasMitigations() {
		for _, p := range page.Measures(own) {
			d.Mitigate(p)
		}
	}
	d.Because(confidence, why)
	c := d.Done()
	return c
}
