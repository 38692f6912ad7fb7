package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/stamp/stamptest"
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
	if got.Bodies != 25 || got.Head.Size != 50 || len(got.Continues) != 1 || got.Files != 10 {
		t.Errorf("got %+v", got)
	}
	if _, err := verify(t, pack(t, s, 0, 0), archive.Expect{}); err != nil {
		t.Errorf("a pack of an empty ledger: %v", err)
	}
}

// TestEveryFlippedByteIsFound changes one byte of a pack at a time: 500 at random, or as many as THROUGHLINE_SOAK says.
func TestEveryFlippedByteIsFound(t *testing.T) {
	s := logOf(t, 40)
	whole := pack(t, s, 40, 20, stamped(t, s, stamptest.New(t), 30, lately()))
	random := rand.New(rand.NewPCG(1, 2))
	for range soak(500) {
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

// TestMutationsAreNamed makes a change of a random kind at a random place, as an outsider, as an outsider who restates the manifest, and
// as an insider who signs it too, and holds what is named: 500 changes, or as many as THROUGHLINE_SOAK says.
func TestMutationsAreNamed(t *testing.T) {
	s := logOf(t, 60)
	parts := takeApart(t, pack(t, s, 60, 20, stamped(t, s, stamptest.New(t), 50, lately())))
	random := rand.New(rand.NewPCG(3, 4))
	const entries, leaves, checkpoint = "ledger/entries.jsonl", "ledger/leaves.bin", "ledger/checkpoint"
	older := func(string) string {
		c, err := s.Checkpoint(t.Context(), site, uint64(1+random.IntN(49)))
		if err != nil {
			t.Fatal(err)
		}
		return string(c.Note)
	}
	lines := func(do func([]string) []string) func(string) string {
		return func(s string) string {
			all := strings.SplitAfter(s, "\n")
			return strings.Join(do(all[:len(all)-1]), "")
		}
	}
	removed := lines(func(all []string) []string { at := random.IntN(len(all)); return slices.Delete(all, at, at+1) })
	exchanged := lines(func(all []string) []string {
		a, b := random.IntN(len(all)), random.IntN(len(all)-1)
		if b >= a {
			b++
		}
		all[a], all[b] = all[b], all[a]
		return all
	})
	redated := lines(func(all []string) []string {
		at := random.IntN(len(all))
		member := []string{"recorded", "observed", "occurred"}[random.IntN(3)]
		all[at] = strings.Replace(all[at], `"`+member+`":"2026-03`, fmt.Sprintf(`"%s":"2026-%02d`, member, 1+random.IntN(2)), 1)
		return all
	})
	kinds := []struct {
		name, file string
		edit       func(string) string
		inside     []archive.Part // what an insider's change is named as; nil where an insider may do so
	}{
		{"an entry removed", entries, removed, []archive.Part{archive.Rows}},
		{"entries swapped", entries, exchanged, []archive.Part{archive.Entry}},
		{"an entry re-dated", entries, redated, []archive.Part{archive.Entry}},
		{"a byte of the entries", entries, func(s string) string { return flipped(random.IntN(len(s)))(s) }, []archive.Part{archive.Entry, archive.Rows}},
		{"a byte of the leaves", leaves, func(s string) string { return flipped(random.IntN(len(s)))(s) }, []archive.Part{archive.Leaves, archive.Entry}},
		{"a leaf removed", leaves, func(s string) string { at := 32 * random.IntN(len(s)/32); return s[:at] + s[at+32:] }, []archive.Part{archive.Leaves, archive.Entry}},
		{"the checkpoint replaced", checkpoint, older, []archive.Part{archive.Checkpoint}},
		{"the stamped checkpoint replaced", "ledger/stamped-50", older, []archive.Part{archive.TimeStamp}},
		{"a byte of the stamped checkpoint", "ledger/stamped-50", func(s string) string { return flipped(random.IntN(len(s)))(s) }, []archive.Part{archive.TimeStamp}},
		{"a byte of the token", "ledger/stamped-50.tsr", func(s string) string { return flipped(random.IntN(len(s)))(s) }, nil},
		{"a row removed", "threats.csv", func(s string) string {
			rows := strings.SplitAfter(s, "\r\n")
			at := 1 + random.IntN(len(rows)-2)
			return strings.Join(slices.Delete(rows, at, at+1), "")
		}, nil},
		{"a byte of a table", "threats.csv", func(s string) string { return flipped(random.IntN(len(s)))(s) }, nil},
	}
	for n := range soak(500) {
		k := kinds[n%len(kinds)]
		changed := edited(t, parts, k.file, k.edit)
		check := func(who string, pack []byte, want []archive.Part, file string) {
			t.Helper()
			_, err := verify(t, pack, archive.Expect{})
			var found *archive.Flaw
			if !errors.As(err, &found) || !slices.Contains(want, found.Part) || file != "" && found.File != file {
				t.Fatalf("%d: %s, %s: %v (%+v), want %v of %s", n, k.name, who, err, found, want, file)
			}
		}
		check("outside", zipped(t, changed, ""), []archive.Part{archive.Content}, k.file)
		check("restated", zipped(t, restated(t, changed, nil, nil), ""), []archive.Part{archive.Signature}, "manifest.json")
		if k.inside != nil {
			check("inside", zipped(t, restated(t, changed, nil, s), ""), k.inside, "")
		}
		name := fmt.Sprintf("added-%d.csv", random.IntN(1000))
		at := random.IntN(len(parts) - 1)
		added := slices.Insert(slices.Clone(parts), at, part{name, []byte("a\r\n")})
		check("a file added", zipped(t, added, ""), []archive.Part{archive.Added}, name)
	}
}

// soak is how often a test repeats what it does at random.
func soak(usual int) int {
	if times, err := strconv.Atoi(os.Getenv("THROUGHLINE_SOAK")); err == nil {
		return times
	}
	return usual
}
