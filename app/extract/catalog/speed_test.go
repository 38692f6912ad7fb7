package catalog_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/extract/catalog"
)

// BenchmarkScan reads and scans the storage-format pages of both corpora.
func BenchmarkScan(b *testing.B) {
	var pages [][]byte
	size := 0
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
			pages, size = append(pages, src), size+len(src)
		}
	}
	engine := catalog.Engine()
	b.SetBytes(int64(size))
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
