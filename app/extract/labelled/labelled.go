// Package labelled finds threats that a label announces: "**Threat:** … **Mitigation:** …" in paragraphs, items, definition
// lists and the bodies of <details>.
package labelled

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
)

// Finder finds labelled threats.
type Finder struct{}

// Name is "labelled".
func (Finder) Name() string { return "labelled" }

// Version of the rules.
func (Finder) Version() int { return 2 }

// Find reads every block that a label makes a threat, with the labelled blocks behind it.
func (f Finder) Find(page *extract.Page) []extract.Candidate {
	var out []extract.Candidate
	read := 0 // the blocks before belong to threats already found
	for i := 0; i < len(page.Blocks); i++ {
		b := page.Blocks[i]
		if !announces(page, b) {
			continue
		}
		before := i // "**Control:** …" stands before "**Threat:** …" in some lists
		for before > read && beside(b, page.Blocks[before-1]) && labels(page.Blocks[before-1]) {
			before--
		}
		lead := page.Blocks[before:i]
		group := []*extract.Block{b} // "Threat 1: …", "Threat 2: …" share what follows them
		end := i + 1
		for end < len(page.Blocks) && beside(b, page.Blocks[end]) && announces(page, page.Blocks[end]) {
			group = append(group, page.Blocks[end])
			end++
		}
		for end < len(page.Blocks) && below(b, page.Blocks[end]) && !announces(page, page.Blocks[end]) {
			end++
		}
		shared := page.Blocks[i+len(group) : end]
		read = end
		if !numbered(group) && len(group) > 1 {
			for k, g := range group[:len(group)-1] {
				out = append(out, f.entry(page, g, nil, nil, k == 0))
			}
			group = group[len(group)-1:]
		}
		for _, g := range group {
			out = append(out, f.entry(page, g, lead, shared, len(group) == 1))
		}
		i = end - 1
	}
	return out
}

// announces reports whether a block's own label says that it states a threat.
func announces(page *extract.Page, b *extract.Block) bool {
	if b.Title || b.Kind == document.Heading || b.Section.Within == lexicon.Excluded || b.Section.Within == lexicon.Mitigations && b.Section.Topic == lexicon.Mitigations {
		return false
	}
	p := b.Parts
	if len(p) == 0 || p[0].Label == "" || !page.Lexicon.Plain(p[0].Label) {
		return false
	}
	switch p[0].Role {
	case lexicon.Threat:
	case lexicon.Concern:
		if !b.Section.Within.Gathers() && !(len(p) > 1 && p[1].Role == lexicon.Mitigation) {
			return false
		}
	default:
		return false
	}
	text := b.Passage(p[0]).Text()
	if strings.HasSuffix(text, "?") {
		return false
	}
	if page.Lexicon.Empty(text) || strings.HasSuffix(text, ":") {
		return false
	}
	_, rating := page.Lexicon.Severity(text)
	return !rating && !b.Linked()
}

// beside reports whether b stands next to the first block of a group, in the same list or flow.
func beside(first, b *extract.Block) bool {
	return b.Section == first.Section && b.Item == first.Item && b.List == first.List
}

// below reports whether b may belong to the threat that first states: in its section, not outside of its list item.
func below(first, b *extract.Block) bool {
	if b.Kind == document.Heading || !b.Section.In(first.Section) {
		return false
	}
	if b.Title && b.Section != first.Section {
		return b.Section.Topic == lexicon.Mitigations
	}
	if first.Item != nil && !in(b, first.Item) {
		return false
	}
	if first.Kind == document.Item && b.Kind == document.Item && b.List == first.List { // the next entry, or a part of this one
		return labels(b) || b.Strong > 0
	}
	return true
}

func in(b, item *extract.Block) bool {
	for ; b != nil; b = b.Item {
		if b == item {
			return true
		}
	}
	return false
}

// labels reports whether a block is one labelled part of a record.
func labels(b *extract.Block) bool {
	return !b.Title && len(b.Parts) > 0 && b.Parts[0].Label != "" && b.Parts[0].Role != lexicon.Threat
}

func numbered(group []*extract.Block) bool {
	for _, b := range group {
		if !strings.ContainsAny(b.Parts[0].Label, "0123456789") {
			return false
		}
	}
	return true
}

func (f Finder) entry(page *extract.Page, b *extract.Block, lead, rest []*extract.Block, alone bool) extract.Candidate {
	part := b.Parts[0]
	d := page.Draft("labelled", b.Passage(part))
	d.Cover(b.Node.Span)
	d.Kind(b.Section.Kind)
	if id, _ := extract.ExplicitID(page.Lexicon, part.Label+":"); id != "" && id != part.Label {
		d.Label(id)
	}
	if title := title(page, b); alone && title != nil {
		d.Cover(title.Node.Span)
		d.Entitle(title.Text())
	}
	d.Gather(lead)
	d.Gather([]*extract.Block{b})
	if len(lexicon.Words(b.Passage(part).Text())) <= 3 { // "Risk: Performance", said in what follows
		if best, _, ok := page.Best(rest, 0.4); ok {
			d.Say(best)
		} else if lead, ok := page.Lead(rest); ok {
			d.Say(lead)
		}
	}
	d.Gather(rest)
	d.Because(0.95, "labelled “"+part.Label+"”")
	return d.Done()
}

// title is the block that titles a labelled threat: the line right before it that is none of the labelled ones, or the title
// of its section, when that names nothing else.
func title(page *extract.Page, b *extract.Block) *extract.Block {
	if b.Index == 0 || b.Kind == document.Item && b.Item == nil && b.Index > 0 && page.Blocks[b.Index-1].Kind == document.Item {
		return nil
	}
	prev := page.Blocks[b.Index-1]
	for prev != b.Section.Head && prev.Index > 0 && beside(b, prev) && len(prev.Parts) > 0 && prev.Parts[0].Label != "" && prev.Role() != lexicon.Threat && prev.Role() != lexicon.Mitigation {
		prev = page.Blocks[prev.Index-1]
	}
	switch {
	case prev == b.Section.Head:
		if b.Section.Known || b.Section.Names || b.Section.Level == 1 || b.Kind == document.Item && !b.Section.Within.Gathers() {
			return nil
		}
		return prev
	case prev.Kind == document.Item && b.Item == prev && prev.Role() == lexicon.None:
		return prev
	case prev.Kind == document.Paragraph && b.Kind == document.Paragraph && prev.Section == b.Section && prev.Role() == lexicon.None:
		if t := prev.Text(); len(lexicon.Words(t)) <= 16 && !strings.HasSuffix(t, ".") && !strings.HasSuffix(t, ":") {
			return prev
		}
	}
	return nil
}
