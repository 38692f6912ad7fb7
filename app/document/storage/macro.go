package storage

import (
	"github.com/throughline/throughline/app/document"
)

// RegionID is the value of the panel macro's parameter "id".
const RegionID = "throughline"

// macroParts is what is known of an open macro.
type macroParts struct {
	title    *document.Node // its parameter "title", which readers see
	verbatim document.Span  // its plain-text body, empty when there is none
	from     int            // where the children of the plain-text body begin among the macro's
}

// endParameter keeps a parameter's text as the macro's; "title" also stays a node, for readers see it.
func (p *parser) endParameter(f *frame) {
	content := p.waiting[f.base:]
	if in := p.around(macro); in != nil {
		value := flatten(content)
		set(in.node, f.value, value)
		if f.value == "title" && value != "" {
			n := p.Node()
			n.Kind = document.Summary
			n.Span = document.Span{Start: f.start, End: content[len(content)-1].Span.End}
			n.Inner = document.Span{Start: f.inner, End: n.Span.End}
			n.Children = p.List(content)
			in.macro.title = n
		}
	}
	p.waiting = p.waiting[:f.base]
}

// endMacro gives a macro its meaning. It reports false for the panel, which is not content.
func (p *parser) endMacro(f *frame) bool {
	n := f.node
	switch n.Name {
	case "details":
		if n.Attr["id"] == RegionID {
			return false
		}
	case "status":
		n.Kind, n.Text, n.Children = document.Status, n.Attr["title"], nil
		if n.Text == "" {
			n.Text = n.Attr["colour"]
		}
		return true
	case "jira", "jiraissues":
		if key := n.Attr["key"]; key != "" {
			n.Kind, n.Name, n.Children = document.Ticket, key, nil
			return true
		}
	case "expand":
		n.Kind = document.Details
		n.Name = n.Attr["title"]
	case "profile":
		if user := n.Attr["user"]; user != "" {
			n.Kind, n.Name, n.Children = document.Mention, user, nil
			return true
		}
	}
	p.bodyOf(f)
	if t := f.macro.title; t != nil && n.Kind != document.Code && !overlaps(n.Children, t.Span) {
		p.lead(n, t)
	}
	return true
}

// bodyOf makes a plain-text body code: the whole macro for the code macros, else one child.
func (p *parser) bodyOf(f *frame) {
	n, m := f.node, f.macro
	if m.verbatim.Len() == 0 {
		return
	}
	if n.Name == "code" || n.Name == "noformat" {
		n.Kind = document.Code
		return
	}
	code := p.Node()
	code.Kind, code.Name, code.Span = document.Code, n.Name, m.verbatim
	code.Children = n.Children[min(m.from, len(n.Children)):]
	code.Inner = document.Span{Start: m.verbatim.Start, End: m.verbatim.Start}
	if k := len(code.Children); k > 0 {
		code.Inner = document.Span{Start: code.Children[0].Span.Start, End: code.Children[k-1].Span.End}
	}
	n.Children = p.List(append(n.Children[:min(m.from, len(n.Children)):min(m.from, len(n.Children))], code))
}

// lead puts the title before the other children; a title written behind the body keeps the order of the source.
func (p *parser) lead(n, title *document.Node) {
	children := make([]*document.Node, 0, len(n.Children)+1)
	i := 0
	for i < len(n.Children) && n.Children[i].Span.Start < title.Span.Start {
		i++
	}
	children = append(append(append(children, n.Children[:i]...), title), n.Children[i:]...)
	n.Children = children
}

// overlaps reports whether a span meets one of the nodes.
func overlaps(nodes []*document.Node, s document.Span) bool {
	for _, n := range nodes {
		if n.Span.Start < s.End && s.Start < n.Span.End {
			return true
		}
	}
	return false
}
