package main

import (
	"testing"
	"time"

	"github.com/throughline/throughline/app/operate"
)

func TestTimeLeft(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 28, hour, minute, 0, 0, time.UTC) }
	tests := []struct {
		name  string
		now   time.Time
		pages int
		pace  pace
		b     operate.Budget
		want  time.Duration
		known bool
	}{
		{"nothing is left", at(10, 0), 0, pace{}, operate.Budget{}, 0, true},
		{"nothing was seen yet", at(10, 0), 9, pace{busy: time.Second}, operate.Budget{}, 0, false},
		{"without a budget, at the pace so far", at(10, 0), 30, pace{done: 10, busy: 20 * time.Second}, operate.Budget{}, time.Minute, true},
		{"the hour's points suffice", at(10, 0), 30, pace{done: 10, points: 100, busy: 20 * time.Second}, operate.Budget{Used: 100, Limit: 1000}, time.Minute, true},
		{
			"they suffice for 40 of 100 pages, and the next hour's for the rest", at(10, 45), 100,
			pace{done: 10, points: 100, busy: 20 * time.Second},
			operate.Budget{Used: 500, Limit: 1000},
			15*time.Minute + 2*time.Minute, true,
		},
		{
			"three hours", at(10, 30), 200,
			pace{done: 10, points: 100, busy: 10 * time.Second},
			operate.Budget{Used: 900, Limit: 1000},
			2*time.Hour + 30*time.Minute + 20*time.Second, true,
		},
		{"a page costs more than an hour", at(10, 0), 2, pace{done: 1, points: 2000, busy: time.Second}, operate.Budget{Used: 1000, Limit: 1000}, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, known := timeLeft(tt.now, tt.pages, tt.pace, tt.b)
			if got != tt.want || known != tt.known {
				t.Errorf("timeLeft() = %s, %t, want %s, %t", got, known, tt.want, tt.known)
			}
		})
	}
}
