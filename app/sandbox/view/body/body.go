// Package body renders a page's storage format as the HTML that a reader of the page sees. The HTML holds only elements and
// attributes that this package writes itself: no script, no style, no address but http, https, mailto and paths of the site.
package body

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"html/template"
	"io"
	"strings"
)

// Lookup answers what a body names but does not hold.
type Lookup interface {
	// UserName is the name of an account, and whether there is one.
	UserName(accountID string) (string, bool)
	// Issue is what a chip shows of an issue, and whether there is one.
	Issue(key string) (Issue, bool)
	// PageURL is where the page with this title is, in the space or, where that is empty, in the body's own.
	PageURL(spaceKey, title string) (string, bool)
}

// Issue is what a chip shows.
type Issue struct {
	Key, Summary, Status, Category string // Category: "new", "indeterminate", "done"
}

// Render renders a body. An error is a body that is not well-formed; pages of the sandbox are never so.
func Render(source string, look Lookup) (template.HTML, error) {
	root, err := parse(source)
	if err != nil {
		return "", fmt.Errorf("render a page's body: %w", err)
	}
	r := &renderer{look: look, headings: headings(root), ids: map[string]int{}}
	r.children(root)
	return template.HTML(r.String()), nil // every byte was escaped or written here
}

// node is an element, or text where name is empty.
type node struct {
	name     string // with its prefix: "p", "ac:link"
	attr     map[string]string
	text     string
	children []*node
}

func parse(source string) (*node, error) {
	d := xml.NewDecoder(strings.NewReader(source))
	d.Entity = xml.HTMLEntity
	root := &node{}
	open := []*node{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := &node{name: prefixed(t.Name), attr: map[string]string{}}
			for _, a := range t.Attr {
				n.attr[prefixed(a.Name)] = a.Value
			}
			top.children = append(top.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.children = append(top.children, &node{text: string(bytes.Clone(t))})
		}
	}
}

func prefixed(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// first returns n's first child of that name.
func (n *node) first(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// param is a parameter of a macro.
func (n *node) param(name string) string {
	for _, c := range n.children {
		if c.name == "ac:parameter" && c.attr["ac:name"] == name {
			return strings.TrimSpace(c.string())
		}
	}
	return ""
}

// string is the text below n.
func (n *node) string() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	b.WriteString(n.text)
	for _, c := range n.children {
		c.write(b)
	}
}

// maxTitle is how many bytes of a heading's text are looked at for its anchor and its line in a table of contents.
const maxTitle = 300

// title is the text of a heading, in one line.
func (n *node) title() string {
	var words []string
	size := 0
	var walk func(*node)
	walk = func(n *node) {
		if size > maxTitle {
			return
		}
		size += len(n.text)
		words = append(words, n.text[:min(len(n.text), maxTitle)])
		for _, c := range n.children {
			walk(c)
		}
	}
	walk(n)
	return strings.ToValidUTF8(strings.Join(strings.Fields(strings.Join(words, "")), " "), "")
}

type heading struct {
	level    int
	text, id string
}

// headings lists a body's headings in order, with the anchors they get.
func headings(root *node) []heading {
	var out []heading
	ids := map[string]int{}
	var walk func(*node)
	walk = func(n *node) {
		if level := headingLevel(n.name); level > 0 {
			text := n.title()
			out = append(out, heading{level, text, anchor(text, ids)})
			return
		}
		for _, c := range n.children {
			walk(c)
		}
	}
	walk(root)
	return out
}

func headingLevel(name string) int {
	if len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6' {
		return int(name[1] - '0')
	}
	return 0
}

// anchor is the id by which a heading is linked to: its words joined by hyphens, with a number from the second of the same on.
func anchor(text string, taken map[string]int) string {
	id := strings.Join(strings.Fields(text), "-")
	taken[id]++
	if n := taken[id]; n > 1 {
		return fmt.Sprintf("%s.%d", id, n-1)
	}
	return id
}

// renderer writes HTML.
type renderer struct {
	strings.Builder
	look     Lookup
	headings []heading
	ids      map[string]int
	contents int // tables of contents so far
}

// f writes a format whose arguments are escaped.
func (r *renderer) f(format string, args ...string) {
	escaped := make([]any, len(args))
	for i, a := range args {
		escaped[i] = html.EscapeString(a)
	}
	fmt.Fprintf(r, format, escaped...)
}

func (r *renderer) children(n *node) {
	for _, c := range n.children {
		r.node(c)
	}
}
