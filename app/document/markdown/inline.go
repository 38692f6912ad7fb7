package markdown

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markup"
)

// inlines adds the inline children of a node.
func (b *builder) inlines(parent ast.Node) {
	for n := parent.FirstChild(); n != nil && b.err == nil; n = n.NextSibling() {
		b.inline(n)
	}
}

func (b *builder) inline(n ast.Node) {
	depth := len(b.stack)
	switch n := n.(type) {
	case *ast.Text:
		b.text(n)
	case *ast.Emphasis:
		kind := document.Emphasis
		if n.Level == 2 {
			kind = document.Strong
		}
		b.delimited(n, kind, n.Level)
	case *extast.Strikethrough:
		at := max(n.Pos(), b.cursor)
		b.delimited(n, document.Strike, run(b.src, at, '~'))
	case *ast.CodeSpan:
		b.codeSpan(n)
	case *ast.Link:
		at := max(n.Pos(), b.cursor)
		b.push(document.Link, "", markup.Prose, at, at+1).Name = string(n.Destination)
		b.inlines(n)
		inner := b.cursor
		b.popTo(depth, inner, linkEnd(b.src, inner, n.Reference))
	case *ast.Image:
		at := max(n.Pos(), b.cursor)
		node := b.push(document.Image, "", markup.Prose, at, at+2)
		node.Name = string(n.Destination)
		b.inlines(n)
		inner := b.cursor
		b.popTo(depth, inner, linkEnd(b.src, inner, n.Reference))
		node.Text, node.Children = document.FlattenAll(node.Children).Text, nil
	case *ast.AutoLink:
		b.autoLink(n)
	case *ast.RawHTML:
		b.html(n.Segments.Sliced(0, n.Segments.Len()))
	case *extast.TaskCheckBox:
		for i := len(b.stack) - 1; i > 0; i-- {
			if item := b.stack[i].node; item != nil && item.Kind == document.Item {
				item.Attr = map[string]string{"done": map[bool]string{true: "true", false: "false"}[n.IsChecked]}
				break
			}
		}
	default:
		b.inlines(n)
	}
}

func (b *builder) text(n *ast.Text) {
	s := n.Segment
	if n.IsRaw() {
		b.exact(s.Start, s.Stop)
	} else {
		b.prose(s.Start, s.Stop, true)
	}
	if !n.SoftLineBreak() && !n.HardLineBreak() {
		return
	}
	end := strings.IndexByte(b.src[s.Stop:], '\n')
	if end < 0 {
		return
	}
	if end += s.Stop + 1; n.HardLineBreak() {
		b.leaf(document.Break, s.Stop, end)
	} else {
		b.exact(end-1, end)
	}
}

// delimited adds an element between marks of width bytes.
func (b *builder) delimited(n ast.Node, kind document.Kind, width int) {
	depth := len(b.stack)
	start := b.cursor // the marks before the first child are the element's own: what stood before them has been added
	if at := n.Pos(); at > start {
		start = at
	}
	b.push(kind, "", markup.Prose, start, min(start+width, len(b.src)))
	b.inlines(n)
	inner := b.cursor
	b.popTo(depth, inner, min(inner+width, len(b.src)))
}

// codeSpan adds code between equal runs of backticks, of which one blank may belong to the marks on either side.
func (b *builder) codeSpan(n *ast.CodeSpan) {
	depth := len(b.stack)
	start := max(n.Pos(), b.cursor)
	width := run(b.src, start, '`')
	node := b.push(document.CodeSpan, "", markup.Prose, start, start+width)
	b.inlines(n)
	inner := b.cursor
	end := inner
	for i := inner; i <= inner+1 && i < len(b.src); i++ {
		if width > 0 && run(b.src, i, '`') == width {
			end = i + width
			break
		}
	}
	b.popTo(depth, inner, end)
	if len(node.Children) > 0 {
		node.Inner = document.Span{Start: node.Children[0].Span.Start, End: inner}
	}
}

func (b *builder) autoLink(n *ast.AutoLink) {
	label := string(n.Label(b.bytes))
	at := max(n.Pos(), b.cursor)
	i := strings.Index(b.src[at:min(at+len(label)+8, len(b.src))], label)
	if i < 0 {
		return
	}
	start, end := at+i, at+i+len(label)
	outer := end
	open := start
	if start > b.cursor && b.src[start-1] == '<' && end < len(b.src) && b.src[end] == '>' {
		open, outer = start-1, end+1
	}
	depth := len(b.stack)
	b.push(document.Link, "", markup.Prose, open, start).Name = string(n.URL(b.bytes))
	b.exact(start, end)
	b.popTo(depth, end, outer)
}

// run counts how often c stands from offset at on.
func run(s string, at int, c byte) int {
	n := 0
	for at+n < len(s) && s[at+n] == c {
		n++
	}
	return n
}

// linkEnd is the end of a link whose text ends at offset at: behind "](target "title")", "][reference]" or "]".
func linkEnd(s string, at int, reference *ast.ReferenceLink) int {
	if at >= len(s) || s[at] != ']' {
		return at
	}
	i := at + 1
	switch {
	case reference == nil:
		if i < len(s) && s[i] == '(' {
			return targetEnd(s, i)
		}
	case reference.Type == ast.ReferenceLinkFull || reference.Type == ast.ReferenceLinkCollapsed:
		if i < len(s) && s[i] == '[' {
			if j := strings.IndexByte(s[i:], ']'); j > 0 {
				return i + j + 1
			}
		}
	}
	return i
}

// targetEnd is the end of a link's target and title in parentheses, which open at offset at.
func targetEnd(s string, at int) int {
	depth := 0
	for i := at; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '<' && strings.TrimLeft(s[at+1:i], " \t\n") == "":
			if j := strings.IndexAny(s[i:], ">\n"); j > 0 {
				i += j
			}
		case (c == '"' || c == '\'') && (s[i-1] == ' ' || s[i-1] == '\n' || s[i-1] == '\t'):
			j := i + 1
			for j < len(s) && s[j] != c {
				if s[j] == '\\' {
					j++
				}
				j++
			}
			i = j
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return at
}
