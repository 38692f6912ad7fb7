package seed

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// writer writes HTML nodes as storage format. What storage format has no word for is left out, and its content kept.
type writer struct {
	strings.Builder
	tasks int
}

func (w *writer) nodes(nodes []*html.Node) {
	for _, n := range nodes {
		w.node(n)
	}
}

func (w *writer) children(n *html.Node) { w.nodes(slices.Collect(n.ChildNodes())) }

func (w *writer) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.text(n.Data)
		return
	case html.ElementNode:
	default:
		return // comments and the like
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Iframe, atom.Object, atom.Template, atom.Head, atom.Title, atom.Svg, atom.Math, atom.Noscript:
	case atom.Pre:
		w.code(n)
	case atom.Br, atom.Hr:
		w.WriteString("<" + n.Data + " />")
	case atom.Img:
		w.image(n)
	case atom.Details:
		w.expand(n)
	case atom.Ul, atom.Ol:
		if isTaskList(n) {
			w.taskList(n)
			return
		}
		w.element(n)
	case atom.Input:
		// A checkbox among ordinary bullets.
		mark := "☐ "
		if _, done := attr(n, "checked"); done {
			mark = "☑ "
		}
		w.text(mark)
	case atom.Table:
		w.table(n)
	default:
		w.element(n)
	}
}

// keeps reports whether storage format shares an element with HTML, and which of its attributes are worth keeping.
func keeps(n *html.Node) (attrs []string, ok bool) {
	if n.Data != n.DataAtom.String() {
		return nil, false
	}
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.P, atom.Blockquote, atom.Div,
		atom.Ul, atom.Li, atom.Dl, atom.Dt, atom.Dd, atom.Tr,
		atom.Strong, atom.B, atom.Em, atom.I, atom.U, atom.S, atom.Del, atom.Code, atom.Sub, atom.Sup, atom.Small:
		return nil, true
	case atom.Ol:
		return []string{"start"}, true
	case atom.Th, atom.Td:
		return []string{"colspan", "rowspan"}, true
	case atom.A:
		return []string{"href"}, true
	}
	return nil, false
}

func (w *writer) element(n *html.Node) {
	names, ok := keeps(n)
	if !ok {
		w.children(n)
		return
	}
	w.WriteString("<" + n.Data)
	for _, name := range names {
		if v, ok := attr(n, name); ok {
			w.WriteString(" " + name + `="` + escape(v) + `"`)
		}
	}
	w.WriteString(">")
	w.children(n)
	w.WriteString("</" + n.Data + ">")
}

// table writes rows into one tbody, as storage format has them: a head is only a row of th.
func (w *writer) table(n *html.Node) {
	w.WriteString("<table><tbody>")
	var rows func(*html.Node)
	rows = func(n *html.Node) {
		for c := range n.ChildNodes() {
			switch c.DataAtom {
			case atom.Tr:
				w.element(c)
			case atom.Thead, atom.Tbody, atom.Tfoot:
				rows(c)
			}
		}
	}
	rows(n)
	w.WriteString("</tbody></table>")
}

func (w *writer) code(pre *html.Node) {
	language := ""
	for c := range pre.ChildNodes() {
		if class, ok := attr(c, "class"); ok && c.DataAtom == atom.Code {
			language = strings.TrimPrefix(strings.Fields(class + " x")[0], "language-")
		}
	}
	w.WriteString(`<ac:structured-macro ac:name="code" ac:schema-version="1">`)
	if language != "" {
		w.WriteString(`<ac:parameter ac:name="language">` + escape(language) + `</ac:parameter>`)
	}
	text := strings.ReplaceAll(clean(strings.TrimSuffix(textOf(pre), "\n")), "]]>", "]]]]><![CDATA[>")
	w.WriteString("<ac:plain-text-body><![CDATA[" + text + "]]></ac:plain-text-body></ac:structured-macro>")
}

func (w *writer) image(n *html.Node) {
	src, _ := attr(n, "src")
	alt, _ := attr(n, "alt")
	w.WriteString("<ac:image")
	if alt != "" {
		w.WriteString(` ac:alt="` + escape(alt) + `"`)
	}
	w.WriteString(`><ri:url ri:value="` + escape(src) + `" /></ac:image>`)
}

func (w *writer) expand(n *html.Node) {
	w.WriteString(`<ac:structured-macro ac:name="expand" ac:schema-version="1">`)
	var rest []*html.Node
	for c := range n.ChildNodes() {
		if c.DataAtom == atom.Summary {
			w.WriteString(`<ac:parameter ac:name="title">` + escape(strings.Join(strings.Fields(textOf(c)), " ")) + `</ac:parameter>`)
			continue
		}
		rest = append(rest, c)
	}
	w.WriteString("<ac:rich-text-body>")
	w.nodes(rest)
	w.WriteString("</ac:rich-text-body></ac:structured-macro>")
}

// isTaskList reports whether every item of a list begins with a checkbox.
func isTaskList(list *html.Node) bool {
	items := 0
	for c := range list.ChildNodes() {
		if c.DataAtom != atom.Li {
			continue
		}
		if items++; checkbox(c) == nil {
			return false
		}
	}
	return items > 0
}

func checkbox(item *html.Node) *html.Node {
	first := item.FirstChild
	for first != nil && (first.DataAtom == atom.P || first.Type == html.TextNode && strings.TrimSpace(first.Data) == "") {
		if first.DataAtom == atom.P {
			first = first.FirstChild
		} else {
			first = first.NextSibling
		}
	}
	if first == nil || first.DataAtom != atom.Input {
		return nil
	}
	return first
}

func (w *writer) taskList(list *html.Node) {
	w.WriteString("<ac:task-list>")
	for c := range list.ChildNodes() {
		if c.DataAtom != atom.Li {
			continue
		}
		box := checkbox(c)
		status := "incomplete"
		if _, done := attr(box, "checked"); done {
			status = "complete"
		}
		box.Parent.RemoveChild(box)
		w.tasks++
		w.WriteString("<ac:task><ac:task-id>" + strconv.Itoa(w.tasks) + "</ac:task-id><ac:task-status>" + status + "</ac:task-status><ac:task-body>")
		w.children(c)
		w.WriteString("</ac:task-body></ac:task>")
	}
	w.WriteString("</ac:task-list>")
}

func (w *writer) text(s string) { w.WriteString(escape(s)) }

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(clean(s))
}

// clean takes out what XML can't hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name && a.Namespace == "" {
			return a.Val, true
		}
	}
	return "", false
}
