package extract

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/lexicon"
)

// Block is one piece of text that stands by itself: a heading, a paragraph, an item without the items in it, a term, or a table.
type Block struct {
	Kind    document.Kind // Heading, Paragraph, Item, Term, Def, Summary or Table
	Node    *document.Node
	Flat    document.Flat // empty for a Table
	Index   int           // in Page.Blocks
	Section *Section      // the innermost one that it stands in; a heading's is the one that it opens
	Item    *Block        // the list item that it stands in, or that an Item is nested in; nil outside of lists
	List    *document.Node
	Depth   int              // of an item: 0 for a list of its own
	Title   bool             // it serves as the title of a section
	Parts   []Part           // at least one for a block with text
	Marks   []*document.Node // mentions, tickets, status lozenges and dates in it
	Strong  int              // the length of the text in bold or italics that it begins with
}

// Part is a stretch of a block's text with one role: "Threat: …", then "Mitigation: …".
type Part struct {
	Role       lexicon.Role
	Label      string // as written, without the colon; "" where there is none
	Start, End int    // the text behind the label
	From       int    // where the label starts
}

// Text is the block's text as a reader sees it.
func (b *Block) Text() string { return b.Flat.Text }

// Role is the role of its first part.
func (b *Block) Role() lexicon.Role {
	if len(b.Parts) == 0 {
		return lexicon.None
	}
	return b.Parts[0].Role
}

// Passage is the text of a part.
func (b *Block) Passage(p Part) Passage { return Passage{&b.Flat, p.Start, p.End} }

// Whole is all of the block's text.
func (b *Block) Whole() Passage { return Passage{&b.Flat, 0, len(b.Flat.Text)} }

// Linked reports whether the block is one link and nothing else, as in a table of contents.
func (b *Block) Linked() bool {
	links := 0
	for _, c := range b.Node.Children {
		switch {
		case c.Kind == document.Link:
			links++
		case c.Kind == document.Text && strings.Trim(c.Text, " \n.:") == "":
		default:
			return false
		}
	}
	return links > 0
}

// Passage is a range of a flat text.
type Passage struct {
	Flat       *document.Flat
	Start, End int
}

// Text is the passage as a reader sees it, without white space at its ends.
func (p Passage) Text() string {
	if p.Flat == nil {
		return ""
	}
	return strings.TrimSpace(p.Flat.Text[p.Start:p.End])
}

// Span is the passage in the source.
func (p Passage) Span() document.Span {
	if p.Flat == nil {
		return document.Span{}
	}
	return p.Flat.Span(p.Start, p.End)
}

// Cut is a range of the passage's own text, by offsets into the flat text.
func (p Passage) Cut(start, end int) Passage {
	return Passage{p.Flat, max(start, p.Start), min(end, p.End)}
}

// Blank reports whether there is nothing to read.
func (p Passage) Blank() bool { return p.Text() == "" }
