package bolt

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// BenchmarkAppend is the commit of a review: a page and its threats, and the entries that tell of them, appended to the tree and, for
// comparison, stored in the same form without one. The difference is what the tree costs.
func BenchmarkAppend(b *testing.B) {
	type put func(s *Store, t *tx, b *bbolt.Bucket, entries []ledger.Entry) error
	plain := func(_ *Store, t *tx, b *bbolt.Bucket, entries []ledger.Entry) error {
		rows := b.Bucket(bucketLedger)
		rows.FillPercent = 1
		for _, one := range entries {
			n, err := rows.NextSequence()
			if err != nil {
				return err
			}
			one.Seq, one.Recorded = n, t.now
			raw, err := one.AppendBinary(nil)
			if err != nil {
				return err
			}
			if err := t.put(rows, number(n), raw); err != nil {
				return err
			}
		}
		return nil
	}
	hashed := func(s *Store, t *tx, b *bbolt.Bucket, entries []ledger.Entry) error {
		return s.putEntries(t, b, acme, leavesOf(entries))
	}
	for _, size := range []int{1, 10, 100} {
		threats, entries := reviewTest(size)
		for _, way := range []struct {
			name string
			put
		}{{"plain", plain}, {"tree", hashed}} {
			b.Run(fmt.Sprintf("threats=%d/%s", size, way.name), func(b *testing.B) {
				s := openTest(b, Options{})
				for b.Loop() {
					rows, err := encodeRows(threats)
					if err == nil {
						err = validEntries(entries)
					}
					if err != nil {
						b.Fatal(err)
					}
					if err := s.write(b.Context(), "review", func(t *tx) error {
						of, err := t.tenant(acme)
						if err != nil {
							return err
						}
						if err := t.putPage(of, trace.Page{ID: "1", Title: "Payments", Version: 3}); err != nil {
							return err
						}
						for _, one := range rows {
							if err := t.putThreat(of, one); err != nil {
								return err
							}
						}
						return way.put(s, t, of, entries)
					}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// reviewTest is a page's threats, with the entries of their review.
func reviewTest(n int) (threats []threat.Threat, entries []ledger.Entry) {
	at := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	entries = append(entries, ledger.Entry{Kind: ledger.Reviewed, Page: "1", Version: 3, Occurred: at, Observed: at, Data: ledger.Encode(ledger.PageFact{Title: "Payments", Found: n, New: n})})
	for i := range n {
		text := threat.Text{
			Title: fmt.Sprintf("Session %d replayed", i), Quote: strings.Repeat("An attacker replays a stolen session. ", 10), Severity: threat.High,
			Section: []string{"Threats", "Sessions"}, Element: "Gateway", Mitigations: []threat.Mitigation{{Quote: "Bind the session to the device that began it."}},
		}
		one := threat.Threat{ID: threat.ID(fmt.Sprintf("T-%06d", i)), Page: "1", State: threat.Open, Text: text}
		threats = append(threats, one)
		entries = append(entries, ledger.Entry{
			Kind: ledger.Stated, Page: "1", Threat: string(one.ID), Version: 3, Occurred: at, Observed: at, Data: ledger.Encode(ledger.TextFact{Text: text}),
		}, ledger.Entry{
			Kind: ledger.Moved, Page: "1", Threat: string(one.ID), Version: 3, Occurred: at, Observed: at, Data: ledger.Encode(ledger.MoveFact{To: threat.Open, Why: "stated on the page"}),
		})
	}
	return threats, entries
}

// BenchmarkProofs is a ledger of a million entries: the proof of one, and that an earlier checkpoint is continued.
func BenchmarkProofs(b *testing.B) {
	s := openTest(b, Options{})
	const entries = 1_000_000
	for range entries / 20_000 {
		recordTest(b, s, 20_000)
	}
	b.Run("entry", func(b *testing.B) {
		for i := uint64(0); b.Loop(); i += 7919 {
			if _, err := s.Prove(b.Context(), acme, i%entries, entries); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("consistency", func(b *testing.B) {
		now, then := checkpointTest(b, s, entries), checkpointTest(b, s, entries/3)
		for b.Loop() {
			if err := s.db.View(func(btx *bbolt.Tx) error {
				t, err := readTree(btx, acme)
				if err != nil {
					return err
				}
				return consistent(t, then, now)
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if got, err := ledger.Check(b.Context(), s, acme, nil); err != nil || got.Wrong != "" {
				b.Fatal(got, err)
			}
		}
	})
}
