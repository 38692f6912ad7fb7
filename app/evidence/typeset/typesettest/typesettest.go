// Package typesettest looks into PDF files that typeset made.
package typesettest

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
	"testing"
)

var stream = regexp.MustCompile(`(?s)/FlateDecode[^>]*>>\nstream\n(.*?)\nendstream`)

// Content is what the streams of a PDF file hold, unpacked, one behind the other.
func Content(t testing.TB, pdf []byte) []byte {
	t.Helper()
	var content []byte
	for _, m := range stream.FindAllSubmatch(pdf, -1) {
		r, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		part, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, part...)
	}
	return content
}
