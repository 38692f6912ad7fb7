package archive_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/ledger"
)

// BenchmarkMillion is a ledger of 1,000,000 entries: writing a pack that discloses all of them, and verifying it.
func BenchmarkMillion(b *testing.B) {
	const entries = 1_000_000
	s := logOf(b, 0)
	began := time.Now()
	for n := 0; n < entries; n += 20_000 {
		record(b, s, n, n+20_000)
	}
	b.Logf("recorded in %v", time.Since(began))
	file, err := os.Create(filepath.Join(b.TempDir(), "pack.zip"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			if _, err := file.Seek(0, io.SeekStart); err != nil {
				b.Fatal(err)
			}
			p := archive.New(file)
			if _, err := p.Close(b.Context(), facts(), s, archive.Scope{Size: entries, Previous: entries / 2, In: func(ledger.Entry) bool { return true }}); err != nil {
				b.Fatal(err)
			}
		}
	})
	info, err := file.Stat()
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("a pack of %d bytes", info.Size())
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			got, err := archive.Verify(b.Context(), file, info.Size(), archive.Expect{})
			if err != nil || got.Bodies != entries {
				b.Fatal(got.Bodies, err)
			}
		}
	})
}
