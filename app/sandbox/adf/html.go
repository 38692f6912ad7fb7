package adf

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"strings"
)

// HTML draws a document for a browser. Everything in it is escaped, and links lead only to http, https, mailto or the site itself.
// Name says how an account id reads.
func HTML(raw json.RawMessage, name func(accountID string) string) template.HTML {
	doc, err := Parse(raw)
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, n := range doc.Content {
		draw(&b, n, name)
	}
	return template.HTML(b.String()) // built from escaped parts only
}

func tagOf(n Node) string {
	switch n.Type {
	case "paragraph":
		return "p"
	case "heading":
		return fmt.Sprintf("h%d", n.level())
	case "bulletList", "taskList", "decisionList":
		return "ul"
	case "orderedList":
		return "ol"
	case "listItem", "taskItem", "decisionItem", "blockTaskItem":
		return "li"
	case "blockquote":
		return "blockquote"
	case "table":
		return "table"
	case "tableRow":
		return "tr"
	case "tableHeader":
		return "th"
	case "tableCell":
		return "td"
	default:
		return "div"
	}
}

func draw(b *strings.Builder, n Node, name func(string) string) {
	switch n.Type {
	case "text":
		drawText(b, n)
	case "hardBreak":
		b.WriteString("<br>")
	case "rule":
		b.WriteString("<hr>")
	case "codeBlock":
		b.WriteString("<pre><code>" + template.HTMLEscapeString(plain(n)) + "</code></pre>")
	case "mention":
		who := name(n.attr("id"))
		if who == "" {
			who = strings.TrimPrefix(n.attr("text"), "@")
		}
		b.WriteString(`<span class="mention">@` + template.HTMLEscapeString(who) + "</span>")
	case "inlineCard", "blockCard", "embedCard":
		drawText(b, textNode(n.attr("url"), []Mark{link(n.attr("url"))}))
	case "panel":
		b.WriteString(`<div class="panel">`)
		drawAll(b, n.Content, name)
		b.WriteString("</div>")
	default:
		if isInline(n.Type) {
			b.WriteString(template.HTMLEscapeString(label(n)))
			return
		}
		tag := tagOf(n)
		b.WriteString("<" + tag + ">")
		drawAll(b, n.Content, name)
		b.WriteString("</" + tag + ">")
	}
}

func drawAll(b *strings.Builder, nodes []Node, name func(string) string) {
	for _, n := range nodes {
		draw(b, n, name)
	}
}

func drawText(b *strings.Builder, n Node) {
	var ends []string
	for _, m := range n.Marks {
		tag := map[string]string{"strong": "strong", "em": "em", "code": "code", "strike": "s", "underline": "u"}[m.Type]
		switch {
		case tag != "":
			b.WriteString("<" + tag + ">")
		case m.Type == "link" && safe(m.target()):
			tag = "a"
			b.WriteString(`<a href="` + template.HTMLEscapeString(m.target()) + `">`)
		default:
			continue
		}
		ends = append(ends, "</"+tag+">")
	}
	b.WriteString(template.HTMLEscapeString(n.Text))
	for i := len(ends) - 1; i >= 0; i-- {
		b.WriteString(ends[i])
	}
}

func safe(href string) bool {
	u, err := url.Parse(href)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "", "http", "https", "mailto":
		return true
	}
	return false
}
