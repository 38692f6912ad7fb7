package list

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

// measures reads an item's mitigations where no label says which they are: nested items, and sentences that prescribe.
func (l listing) measures(d *extract.Draft, entry []*extract.Block) {
	for _, b := range entry[1:] {
		if b.Kind != document.Item || b.Item != entry[0] || b.Role() != lexicon.None {
			continue
		}
		at := prose.Range{End: len(b.Text())}
		if r := l.page.Reader.Read(b.Text(), at); r.Threat < 0.5 && !strings.HasSuffix(b.Text(), "?") {
			d.Mitigate(b.Whole())
		}
	}
	if !d.HasMitigations() {
		for _, p := range l.page.Measures(entry[:1]) {
			at := prose.Range{Start: p.Start, End: p.End}
			if p == entry[0].Whole() && l.page.Reader.Read(p.Flat.Text, at).Measure < 0.65 {
				continue // the threat itself
			}
			d.Mitigate(p)
		}
	}
}

// shared are the mitigations that the page lists for all threats of the section: a list titled so beside this one.
func (l listing) shared() []extract.Passage {
	var blocks []*extract.Block
	for _, b := range l.after {
		if b.Section == l.section && b.Role() == lexicon.Mitigation {
			blocks = append(blocks, b)
			continue
		}
	}
	for _, k := range siblings(l.section) {
		if k.Topic == lexicon.Mitigations {
			blocks = append(blocks, l.page.Blocks[k.First:k.End]...)
		}
	}
	out := l.page.Remedies(blocks)
	if len(out) > 0 || len(l.after) == 0 || l.after[0].Kind != document.Paragraph || l.after[0].Title {
		return out
	}
	for _, p := range l.page.Measures(l.after[:1]) { // "As a mitigation, …" right behind the list
		if at := (prose.Range{Start: p.Start, End: p.End}); l.page.Reader.Read(p.Flat.Text, at).Measure >= 0.8 {
			out = append(out, p)
		}
	}
	return out
}

// siblings are the sections below the one that a list stands in, and beside it up to the next one that gathers threats.
func siblings(s *extract.Section) []*extract.Section {
	out := append([]*extract.Section(nil), s.Kids...)
	if s.Parent == nil {
		return out
	}
	at := -1
	for i, k := range s.Parent.Kids {
		if k == s {
			at = i
		}
	}
	for _, k := range s.Parent.Kids[at+1:] {
		if k.Topic.Gathers() || k.Level != s.Level {
			break
		}
		out = append(out, k)
	}
	return out
}
