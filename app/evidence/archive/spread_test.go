package archive_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/store"
)

// TestEntriesByWindow: ten entries, an hour apart, in a window from the third hour to before the seventh, as of the ninth. What is told of
// those that are not disclosed must lie where the disclosed ones around them leave room.
func TestEntriesByWindow(t *testing.T) {
	var hours atomic.Int64
	hour := func(n int) time.Time { return noon().Add(time.Duration(n) * time.Hour) }
	s, err := store.Open(t.Context(), "bolt://"+filepath.Join(t.TempDir(), "t.db"), store.Options{Key: []byte("0123456789abcdef0123456789abcdef"), Clock: func() time.Time { return hour(int(hours.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for n := range 10 {
		hours.Store(int64(n))
		if err := s.Commit(t.Context(), trace.Change{Tenant: site, Entries: []ledger.Entry{entry(n)}}); err != nil {
			t.Fatal(err)
		}
	}
	write := func(told archive.Spread, shown ...uint64) ([]byte, error) {
		var out bytes.Buffer
		f := archive.Facts{Site: site, From: hour(3), To: hour(7), AsOf: hour(9), By: "mira", Version: "test", Entries: told}
		_, err := archive.New(&out).Close(t.Context(), f, s, archive.Scope{Size: 9, In: func(e ledger.Entry) bool {
			return slices.Contains(shown, e.Seq)
		}})
		return out.Bytes(), err
	}
	pack, err := write(archive.Spread{}, 1, 4, 5)
	if err != nil {
		t.Fatal(err)
	}
	got, err := verify(t, pack, archive.Expect{})
	if err != nil {
		t.Fatal(err)
	}
	want := archive.Spread{Before: archive.Share{Entries: 3, Disclosed: 1}, In: archive.Share{Entries: 4, Disclosed: 2}, After: archive.Share{Entries: 2}}
	if diff := cmp.Diff(want, got.Manifest.Entries); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	// Entry 0 is before the window for certain, 2 and 3 are before or in it, 6 to 8 in it or after.
	if diff := cmp.Diff([]archive.Range{{Least: 1, Most: 3}, {Least: 0, Most: 5}, {Least: 0, Most: 3}}, got.Hidden); diff != "" {
		t.Errorf("proven (-want +got):\n%s", diff)
	}
	if _, err := write(archive.Spread{In: archive.Share{Entries: 9, Disclosed: 3}}, 1, 4, 5); err == nil {
		t.Error("a pack was made with counts that are not the ledger's")
	}

	parts := takeApart(t, pack)
	tests := []struct {
		name string
		edit func(*archive.Spread)
		ok   bool
	}{
		{"as it is", func(*archive.Spread) {}, true},
		{"what nobody can tell", func(s *archive.Spread) { s.Before.Entries++; s.In.Entries-- }, true},
		{"with reasons", func(s *archive.Spread) { s.In.Undisclosed = map[string]int{"of other spaces": 2} }, true},
		{"reasons for too many", func(s *archive.Spread) { s.In.Undisclosed = map[string]int{"of other spaces": 3} }, false},
		{"a disclosed one moved", func(s *archive.Spread) { s.Before.Disclosed--; s.In.Disclosed++ }, false},
		{"none before the window", func(s *archive.Spread) { s.In.Entries += 2; s.Before.Entries -= 2 }, false},
		{"more before the window than can be", func(s *archive.Spread) { s.Before.Entries += 2; s.In.Entries -= 2 }, false},
		{"more after it than can be", func(s *archive.Spread) { s.After.Entries += 2; s.In.Entries -= 2 }, false},
		{"fewer than there are", func(s *archive.Spread) { s.After.Entries-- }, false},
		{"less than none", func(s *archive.Spread) { s.After.Entries = -1; s.In.Entries = 7 }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			forged := zipped(t, restated(t, parts, func(m *archive.Manifest) { tt.edit(&m.Entries) }, s), "")
			_, err := verify(t, forged, archive.Expect{})
			var found *archive.Flaw
			if tt.ok && err != nil || !tt.ok && (!errors.As(err, &found) || found.Part != archive.Disclosure || found.File != "manifest.json") {
				t.Errorf("%v", err)
			}
		})
	}
}
