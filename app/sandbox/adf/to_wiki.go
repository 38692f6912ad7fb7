package adf

import (
	"encoding/json"
	"strings"
)

// Wiki writes a document as wiki markup. What wiki markup has no word for is written as its text.
func Wiki(raw json.RawMessage) (string, error) {
	doc, err := Parse(raw)
	if err != nil {
		return "", err
	}
	return strings.Join(wikiBlocks(doc.Content), "\n\n"), nil
}

func wikiBlocks(nodes []Node) []string {
	out := make([]string, 0, len(nodes))
	for _, n := range nodes {
		out = append(out, wikiBlock(n))
	}
	return out
}

func wikiBlock(n Node) string {
	switch n.Type {
	case "paragraph":
		return wikiInline(n.Content)
	case "heading":
		return "h" + string(rune('0'+n.level())) + ". " + wikiInline(n.Content)
	case "rule":
		return "----"
	case "codeBlock":
		open := "{code}"
		if l := n.attr("language"); l != "" {
			open = "{code:" + l + "}"
		}
		return open + "\n" + plain(n) + "\n{code}"
	case "blockquote":
		return "{quote}\n" + strings.Join(wikiBlocks(n.Content), "\n\n") + "\n{quote}"
	case "panel":
		return "{panel}\n" + strings.Join(wikiBlocks(n.Content), "\n\n") + "\n{panel}"
	case "bulletList", "taskList", "decisionList":
		return strings.Join(wikiList(n, "*"), "\n")
	case "orderedList":
		return strings.Join(wikiList(n, "#"), "\n")
	case "table":
		return wikiTable(n)
	case "blockCard", "embedCard":
		return "[" + n.attr("url") + "]"
	default:
		if len(n.Content) > 0 && isInline(n.Content[0].Type) {
			return wikiInline(n.Content)
		}
		return strings.Join(wikiBlocks(n.Content), "\n\n")
	}
}

func wikiList(list Node, prefix string) []string {
	var out []string
	for _, item := range list.Content {
		if len(item.Content) > 0 && isInline(item.Content[0].Type) { // taskItem, decisionItem
			out = append(out, prefix+" "+wikiInline(item.Content))
			continue
		}
		var text []string
		for _, c := range item.Content {
			switch c.Type {
			case "bulletList", "orderedList":
			default:
				text = append(text, strings.ReplaceAll(wikiBlock(c), "\n", " "))
			}
		}
		out = append(out, prefix+" "+strings.Join(text, ` \\ `))
		for _, c := range item.Content {
			switch c.Type {
			case "bulletList":
				out = append(out, wikiList(c, prefix+"*")...)
			case "orderedList":
				out = append(out, wikiList(c, prefix+"#")...)
			}
		}
	}
	return out
}

func wikiTable(t Node) string {
	var rows []string
	for _, r := range t.Content {
		var b strings.Builder
		bar := "|"
		for _, c := range r.Content {
			bar = "|"
			if c.Type == "tableHeader" {
				bar = "||"
			}
			text := strings.Join(wikiBlocks(c.Content), ` \\ `)
			if text == "" {
				text = " "
			}
			b.WriteString(bar + strings.ReplaceAll(text, "\n", ` \\ `))
		}
		rows = append(rows, b.String()+bar)
	}
	return strings.Join(rows, "\n")
}

func wikiInline(nodes []Node) string {
	var b strings.Builder
	for _, n := range nodes {
		switch n.Type {
		case "text":
			b.WriteString(wikiText(n))
		case "hardBreak":
			b.WriteByte('\n')
		case "mention":
			b.WriteString("[~accountid:" + n.attr("id") + "]")
		case "inlineCard":
			b.WriteString("[" + n.attr("url") + "|" + n.attr("url") + "|smart-link]")
		default:
			b.WriteString(label(n))
		}
	}
	return b.String()
}

func wikiText(n Node) string {
	s := n.Text
	for _, m := range n.Marks {
		switch m.Type {
		case "code":
			s = "{{" + s + "}}"
		case "strong":
			s = "*" + s + "*"
		case "em":
			s = "_" + s + "_"
		case "strike":
			s = "-" + s + "-"
		case "underline":
			s = "+" + s + "+"
		}
	}
	for _, m := range n.Marks {
		if m.Type == "link" && m.target() == n.Text {
			s = "[" + s + "]"
		} else if m.Type == "link" {
			s = "[" + s + "|" + m.target() + "]"
		}
	}
	return s
}

// label is how a node without text of its own reads.
func label(n Node) string {
	for _, name := range []string{"text", "shortName", "url", "timestamp"} {
		if s := n.attr(name); s != "" {
			return s
		}
	}
	return ""
}

// Text is a document as plain text, for search.
func Text(raw json.RawMessage) string {
	doc, err := Parse(raw)
	if err != nil {
		return ""
	}
	return plain(doc)
}

func plain(n Node) string {
	if n.Type == "text" {
		return n.Text
	}
	if len(n.Content) == 0 {
		return label(n)
	}
	parts := make([]string, len(n.Content))
	for i, c := range n.Content {
		parts[i] = plain(c)
	}
	if isInline(n.Content[0].Type) {
		return strings.Join(parts, "")
	}
	return strings.Join(parts, "\n")
}
