package task

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/work"
)

func TestOutcome(t *testing.T) {
	tests := []struct {
		name  string
		err   error
		age   time.Duration
		want  work.Verdict
		after time.Duration
	}{
		{"the site asked for quiet", fault.BusyFor(time.Minute, "429"), time.Second, work.Snooze, time.Minute},
		{"the site is down", fault.New(fault.Busy, "503"), 0, work.Snooze, time.Second},
		{"and still is: as long again", fault.New(fault.Busy, "503"), 3 * time.Minute, work.Snooze, 3 * time.Minute},
		{"for hours", fault.New(fault.Busy, "503"), 5 * time.Hour, work.Snooze, 15 * time.Minute},
		{"a conflict is no reason to hurry", fault.New(fault.Conflict, "409"), time.Second, work.Retry, 0},
		{"who knows whether it was done", fault.New(fault.Uncertain, "500"), time.Second, work.Snooze, time.Second},
		{"writes fail for hours", fault.New(fault.Uncertain, "500"), 5 * time.Hour, work.Snooze, 15 * time.Minute},
		{"for more than a day: perhaps it is this write", fault.New(fault.Uncertain, "500"), 25 * time.Hour, work.Retry, 0},
		{"a bug", fault.New(fault.Internal, "index"), time.Second, work.Retry, 0},
		{"not yet installed there", fault.New(fault.Unverified, "401"), time.Second, work.Retry, 0},
		{"a person must mend it", fault.New(fault.Denied, "403"), time.Second, work.Hold, 0},
		{"wrong for good", fault.New(fault.Invalid, "400"), time.Second, work.Hold, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := work.Outcome{Verdict: tt.want, After: tt.after, Reason: tt.err.Error()}
			if diff := cmp.Diff(want, outcome(tt.err, tt.age)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
