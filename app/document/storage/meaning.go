package storage

import (
	"strings"

	"github.com/throughline/throughline/app/document"
)

// begin reads what an element's attributes say, while the scanner still has them.
func (p *parser) begin(f *frame) {
	n := f.node
	switch f.rule.do {
	case macro:
		f.macro = &macroParts{}
		n.Name = p.Attr("ac:name")
	case parameter:
		f.value = p.Attr("ac:name")
	case resource:
		p.resource(f)
	case link:
		if f.name == "a" {
			n.Name = p.Attr("href")
		} else if anchor := p.Attr("ac:anchor"); anchor != "" {
			n.Name = "#" + anchor
		}
	case image:
		if n.Name, n.Text = p.Attr("src"), p.Attr("alt"); n.Text == "" {
			n.Text = p.Attr("ac:alt")
		}
	case emoticon:
		n.Name, n.Text = p.Attr("ac:name"), p.Attr("ac:emoji-fallback")
		if strings.HasPrefix(n.Text, ":") { // a short name, which no reader sees
			n.Text = ""
		}
	case date:
		n.Name = p.Attr("datetime")
		n.Text = n.Name
	}
	switch f.rule.Kind {
	case document.Heading:
		n.Level = int(f.name[1] - '0')
	case document.List:
		if f.name == "ol" {
			n.Attr = map[string]string{"ordered": "true"}
		}
	case document.Cell:
		p.cell(f)
	case document.Layout:
		n.Name = f.name
	}
}

func (p *parser) cell(f *frame) {
	if f.name == "th" {
		set(f.node, "header", "true")
	}
	for _, name := range []string{"colspan", "rowspan"} {
		if len(p.Attrs) > 0 {
			set(f.node, name, p.Attr(name))
		}
	}
}

// resource gives what an ri: element names to the link, image or parameter that it stands in; a user that stands in none
// is a mention of its own.
func (p *parser) resource(f *frame) {
	name := p.resourceName()
	for i := len(p.stack) - 1; i > 0; i-- {
		switch in := &p.stack[i]; in.rule.do {
		case link, image:
			if in.name == "a" {
				break
			}
			if in.value == "" { // the first one counts
				in.value = name
				p.target(in, f.name, name)
			}
			return
		case parameter:
			p.leaf(document.Link, document.Span{Start: f.start, End: f.inner}).Text = name
			return
		case resource: // ri:attachment of another page: the file counts
			continue
		}
		break
	}
	if f.name == "ri:user" {
		p.leaf(document.Mention, document.Span{Start: f.start, End: f.inner}).Name = name
	}
}

// target makes what a resource names the target of the link or image that it stands in.
func (p *parser) target(in *frame, resource, name string) {
	n := in.node
	n.Name = name + n.Name // a link may have an anchor on the page
	switch {
	case in.rule.do == link && resource == "ri:user":
		n.Kind = document.Mention
	case in.rule.do == link:
		n.Text = name // what the link reads where it has no body
	}
}

func (p *parser) resourceName() string {
	for _, name := range []string{
		"ri:account-id", "ri:userkey", "ri:username", "ri:filename", "ri:content-title", "ri:value", "ri:space-key", "ri:content-id",
	} {
		if v := p.Attr(name); v != "" {
			return v
		}
	}
	return ""
}

// end gives an element its meaning once its content is known. It reports false for a node that is not part of the page.
func (p *parser) end(f *frame, tag document.Span) bool {
	n := f.node
	switch f.rule.do {
	case macro:
		return p.endMacro(f)
	case parameter:
		p.endParameter(f)
	case verbatim:
		if in := p.around(macro); in != nil {
			in.macro.verbatim = document.Span{Start: f.start, End: tag.End}
			in.macro.from = f.base - in.base
		}
	case state:
		if in := p.around(task); in != nil {
			in.value = flatten(p.waiting[f.base:])
		}
		p.waiting = p.waiting[:f.base]
	case task:
		done := "false"
		if f.value == "complete" {
			done = "true"
		}
		set(n, "done", done)
	case link:
		if key := document.IssueKey(n.Name); key != "" && f.name == "a" {
			set(n, "href", n.Name)
			n.Kind, n.Name = document.Ticket, key
		}
	case date:
		if n.Name != "" {
			n.Children = nil // Confluence shows the date, whatever stands inside
		}
	}
	switch {
	case f.rule.Kind == document.Details:
		n.Name = document.Title(n)
	case f.rule.Kind == document.Break && len(n.Children) > 0: // no break, but nothing is to be lost
		n.Kind = document.Layout
	}
	return true
}

// around is the element directly around the innermost one if it is of that sort, nil otherwise.
func (p *parser) around(do special) *frame {
	if i := len(p.stack) - 2; i >= 0 && p.stack[i].rule.do == do {
		return &p.stack[i]
	}
	return nil
}

func flatten(nodes []*document.Node) string { return document.FlattenAll(nodes).Text }

// set gives a node an attribute; an empty value is none.
func set(n *document.Node, name, value string) {
	if value == "" {
		return
	}
	if n.Attr == nil {
		n.Attr = map[string]string{}
	}
	n.Attr[name] = value
}
