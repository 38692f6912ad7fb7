package view

import (
	"html/template"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// change is a line of a comparison: Sign is '+', '-' or ' '.
type change struct {
	Sign string
	Text string
}

// lines is what a reader sees of a rendered body, a line for each heading, paragraph, bullet, table row and the like.
func lines(rendered template.HTML) []string {
	var out []string
	var line strings.Builder
	end := func() {
		// A row begins and ends with its cells' marks, which would only repeat the line's own ends.
		if text := strings.Trim(strings.ReplaceAll(strings.Join(strings.Fields(line.String()), " "), "| |", "|"), "| "); text != "" {
			out = append(out, text)
		}
		line.Reset()
	}
	z := html.NewTokenizer(strings.NewReader(string(rendered)))
	for {
		switch z.Next() {
		case html.ErrorToken:
			end()
			return out
		case html.TextToken:
			line.Write(z.Text())
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch tag := atom.Lookup(name); {
			case tag == atom.Td || tag == atom.Th:
				line.WriteString(" | ")
			case block(tag):
				end()
			}
		}
	}
}

func block(tag atom.Atom) bool {
	switch tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Li, atom.Tr, atom.Table, atom.Blockquote, atom.Pre, atom.Aside,
		atom.Details, atom.Summary, atom.Section, atom.Figure, atom.Nav, atom.Ul, atom.Ol:
		return true
	}
	return false
}

// maxLines is how many lines of either side are compared.
const maxLines = 2000

// unchanged is how many unchanged lines are shown around a change.
const unchanged = 2

// diff compares two texts line by line and keeps the lines that changed, with a little around them.
func diff(a, b []string) []change {
	a, b = a[:min(len(a), maxLines)], b[:min(len(b), maxLines)]
	// longest[i][j] is the length of the longest common subsequence of a[i:] and b[j:].
	longest := make([][]int16, len(a)+1)
	for i := range longest {
		longest[i] = make([]int16, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var all []change
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, change{" ", a[i]})
			i++
			j++
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			all = append(all, change{"-", a[i]})
			i++
		default:
			all = append(all, change{"+", b[j]})
			j++
		}
	}
	return around(all)
}

// around drops the unchanged lines that are far from any change; where some are dropped stands a "…".
func around(all []change) []change {
	keep := make([]bool, len(all))
	for i, c := range all {
		if c.Sign != " " {
			for k := max(0, i-unchanged); k <= min(len(all)-1, i+unchanged); k++ {
				keep[k] = true
			}
		}
	}
	var out []change
	for i, c := range all {
		switch {
		case keep[i]:
			out = append(out, c)
		case i > 0 && keep[i-1]:
			out = append(out, change{"…", ""})
		}
	}
	return out
}
