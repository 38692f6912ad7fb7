package evidence

import (
	"bytes"
	"context"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
)

// entries is a ledger in memory.
type entries []ledger.Entry

func (all entries) Entries(_ context.Context, _ tenant.ID, from uint64, yield func(ledger.Entry) bool) error {
	for _, e := range all {
		if e.Seq >= from && !yield(e) {
			return nil
		}
	}
	return nil
}

func day(n int) time.Time { return time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC) }

// life is a threat's life over ten days, and another threat that was withdrawn early.
func life() entries {
	var log entries
	add := func(n int, kind ledger.Kind, id string, fact any) {
		log = append(log, ledger.Entry{
			Seq: uint64(len(log)), Kind: kind, Page: "42", Threat: id, Version: 3, By: "acc-1",
			Occurred: day(n).Add(-time.Minute), Observed: day(n).Add(-time.Second), Recorded: day(n), Data: ledger.Encode(fact),
		})
	}
	add(1, ledger.Reviewed, "", ledger.PageFact{Title: "Login", Space: "ENG", URL: "https://x.test/42"})
	add(1, ledger.Stated, "T-A", ledger.TextFact{Text: threat.Text{Title: "=HYPERLINK(1)", Quote: "An attacker guesses", Mitigations: []threat.Mitigation{{Quote: "Lock out"}}}})
	add(1, ledger.Moved, "T-A", ledger.MoveFact{To: threat.Open, Why: "the page states it"})
	add(1, ledger.Stated, "T-B", ledger.TextFact{Text: threat.Text{Title: "Old", Quote: "Old news"}})
	add(1, ledger.Moved, "T-B", ledger.MoveFact{To: threat.Open, Why: "the page states it"})
	add(2, ledger.Filed, "T-A", ledger.TicketFact{Ticket: threat.Ticket{Key: "SEC-1"}})
	add(2, ledger.Owned, "T-A", ledger.OwnerFact{Owner: threat.Owner{Account: "acc-2", Name: "Mira", Reason: "mentioned"}})
	add(3, ledger.Moved, "T-B", ledger.MoveFact{From: threat.Open, To: threat.Withdrawn, Why: "gone"})
	add(5, ledger.Moved, "T-A", ledger.MoveFact{From: threat.Open, To: threat.Mitigated, Why: "done"})
	add(9, ledger.Moved, "T-A", ledger.MoveFact{From: threat.Mitigated, To: threat.Open, Why: "reopened"})
	return log
}

func TestPopulation(t *testing.T) {
	tests := []struct {
		name     string
		from, to int
		want     map[string]threat.State
	}{
		{"before anything", 1, 1, map[string]threat.State{}},
		{"both stated", 1, 2, map[string]threat.State{"T-A": threat.Open, "T-B": threat.Open}},
		{"withdrawn inside the window counts", 2, 4, map[string]threat.State{"T-A": threat.Open, "T-B": threat.Withdrawn}},
		{"withdrawn before it does not", 4, 8, map[string]threat.State{"T-A": threat.Mitigated}},
		{"the end is not in it", 4, 9, map[string]threat.State{"T-A": threat.Mitigated}},
		{"reopened", 4, 10, map[string]threat.State{"T-A": threat.Open}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all, err := Replay(context.Background(), life(), "x.test", day(tt.to))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]threat.State{}
			q := Query{Window: Window{day(tt.from), day(tt.to)}, AsOf: day(tt.to)}
			for _, th := range all {
				if q.Holds(th) {
					got[th.ID] = th.State
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("population (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCSV(t *testing.T) {
	var a, b bytes.Buffer
	q := Query{Window: Window{day(4), day(30)}, AsOf: day(30)}
	for _, out := range []*bytes.Buffer{&a, &b} {
		w := &Walk{Log: life(), Tenant: "x.test", Until: q.AsOf}
		if _, err := Flat(context.Background(), out, CSV, w, q); err != nil {
			t.Fatal(err)
		}
	}
	if a.String() != b.String() {
		t.Error("the same population gave other bytes")
	}
	rows, err := csv.NewReader(&a).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+3 {
		t.Fatalf("%d rows, want the head and the three states of T-A", len(rows))
	}
	row := map[string]string{}
	for i, name := range rows[0] {
		row[name] = rows[2][i]
	}
	want := map[string]string{
		"title": "'=HYPERLINK(1)", "state": "mitigated", "ticket": "SEC-1", "owner": "acc-2", "mitigation": "Lock out",
		"occurred_utc": "2026-01-05T11:59:00.000Z", "observed_utc": "2026-01-05T11:59:59.000Z", "recorded_utc": "2026-01-05T12:00:00.000Z",
		"stated_entry": "1", "ledger_entry": "8",
	}
	for name, value := range want {
		if row[name] != value {
			t.Errorf("%s = %q, want %q", name, row[name], value)
		}
	}
}

func TestReplayRefusesWhatItCannotRead(t *testing.T) {
	log := append(life(), ledger.Entry{Seq: 99, Kind: "threat.teleported", Recorded: day(10)})
	if _, err := Replay(context.Background(), log, "x.test", day(30)); !fault.Is(err, fault.Internal) || !strings.Contains(err.Error(), "entry 99") {
		t.Errorf("err = %v, want one that names entry 99", err)
	}
	log[len(log)-1] = ledger.Entry{Seq: 99, Kind: ledger.Moved, Recorded: day(10), Data: []byte(`{`)}
	if _, err := Replay(context.Background(), log, "x.test", day(30)); err == nil {
		t.Error("a damaged entry was passed over")
	}
}

func TestWindow(t *testing.T) {
	tests := []struct {
		name string
		w    Window
		want bool
	}{
		{"usual", Window{day(1), day(2)}, true},
		{"empty", Window{day(1), day(1)}, false},
		{"backwards", Window{day(2), day(1)}, false},
		{"begins in the future", Window{day(21), day(22)}, false},
		{"ends in the future", Window{day(1), day(22)}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.w.Valid(day(20)); (err == nil) != tt.want {
				t.Errorf("Valid() = %v, want ok %v", err, tt.want)
			}
		})
	}
}

// TestReplayRefusesAHole: what became of a threat that was never stated is no evidence of anything.
func TestReplayRefusesAHole(t *testing.T) {
	whole := life()
	for i, e := range whole {
		if e.Kind != ledger.Stated {
			continue
		}
		log := append(append(entries{}, whole[:i]...), whole[i+1:]...)
		if _, err := Replay(context.Background(), log, "x.test", day(31)); !fault.Is(err, fault.Internal) {
			t.Errorf("without entry %d: %v, want a refusal", i, err)
		}
	}
}
