package threat

import (
	"regexp"
	"testing"
)

func TestFollow(t *testing.T) {
	tests := []struct {
		name string
		from State
		in   Category
		want State
	}{
		{"work begins", Open, Doing, InProgress},
		{"work ends", InProgress, Done, Mitigated},
		{"ends at once", Open, Done, Mitigated},
		{"ticket reopens", Mitigated, ToDo, Open},
		{"done is not verified, and verified stays", Verified, Done, Verified},
		{"verified reopens", Verified, Doing, InProgress},
		{"acceptance holds while work is open", Accepted, Doing, Accepted},
		{"accepted and then done", Accepted, Done, Mitigated},
		{"withdrawn stays", Withdrawn, Done, Withdrawn},
		{"dismissed stays", Dismissed, Doing, Dismissed},
		{"proposed waits for a person", Proposed, Done, Proposed},
		{"an unknown category moves nothing", Open, "undefined", Open},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Follow(tt.from, tt.in)
			if got != tt.want {
				t.Errorf("Follow(%s, %s) = %s, want %s", tt.from, tt.in, got, tt.want)
			}
			if got != tt.from && !CanMove(tt.from, got) {
				t.Errorf("%s → %s is no legal move", tt.from, got)
			}
		})
	}
}

func TestStanding(t *testing.T) {
	tests := []struct {
		name   string
		ticket Ticket
		want   Category
	}{
		{"done", Ticket{Category: Done}, Done},
		{"closed without being done", Ticket{Category: Done, Declined: true}, ToDo},
		{"worked on, with a resolution left over", Ticket{Category: Doing, Declined: true}, Doing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.ticket.Standing(); got != tt.want {
				t.Errorf("Standing() = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestMovesNameKnownStates(t *testing.T) {
	known := map[State]bool{}
	for _, s := range States() {
		known[s] = true
		if CanMove(s, s) {
			t.Errorf("%s may move to itself", s)
		}
	}
	for from, tos := range moves {
		if !known[from] {
			t.Errorf("unknown state %q", from)
		}
		for _, to := range tos {
			if !known[to] {
				t.Errorf("%s moves to unknown state %q", from, to)
			}
		}
	}
	if len(moves) != len(known) {
		t.Errorf("moves cover %d of %d states", len(moves), len(known))
	}
}

func TestNewID(t *testing.T) {
	a := NewID(nil, "acme", "42", "An attacker guesses passwords")
	if !regexp.MustCompile(`^T-[0-9A-HJKMNP-TV-Z]{8}$`).MatchString(string(a)) {
		t.Fatalf("id %q has not the documented form", a)
	}
	if b := NewID(nil, "acme", "42", "An attacker guesses passwords"); b != a {
		t.Errorf("the same parts gave %s, then %s", a, b)
	}
	if b := NewID(nil, "acme", "4", "2An attacker guesses passwords"); b == a {
		t.Errorf("other parts gave the same id %s", a)
	}
	if b := NewID(func(id ID) bool { return id == a }, "acme", "42", "An attacker guesses passwords"); b == a {
		t.Errorf("a taken id was given again")
	}
}
