// Package storage reads Confluence's storage format, an XHTML fragment with ac: and ri: elements, into a document, and
// replaces one region of a body while every other byte stays as it was.
package storage

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markup"
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
	p := parser{Scanner: markup.Scanner{Source: string(body)}}
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
	p := parser{Scanner: markup.Scanner{Source: strings.ToValidUTF8(fragment, "\uFFFD"), Lenient: true}}
	root, err := p.parse()
	if err != nil { // only for depth and size: then no reader sees it either
		return ""
	}
	return document.Flatten(root).Text
}

// parser builds the tree in one pass. Children of open elements wait in one list, innermost last.
type parser struct {
	markup.Scanner
	document.Arena
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
	body  markup.Body
	macro *macroParts // of a macro
	value string      // parameter: its name; task: its state; link, image: the resource it names
}

func (p *parser) parse() (*document.Node, error) {
	root := p.Node()
	root.Kind = document.Root
	root.Span = document.Span{End: len(p.Source)}
	root.Inner = root.Span
	p.stack = append(p.stack, frame{node: root, body: markup.Blocks})
	for {
		t, err := p.Next()
		if err != nil {
			return nil, err
		}
		switch t.Kind {
		case markup.Text:
			if p.dropped == 0 {
				p.text(t)
			}
		case markup.CDATA:
			if p.dropped == 0 && t.Inner.Len() > 0 {
				p.exact(t.Inner)
			}
		case markup.StartTag:
			err = p.open(t)
		case markup.EndTag:
			err = p.close(t)
		case markup.End:
			return root, p.finish(root)
		}
		if err == nil && p.Full() {
			err = document.Invalid(p.Source, t.Span.Start, "more than 1,000,000 pieces in one page: split the page")
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) finish(root *document.Node) error {
	if top := p.top(); len(p.stack) > 1 && !p.Lenient {
		return unclosed(p.Source, top.name, top.start)
	}
	for len(p.stack) > 1 {
		p.pop(document.Span{Start: len(p.Source), End: len(p.Source)})
	}
	root.Children = p.List(p.waiting)
	return nil
}

func (p *parser) top() *frame { return &p.stack[len(p.stack)-1] }

func (p *parser) open(t markup.Token) error {
	if len(p.stack) > document.DepthLimit {
		return tooDeep(p.Source, t.Span.Start)
	}
	f := frame{name: t.Name, rule: ruleOf(t.Name), start: t.Span.Start, inner: t.Span.End, base: len(p.waiting), body: p.top().body}
	if f.rule.Body != markup.Same {
		f.body = f.rule.Body
	}
	if f.rule.do == fallback && len(p.waiting) > p.top().base {
		f.rule.Drop = true // the extension's content has been read
	}
	if f.rule.do == macro && p.inParameter() {
		f.rule.Drop = true // a value is text; macros in macros' values would be read once for each
	}
	if p.dropped > 0 || f.rule.Drop {
		if !t.Single {
			p.dropped++
			p.stack = append(p.stack, f)
		}
		return nil
	}
	if f.rule.Kind != "" {
		f.node = p.Node()
		f.node.Kind = f.rule.Kind
		f.node.Span = t.Span
		f.node.Inner = document.Span{Start: t.Span.End, End: t.Span.End}
	}
	p.begin(&f)
	p.stack = append(p.stack, f)
	if t.Single {
		p.pop(document.Span{Start: t.Span.End, End: t.Span.End})
	}
	return nil
}

func (p *parser) close(t markup.Token) error {
	top := len(p.stack) - 1
	if p.Lenient {
		for top > 0 && p.stack[top].name != t.Name {
			top--
		}
		if top == 0 { // its start tag lies before the fragment
			if ruleOf(t.Name).Kind.IsBlock() {
				p.leaf(document.Break, t.Span)
			}
			return nil
		}
		for len(p.stack)-1 > top {
			p.pop(document.Span{Start: t.Span.Start, End: t.Span.Start})
		}
	} else if open := p.stack[top].name; top == 0 || open != t.Name {
		return unbalanced(p.Source, t, open)
	}
	p.pop(t.Span)
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
		n.Children = p.List(p.waiting[f.base:])
		p.waiting = p.waiting[:f.base]
	}
	keep := p.end(f, end)
	p.stack = p.stack[:len(p.stack)-1]
	if n != nil && keep {
		p.waiting = append(p.waiting, n)
	}
}

// text adds a run of character data.
func (p *parser) text(t markup.Token) {
	run, at := p.Source[t.Span.Start:t.Span.End], t.Span.Start
	if f := p.top(); f.body != markup.Prose && (f.body == markup.Rows || p.between(f)) && markup.Blank(run) {
		return
	}
	if p.Lenient {
		run = strings.TrimSuffix(run, "]]>")
	}
	if !t.Refs {
		p.exact(document.Span{Start: at, End: at + len(run)})
		return
	}
	n := p.leaf(document.Text, document.Span{Start: at, End: at + len(run)})
	n.Name, n.Text = run, document.Decode(run)
}

// inParameter reports whether the place is in a macro's parameter.
func (p *parser) inParameter() bool {
	for i := len(p.stack) - 1; i > 0 && p.stack[i].rule.do != macro; i-- {
		if p.stack[i].rule.do == parameter {
			return true
		}
	}
	return false
}

// between reports whether white space at this place of a block container stands between blocks.
func (p *parser) between(f *frame) bool {
	return len(p.waiting) == f.base || p.waiting[len(p.waiting)-1].IsBlock()
}

// exact adds text that stands in the source as it reads.
func (p *parser) exact(s document.Span) {
	if s.Len() > 0 {
		n := p.leaf(document.Text, s)
		n.Text, n.Inner = p.Source[s.Start:s.End], s
	}
}

// leaf adds a node without children. Its Inner is empty.
func (p *parser) leaf(kind document.Kind, s document.Span) *document.Node {
	n := p.Node()
	n.Kind, n.Span, n.Inner = kind, s, document.Span{Start: s.End, End: s.End}
	p.waiting = append(p.waiting, n)
	return n
}
