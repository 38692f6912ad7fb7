package document

import (
	"sort"
	"strings"
)

// Flat is the text of a node as a reader sees it, and where each byte of it stands in the source. White space is collapsed as
// HTML does (a no-break space counts as one), blocks and line breaks are set apart by "\n", the cells of a row by "\t".
type Flat struct {
	Text  string
	runs  []run  // ordered by at, without gaps
	marks []mark // inline elements and code, ordered by the start of their text
}

// run is a stretch of the text with one origin.
type run struct {
	at    int  // where it starts in the text
	span  Span // its source
	exact bool // each byte of the text has one byte of the source
}

// mark is an element's text and its whole source with the markup.
type mark struct {
	start, end int
	span       Span
}

// Flatten reads a node: its inline content, or a whole subtree of blocks. Mentions and images give no text of their own.
func Flatten(n *Node) Flat { return FlattenAll([]*Node{n}) }

// FlattenAll reads sibling nodes as one text, such as the inline children of an item without its nested lists.
func FlattenAll(nodes []*Node) Flat {
	w := flattener{}
	if k := len(nodes); k > 0 && nodes[0] != nil && nodes[k-1] != nil {
		w.text.Grow(max(0, min(nodes[k-1].Span.End-nodes[0].Span.Start, 1<<16)))
	}
	for _, n := range nodes {
		w.node(n)
	}
	w.flat.Text = w.text.String()
	return w.flat
}

// Span is the source of the half-open range of the text: from its first to its last byte that is no white space, with the
// markup of the inline elements and code blocks that lie wholly in the range. An empty or blank range gives an empty span.
func (f Flat) Span(i, j int) Span {
	i, j = max(i, 0), min(j, len(f.Text))
	for i < j && isBlank(f.Text[i]) {
		i++
	}
	for i < j && isBlank(f.Text[j-1]) {
		j--
	}
	if i >= j {
		if r := f.run(i); r >= 0 {
			start := f.runs[r].span.Start
			return Span{start, start}
		}
		return Span{}
	}
	first, last := f.runs[f.run(i)], f.runs[f.run(j-1)]
	s := Span{first.span.Start, last.span.End}
	if first.exact {
		s.Start += i - first.at
	}
	if last.exact {
		s.End = last.span.Start + j - last.at
	}
	k := sort.Search(len(f.marks), func(k int) bool { return f.marks[k].start >= i })
	for ; k < len(f.marks) && f.marks[k].start < j; k++ {
		if m := f.marks[k]; m.end <= j {
			s.Start, s.End = min(s.Start, m.span.Start), max(s.End, m.span.End)
		}
	}
	return s
}

// All is the source of the whole text.
func (f Flat) All() Span { return f.Span(0, len(f.Text)) }

// run finds the run that holds the byte at i, -1 when there is no text.
func (f Flat) run(i int) int {
	return sort.Search(len(f.runs), func(k int) bool { return f.runs[k].at > i }) - 1
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' }

// flattener writes a Flat. A separator waits until text follows, so that none stands at an end and the strongest wins.
type flattener struct {
	flat    Flat
	text    strings.Builder
	pending byte // 0, ' ', '\t' or '\n'
	gap     Span // the source of the pending separator
	code    bool // line breaks are kept
}

func (w *flattener) node(n *Node) {
	if n == nil {
		return
	}
	switch n.Kind {
	case Text:
		if n.Name != "" {
			w.references(n.Name, n.Span.Start)
		} else {
			w.write(n.Text, n.Span, n.Exact())
		}
		return
	case Break:
		w.separate('\n', n.Span)
		return
	case Status, Emoticon, Date:
		if len(n.Children) == 0 {
			w.write(n.Text, n.Span, false)
			return
		}
	}
	sep := byte(0)
	if n.IsBlock() {
		sep = '\n'
		if n.Kind == Cell {
			sep = '\t'
		}
		w.separate(sep, Span{n.Span.Start, n.Span.Start})
	}
	mark := w.open(n, sep)
	code := w.code
	w.code = code || n.Kind == Code
	for _, c := range n.Children {
		w.node(c)
	}
	w.code = code
	if len(n.Children) == 0 && sep == 0 {
		w.write(w.stand(n), n.Span, false)
	}
	w.close(mark)
	if sep != 0 {
		w.separate(sep, Span{n.Span.End, n.Span.End})
	}
}

// stand is what a reader sees of an inline node without children.
func (w *flattener) stand(n *Node) string {
	switch n.Kind {
	case Link:
		return n.Text
	case Ticket:
		return n.Name
	default:
		return ""
	}
}

// open begins the mark of an inline element, or of code, whose text may need its brackets; -1 for other blocks.
func (w *flattener) open(n *Node, sep byte) int {
	if sep != 0 && n.Kind != Code {
		return -1
	}
	w.flat.marks = append(w.flat.marks, mark{start: -1, span: n.Span})
	return len(w.flat.marks) - 1
}

// close ends a mark; a mark without text is dropped together with the empty ones inside it.
func (w *flattener) close(m int) {
	if m < 0 {
		return
	}
	if w.flat.marks[m].start < 0 {
		w.flat.marks = w.flat.marks[:m]
		return
	}
	w.flat.marks[m].end = w.text.Len()
}

func (w *flattener) separate(sep byte, at Span) {
	if w.text.Len() == 0 || rank(sep) <= rank(w.pending) {
		return
	}
	w.pending, w.gap = sep, at
}

func rank(sep byte) int {
	switch sep {
	case ' ':
		return 1
	case '\t':
		return 2
	case '\n':
		return 3
	default:
		return 0
	}
}

// write adds text, its white space collapsed. An inexact text has its whole span as source.
func (w *flattener) write(s string, span Span, exact bool) {
	for i := 0; i < len(s); {
		if size := space(s[i:]); size > 0 {
			end, line := i+size, s[i] == '\n'
			for size = space(s[end:]); size > 0; size = space(s[end:]) {
				line = line || s[end] == '\n'
				end += size
			}
			sep := byte(' ')
			if w.code && line {
				sep = '\n'
			}
			w.separate(sep, within(span, i, end, exact))
			i = end
			continue
		}
		end := i
		for end < len(s) {
			if c := s[end]; c > ' ' && c != 0xC2 || space(s[end:]) == 0 {
				end++
			} else if c == ' ' && end > i && end+1 < len(s) && s[end+1] > ' ' && s[end+1] != 0xC2 {
				end += 2 // one blank between words needs no change
			} else {
				break
			}
		}
		w.word(s[i:end], within(span, i, end, exact), exact)
		i = end
	}
}

// references writes text with character references, as it stands in the source at offset at.
func (w *flattener) references(s string, at int) {
	for s != "" {
		i, decoded, n := NextReference(s)
		w.write(s[:i], Span{at, at + i}, true)
		w.write(decoded, Span{at + i, at + i + n}, false)
		s, at = s[i+n:], at+i+n
	}
}

// word adds text that needs no change, with the separator that waits before it.
func (w *flattener) word(s string, span Span, exact bool) {
	if w.pending != 0 {
		w.run(w.gap, w.gap.Len() == 1)
		w.text.WriteByte(w.pending)
		w.pending = 0
	}
	for i := len(w.flat.marks) - 1; i >= 0 && w.flat.marks[i].start < 0; i-- {
		w.flat.marks[i].start = w.text.Len()
	}
	w.run(span, exact)
	w.text.WriteString(s)
}

// run notes the source of the text that is written next. Where each byte of it has one in the source and it goes on where the
// last run ends, it is the same run.
func (w *flattener) run(span Span, exact bool) {
	if k := len(w.flat.runs) - 1; exact && k >= 0 && w.flat.runs[k].exact && w.flat.runs[k].span.End == span.Start {
		w.flat.runs[k].span.End = span.End
		return
	}
	w.flat.runs = append(w.flat.runs, run{w.text.Len(), span, exact})
}

func within(span Span, i, j int, exact bool) Span {
	if !exact {
		return span
	}
	return Span{span.Start + i, span.Start + j}
}

// space is the length of the white space character that s begins with, 0 when it begins with another.
func space(s string) int {
	if s == "" {
		return 0
	}
	switch s[0] {
	case ' ', '\t', '\n', '\r', '\f':
		return 1
	case 0xC2:
		if len(s) > 1 && s[1] == 0xA0 {
			return 2
		}
	}
	return 0
}
