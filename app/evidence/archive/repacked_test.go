package archive_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/evidence/archive"
)

// TestRepackedByAnotherProgram: a pack that was unpacked, changed and packed again by a program that writes ZIP files in its own way. What
// was changed is named, not that the way is another.
func TestRepackedByAnotherProgram(t *testing.T) {
	parts := takeApart(t, pack(t, logOf(t, 60), 60, 20))
	tests := []struct {
		name, file, says string
		parts            []part
		want             archive.Part
	}{
		{"nothing", parts[0].name, "the files in it are the ones", parts, archive.Container},
		{"a table", "threats.csv", "it was changed", edited(t, parts, "threats.csv", flipped(20)), archive.Content},
		{"the entries", "ledger/entries.jsonl", "it was changed", edited(t, parts, "ledger/entries.jsonl", flipped(20)), archive.Content},
		{"the manifest", "manifest.json", "it was changed after it was signed", edited(t, parts, "manifest.json", flipped(20)), archive.Signature},
		{"a file added", "approval.pdf", "knows no such file", slices.Insert(slices.Clone(parts), 3, part{"approval.pdf", []byte("approved")}), archive.Added},
		{"a file taken out", parts[0].name, "not there", parts[1:], archive.Missing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := verify(t, packedOtherwise(t, tt.parts), archive.Expect{})
			var found *archive.Flaw
			if !errors.As(err, &found) || found.Part != tt.want || found.File != tt.file || !strings.Contains(strings.ToLower(found.Text), tt.says) {
				t.Errorf("%v (%+v), want %s of %s: %s", err, found, tt.want, tt.file, tt.says)
			}
		})
	}
}

// packedOtherwise packs parts without times and without compression.
func packedOtherwise(t *testing.T, parts []part) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, p := range parts {
		w, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(p.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
