// Package storage reads Confluence's storage format, an XHTML fragment with ac: and ri: elements, into a document, and
// replaces one region of a body while every other byte stays as it was.
package storage

import (
	"strings"

	"github.com/throughline/throughline/app/document"
)

// Parse reads a page body. The document keeps body as its source and must not see it changed.
//
// A body is read whole or not at all: one that is not well-formed, names an entity HTML does not have, holds a declaration
// (DOCTYPE, ENTITY), or exceeds the limits of package document gives a fault.Invalid error with line, column and byte.
// The panel (see FindRegion) is left out of the tree. Parse takes time linear in the body's size.
func Parse(body []byte) (*document.Document, error) {
	if err := check(body); err != nil {
		return nil, err
	}
	p := parser{scanner: scanner{src: string(body)}}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	return &document.Document{Format: document.Storage, Source: body, Root: root}, nil
}

// check refuses what is no text at all before anything is kept of it.
func check(body []byte) error {
	if err := document.Check(body); err != nil {
		return err
	}
	for i, c := range body {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return document.Invalid(body, i, "a control character, which XML does not allow")
		}
		if c == 0xEF && i+2 < len(body) && body[i+1] == 0xBF && body[i+2] >= 0xBE {
			return document.Invalid(body, i, "the code points U+FFFE and U+FFFF are no characters in XML")
		}
	}
	return nil
}

// Text is what a reader sees of a fragment cut out of a body, white space collapsed. It need not be well-formed: tags
// without their other half are markup still, and what is no markup is text.
func Text(fragment string) string {
	p := parser{scanner: scanner{src: strings.ToValidUTF8(fragment, "\uFFFD"), lenient: true}}
	root, err := p.parse()
	if err != nil { // only for depth and size: then no reader sees it either
		return ""
	}
	return document.Flatten(root).Text
}

// parser builds the tree in one pass. Children of open elements wait in one list, innermost last.
type parser struct {
	scanner
	arena
	stack   []frame
	waiting []*document.Node
	dropped int // open elements whose content is not read
}

// frame is an open element.
type frame struct {
	name  string
	rule  rule
	node  *document.Node // nil when its children become its parent's
	start int            // of its tag
	inner int            // behind its tag
	base  int            // its children begin here in waiting
	body  body
	macro *macroParts // of a macro
	value string      // parameter: its name; task: its state
}

func (p *parser) parse() (*document.Node, error) {
	root := p.node()
	root.Kind = document.Root
	root.Span = document.Span{End: len(p.src)}
	root.Inner = root.Span
	p.stack = append(p.stack, frame{node: root, body: blocks})
	for {
		t, err := p.next()
		if err != nil {
			return nil, err
		}
		switch t.kind {
		case text:
			if p.dropped == 0 {
				p.text(t)
			}
		case cdata:
			if p.dropped == 0 && t.inner.Len() > 0 {
				p.exact(t.inner)
			}
		case startTag:
			err = p.open(t)
		case endTag:
			err = p.close(t)
		case endOfSource:
			return root, p.finish(root)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) finish(root *document.Node) error {
	if top := p.top(); len(p.stack) > 1 && !p.lenient {
		return p.fail(top.start, "<"+short(top.name)+"> is not closed")
	}
	for len(p.stack) > 1 {
		p.pop(document.Span{Start: len(p.src), End: len(p.src)})
	}
	root.Children = p.list(p.waiting)
	return nil
}

func (p *parser) top() *frame { return &p.stack[len(p.stack)-1] }

func (p *parser) open(t token) error {
	if len(p.stack) > document.DepthLimit {
		return document.Invalid(p.src, t.span.Start, "more than 1,000 elements inside each other")
	}
	if p.count > document.NodeLimit {
		return document.Invalid(p.src, t.span.Start, "more than 1,000,000 pieces in one page: split the page")
	}
	f := frame{name: t.name, rule: ruleOf(t.name), start: t.span.Start, inner: t.span.End, base: len(p.waiting), body: p.top().body}
	if f.rule.body != same {
		f.body = f.rule.body
	}
	if f.rule.do == fallback && len(p.waiting) > p.top().base {
		f.rule.do = drop // the extension's content has been read
	}
	if p.dropped > 0 || f.rule.do == drop {
		if !t.single {
			p.dropped++
			p.stack = append(p.stack, f)
		}
		return nil
	}
	if f.rule.kind != "" {
		f.node = p.node()
		f.node.Kind = f.rule.kind
		f.node.Span = t.span
		f.node.Inner = document.Span{Start: t.span.End, End: t.span.End}
	}
	p.begin(&f)
	p.stack = append(p.stack, f)
	if t.single {
		p.pop(document.Span{Start: t.span.End, End: t.span.End})
	}
	return nil
}

func (p *parser) close(t token) error {
	top := len(p.stack) - 1
	if p.lenient {
		for top > 0 && p.stack[top].name != t.name {
			top--
		}
		if top == 0 { // its start tag lies before the fragment
			if ruleOf(t.name).kind.IsBlock() {
				p.leaf(document.Break, t.span)
			}
			return nil
		}
		for len(p.stack)-1 > top {
			p.pop(document.Span{Start: t.span.Start, End: t.span.Start})
		}
	} else if top == 0 {
		return p.fail(t.span.Start, "</"+short(t.name)+"> closes nothing")
	} else if open := p.stack[top]; open.name != t.name {
		return p.fail(t.span.Start, "</"+short(t.name)+"> stands where <"+short(open.name)+"> is to be closed")
	}
	p.pop(t.span)
	return nil
}

// pop closes the innermost element; end is its end tag, empty where it has none.
func (p *parser) pop(end document.Span) {
	f := p.top()
	if p.dropped > 0 {
		p.dropped--
		p.stack = p.stack[:len(p.stack)-1]
		return
	}
	n := f.node
	if n != nil {
		n.Span.End, n.Inner.End = end.End, end.Start
		n.Children = p.list(p.waiting[f.base:])
		p.waiting = p.waiting[:f.base]
	}
	keep := p.end(f, end)
	p.stack = p.stack[:len(p.stack)-1]
	if n != nil && keep {
		p.waiting = append(p.waiting, n)
	}
}

// text adds a run of character data, split at its references.
func (p *parser) text(t token) {
	run, at := p.src[t.span.Start:t.span.End], t.span.Start
	if f := p.top(); f.body != prose && (f.body == rows || p.between(f)) && blank(run) {
		return
	}
	if p.lenient {
		run = strings.TrimSuffix(run, "]]>")
	}
	if !t.refs {
		p.exact(document.Span{Start: at, End: at + len(run)})
		return
	}
	for run != "" {
		i := strings.IndexByte(run, '&')
		if i < 0 {
			i = len(run)
		}
		decoded, n := "", 0
		for i < len(run) {
			if decoded, n = reference(run[i:]); n > 0 {
				break
			}
			if next := strings.IndexByte(run[i+1:], '&'); next < 0 {
				i = len(run)
			} else {
				i += 1 + next
			}
		}
		p.exact(document.Span{Start: at, End: at + i})
		if n > 0 {
			p.leaf(document.Text, document.Span{Start: at + i, End: at + i + n}).Text = decoded
		}
		run, at = run[i+n:], at+i+n
	}
}

// between reports whether white space at this place of a block container stands between blocks.
func (p *parser) between(f *frame) bool {
	return len(p.waiting) == f.base || p.waiting[len(p.waiting)-1].IsBlock()
}

// exact adds text that stands in the source as it reads.
func (p *parser) exact(s document.Span) {
	if s.Len() > 0 {
		n := p.leaf(document.Text, s)
		n.Text, n.Inner = p.src[s.Start:s.End], s
	}
}

// leaf adds a node without children. Its Inner is empty.
func (p *parser) leaf(kind document.Kind, s document.Span) *document.Node {
	n := p.node()
	n.Kind, n.Span, n.Inner = kind, s, document.Span{Start: s.End, End: s.End}
	p.waiting = append(p.waiting, n)
	return n
}

func blank(s string) bool {
	for i := range len(s) {
		if !isSpace(s[i]) {
			return false
		}
	}
	return true
}
