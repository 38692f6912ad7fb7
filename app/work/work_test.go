package work

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	at := func(n int) time.Time { return time.Date(2026, 3, 1, 12, 0, n, 0, time.UTC) }
	job := func(run, occurred int, args string) Job {
		j := Job{ID: 7, Lane: "42", Kind: SyncTicket, Subject: "10", RunAt: at(run), Occurred: at(occurred), Observed: at(occurred + 1)}
		if args != "" {
			j.Args = json.RawMessage(args)
		}
		return j
	}
	tests := []struct {
		name          string
		waiting, next Job
		want          Job
	}{
		{"a later event", job(5, 1, `"a"`), job(9, 2, `"b"`), job(5, 2, `"b"`)},
		{"an earlier event that came late", job(5, 2, `"b"`), job(9, 1, `"a"`), job(5, 2, `"b"`)},
		{"sooner", job(9, 1, `"a"`), job(5, 2, `"b"`), job(5, 2, `"b"`)},
		{"the same again", job(5, 1, `"a"`), job(9, 1, `"a"`), job(5, 1, `"a"`)},
		{"at once, and different: look", job(5, 1, `"a"`), job(9, 1, `"b"`), job(5, 1, "")},
		{"at once with one that looks: look", job(5, 1, ""), job(9, 1, `"b"`), job(5, 1, "")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Merge(tt.waiting, tt.next)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	for attempt, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 11: 15 * time.Minute, 1000: 15 * time.Minute} {
		if got := Backoff(attempt); got != want {
			t.Errorf("Backoff(%d) = %s, want %s", attempt, got, want)
		}
	}
}
