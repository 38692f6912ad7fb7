package adf

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

var (
	headingLine = regexp.MustCompile(`^h([1-6])\.\s+(.*)$`)
	listLine    = regexp.MustCompile(`^([*#]+|-)\s+(.*)$`)
	blockOpen   = regexp.MustCompile(`^\{(code|noformat|quote|panel)(?::([^}]*))?\}(.*)$`)
)

// FromWiki turns wiki markup into a document. Every text is some wiki markup, so it cannot fail.
func FromWiki(src string) json.RawMessage {
	lines := strings.Split(strings.ReplaceAll(src, "\r\n", "\n"), "\n")
	doc := Node{Version: 1, Type: "doc", Content: blocks(lines, 0)}
	out, err := json.Marshal(doc)
	if err != nil { // a Node holds only strings and numbers
		panic(err)
	}
	if doc.Content == nil {
		return json.RawMessage(`{"version":1,"type":"doc","content":[]}`)
	}
	return out
}

func blocks(lines []string, depth int) []Node {
	var out []Node
	var para []string
	flush := func() {
		if len(para) > 0 {
			out = append(out, Node{Type: "paragraph", Content: paragraph(para)})
			para = nil
		}
	}
	for i := 0; i < len(lines); {
		line := strings.TrimSpace(lines[i])
		if m := blockOpen.FindStringSubmatch(line); m != nil && depth < 8 {
			flush()
			node, n := bodied(m, lines[i:], depth)
			out, i = append(out, node), i+n
			continue
		}
		switch m := headingLine.FindStringSubmatch(line); {
		case line == "":
			flush()
		case m != nil:
			flush()
			out = append(out, Node{Type: "heading", Attrs: map[string]any{"level": int(m[1][0] - '0')}, Content: inline(m[2], nil)})
		case line == "----":
			flush()
			out = append(out, Node{Type: "rule"})
		case strings.HasPrefix(line, "bq. "):
			flush()
			out = append(out, Node{Type: "blockquote", Content: []Node{{Type: "paragraph", Content: inline(line[4:], nil)}}})
		case strings.HasPrefix(line, "|"):
			flush()
			n := run(lines[i:], func(s string) bool { return strings.HasPrefix(s, "|") })
			out, i = append(out, table(lines[i:i+n])), i+n
			continue
		case listLine.MatchString(line):
			flush()
			n := run(lines[i:], listLine.MatchString)
			out, i = append(out, lists(lines[i:i+n])...), i+n
			continue
		default:
			para = append(para, line)
		}
		i++
	}
	flush()
	return out
}

func run(lines []string, is func(string) bool) int {
	n := slices.IndexFunc(lines, func(s string) bool { return !is(strings.TrimSpace(s)) })
	if n < 0 {
		return len(lines)
	}
	return n
}

// bodied reads {code}…{code}, {noformat}, {quote} or {panel}; without an end it reaches to the end of the text.
func bodied(open []string, lines []string, depth int) (Node, int) {
	name, params, rest := open[1], open[2], open[3]
	end := "{" + name + "}"
	var body []string
	n := len(lines)
	if before, _, ok := strings.Cut(rest, end); ok {
		body, n = []string{before}, 1
	} else {
		if rest != "" {
			body = append(body, rest)
		}
		for i, l := range lines[1:] {
			if before, _, ok := strings.Cut(l, end); ok {
				if strings.TrimSpace(before) != "" {
					body = append(body, before)
				}
				n = i + 2
				break
			}
			body = append(body, l)
		}
	}
	switch name {
	case "code", "noformat":
		node := Node{Type: "codeBlock"}
		if lang, _, _ := strings.Cut(params, "|"); lang != "" && !strings.Contains(lang, "=") {
			node.Attrs = map[string]any{"language": lang}
		}
		if text := strings.Join(body, "\n"); text != "" {
			node.Content = []Node{{Type: "text", Text: text}}
		}
		return node, n
	case "quote":
		return Node{Type: "blockquote", Content: atLeastOne(blocks(body, depth+1))}, n
	default:
		return Node{Type: "panel", Attrs: map[string]any{"panelType": "info"}, Content: atLeastOne(blocks(body, depth+1))}, n
	}
}

func atLeastOne(content []Node) []Node {
	if len(content) == 0 {
		return []Node{{Type: "paragraph"}}
	}
	return content
}

func paragraph(lines []string) []Node {
	var out []Node
	for i, l := range lines {
		if i > 0 {
			out = append(out, Node{Type: "hardBreak"})
		}
		out = append(out, inline(l, nil)...)
	}
	return out
}

func table(lines []string) Node {
	t := Node{Type: "table"}
	for _, l := range lines {
		l = strings.TrimSpace(l)
		row := Node{Type: "tableRow"}
		for l != "" {
			kind := "tableCell"
			if strings.HasPrefix(l, "||") {
				kind, l = "tableHeader", l[2:]
			} else {
				l = l[1:]
			}
			n := cellEnd(l)
			text := strings.TrimSpace(l[:n])
			l = l[n:]
			if text == "" && strings.Trim(l, "|") == "" && l == "" {
				break // what follows the last bar
			}
			row.Content = append(row.Content, Node{Type: kind, Content: []Node{{Type: "paragraph", Content: inline(text, nil)}}})
		}
		if len(row.Content) > 0 {
			t.Content = append(t.Content, row)
		}
	}
	return t
}

// cellEnd is the offset of the next bar that is not within a link or a macro.
func cellEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '[':
			depth++
		case ']':
			depth = max(depth-1, 0)
		case '|':
			if depth == 0 {
				return i
			}
		}
	}
	if depth > 0 { // a bracket that nothing closes is a character like any other
		if i := strings.IndexByte(s, '|'); i >= 0 {
			return i
		}
	}
	return len(s)
}

// lists builds nested lists from lines such as "* a", "** b", "# c".
func lists(lines []string) []Node {
	var out []Node
	for i := 0; i < len(lines); {
		m := listLine.FindStringSubmatch(strings.TrimSpace(lines[i]))
		kind := listKind(m[1][0])
		list := Node{Type: kind}
		for i < len(lines) {
			m := listLine.FindStringSubmatch(strings.TrimSpace(lines[i]))
			if listKind(m[1][0]) != kind {
				break
			}
			item := Node{Type: "listItem", Content: []Node{{Type: "paragraph", Content: inline(m[2], nil)}}}
			i++
			var deeper []string
			for i < len(lines) {
				d := listLine.FindStringSubmatch(strings.TrimSpace(lines[i]))
				if len(d[1]) <= len(m[1]) {
					break
				}
				deeper = append(deeper, d[1][1:]+" "+d[2])
				i++
			}
			item.Content = append(item.Content, lists(deeper)...)
			list.Content = append(list.Content, item)
		}
		out = append(out, list)
	}
	return out
}

func listKind(c byte) string {
	if c == '#' {
		return "orderedList"
	}
	return "bulletList"
}
