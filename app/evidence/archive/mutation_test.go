package archive_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/throughline/throughline/app/evidence/archive"
)

func verify(t testing.TB, pack []byte, expect archive.Expect) (archive.Report, error) {
	t.Helper()
	return archive.Verify(t.Context(), bytes.NewReader(pack), int64(len(pack)), expect)
}

func TestVerify(t *testing.T) {
	s := logOf(t, 50)
	former := pack(t, s, 30, 0)
	latter := pack(t, s, 50, 30)
	known, err := archive.ReadPrevious(t.Context(), bytes.NewReader(former), int64(len(former)), "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := verify(t, latter, archive.Expect{Key: known.Key, Previous: &known})
	if err != nil {
		t.Fatal(err)
	}
	if got.Bodies != 25 || got.Head.Size != 50 || len(got.Continues) != 2 || got.Files != 10 {
		t.Errorf("got %+v", got)
	}
	if _, err := verify(t, pack(t, s, 0, 0), archive.Expect{}); err != nil {
		t.Errorf("a pack of an empty ledger: %v", err)
	}
}

// TestEveryFlippedByteIsFound changes one byte of a pack at a time: 500 at random, or as many as THROUGHLINE_SOAK says.
func TestEveryFlippedByteIsFound(t *testing.T) {
	whole := pack(t, logOf(t, 40), 40, 20)
	times := 500
	if soak, err := strconv.Atoi(os.Getenv("THROUGHLINE_SOAK")); err == nil {
		times = soak
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range times {
		at, bit := random.IntN(len(whole)), byte(1)<<random.IntN(8)
		if random.IntN(2) == 0 {
			bit = byte(1 + random.IntN(255))
		}
		changed := bytes.Clone(whole)
		changed[at] ^= bit
		var found *archive.Flaw
		if _, err := verify(t, changed, archive.Expect{}); !errors.As(err, &found) {
			t.Fatalf("byte %d with %#x: %v, want a flaw", at, bit, err)
		}
	}
}
