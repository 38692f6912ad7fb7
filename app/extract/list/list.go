// Package list finds threats that are the entries of a list: bullets, numbers or tasks in a section that gathers threats, or
// behind a line that announces them.
package list

import (
	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

// Finder finds threats in lists.
type Finder struct{}

// Name is "list".
func (Finder) Name() string { return "list" }

// Version of the rules.
func (Finder) Version() int { return 2 }

// Find reads every list that gathers threats.
func (f Finder) Find(page *extract.Page) []extract.Candidate {
	var out []extract.Candidate
	seen := map[*document.Node]bool{}
	for i, b := range page.Blocks {
		if b.Kind != document.Item || b.List == nil || b.Depth != 0 || seen[b.List] {
			continue
		}
		seen[b.List] = true
		l := read(page, i)
		if intent, why := l.intent(); intent > 0 {
			out = append(out, l.threats(intent, why)...)
		}
	}
	for _, s := range page.Sections {
		if l := paragraphs(page, s); len(l.entries) > 1 {
			out = append(out, l.threats(0.9, "paragraph with a title of its own in a section about threats")...)
		}
	}
	return out
}

// paragraphs reads the paragraphs of a section about threats that begin with a title in bold, as entries of a list.
func paragraphs(page *extract.Page, s *extract.Section) listing {
	l := listing{page: page, section: s}
	if s.Topic != lexicon.Threats && s.Topic != lexicon.Risks && !byKind(page, s) {
		return l
	}
	for _, b := range page.Own(s) {
		entitled := false
		if b.Kind == document.Paragraph && b.Item == nil && !b.Title && b.Strong > 0 && b.Role() == lexicon.None && len(b.Parts) > 0 {
			title, _ := runIn(page.Lexicon, b, b.Parts[0])
			entitled = title != "" && len(lexicon.Words(title)) <= 10
		}
		switch {
		case entitled:
			l.entries = append(l.entries, []*extract.Block{b})
		case len(l.entries) > 0 && b.Kind != document.Table && !b.Title:
			l.entries[len(l.entries)-1] = append(l.entries[len(l.entries)-1], b)
		}
	}
	return l
}

// listing is one list: its top items, each with what is nested in it, and what stands around it.
type listing struct {
	page    *extract.Page
	section *extract.Section
	intro   *extract.Block // the paragraph or title right before it, nil when there is none
	entries [][]*extract.Block
	after   []*extract.Block // what stands behind it, up to the next list or title
}

func read(page *extract.Page, i int) listing {
	first := page.Blocks[i]
	l := listing{page: page, section: first.Section}
	if i > 0 {
		if prev := page.Blocks[i-1]; prev.Section == first.Section && (prev.Kind == document.Paragraph || prev.Title) {
			l.intro = prev
		}
	}
	for ; i < len(page.Blocks); i++ {
		b := page.Blocks[i]
		if b.Kind == document.Item && b.List == first.List {
			l.entries = append(l.entries, []*extract.Block{b})
			continue
		}
		if !nested(b, first.List) {
			break
		}
		l.entries[len(l.entries)-1] = append(l.entries[len(l.entries)-1], b)
	}
	for ; i < len(page.Blocks) && page.Blocks[i].Section == first.Section && page.Blocks[i].Kind != document.Item; i++ {
		l.after = append(l.after, page.Blocks[i])
	}
	return l
}

// nested reports whether a block stands in an item of the list.
func nested(b *extract.Block, list *document.Node) bool {
	for b = b.Item; b != nil; b = b.Item {
		if b.List == list {
			return true
		}
	}
	return false
}

// threats reads the entries.
func (l listing) threats(intent float64, why string) []extract.Candidate {
	var out []*extract.Draft
	own := make([]bool, 0, len(l.entries))
	var group *extract.Block // the item that the last threat is nested in
	from := 0                // where the threats begin that the next mitigations are against: those of one "Threats:", else the last one
	ids := 1                 // one id of an entry makes those without one go on about it
	for _, entry := range l.open() {
		head := entry[0]
		if head.Role() == lexicon.Mitigation && len(out) > 0 { // a mitigation beside its threat
			for i := from; i < len(out); i++ {
				out[i].Gather(entry)
				own[i] = true
			}
			continue
		}
		if id, _ := extract.ExplicitID(l.page.Lexicon, head.Text()); id == "" && ids > 1 && len(out) > 0 { // "T-1: title", then what it says
			out[len(out)-1].Say(head.Whole())
			out[len(out)-1].Gather(entry)
			continue
		} else if id != "" {
			ids++
		}
		if d, ok := l.entry(entry, intent, why); ok {
			if up := head.Item; len(out) == 0 || up == nil || up.Role() != lexicon.Threat || up != group {
				from = len(out)
			}
			group = head.Item
			out = append(out, d)
			own = append(own, d.HasMitigations())
			continue
		}
		if len(out) > 0 && head.Role() == lexicon.None && len(head.Text()) > 0 {
			if r := l.page.Reader.Read(head.Text(), prose.Range{End: len(head.Text())}); r.Measure >= 0.7 && r.Threat < 0.5 {
				out[len(out)-1].Mitigate(head.Whole())
			}
		}
	}
	shared := l.shared()
	var found []extract.Candidate
	for i, d := range out {
		if !own[i] {
			for _, p := range shared {
				d.Mitigate(p)
			}
		}
		found = append(found, d.Done())
	}
	return found
}
