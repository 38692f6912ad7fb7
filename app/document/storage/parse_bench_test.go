package storage_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/documenttest"
	"github.com/throughline/throughline/app/document/storage"
)

// page is the corpus as one body of about a megabyte.
func page(b *testing.B) []byte {
	b.Helper()
	bodies := documenttest.Corpus(b, "dev/*.xml", "designs/*.xml", "storage/*.*ml")
	var all []byte
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		all = append(all, bodies[name]...)
	}
	return all
}

func BenchmarkTokenise(b *testing.B) {
	body := page(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		d := xml.NewDecoder(bytes.NewReader(body))
		d.Entity = xml.HTMLEntity
		for {
			if _, err := d.RawToken(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	body := page(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := storage.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseFlatten(b *testing.B) {
	body := page(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		d, err := storage.Parse(body)
		if err != nil {
			b.Fatal(err)
		}
		document.Flatten(d.Root)
	}
}

func BenchmarkSplice(b *testing.B) {
	body, region := page(b), []byte(panel("x"))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := storage.Splice(body, region); err != nil {
			b.Fatal(err)
		}
	}
}
