package extract

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

// Own are the blocks that stand in a section itself, not in its subsections.
func (p *Page) Own(s *Section) []*Block {
	var out []*Block
	for _, b := range p.Blocks[s.First:s.End] {
		if b.Section == s {
			out = append(out, b)
		}
	}
	return out
}

// Remedies are the passages of blocks that list mitigations and nothing else: each item, each paragraph. What is nested in an
// item explains it; what bears another label (status, owner) is no mitigation.
func (p *Page) Remedies(blocks []*Block) []Passage {
	var out []Passage
	depth := -1
	for _, b := range blocks {
		if b.Kind == document.Item {
			if depth < 0 || b.Depth < depth {
				depth = b.Depth
			}
		}
	}
	for _, b := range blocks {
		if b.Title || b.Kind == document.Table || b.Kind == document.Heading || b.Kind == document.Item && b.Depth > depth || b.Kind != document.Item && b.Item != nil && depth >= 0 {
			continue
		}
		for _, part := range b.Parts {
			if part.Role == lexicon.None || part.Role == lexicon.Mitigation {
				if passage := b.Passage(part); !passage.Blank() && !introduces(passage.Text()) {
					out = append(out, passage)
				}
			}
		}
	}
	return out
}

// introduces reports whether a text only leads over to a list.
func introduces(text string) bool { return text[len(text)-1] == ':' }

// Best is the sentence of the blocks that states a threat best, the first of equals; ok is false when none reaches least.
func (p *Page) Best(blocks []*Block, least float64) (best Passage, reading prose.Reading, ok bool) {
	for _, b := range blocks {
		if b.Kind == document.Table || b.Title {
			continue
		}
		for _, part := range b.Parts {
			if part.Role == lexicon.Mitigation || part.Role == lexicon.Reference || part.Role == lexicon.Example {
				continue
			}
			text := b.Flat.Text[part.Start:part.End]
			for _, s := range prose.Sentences(text) {
				at := prose.Range{Start: part.Start + s.Start, End: part.Start + s.End}
				if r := p.Reader.Read(b.Flat.Text, at); r.Threat >= least && r.Threat > reading.Threat {
					best, reading, ok = Passage{&b.Flat, at.Start, at.End}, r, true
				}
			}
		}
	}
	return best, reading, ok
}

// Paragraph is the part of a paragraph that a sentence stands in; blank when the sentence stands in another kind of block.
func (p *Page) Paragraph(blocks []*Block, sentence Passage) Passage {
	for _, b := range blocks {
		if &b.Flat != sentence.Flat || b.Kind != document.Paragraph {
			continue
		}
		for _, part := range b.Parts {
			if part.Start <= sentence.Start && sentence.End <= part.End {
				return b.Passage(part)
			}
		}
	}
	return Passage{}
}

// Lead is the first sentence of the blocks' paragraphs that is neither label nor title.
func (p *Page) Lead(blocks []*Block) (Passage, bool) {
	for _, b := range blocks {
		if b.Kind == document.Table || b.Title || len(b.Parts) == 0 || b.Parts[0].Role != lexicon.None && b.Parts[0].Role != lexicon.Description && b.Parts[0].Role != lexicon.Threat {
			continue
		}
		part := b.Parts[0]
		if ss := prose.Sentences(b.Flat.Text[part.Start:part.End]); len(ss) > 0 {
			return Passage{&b.Flat, part.Start + ss[0].Start, part.Start + ss[0].End}, true
		}
	}
	return Passage{}, false
}

// Gather reads what blocks below a threat say of it: labelled parts, lists behind a "Mitigations:" label, marks.
func (d *Draft) Gather(blocks []*Block) {
	var awaiting *Block // a block that ends in a mitigation label without text: what follows is the mitigation
	acts := false       // somebody who acts was named
	for i, b := range blocks {
		if b.Kind == document.Table || b.Title {
			awaiting = nil
			continue
		}
		d.Cover(b.Node.Span)
		labelled := false
		for _, part := range b.Parts {
			if _, rated := d.page.Lexicon.Severity(b.Passage(part).Text()); part.Role == lexicon.Threat && rated {
				d.Put(lexicon.Severity, b.Passage(part)) // "Risk: high"
				continue
			}
			if part.Role == lexicon.None || part.Role == lexicon.Threat || part.Role == lexicon.Concern {
				continue
			}
			labelled = true
			acts = acts || part.Role == lexicon.Actor
			passage := b.Passage(part)
			if acts && strings.EqualFold(part.Label, "action") { // what the actor does
				d.Put(lexicon.Description, passage)
				continue
			}
			if part.Role == lexicon.Mitigation {
				awaiting = b
				if !passage.Blank() {
					d.Mitigate(passage)
				}
				continue
			}
			if part.Role == lexicon.Title || part.Role == lexicon.Description && d.c.Statement != "" {
				continue
			}
			d.Put(part.Role, passage)
		}
		d.Marks(b.Marks)
		if labelled {
			if b.Parts[len(b.Parts)-1].Role != lexicon.Mitigation {
				awaiting = nil
			}
			continue
		}
		if awaiting == nil {
			continue
		}
		switch {
		case b.Kind == document.Item && follows(awaiting, b, blocks[:i]):
			if top := nearest(awaiting, blocks[:i]); b.Depth <= top || b.Item == awaiting {
				d.Mitigate(b.Whole())
			}
		case b.Kind != document.Item && awaiting.Passage(awaiting.Parts[len(awaiting.Parts)-1]).Blank() && b.Item == awaiting.Item:
			d.Mitigate(b.Whole())
			awaiting = nil
		}
	}
}

// follows reports whether an item belongs to the list that a label leads over to.
func follows(label, b *Block, _ []*Block) bool {
	if label.Kind == document.Item {
		return b.Item == label || b.Item != nil && b.Item.Item == label
	}
	return true
}

// nearest is the depth of the first item behind a label.
func nearest(label *Block, blocks []*Block) int {
	for _, b := range blocks {
		if b.Index > label.Index && b.Kind == document.Item {
			return b.Depth
		}
	}
	return 1 << 20
}

// Measures are the sentences of unlabelled blocks that say what is done: in paragraphs, and the items of lists that they
// lead over to.
func (p *Page) Measures(blocks []*Block) []Passage {
	var out []Passage
	prescribed := false // the paragraph before says "… should:"
	for _, b := range blocks {
		if b.Kind == document.Table || b.Title || len(b.Parts) == 0 || b.Parts[0].Role != lexicon.None {
			prescribed = false
			continue
		}
		text := b.Flat.Text
		if b.Kind == document.Item && prescribed {
			if b.Depth == 0 {
				out = append(out, b.Whole())
			}
			continue
		}
		prescribed = false
		for _, s := range prose.Sentences(text) {
			r := p.Reader.Read(text, s)
			if r.Measure < 0.5 || r.Threat > 0.6 {
				continue
			}
			if text[s.End-1] == ':' {
				prescribed = true
				continue
			}
			out = append(out, Passage{&b.Flat, s.Start, s.End})
		}
	}
	return out
}
