package markdown_test

import (
	"bytes"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/document/documenttest"
	"github.com/throughline/throughline/app/document/markdown"
)

func TestParseCorpus(t *testing.T) {
	sources := documenttest.Corpus(t, "dev/*.md", "designs/*.md")
	for name, source := range maps.Clone(sources) {
		sources[name+" with line breaks of Windows"] = bytes.ReplaceAll(source, []byte("\n"), []byte("\r\n"))
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // Parse may be called by many at once
			d, err := markdown.Parse(source)
			if err != nil {
				t.Fatal(err)
			}
			if err := documenttest.CheckTree(d); err != nil {
				t.Fatal(err)
			}
			for _, err := range documenttest.CheckReading(d, markdown.Text, loose) {
				t.Error(err)
			}
		})
	}
}

// loose leaves out what a fragment alone cannot tell from markup.
func loose(s string) string {
	s = regexp.MustCompile(`<+[a-z]*>+`).ReplaceAllString(s, "")
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]|*_`~#>+-\\", r) {
			return -1
		}
		return r
	}, s)
}
