package markdown

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markup"
)

// blocks adds the block children of a node.
func (b *builder) blocks(parent ast.Node) {
	for n := parent.FirstChild(); n != nil && b.err == nil; n = n.NextSibling() {
		b.block(n)
	}
}

func (b *builder) block(n ast.Node) {
	depth := len(b.stack)
	switch n := n.(type) {
	case *ast.Heading:
		node := b.push(document.Heading, "", markup.Prose, b.start(n), b.contentStart(n))
		node.Level = n.Level
		b.inlines(n)
		inner := b.contentEnd(n)
		end := inner
		if b.src[node.Span.Start] == '#' {
			end = b.lineEnd(inner)
		}
		b.popTo(depth, inner, end)
	case *ast.Paragraph:
		b.container(n, document.Paragraph, markup.Prose, b.inlines)
	case *ast.TextBlock:
		if in := b.top().node; in != nil && (in.Kind == document.Item || in.Kind == document.Def) {
			b.push("", "", markup.Prose, 0, 0)
			b.inlines(n)
			b.popTo(depth, b.cursor, b.cursor)
			return
		}
		b.container(n, document.Paragraph, markup.Prose, b.inlines)
	case *ast.Blockquote:
		b.container(n, document.Quote, markup.Blocks, b.blocks)
	case *ast.List:
		node := b.container(n, document.List, markup.Rows, b.blocks)
		if n.IsOrdered() {
			node.Attr = map[string]string{"ordered": "true"}
		}
	case *ast.ListItem:
		b.container(n, document.Item, markup.Blocks, b.blocks)
	case *extast.DefinitionList:
		b.container(n, document.Terms, markup.Rows, b.blocks)
	case *extast.DefinitionTerm:
		b.container(n, document.Term, markup.Prose, b.inlines)
	case *extast.DefinitionDescription:
		b.container(n, document.Def, markup.Blocks, b.blocks)
	case *extast.Table:
		b.container(n, document.Table, markup.Rows, b.blocks)
	case *extast.TableHeader:
		b.row(n, true)
	case *extast.TableRow:
		b.row(n, false)
	case *ast.FencedCodeBlock:
		b.code(n, string(n.Language(b.bytes)))
	case *ast.CodeBlock:
		b.code(n, "")
	case *ast.HTMLBlock:
		lines := n.Lines().Sliced(0, n.Lines().Len())
		if n.HasClosure() {
			lines = append(lines[:len(lines):len(lines)], n.ClosureLine)
		}
		b.html(lines)
	case *ast.ThematicBreak:
		if at := n.Pos(); at >= b.cursor {
			b.leaf(document.Break, at, b.lineEnd(at))
		}
	default:
		b.blocks(n)
	}
}

// container adds a block whose end is that of its content.
func (b *builder) container(n ast.Node, kind document.Kind, body markup.Body, content func(ast.Node)) *document.Node {
	depth := len(b.stack)
	start := b.start(n)
	node := b.push(kind, "", body, start, max(start, b.contentStart(n)))
	content(n)
	end := b.cursor
	if body == markup.Prose {
		end = max(end, b.contentEnd(n))
	}
	b.popTo(depth, end, end)
	return node
}

func (b *builder) row(n ast.Node, header bool) {
	depth := len(b.stack)
	start := b.start(n)
	b.push(document.Row, "", markup.Rows, start, start)
	for c := n.FirstChild(); c != nil && b.err == nil; c = c.NextSibling() {
		cell := b.container(c, document.Cell, markup.Prose, b.inlines)
		if header {
			cell.Attr = map[string]string{"header": "true"}
		}
	}
	end := b.lineEnd(b.cursor)
	b.popTo(depth, end, end)
}

func (b *builder) code(n ast.Node, language string) {
	depth := len(b.stack)
	start := b.start(n)
	inner := b.contentStart(n)
	node := b.push(document.Code, "", markup.Prose, start, inner)
	if language != "" {
		node.Attr = map[string]string{"language": language}
	}
	for i := range n.Lines().Len() {
		s := n.Lines().At(i)
		b.exact(s.Start, s.Stop)
	}
	b.popTo(depth, b.cursor, b.fenceEnd(node, b.cursor))
}

// fenceEnd is the end of the fence that closes a code block after offset at, at where there is none.
func (b *builder) fenceEnd(code *document.Node, at int) int {
	fence := b.src[code.Span.Start:min(code.Span.Start+3, len(b.src))]
	if fence != "```" && fence != "~~~" {
		return at
	}
	if len(code.Children) == 0 && at == code.Inner.Start {
		at = b.lineEnd(at)
	}
	i := at
	for i < len(b.src) && strings.IndexByte(" \t\r\n>", b.src[i]) >= 0 {
		i++
	}
	if !strings.HasPrefix(b.src[i:], fence) || strings.Count(b.src[at:i], "\n") > 1 {
		return at
	}
	return b.lineEnd(i)
}

// start is where a block's markup begins.
func (b *builder) start(n ast.Node) int {
	if at := n.Pos(); at >= b.cursor && at <= len(b.src) {
		return at
	}
	return max(b.cursor, b.contentStart(n))
}

// contentStart is where a block's own lines begin, the cursor where it has none.
func (b *builder) contentStart(n ast.Node) int {
	if lines := linesOf(n); lines != nil && lines.Len() > 0 {
		return max(b.cursor, lines.At(0).Start)
	}
	return b.cursor
}

// contentEnd is where a block's own lines end, without the line break.
func (b *builder) contentEnd(n ast.Node) int {
	lines := linesOf(n)
	if lines == nil || lines.Len() == 0 {
		return b.cursor
	}
	last := lines.At(lines.Len() - 1)
	return last.Start + len(strings.TrimRight(b.src[last.Start:last.Stop], " \t\r\n"))
}

func linesOf(n ast.Node) *text.Segments {
	if n.Type() == ast.TypeInline {
		return nil
	}
	return n.Lines()
}

// lineEnd is the end of the line that holds the byte at offset at, without its break.
func (b *builder) lineEnd(at int) int {
	at = min(at, len(b.src))
	if i := strings.IndexByte(b.src[at:], '\n'); i >= 0 {
		return at + len(strings.TrimRight(b.src[at:at+i], " \t\r"))
	}
	return at + len(strings.TrimRight(b.src[at:], " \t\r"))
}
