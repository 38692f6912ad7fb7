package trace

import (
	"bytes"
	"cmp"
	"html"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markdown"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/threat"
)

// source is a page's bytes, each with the place of its origin: where it was first written, over all versions of the page. What
// moves takes its origins along, a word put for another has that word's, and what is new has places of its own. They are the
// truth about which text is which, told by the edit itself and by nothing that trace sees.
type source struct {
	format document.Format
	text   []byte
	from   []int32
}

func (s source) cut(at document.Span) source {
	return source{s.format, s.text[at.Start:at.End:at.End], s.from[at.Start:at.End:at.End]}
}

func join(parts ...source) source {
	out := source{format: parts[0].format}
	for _, p := range parts {
		out.text, out.from = append(out.text, p.text...), append(out.from, p.from...)
	}
	return out
}

// edit puts another text in the place of a span.
type edit struct {
	at   document.Span
	with source
}

// apply makes all edits. Of two that overlap, the one that begins first is made.
func (s source) apply(edits []edit) source {
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.at.Start, b.at.Start), cmp.Compare(a.at.End, b.at.End))
	})
	parts, at := []source{{format: s.format}}, 0
	for _, e := range edits {
		if e.at.Start >= at {
			parts = append(parts, s.cut(document.Span{Start: at, End: e.at.Start}), e.with)
			at = e.at.End
		}
	}
	return join(append(parts, s.cut(document.Span{Start: at, End: len(s.text)}))...)
}

func (s source) parse() (*document.Document, error) {
	if s.format == document.Markdown {
		return markdown.Parse(s.text)
	}
	return storage.Parse(s.text)
}

// escaped is plain text as the format writes it, on one line.
func escaped(f document.Format, text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if f == document.Storage {
		return html.EscapeString(text)
	}
	return strings.NewReplacer("|", "/", "<", "(", ">", ")", "*", "", "_", " ", "`", "", "[", "(", "]", ")").Replace(text)
}

// view is a version of a page as the engine reads it.
type view struct {
	source
	doc    *document.Document
	found  []threat.Text
	blocks []titled              // that may give a finding its title: headings, summaries and paragraphs
	titles map[document.Span]int // how many findings each of them gives its title
	rows   []document.Span
}

func look(t testing.TB, engine *extract.Engine, s source) view {
	t.Helper()
	doc, err := s.parse()
	if err != nil {
		t.Fatalf("an edit broke the page: %v", err)
	}
	v := view{source: s, doc: doc, found: engine.Scan(doc).Findings}
	document.Walk(doc.Root, func(n *document.Node) bool {
		switch n.Kind {
		case document.Heading, document.Summary, document.Paragraph:
			v.blocks = append(v.blocks, titled{n.Span, words(document.Flatten(n).Text)})
		case document.Row:
			v.rows = append(v.rows, n.Span)
		}
		return true
	})
	v.titles = map[document.Span]int{}
	for f := range v.found {
		v.titles[v.titleOf(f)]++
	}
	return v
}

// titled is a place and its words.
type titled struct {
	document.Span
	words []string
}

// inside are the findings that begin in a span.
func (v view) inside(at document.Span) (out []int) {
	for i, f := range v.found {
		if at.Start <= f.At.Start && f.At.Start < at.End {
			out = append(out, i)
		}
	}
	return out
}

// section is a heading with all that stands under it.
type section struct {
	document.Span
	heading *document.Node
	path    string // of the headings above
}

// sections lists the sections of a page, those of layout cells and panels ending with these.
func (v view) sections() (out []section) {
	outline := document.NewOutline(v.doc.Root)
	document.Walk(v.doc.Root, func(n *document.Node) bool {
		for i, h := range n.Children {
			if h.Kind != document.Heading {
				continue
			}
			end := n.Inner.End
			for _, c := range n.Children[i+1:] {
				if c.Kind == document.Heading && c.Level <= h.Level {
					end = c.Span.Start
					break
				}
			}
			out = append(out, section{document.Span{Start: h.Span.Start, End: end}, h, strings.Join(outline.Path(h.Span.Start), " / ")})
		}
		return true
	})
	return out
}

// element is what an author takes hold of to move or delete a threat.
type element struct {
	document.Span
	kind document.Kind // Row, Item, Details, Paragraph, or Heading for a section
	node *document.Node
}

// elementOf finds the element that states a threat and no other one; ok is false where there is none.
func (v view) elementOf(f int) (out element, ok bool) {
	at := v.found[f].At
	within := func(s document.Span) bool { return s.Start <= at.Start && at.End <= s.End }
	alone := func(s document.Span) bool { return within(s) && len(v.inside(s)) == 1 }
	var table, parent *document.Node
	document.Walk(v.doc.Root, func(n *document.Node) bool {
		switch n.Kind {
		case document.Table:
			if within(n.Span) {
				table = n
			}
		case document.Row:
			if alone(n.Span) && table != nil && n != table.Children[0] && len(v.inside(table.Span)) > 1 {
				out, ok = element{n.Span, n.Kind, n}, true
			}
		case document.Item, document.Details:
			if alone(n.Span) && table == nil {
				out, ok = element{n.Span, n.Kind, n}, true
			}
		case document.Paragraph:
			if alone(n.Span) && !ok && table == nil {
				out, ok = element{v.run(parent, n, f), n.Kind, n}, true
			}
		}
		if within(n.Span) {
			parent = n
			return true
		}
		return false
	})
	if table != nil && !ok {
		return out, false
	}
	if !ok || out.kind == document.Paragraph {
		for _, s := range v.sections() {
			if alone(s.Span) && s.heading.Level > 1 {
				out, ok = element{s.Span, document.Heading, s.heading}, true
			}
		}
	}
	return out, ok
}

// run is a threat's paragraph with the one above that is its title, and what is labelled below it.
func (v view) run(parent, paragraph *document.Node, f int) document.Span {
	out := paragraph.Span
	title := v.titleOf(f)
	if title.Start < title.End && title.End <= out.Start && len(bytes.TrimSpace(v.text[title.End:out.Start])) == 0 {
		out.Start = title.Start
	}
	if v.found[f].Finder != "labelled" {
		return out
	}
	next := len(v.text)
	if f+1 < len(v.found) {
		next = v.found[f+1].At.Start
		if t := v.titleOf(f + 1); t.Start < t.End && t.Start < next {
			next = t.Start
		}
	}
	for _, n := range parent.Children {
		if n.Span.Start >= out.End {
			if n.Kind == document.Heading || n.Span.End > next || len(v.inside(n.Span)) > 0 {
				break
			}
			out.End = n.Span.End
		}
	}
	return out
}

// titleOf is the heading, summary or paragraph above a threat that gives it its title; empty where its own words do.
func (v view) titleOf(f int) (out document.Span) {
	title := words(v.found[f].Title)
	if len(title) == 0 || slices.Equal(title, words(v.found[f].Quote)) {
		return out
	}
	for _, t := range v.blocks {
		// what stands before is a label or number
		if t.Start < v.found[f].At.Start && len(t.words) >= len(title) && slices.Equal(t.words[len(t.words)-len(title):], title) {
			out = t.Span
		}
	}
	return out
}

// places are where a threat stands, each by the origins of its bytes: its words, what restates it, and the title and the row
// that are its alone, for the engine may read it by these when the page around it changes.
func (v view) places(f int) (out [][]int32) {
	one := v.found[f]
	spans := append([]document.Span{one.At}, one.Also...)
	if title := v.titleOf(f); title.Start < title.End {
		if v.titles[title] == 1 {
			spans = append(spans, title)
		}
	}
	for _, row := range v.rows {
		if row.Start <= one.At.Start && one.At.End <= row.End && len(v.inside(row)) == 1 {
			spans = append(spans, row)
		}
	}
	for _, s := range spans {
		place := slices.Clone(v.from[s.Start:s.End])
		slices.Sort(place)
		out = append(out, slices.Compact(place))
	}
	return out
}

// column is how far from its line's beginning a byte stands: in Markdown it says which list an item can belong to.
func (s source) column(at int) int { return at - 1 - bytes.LastIndexByte(s.text[:at], '\n') }

// original is a page as it was found.
type original struct {
	name string // the document's name without its format
	source
}

// originals are the documents of both corpora in both formats, and the pages of the demo.
func originals(t testing.TB) (out []original) {
	t.Helper()
	note := func(path string, format document.Format, text []byte) {
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		s := source{format: format, text: text, from: make([]int32, len(text))}
		for i := range s.from {
			s.from[i] = int32(i)
		}
		out = append(out, original{name, s})
	}
	for _, part := range []string{"dev", "designs"} {
		files, err := filepath.Glob(filepath.Join(contracttest.Path(t, "corpus", part), "*.*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			format := map[string]document.Format{".xml": document.Storage, ".md": document.Markdown}[filepath.Ext(file)]
			if format == "" {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			note(file, format, text)
		}
	}
	for _, p := range seed.Demo() {
		note(p.File, document.Storage, []byte(p.Body))
	}
	return out
}

// nodes are all nodes of a kind below n, in document order.
func nodes(n *document.Node, kind document.Kind) []*document.Node {
	var found []*document.Node
	document.Walk(n, func(c *document.Node) bool {
		if c.Kind == kind {
			found = append(found, c)
		}
		return true
	})
	return found
}
