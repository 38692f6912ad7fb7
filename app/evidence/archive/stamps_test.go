package archive_test

import (
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/stamp/stamptest"
)

// TestStamps: what the tokens of a pack prove is told, and by whose word.
func TestStamps(t *testing.T) {
	s := logOf(t, 40)
	tsa := stamptest.New(t)
	early, late := lately().Add(-time.Hour), lately()
	whole := pack(t, s, 40, 20, stamped(t, s, tsa, 25, early), stamped(t, s, tsa, 40, late))
	for _, roots := range []*x509.CertPool{nil, tsa.Pool()} {
		got, err := verify(t, whole, archive.Expect{Roots: roots})
		if err != nil {
			t.Fatal(err)
		}
		want := []archive.StampReport{
			{Stamped: archive.Stamped{Size: 25, Time: early}, Trusted: roots != nil},
			{Stamped: archive.Stamped{Size: 40, Time: late}, Trusted: roots != nil},
		}
		if diff := cmp.Diff(want, got.Stamps); diff != "" {
			t.Errorf("with roots %v (-want +got):\n%s", roots != nil, diff)
		}
	}
}

func TestForgedStampsAreNamed(t *testing.T) {
	s := logOf(t, 40)
	tsa, other := stamptest.New(t), stamptest.New(t)
	at := lately()
	parts := takeApart(t, pack(t, s, 40, 20, stamped(t, s, tsa, 30, at)))
	const note, token, entries = "ledger/stamped-30", "ledger/stamped-30.tsr", "ledger/entries.jsonl"
	with := func(content []byte) func(string) string { return func(string) string { return string(content) } }
	inside := func(parts []part, edit func(*archive.Manifest)) []byte {
		return zipped(t, restated(t, parts, edit, s), "")
	}
	stamps := func(edit func([]archive.Stamped) []archive.Stamped) func(*archive.Manifest) {
		return func(m *archive.Manifest) { m.Ledger.Stamps = edit(m.Ledger.Stamps) }
	}
	anew := logOf(t, 40) // with a key of its own
	rewritten := stamped(t, anew, tsa, 30, at)
	tests := []struct {
		name  string
		pack  []byte
		roots *x509.CertPool
		part  archive.Part
		file  string
	}{
		{"outside: another token", zipped(t, edited(t, parts, token, with(tsa.Token(t, []byte("x"), at))), ""), nil, archive.Content, token},
		{"a token of something else", inside(edited(t, parts, token, with(tsa.Token(t, []byte("x"), at))), nil), nil, archive.TimeStamp, token},
		{"no token", inside(edited(t, parts, token, with(nil)), nil), nil, archive.TimeStamp, token},
		{"a token by another authority", inside(edited(t, parts, token, with(stamped(t, s, other, 30, at).Token)), nil), tsa.Pool(), archive.TimeStamp, token},
		{"an authority that is not trusted", inside(parts, nil), other.Pool(), archive.TimeStamp, token},
		{"a token of another time than the manifest's", inside(edited(t, parts, token, with(stamped(t, s, tsa, 30, at.Add(-time.Hour)).Token)), nil), tsa.Pool(), archive.TimeStamp, token},
		{"the manifest tells of another time", inside(parts, stamps(func(all []archive.Stamped) []archive.Stamped { all[0].Time = at.Add(-time.Hour); return all })), nil, archive.TimeStamp, token},
		{"the manifest tells of another size", inside(parts, stamps(func(all []archive.Stamped) []archive.Stamped { all[0].Size = 31; return all })), nil, archive.Added, note},
		{"the manifest tells of no stamp", inside(parts, stamps(func([]archive.Stamped) []archive.Stamped { return nil })), nil, archive.Added, note},
		{"the manifest tells of one twice", inside(parts, stamps(func(all []archive.Stamped) []archive.Stamped { return append(all, all[0]) })), nil, archive.TimeStamp, "manifest.json"},
		{"the manifest tells of many", inside(parts, stamps(func(all []archive.Stamped) []archive.Stamped { return append(all, all[0], all[0]) })), nil, archive.TimeStamp, "manifest.json"},
		{"no stamped checkpoint", inside(without(parts, note), nil), nil, archive.Missing, note},
		{"a stamped checkpoint of another size", inside(edited(t, parts, note, with(stamped(t, s, tsa, 20, at).Note)), nil), nil, archive.TimeStamp, note},
		{"a stamped checkpoint of another log", inside(edited(t, edited(t, parts, note, with(rewritten.Note)), token, with(rewritten.Token)), nil), tsa.Pool(), archive.TimeStamp, note},
		{"a file that hides in the ledger's folder", inside(append([]part{{"ledger/stamped-31.tsr", []byte("x")}}, parts...), nil), nil, archive.Added, "ledger/stamped-31.tsr"},
		{"and in another spelling", inside(append([]part{{"Ledger/x", []byte("x")}}, parts...), nil), nil, archive.Added, "Ledger/x"},
		{"an entry of before the stamp re-dated", inside(edited(t, parts, entries, replace(`"recorded":"2026-03-01T12:00:00Z"`, `"recorded":"2026-02-01T12:00:00Z"`)), nil), nil, archive.Entry, entries},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := verify(t, tt.pack, archive.Expect{Roots: tt.roots})
			var found *archive.Flaw
			if !errors.As(err, &found) || found.Part != tt.part || found.File != tt.file {
				t.Errorf("%v (%+v), want %s of %q", err, found, tt.part, tt.file)
			}
		})
	}
}

// TestFlippedTokenProvesNothingElse: whatever byte of a token an insider flips and signs, with the authority's root either it is found, or
// the token proves what it did. (CMS has bytes that say nothing.)
func TestFlippedTokenProvesNothingElse(t *testing.T) {
	s := logOf(t, 40)
	tsa := stamptest.New(t)
	at := lately()
	parts := takeApart(t, pack(t, s, 40, 20, stamped(t, s, tsa, 30, at)))
	random := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range soak(300) {
		var where int
		changed := edited(t, parts, "ledger/stamped-30.tsr", func(s string) string { where = random.IntN(len(s)); return flipped(where)(s) })
		got, err := verify(t, zipped(t, restated(t, changed, nil, s), ""), archive.Expect{Roots: tsa.Pool()})
		var named *archive.Flaw
		switch {
		case errors.As(err, &named) && named.Part == archive.TimeStamp:
			found++
		case err != nil || len(got.Stamps) != 1 || !got.Stamps[0].Time.Equal(at):
			t.Fatalf("byte %d: %+v, %v", where, got.Stamps, err)
		}
	}
	if found < 200 {
		t.Errorf("%d flips were found", found)
	}
}

// TestTokenOfTheFuture holds that the authority's own certificate must be good at the time that it states.
func TestTokenOfTheFuture(t *testing.T) {
	s := logOf(t, 10)
	tsa := stamptest.New(t)
	tsa.Answer = func(s *timestamp.Timestamp) { s.Time = s.Time.AddDate(20, 0, 0) }
	stamp := stamped(t, s, tsa, 10, lately())
	stamp.Time = stamp.Time.AddDate(20, 0, 0)
	var found *archive.Flaw
	if _, err := verify(t, pack(t, s, 10, 0, stamp), archive.Expect{Roots: tsa.Pool()}); !errors.As(err, &found) || found.Part != archive.TimeStamp {
		t.Errorf("%v, want the time stamp named", err)
	}
}
