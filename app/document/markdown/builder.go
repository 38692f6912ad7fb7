package markdown

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markup"
)

// builder makes one tree of what Markdown and the HTML in it open and close. It writes in document order: cursor is the end
// of all that stands in the tree, and nothing that begins before it is added.
type builder struct {
	src     string
	bytes   []byte // src, as the library wants it
	cursor  int
	stack   []frame
	waiting []*document.Node // children of open elements, innermost last
	document.Arena
	err error
}

// frame is an open element.
type frame struct {
	node *document.Node // nil when its children become its parent's
	html string         // the name of its tag; "" for Markdown, which HTML inside cannot close
	base int            // its children begin here in waiting
	body markup.Body
	drop bool // its content is not read
}

func newBuilder(src []byte) *builder {
	root := &document.Node{Kind: document.Root, Span: document.Span{End: len(src)}, Inner: document.Span{End: len(src)}}
	return &builder{src: string(src), bytes: src, stack: []frame{{node: root, body: markup.Blocks}}}
}

func (b *builder) finish() (*document.Node, error) {
	for len(b.stack) > 1 {
		b.pop(b.cursor, b.cursor)
	}
	root := b.stack[0].node
	root.Children = b.waiting
	return root, b.err
}

func (b *builder) top() *frame { return &b.stack[len(b.stack)-1] }

// push opens an element whose markup begins at start and whose content begins at inner.
func (b *builder) push(kind document.Kind, html string, body markup.Body, start, inner int) *document.Node {
	if len(b.stack) > document.DepthLimit {
		b.fail(start, "more than 1,000 elements inside each other")
	}
	f := frame{html: html, base: len(b.waiting), body: body, drop: b.top().drop}
	if body == markup.Same {
		f.body = b.top().body
	}
	if kind != "" {
		start = max(start, b.cursor)
		inner = max(inner, start)
		b.cursor = inner
		f.node = b.node(kind, document.Span{Start: start, End: inner})
		f.node.Inner = document.Span{Start: inner, End: inner}
	}
	b.stack = append(b.stack, f)
	return f.node
}

// pop closes the innermost element, whose content ends at inner and whose markup ends at end.
func (b *builder) pop(inner, end int) {
	f := b.top()
	b.stack = b.stack[:len(b.stack)-1]
	if f.node == nil {
		return
	}
	inner = max(inner, b.cursor)
	end = max(inner, end)
	f.node.Inner.End, f.node.Span.End = inner, end
	b.cursor = end
	f.node.Children = b.List(b.waiting[f.base:])
	b.waiting = b.waiting[:f.base]
	mean(f.node)
	if !f.drop {
		b.waiting = append(b.waiting, f.node)
	}
}

// popTo closes all elements above depth, HTML that was left open included, and then the one at depth.
func (b *builder) popTo(depth, inner, end int) {
	for len(b.stack)-1 > depth {
		b.pop(b.cursor, b.cursor)
	}
	b.pop(inner, end)
}

// mean gives a node its meaning once its content is known.
func mean(n *document.Node) {
	switch n.Kind {
	case document.Link:
		if key := document.IssueKey(n.Name); key != "" {
			n.Attr = map[string]string{"href": n.Name}
			n.Kind, n.Name = document.Ticket, key
		}
	case document.Details:
		n.Name = document.Title(n)
	}
}

func (b *builder) node(kind document.Kind, s document.Span) *document.Node {
	n := b.Node()
	n.Kind, n.Span = kind, s
	if b.Full() {
		b.fail(s.Start, "more than 1,000,000 pieces in one page: split the page")
	}
	return n
}

// leaf adds a node without children; nil when its place is taken or its surroundings are not read.
func (b *builder) leaf(kind document.Kind, start, end int) *document.Node {
	if start = max(start, b.cursor); end < start || b.top().drop || b.err != nil {
		return nil
	}
	n := b.node(kind, document.Span{Start: start, End: end})
	n.Inner = document.Span{Start: end, End: end}
	b.cursor = end
	b.waiting = append(b.waiting, n)
	return n
}

// exact adds text that stands in the source as it reads.
func (b *builder) exact(start, end int) {
	if start = max(start, b.cursor); start >= end {
		return
	}
	if n := b.leaf(document.Text, start, end); n != nil {
		n.Text, n.Inner = b.src[start:end], n.Span
	}
}

// prose adds text with character references and, in Markdown, escapes.
func (b *builder) prose(start, end int, escapes bool) {
	for start < end {
		i := start + strings.IndexAny(b.src[start:end], `&\`)
		if i < start {
			break
		}
		decoded, n := "", 0
		if b.src[i] == '&' {
			decoded, n = document.Reference(b.src[i:end])
		} else if escapes && i+1 < end && strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", b.src[i+1]) >= 0 {
			decoded, n = b.src[i+1:i+2], 2
		}
		if n == 0 {
			b.exact(start, i+1)
			start = i + 1
			continue
		}
		b.exact(start, i)
		if t := b.leaf(document.Text, i, i+n); t != nil {
			t.Text = decoded
		}
		start = i + n
	}
	b.exact(start, end)
}

// between reports whether white space at this place stands between blocks.
func (b *builder) between() bool {
	f := b.top()
	return f.body == markup.Rows ||
		f.body == markup.Blocks && (len(b.waiting) == f.base || b.waiting[len(b.waiting)-1].IsBlock())
}

func (b *builder) fail(at int, what string) {
	if b.err == nil {
		b.err = document.Invalid(b.src, at, what)
	}
}
