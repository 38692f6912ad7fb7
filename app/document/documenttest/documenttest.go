// Package documenttest holds every parser of documents, and every reader of them, to the same rules.
package documenttest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/document"
)

// Corpus gives the sources of the shared corpus whose paths below it match one of the patterns, by file name.
func Corpus(t testing.TB, patterns ...string) map[string][]byte {
	t.Helper()
	sources := map[string][]byte{}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(contracttest.Path(t, "corpus"), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			sources[filepath.Base(path)] = source
		}
	}
	if len(sources) == 0 {
		t.Fatalf("the corpus has nothing at %q", patterns)
	}
	return sources
}

// CheckTree returns what breaks the rules of a tree: spans of children lie inside their parent's, in order and without
// overlap; exact text stands in the source where it says; flat text has its places inside the node it was read from.
func CheckTree(d *document.Document) error {
	if d.Root == nil || d.Root.Span != (document.Span{End: len(d.Source)}) {
		return fmt.Errorf("the root %v is not the whole source", d.Root)
	}
	if err := checkNode(d.Root, d.Source); err != nil {
		return err
	}
	f := document.Flatten(d.Root)
	for i := range len(f.Text) {
		if s := f.Span(i, i+1); s.Start > s.End || !d.Root.Span.Contains(s) {
			return fmt.Errorf("byte %d of the flat text has the span %v", i, s)
		}
	}
	return nil
}

func checkNode(n *document.Node, source []byte) error {
	if !(document.Span{End: len(source)}).Contains(n.Span) || n.Span.Len() < 0 || n.Inner.Len() < 0 || !n.Span.Contains(n.Inner) {
		return fmt.Errorf("%s has the span %v and the inner span %v", n.Kind, n.Span, n.Inner)
	}
	if n.Kind == document.Text && n.Exact() && n.Text != string(source[n.Span.Start:n.Span.End]) {
		return fmt.Errorf("exact text %q at %v is not the source's", n.Text, n.Span)
	}
	if n.Kind == document.Text && n.Name != "" && (n.Name != string(source[n.Span.Start:n.Span.End]) || n.Text != document.Decode(n.Name)) {
		return fmt.Errorf("the text %q of %q at %v is not the source's", n.Text, n.Name, n.Span)
	}
	at := n.Span.Start
	for _, c := range n.Children {
		if c.Span.Start < at || c.Span.End > n.Span.End {
			return fmt.Errorf("%s %v in %s %v: the place up to %d is taken", c.Kind, c.Span, n.Kind, n.Span, at)
		}
		at = c.Span.End
		if err := checkNode(c, source); err != nil {
			return err
		}
	}
	return nil
}

// CheckReading returns where a span does not read as the text does that it is the source of: for every paragraph, heading,
// item and cell its whole text, its lines, sentences and words. read reads a fragment of the source; loose drops what a
// fragment alone cannot tell from markup, nil drops nothing.
func CheckReading(d *document.Document, read, loose func(string) string) []error {
	if loose == nil {
		loose = func(s string) string { return s }
	}
	var errs []error
	document.Walk(d.Root, func(n *document.Node) bool {
		switch n.Kind {
		case document.Paragraph, document.Heading, document.Item, document.Cell, document.Summary:
		default:
			return true
		}
		f := document.Flatten(n)
		for _, r := range ranges(f.Text) {
			s := f.Span(r[0], r[1])
			if cuts(f, r[0], r[1]) {
				continue
			}
			want, fragment := f.Text[r[0]:r[1]], string(d.Source[s.Start:s.End])
			if got := read(fragment); words(loose(got)) != words(loose(want)) {
				errs = append(errs, fmt.Errorf("%s: %q at %v reads %q, from %q", n.Kind, want, s, got, fragment))
			}
		}
		return true
	})
	return errs
}

func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// ranges are the whole of a text, its lines, its sentences and its words.
func ranges(text string) [][2]int {
	all := [][2]int{{0, len(text)}}
	for _, end := range []string{"\n", ". ", " "} {
		for start := 0; start < len(text); {
			i := strings.Index(text[start:], end)
			if i < 0 {
				i = len(text) - start - 1
			}
			all = append(all, [2]int{start, start + i + 1})
			start += i + 1
		}
	}
	return all
}

// cuts reports whether a range ends inside of what has one place in the source as a whole, such as the title of a page that a
// link shows.
func cuts(f document.Flat, i, j int) bool {
	s := f.Span(i, j)
	before, after := i, j
	for before > 0 && f.Span(before, i).Len() == 0 {
		before--
	}
	for after < len(f.Text) && f.Span(j, after).Len() == 0 {
		after++
	}
	return before < i && f.Span(before, j) == s || after > j && f.Span(i, after) == s
}

// Sketch draws a tree on one line, for tables of tests: kind, name in brackets, level, attributes, text in quotes, children in
// parentheses. Neighbouring texts are drawn as one.
func Sketch(n *document.Node) string {
	var b strings.Builder
	sketch(&b, n)
	return b.String()
}

func sketch(b *strings.Builder, n *document.Node) {
	b.WriteString(string(n.Kind))
	if n.Level > 0 {
		fmt.Fprint(b, n.Level)
	}
	if n.Name != "" {
		fmt.Fprintf(b, "[%s]", n.Name)
	}
	for _, k := range slices.Sorted(maps.Keys(n.Attr)) {
		fmt.Fprintf(b, " %s=%s", k, n.Attr[k])
	}
	if n.Text != "" {
		fmt.Fprintf(b, " %q", n.Text)
	}
	if len(n.Children) == 0 {
		return
	}
	b.WriteString("(")
	for i := 0; i < len(n.Children); i++ {
		if i > 0 {
			b.WriteString(" ")
		}
		if n.Children[i].Kind != document.Text {
			sketch(b, n.Children[i])
			continue
		}
		text := ""
		for ; i < len(n.Children) && n.Children[i].Kind == document.Text; i++ {
			text += n.Children[i].Text
		}
		i--
		fmt.Fprintf(b, "%q", text)
	}
	b.WriteString(")")
}
