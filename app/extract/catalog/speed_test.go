package catalog_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/extract/catalog"
)

// BenchmarkScan reads and scans the storage-format pages of both corpora.
func BenchmarkScan(b *testing.B) {
	pages, size := corpus(b)
	engine := catalog.Engine()
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, src := range pages {
			doc, err := storage.Parse(src)
			if err != nil {
				b.Fatal(err)
			}
			engine.Scan(doc)
		}
	}
}

// BenchmarkTokenise only reads the same bytes as XML tokens, with the standard library: what BenchmarkScan is held against, in
// the same run.
func BenchmarkTokenise(b *testing.B) {
	pages, size := corpus(b)
	b.SetBytes(size)
	for b.Loop() {
		for _, src := range pages {
			d := xml.NewDecoder(bytes.NewReader(src))
			d.Strict, d.Entity = false, xml.HTMLEntity
			for {
				if _, err := d.RawToken(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}

func corpus(b *testing.B) (pages [][]byte, size int64) {
	b.Helper()
	for _, dir := range []string{"dev", "designs"} {
		files, err := filepath.Glob(filepath.Join(contracttest.Path(b, "corpus", dir), "*.xml"))
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range files {
			src, err := os.ReadFile(f)
			if err != nil {
				b.Fatal(err)
			}
			pages, size = append(pages, src), size+int64(len(src))
		}
	}
	return pages, size
}
