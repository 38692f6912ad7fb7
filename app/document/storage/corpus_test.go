package storage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/storage"
)

// corpus gives every storage-format body of the shared corpus.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	bodies := map[string][]byte{}
	for _, pattern := range []string{"storage/*.*ml", "dev/*.xml", "designs/*.xml"} {
		paths, err := filepath.Glob(filepath.Join(contracttest.Path(t, "corpus"), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			bodies[filepath.Base(path)] = body
		}
	}
	if len(bodies) < 100 {
		t.Fatalf("the corpus has only %d bodies", len(bodies))
	}
	return bodies
}

// checkTree holds a tree to the rules every reader relies on: spans of children inside their parent's, in order, without
// overlap; text that stands in the source where it says.
func checkTree(n *document.Node, source []byte) error {
	if n.Span.Start < 0 || n.Span.End > len(source) || n.Span.Start > n.Span.End || !n.Span.Contains(n.Inner) {
		return fmt.Errorf("%s has the span %v and the inner span %v", n.Kind, n.Span, n.Inner)
	}
	if n.Kind == document.Text && n.Exact() && n.Text != string(source[n.Span.Start:n.Span.End]) {
		return fmt.Errorf("exact text %q at %v is not the source's", n.Text, n.Span)
	}
	at := n.Span.Start
	for _, c := range n.Children {
		if c.Span.Start < at || c.Span.End > n.Span.End {
			return fmt.Errorf("%s %v in %s %v: the place up to %d is taken", c.Kind, c.Span, n.Kind, n.Span, at)
		}
		at = c.Span.End
		if err := checkTree(c, source); err != nil {
			return err
		}
	}
	return nil
}

func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// checkReading holds every run of words of a block to its source: read back, the span reads as the text does.
func checkReading(n *document.Node, source []byte) error {
	f := document.Flatten(n)
	for _, r := range ranges(f.Text) {
		want := f.Text[r[0]:r[1]]
		s := f.Span(r[0], r[1])
		if cuts(f, r[0], r[1]) {
			continue
		}
		if got := storage.Text(string(source[s.Start:s.End])); words(got) != words(want) {
			return fmt.Errorf("%s: %q at %v reads %q, from %q", n.Kind, want, s, got, source[s.Start:s.End])
		}
	}
	return nil
}

// cuts reports whether the range ends inside what has one place in the source as a whole, such as a page title that a link shows.
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

// ranges are the text, its lines and its sentences.
func ranges(text string) [][2]int {
	all := [][2]int{{0, len(text)}}
	for _, end := range []string{"\n", ". ", " "} {
		start := 0
		for start < len(text) {
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

func TestParseCorpus(t *testing.T) {
	for name, body := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			d, err := storage.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			if err := checkTree(d.Root, body); err != nil {
				t.Fatal(err)
			}
			document.Walk(d.Root, func(n *document.Node) bool {
				switch n.Kind {
				case document.Paragraph, document.Heading, document.Item, document.Cell:
					if err := checkReading(n, body); err != nil {
						t.Error(err)
					}
				}
				return true
			})
			if got, want := storage.Text(string(body)), document.Flatten(d.Root).Text; got != want {
				t.Errorf("the whole body reads otherwise: %q, want %q", got, want)
			}
		})
	}
}
