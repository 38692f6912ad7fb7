package markdown

import (
	"sort"
	"strings"

	"github.com/yuin/goldmark/text"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markup"
)

// html adds a stretch of HTML: a block, or a tag inside a paragraph. Elements may be opened in one stretch and closed in
// another, with Markdown between them.
func (b *builder) html(lines []text.Segment) {
	r := newStretch(b.src, lines)
	s := markup.Scanner{Source: r.text, Lenient: true, HTML: true}
	for b.err == nil {
		t, err := s.Next()
		if err != nil || t.Kind == markup.End {
			return
		}
		switch t.Kind {
		case markup.Text:
			b.htmlText(r, t)
		case markup.StartTag:
			b.startTag(&s, strings.ToLower(t.Name), t.Single, r.span(t.Span))
		case markup.EndTag:
			b.endTag(strings.ToLower(t.Name), r.span(t.Span))
		}
	}
}

func (b *builder) htmlText(r stretch, t markup.Token) {
	if b.between() && markup.Blank(r.text[t.Span.Start:t.Span.End]) {
		return
	}
	r.pieces(t.Span, func(s document.Span) { b.prose(s.Start, s.End, false) })
}

func (b *builder) startTag(s *markup.Scanner, name string, single bool, span document.Span) {
	for b.top().html != "" && implied(b.top().html, name) {
		b.pop(span.Start, span.Start)
	}
	rule := markup.RuleOf(name)
	if single || markup.Void(name) {
		b.void(s, rule.Kind, span)
		return
	}
	n := b.push(rule.Kind, name, rule.Body, span.Start, span.End)
	b.top().drop = b.top().drop || rule.Drop
	if n == nil {
		return
	}
	switch rule.Kind {
	case document.Heading:
		n.Level = int(name[1] - '0')
	case document.List:
		if name == "ol" {
			n.Attr = map[string]string{"ordered": "true"}
		}
	case document.Link:
		n.Name = s.Attr("href")
	case document.Date:
		n.Name = s.Attr("datetime")
	case document.Layout:
		n.Name = name
	case document.Cell:
		n.Attr = map[string]string{}
		if name == "th" {
			n.Attr["header"] = "true"
		}
		for _, a := range []string{"colspan", "rowspan"} {
			if v := s.Attr(a); v != "" {
				n.Attr[a] = v
			}
		}
	}
}

// void adds an element that has no content.
func (b *builder) void(s *markup.Scanner, kind document.Kind, span document.Span) {
	if kind != document.Break && kind != document.Image {
		return
	}
	if n := b.leaf(kind, span.Start, span.End); n != nil && kind == document.Image {
		n.Name, n.Text = s.Attr("src"), s.Attr("alt")
	}
}

// endTag closes the nearest element of that name that HTML opened in the same Markdown block.
func (b *builder) endTag(name string, span document.Span) {
	for i := len(b.stack) - 1; i > 0 && b.stack[i].html != ""; i-- {
		if b.stack[i].html == name {
			b.popTo(i, span.Start, span.End)
			return
		}
	}
}

// implied reports whether an open element ends where a tag of another begins.
func implied(open, tag string) bool {
	switch open {
	case "p":
		return markup.RuleOf(tag).Kind.IsBlock()
	case "li":
		return tag == "li"
	case "td", "th":
		return tag == "td" || tag == "th" || tag == "tr" || tag == "tbody"
	case "tr":
		return tag == "tr" || tag == "tbody"
	case "dt", "dd":
		return tag == "dt" || tag == "dd"
	default:
		return false
	}
}

// stretch is HTML on lines that other markup (a quote's ">") may set apart in the source.
type stretch struct {
	text  string
	lines []text.Segment
	at    []int // where each line begins in text
}

func newStretch(src string, lines []text.Segment) stretch {
	r := stretch{lines: lines, at: make([]int, len(lines))}
	together, n := true, 0
	for i, l := range lines {
		r.at[i] = n
		n += l.Stop - l.Start
		together = together && (i == 0 || lines[i-1].Stop == l.Start)
	}
	if len(lines) == 0 {
		return r
	}
	if together {
		r.text = src[lines[0].Start:lines[len(lines)-1].Stop]
		return r
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(src[l.Start:l.Stop])
	}
	r.text = b.String()
	return r
}

// line is the index of the line that holds the byte of the text at i.
func (r stretch) line(i int) int {
	return sort.Search(len(r.at), func(k int) bool { return r.at[k] > i }) - 1
}

// span is the source of a span of the text that is not empty.
func (r stretch) span(s document.Span) document.Span {
	first, last := r.line(s.Start), r.line(s.End-1)
	return document.Span{Start: r.lines[first].Start + s.Start - r.at[first], End: r.lines[last].Start + s.End - r.at[last]}
}

// pieces gives the source of a span line by line where lines are apart.
func (r stretch) pieces(s document.Span, add func(document.Span)) {
	for s.Start < s.End {
		k := r.line(s.Start)
		for k+1 < len(r.lines) && r.at[k+1] < s.End && r.lines[k].Stop == r.lines[k+1].Start {
			k++
		}
		end := min(s.End, r.at[k]+r.lines[k].Stop-r.lines[k].Start)
		add(r.span(document.Span{Start: s.Start, End: end}))
		s.Start = end
	}
}
