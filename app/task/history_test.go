package task

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sort"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/store"
)

// TestHistoryIsWhatWasKnownThen lives random lives and keeps what the store knew at each step; asked later, at 1,000 random instants,
// the history tells just that: the state of every threat, its owner, ticket and criteria, and nothing that came after.
func TestHistoryIsWhatWasKnownThen(t *testing.T) {
	const lives, acts, instants = 20, 30, 50 // 1,000 instants
	for seed := range uint64(lives) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := &drama{Rand: rand.New(rand.NewPCG(seed, 2)), t: t, clock: noon}
			s, err := store.Open(t.Context(), "bolt://"+filepath.Join(t.TempDir(), "t.db"), store.Options{
				Key: []byte("0123456789abcdef0123456789abcdef"), Clock: func() time.Time { return d.clock },
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			d.desk = &Desk{Book: s, Policy: DefaultPolicy(), Now: func() time.Time { return d.clock }, Log: slog.New(slog.DiscardHandler), Count: uncounted{}}
			type moment struct {
				at    time.Time
				known []fact
			}
			seen := []moment{{noon, nil}}
			do := []func(){d.edit, d.edit, d.file, d.move, d.move, d.verify, d.remove}
			for range acts {
				d.clock = d.clock.Add(time.Minute)
				do[d.IntN(len(do))]()
				seen = append(seen, moment{d.clock, known(d.record())})
			}
			for range instants {
				at := noon.Add(time.Duration(1 + d.Int64N(int64(d.clock.Sub(noon)))))
				last := sort.Search(len(seen), func(i int) bool { return !seen[i].at.Before(at) }) - 1
				want := seen[last].known
				h, err := evidence.Trace(t.Context(), s, site, "42", at)
				if err != nil && !fault.Is(err, fault.NotFound) {
					t.Fatal(err)
				}
				var got []fact
				for _, one := range h.Threats {
					got = append(got, told(one))
				}
				if diff := cmp.Diff(want, byID(got), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("at %s (-known then +history):\n%s", at, diff)
				}
			}
		})
	}
}
