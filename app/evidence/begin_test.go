package evidence

import (
	"testing"
	"time"

	"github.com/throughline/throughline/app/evidence/archive"
)

func TestLogBeginsLate(t *testing.T) {
	tests := []struct {
		name         string
		begins, from time.Time
		want         bool
	}{
		{"before the window", day(1), day(2), false},
		{"with it", day(2), day(2), false},
		{"in it", day(3), day(2), true},
		{"a window from the beginning", day(3), time.Unix(0, 0), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := beginsLate(tt.begins, Window{From: tt.from, To: day(9)}); got != tt.want {
				t.Errorf("late: %v, want %v", got, tt.want)
			}
		})
	}
}

// TestClaimedBegin: whoever makes a pack cannot say that its log begins when what is disclosed shows otherwise.
func TestClaimedBegin(t *testing.T) {
	tests := []struct {
		name      string
		disclosed time.Time // of the first disclosed entry
		first     uint64    // its number
		before    int       // entries before the window
		said      time.Time
		want      time.Time // zero: refused
	}{
		{"the first entry is disclosed", day(1), 0, 1, day(5), day(1)},
		{"it is not", day(6), 7, 3, day(2), day(2)},
		{"it is not, and is in the window", day(6), 7, 0, day(5), day(5)},
		{"later than what is disclosed", day(6), 7, 0, day(7), time.Time{}},
		{"in the window, with entries before it", day(6), 7, 3, day(5), time.Time{}},
		{"before the window, with no entry there", day(6), 7, 0, day(2), time.Time{}},
		{"not said", day(6), 7, 0, time.Time{}, time.Time{}},
		{"nothing is disclosed", time.Time{}, 0, 2, day(3), day(3)},
		{"nothing is disclosed, and it begins after it is known", time.Time{}, 0, 0, day(20), time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &collection{query: Query{Window: Window{day(4), day(20)}, AsOf: day(20)}, first: tt.first, summary: &Summary{Begins: tt.disclosed}}
			m := archive.Manifest{}
			m.Ledger.Size, m.Entries.Before.Entries = 9, tt.before
			err := c.claimBegin(tt.said, m)
			if (err != nil) != tt.want.IsZero() || err == nil && !c.summary.Begins.Equal(tt.want) {
				t.Errorf("begins at %s, %v, want %s", c.summary.Begins, err, tt.want)
			}
		})
	}
}
