package adf

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var bareURL = regexp.MustCompile(`^https?://[^\s|\]{}<>"]+`)

// markOf are wiki markup's text marks by their delimiter.
func markOf(c byte) (string, bool) {
	switch c {
	case '*':
		return "strong", true
	case '_':
		return "em", true
	case '-':
		return "strike", true
	case '+':
		return "underline", true
	}
	return "", false
}

// inline reads the text of one line. Marks are those of what stands around it.
func inline(s string, marks []Mark) []Node {
	var out []Node
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			out = append(out, textNode(plain.String(), marks))
			plain.Reset()
		}
	}
	for i := 0; i < len(s); {
		rest := s[i:]
		node, n := element(s, i, marks)
		switch {
		case n > 0:
			flush()
			out, i = append(out, node...), i+n
		case strings.HasPrefix(rest, `\\`):
			flush()
			out, i = append(out, Node{Type: "hardBreak"}), i+2
		case rest[0] == '\\' && len(rest) > 1 && strings.IndexByte(`*_-+^~{}[]|\#!`, rest[1]) >= 0:
			plain.WriteByte(rest[1])
			i += 2
		default:
			_, size := utf8.DecodeRuneInString(rest)
			plain.WriteString(strings.ToValidUTF8(rest[:size], "\uFFFD"))
			i += size
		}
	}
	flush()
	return out
}

// element reads what begins at s[i], if it is more than a character: a link, a mention, code, a mark. It returns how many bytes.
func element(s string, i int, marks []Mark) ([]Node, int) {
	rest := s[i:]
	switch {
	case strings.HasPrefix(rest, "{{"):
		if end := strings.Index(rest[2:], "}}"); end > 0 {
			return []Node{textNode(rest[2:2+end], append(slices.Clone(marks), Mark{Type: "code"}))}, end + 4
		}
	case rest[0] == '[':
		return bracket(rest, marks)
	case rest[0] == 'h':
		if u := bareURL.FindString(rest); u != "" && atWordStart(s, i) {
			u = strings.TrimRight(u, ".,;:!?)")
			return []Node{textNode(u, append(slices.Clone(marks), link(u)))}, len(u)
		}
	default:
		kind, ok := markOf(rest[0])
		if !ok || !atWordStart(s, i) || has(marks, kind) {
			return nil, 0
		}
		if end := closing(rest); end > 0 {
			return inline(rest[1:end], append(slices.Clone(marks), Mark{Type: kind})), end + 1
		}
	}
	return nil, 0
}

// bracket reads [~accountid:ID], [url], [text|url] and [text|url|smart-link].
func bracket(s string, marks []Mark) ([]Node, int) {
	end := strings.IndexByte(s, ']')
	if end < 2 {
		return nil, 0
	}
	body := s[1:end]
	if id, ok := strings.CutPrefix(body, "~accountid:"); ok {
		return []Node{{Type: "mention", Attrs: map[string]any{"id": id}}}, end + 1
	}
	parts := strings.Split(body, "|")
	target := parts[min(1, len(parts)-1)]
	if !bareURL.MatchString(target) && !strings.HasPrefix(target, "mailto:") && !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "#") {
		return nil, 0
	}
	if len(parts) > 2 && strings.HasPrefix(parts[2], "smart-") {
		return []Node{{Type: "inlineCard", Attrs: map[string]any{"url": target}}}, end + 1
	}
	if parts[0] == "" {
		return nil, 0
	}
	if len(parts) == 1 {
		return []Node{textNode(target, append(slices.Clone(marks), link(target)))}, end + 1
	}
	return inline(parts[0], append(slices.Clone(marks), link(target))), end + 1
}

func link(href string) Mark { return Mark{Type: "link", Attrs: map[string]any{"href": href}} }

func textNode(s string, marks []Mark) Node { return Node{Type: "text", Text: s, Marks: marks} }

func has(marks []Mark, kind string) bool {
	return slices.ContainsFunc(marks, func(m Mark) bool { return m.Type == kind || m.Type == "link" && kind == "link" })
}

// closing is the offset of the delimiter that ends a mark, 0 when there is none: text stands before it, no word after it.
func closing(s string) int {
	if len(s) < 3 || s[1] == ' ' || s[1] == s[0] {
		return 0
	}
	for i := 2; i < len(s); i++ {
		if s[i] != s[0] || s[i-1] == ' ' || s[i-1] == '\\' {
			continue
		}
		if r, _ := utf8.DecodeRuneInString(s[i+1:]); i+1 == len(s) || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return i
		}
	}
	return 0
}

func atWordStart(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return i == 0 || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\\' && r != '/'
}
