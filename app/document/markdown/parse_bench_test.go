package markdown_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/throughline/throughline/app/document/documenttest"
	"github.com/throughline/throughline/app/document/markdown"
)

func BenchmarkParse(b *testing.B) {
	sources := documenttest.Corpus(b, "dev/*.md", "designs/*.md")
	var all []byte
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		all = append(append(all, sources[name]...), "\n\n"...)
	}
	b.SetBytes(int64(len(all)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := markdown.Parse(all); err != nil {
			b.Fatal(err)
		}
	}
}
