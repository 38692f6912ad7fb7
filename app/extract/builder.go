package extract

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/lexicon"
)

// builder turns the tree into blocks and sections.
type builder struct {
	page    *Page
	open    *Section
	short   *Section // a title that holds for the next list or table only
	comment bool     // inside of a comment that Markdown reads as text, because blank lines stand in it
	floor   *Section // headings inside of an item or <details> end nothing outside of it
}

const (
	detailsLevel = 7  // the title of a <details>
	boldLevel    = 8  // a line in bold
	colonLevel   = 9  // "Risks:" before a list
	deepest      = 30 // titles inside each other beyond this open no section
)

func (b *builder) root() {
	b.open = &Section{}
	b.page.Sections = append(b.page.Sections, b.open)
	b.flow(b.page.Root, nil)
	for ; b.open != nil; b.open = b.open.Parent {
		b.open.End = len(b.page.Blocks)
	}
}

// flow reads the children of a container of blocks.
func (b *builder) flow(n *document.Node, item *Block) {
	if n == nil {
		return
	}
	for i, c := range n.Children {
		switch c.Kind {
		case document.Heading:
			b.close(c.Level)
			b.section(b.block(c, document.FlattenAll(c.Children), item), c.Level)
		case document.Paragraph, document.Term, document.Def:
			b.paragraph(c, following(n.Children, i), item)
		case document.List:
			if lead := entitles(c, following(n.Children, i)); lead != nil && item == nil {
				b.close(colonLevel)
				b.short = b.section(b.block(lead, document.FlattenAll(lead.Children), item), colonLevel)
				continue
			}
			b.list(c, item, 0)
			b.closeShort()
		case document.Table:
			b.table(c, item)
			b.closeShort()
		case document.Details:
			b.details(c, item)
		case document.Macro:
			if len(c.Children) > 0 && c.Children[0].Kind == document.Summary { // a panel with a title
				b.details(c, item)
			} else {
				b.flow(c, item)
			}
		case document.Terms:
			b.terms(c, item)
		case document.Code, document.Image:
		case document.Text, document.Strong, document.Emphasis, document.Link, document.CodeSpan, document.Mention, document.Ticket, document.Status:
			// inline content outside of a paragraph, as in a macro's body
			if strings.TrimSpace(document.Flatten(c).Text) != "" && !b.inlineBefore(n, i) {
				b.inline(n, i, item)
			}
		default:
			b.flow(c, item)
		}
	}
}

// inlineBefore reports whether child i goes on with inline content that was read already.
func (b *builder) inlineBefore(n *document.Node, i int) bool {
	return i > 0 && !n.Children[i-1].IsBlock()
}

// inline reads a run of inline children as a paragraph.
func (b *builder) inline(n *document.Node, from int, item *Block) {
	to := from
	for to < len(n.Children) && !n.Children[to].IsBlock() {
		to++
	}
	run := n.Children[from:to]
	node := &document.Node{
		Kind: document.Paragraph, Children: run,
		Span: document.Span{Start: run[0].Span.Start, End: run[len(run)-1].Span.End},
	}
	node.Inner = node.Span
	b.paragraph(node, following(n.Children, to-1), item)
}

// following is the next sibling that is a block.
func following(nodes []*document.Node, i int) *document.Node {
	for _, n := range nodes[i+1:] {
		if n.IsBlock() {
			return n
		}
		if n.Kind != document.Text || strings.TrimSpace(n.Text) != "" {
			return n
		}
	}
	return nil
}

// terms reads a definition list. A term that names a role labels its definitions.
func (b *builder) terms(n *document.Node, item *Block) {
	label := Part{}
	for _, c := range n.Children {
		before := len(b.page.Blocks)
		if c.Kind != document.Def {
			b.flow(&document.Node{Kind: document.Layout, Children: []*document.Node{c}}, item)
			if len(b.page.Blocks) > before {
				text := plain(b.page.Blocks[before].Text())
				label = Part{Role: b.page.Lexicon.Role(text), Label: text}
			}
			continue
		}
		if len(c.Children) > 0 && c.Children[0].IsBlock() {
			b.flow(c, item)
		} else {
			b.flow(&document.Node{Kind: document.Layout, Children: []*document.Node{c}}, item)
		}
		if len(b.page.Blocks) > before && label.Role != lexicon.None {
			if blk := b.page.Blocks[before]; len(blk.Parts) > 0 && blk.Parts[0].Role == lexicon.None {
				blk.Parts[0].Role, blk.Parts[0].Label = label.Role, label.Label
			}
		}
	}
}

// paragraph reads a paragraph; one that serves as a title opens a section.
func (b *builder) paragraph(n, next *document.Node, item *Block) {
	flat := document.FlattenAll(n.Children)
	if flat.Text == "" {
		return
	}
	if n.Kind == document.Paragraph && item == nil {
		if level := b.titles(n, flat.Text, next); level > 0 {
			b.close(level)
			blk := b.block(n, flat, item)
			s := b.section(blk, level)
			if level == colonLevel {
				b.short = s
			}
			return
		}
		b.closeShort()
	}
	b.block(n, flat, item)
}

// entitles is the one item of a list that only titles the list behind it ("3. Networking", then bullets), nil for another.
func entitles(n, next *document.Node) *document.Node {
	if next == nil || next.Kind != document.List || n.Attr["ordered"] != "true" || next.Attr["ordered"] == "true" || len(n.Children) != 1 {
		return nil
	}
	item := n.Children[0]
	for _, c := range item.Children {
		if c.IsBlock() && (c.Kind != document.Paragraph || len(item.Children) > 1) {
			return nil
		}
	}
	if text := document.FlattenAll(item.Children).Text; text == "" || len(lexicon.Words(text)) > 9 || strings.HasSuffix(text, ".") {
		return nil
	}
	return item
}

// titles is the level of a paragraph that serves as a title: a line in bold alone, or "Risks:" before a list; 0 for another.
func (b *builder) titles(n *document.Node, text string, next *document.Node) int {
	if len(text) > 120 || strings.Count(text, " ") > 24 {
		return 0
	}
	words := len(lexicon.Words(text))
	if words == 0 || words > 14 {
		return 0
	}
	lex := b.page.Lexicon
	if named(n) { // "Owner: @somebody"
		return 0
	}
	if emphatic(n, text) == len(text) && !strings.HasSuffix(text, ".") && lex.Role(strings.TrimRight(text, ": ")) != lexicon.ID {
		return boldLevel
	}
	if next == nil || next.Kind != document.List && next.Kind != document.Table || words > 8 {
		return 0
	}
	if _, ok := lex.STRIDE(text); ok {
		return boldLevel
	}
	if strings.HasSuffix(text, ":") {
		if _, ok := lex.Topic(text); ok {
			return colonLevel
		}
	}
	return 0
}

// named reports whether a paragraph names a person, ticket, state or date beside its text.
func named(n *document.Node) bool {
	for _, c := range n.Children {
		switch c.Kind {
		case document.Mention, document.Ticket, document.Status, document.Date:
			return true
		}
	}
	return false
}

// emphatic is the length of the bold or italic text that a block begins with; all of the text when nothing but punctuation stands
// behind it.
func emphatic(n *document.Node, text string) int {
	length := 0
	for _, c := range n.Children {
		switch {
		case c.Kind == document.Strong || c.Kind == document.Emphasis:
			length += len(document.Flatten(c).Text)
			for length < len(text) && text[length] == ' ' {
				length++
			}
		case c.Kind == document.Text && strings.TrimSpace(c.Text) == "":
		case length > 0 && c.Kind == document.Text && strings.Trim(text[min(length, len(text)):], " \n:.") == "":
			return len(text)
		default:
			return min(length, len(text))
		}
	}
	return min(length, len(text))
}

// block adds a block.
func (b *builder) block(n *document.Node, flat document.Flat, item *Block) *Block {
	blk := &Block{Kind: n.Kind, Node: n, Flat: flat, Index: len(b.page.Blocks), Section: b.open, Item: item}
	if flat.Text != "" {
		blk.Strong = emphatic(n, flat.Text)
		blk.Parts = b.visible(parts(b.page.Lexicon, blk), flat.Text)
	}
	b.page.Blocks = append(b.page.Blocks, blk)
	return blk
}

// visible leaves out the parts of a block that stand in a comment.
func (b *builder) visible(parts []Part, text string) []Part {
	if b.page.Format != document.Markdown {
		return parts
	}
	if b.comment {
		b.comment = !strings.Contains(text, "-->")
		return nil
	}
	start := strings.Index(text, "<!--")
	if start < 0 || strings.Contains(text[start:], "-->") {
		return parts
	}
	b.comment = true
	var out []Part
	for _, p := range parts {
		if p.From < start && p.Start < start {
			p.End = min(p.End, start)
			out = append(out, p)
		}
	}
	return out
}

// section opens a section with a block as its title.
func (b *builder) section(head *Block, level int) *Section {
	s := &Section{Title: plain(head.Flat.Text), Head: head, Level: level, Parent: b.open, First: len(b.page.Blocks)}
	b.open.Kids = append(b.open.Kids, s)
	head.Title, head.Section = true, s
	b.page.Sections = append(b.page.Sections, s)
	b.open = s
	return s
}

// close ends the open sections down to a level.
func (b *builder) close(level int) {
	for b.open != b.floor && b.open.Parent != nil && b.open.Level >= level {
		b.pop()
	}
}

func (b *builder) pop() {
	if b.open == b.short {
		b.short = nil
	}
	b.open.End = len(b.page.Blocks)
	b.open = b.open.Parent
}

// within reads something whose headings hold to its own end only.
func (b *builder) within(read func()) {
	floor, open := b.floor, b.open
	b.floor = open
	read()
	for b.open != open {
		b.pop()
	}
	b.floor = floor
}

func (b *builder) closeShort() {
	if b.short != nil {
		b.close(b.short.Level)
	}
}

// details reads a <details> or expand macro as a section of its own.
func (b *builder) details(n *document.Node, item *Block) {
	b.within(func() {
		rest := &document.Node{Kind: document.Layout}
		for _, c := range n.Children {
			if c.Kind != document.Summary {
				rest.Children = append(rest.Children, c)
				continue
			}
			if flat := document.FlattenAll(c.Children); flat.Text != "" && b.open.Level < deepest {
				b.section(b.block(c, flat, item), max(detailsLevel, b.open.Level+1))
			}
		}
		b.flow(rest, item)
	})
}

// list reads items: each one's own text as a block, then what is nested in it.
func (b *builder) list(n *document.Node, item *Block, depth int) {
	for _, c := range n.Children {
		if c.Kind != document.Item {
			continue
		}
		own := c.Children
		var rest []*document.Node
		for i, k := range c.Children {
			if k.IsBlock() {
				own, rest = c.Children[:i], c.Children[i:]
				break
			}
		}
		flat := document.FlattenAll(own)
		lead := &document.Node{Kind: document.Item, Span: c.Span, Inner: c.Inner, Attr: c.Attr, Children: own}
		if flat.Text == "" && len(rest) > 0 && rest[0].Kind == document.Paragraph {
			lead.Children = rest[0].Children
			flat, rest = document.FlattenAll(rest[0].Children), rest[1:]
		}
		blk := b.block(lead, flat, item)
		blk.List, blk.Depth = n, depth
		for _, k := range rest {
			if k.Kind == document.List {
				b.list(k, blk, depth+1)
				continue
			}
			b.within(func() { b.flow(&document.Node{Kind: document.Layout, Children: []*document.Node{k}}, blk) })
		}
	}
}

// table adds a table as one block; one that only lays out the page is read through.
func (b *builder) table(n *document.Node, item *Block) {
	if lays(n) {
		for _, row := range n.Children {
			b.flow(row, item)
		}
		return
	}
	blk := &Block{Kind: document.Table, Node: n, Index: len(b.page.Blocks), Section: b.open, Item: item}
	b.page.Blocks = append(b.page.Blocks, blk)
}

// lays reports whether a table has one cell only, or a cell with headings in it.
func lays(n *document.Node) bool {
	cells := 0
	for _, row := range n.Children {
		cells += len(row.Children)
		for _, c := range row.Children {
			for _, k := range c.Children {
				if k.Kind == document.Heading {
					return true
				}
			}
		}
	}
	return cells == 1
}
