package evidence

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
)

func on(n int) Times {
	return Times{Occurred: day(n), Observed: day(n), Recorded: day(n), Entry: uint64(n)}
}

func step(n int, c threat.Category, due string) TicketStep {
	return TicketStep{Ticket: threat.Ticket{ID: "1", Key: "SEC-1", Category: c, Due: due}, Kind: ledger.Ticketed, Times: on(n)}
}

func TestTicketTimes(t *testing.T) {
	tests := []struct {
		name     string
		steps    []TicketStep
		now      time.Time
		done     time.Time
		late     int
		reopened int
	}{
		{"no ticket", nil, day(20), time.Time{}, 0, 0},
		{"open, and not due", []TicketStep{step(1, threat.ToDo, "2026-01-20")}, day(20), time.Time{}, 0, 0},
		{"open on the day after it was due", []TicketStep{step(1, threat.ToDo, "2026-01-20")}, day(21), time.Time{}, 1, 0},
		{"open for a week after", []TicketStep{step(1, threat.ToDo, "2026-01-10")}, day(17), time.Time{}, 7, 0},
		{"no due date", []TicketStep{step(1, threat.ToDo, "")}, day(30), time.Time{}, 0, 0},
		{"done in time, whatever comes after", []TicketStep{step(1, threat.ToDo, "2026-01-10"), step(10, threat.Done, "2026-01-10"), step(12, threat.Done, "2026-01-10")}, day(30), day(10), 0, 0},
		{"done late", []TicketStep{step(1, threat.ToDo, "2026-01-10"), step(13, threat.Done, "2026-01-10")}, day(30), day(13), 3, 0},
		{"reopened and done again", []TicketStep{step(2, threat.Done, "2026-01-10"), step(5, threat.Doing, "2026-01-10"), step(9, threat.Done, "2026-01-10")}, day(30), day(9), 0, 1},
		{"declined is not done", []TicketStep{{Ticket: threat.Ticket{Category: threat.Done, Declined: true, Due: "2026-01-10"}, Times: on(3)}}, day(12), time.Time{}, 2, 0},
		{"deleted is not late", []TicketStep{{Ticket: threat.Ticket{Category: threat.ToDo, Deleted: true, Due: "2026-01-10"}, Times: on(3)}}, day(30), time.Time{}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := doneAt(tt.steps); !got.Equal(tt.done) {
				t.Errorf("done at %s, want %s", got, tt.done)
			}
			if got, _ := lateness(tt.steps, tt.now); got != tt.late {
				t.Errorf("%d days late, want %d", got, tt.late)
			}
			if got := reopenings(tt.steps); got != tt.reopened {
				t.Errorf("reopened %d times, want %d", got, tt.reopened)
			}
		})
	}
}

func TestExcept(t *testing.T) {
	ok := func() Threat {
		s := step(1, threat.Done, "2026-01-10")
		return Threat{
			ID: "T-A", State: threat.Verified, Owner: threat.Owner{Account: "mira"}, Ticket: &s.Ticket, Tickets: []TicketStep{s},
			States: []Step{{State: threat.Open, Times: on(1)}, {From: threat.Mitigated, State: threat.Verified, Times: on(2)}},
		}
	}
	tests := []struct {
		name   string
		change func(*Threat)
		want   []string
	}{
		{"nothing", func(*Threat) {}, nil},
		{"unowned", func(t *Threat) { t.Owner = threat.Owner{} }, []string{unowned}},
		{"unowned, but withdrawn", func(t *Threat) {
			t.Owner, t.State = threat.Owner{}, threat.Withdrawn
			t.States = append(t.States, Step{State: threat.Withdrawn, Times: on(5)})
		}, []string{withdrawn}},
		{"withdrawn before the window", func(t *Threat) {
			t.States = append(t.States, Step{State: threat.Withdrawn, Times: on(2)}, Step{State: threat.Open, Times: on(3)})
		}, nil},
		{"no ticket", func(t *Threat) { t.Ticket, t.Tickets = nil, nil }, []string{unfiled}},
		{"ticket deleted", func(t *Threat) { t.Ticket.Deleted, t.Tickets[0].Deleted = true, true }, []string{ticketDeleted}},
		{"ticket hidden", func(t *Threat) { t.Ticket.Hidden, t.Tickets[0].Hidden = true, true }, []string{ticketHidden}},
		{"ticket hidden before it was due", func(t *Threat) {
			t.State, t.Ticket.Category, t.Tickets[0].Category = threat.Open, threat.ToDo, threat.ToDo
			gone := t.Tickets[0]
			gone.Hidden, gone.Times = true, on(8)
			t.Ticket, t.Tickets = &gone.Ticket, append(t.Tickets, gone)
		}, []string{ticketHidden}},
		{"ticket hidden after it was due", func(t *Threat) {
			t.State, t.Ticket.Category, t.Tickets[0].Category = threat.Open, threat.ToDo, threat.ToDo
			gone := t.Tickets[0]
			gone.Hidden, gone.Times = true, on(13)
			t.Ticket, t.Tickets = &gone.Ticket, append(t.Tickets, gone)
		}, []string{ticketHidden, late}},
		{"declined", func(t *Threat) {
			t.Ticket.Declined, t.Tickets[0].Declined = true, true
			t.Ticket.Due, t.Tickets[0].Due = "", ""
		}, []string{declined}},
		{"reopened in the window", func(t *Threat) {
			t.States = append(t.States, Step{From: threat.Verified, State: threat.Open, Times: on(6)})
		}, []string{reopened}},
		{"reopened before it", func(t *Threat) {
			t.States = append(t.States, Step{From: threat.Verified, State: threat.Open, Times: on(3)})
		}, nil},
		{"its verification was taken back", func(t *Threat) {
			t.State = threat.Mitigated
			t.States = append(t.States, Step{From: threat.Verified, State: threat.Mitigated, Times: on(6)})
		}, []string{verificationWithdrawn}},
		{"its verification was taken back before the window", func(t *Threat) {
			t.State = threat.Mitigated
			t.States = append(t.States, Step{From: threat.Verified, State: threat.Mitigated, Times: on(3)})
		}, nil},
		{"a verification of the window was taken back after it", func(t *Threat) {
			t.State = threat.Mitigated
			t.Verifications = append(t.Verifications, Verification{Times: on(5)})
			t.States = append(t.States, Step{From: threat.Verified, State: threat.Mitigated, Times: on(25)})
		}, []string{verificationWithdrawn}},
		{"its text changed after it was verified, which takes nothing back", func(t *Threat) {
			t.States = append(t.States, Step{From: threat.Verified, State: threat.Verified, Times: on(6)})
		}, nil},
		{"verified, withdrawn and back", func(t *Threat) {
			t.States = append(t.States, Step{From: threat.Verified, State: threat.Withdrawn, Times: on(6)}, Step{From: threat.Withdrawn, State: threat.Verified, Times: on(7)})
		}, []string{withdrawn}},
		{"its ticket was reopened while its text was gone", func(t *Threat) {
			t.State = threat.Open
			t.States = append(t.States, Step{From: threat.Verified, State: threat.Withdrawn, Times: on(6)}, Step{From: threat.Withdrawn, State: threat.Open, Times: on(7)})
		}, []string{reopened, withdrawn}},
		{"verified by the assignee, without four eyes", func(t *Threat) {
			v := Verification{Assignee: "mira", Times: on(6)}
			v.By, v.Given.Waived = "mira", []string{"four eyes"}
			t.Verifications = append(t.Verifications, v)
		}, []string{byAssignee, waived}},
		{"verified by another", func(t *Threat) {
			v := Verification{Assignee: "mira", Times: on(6)}
			v.By = "tom"
			t.Verifications = append(t.Verifications, v)
		}, nil},
		{"stale", func(t *Threat) { t.Stale = true }, []string{stale}},
		{"accepted", func(t *Threat) {
			t.State = threat.Accepted
			t.Acceptances = []Acceptance{{Given: threat.Acceptance{Until: "2026-01-20"}, Times: on(6)}}
		}, []string{accepted}},
		{"accepted until the day before", func(t *Threat) {
			t.State = threat.Accepted
			t.Acceptances = []Acceptance{{Given: threat.Acceptance{Until: "2026-01-19"}, Times: on(6)}}
		}, []string{acceptanceOver}},
		{"ticket altered by hand", func(t *Threat) { t.Decisions = []Decision{{Kind: ledger.Drifted, Times: on(6)}} }, []string{drifted}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			th := ok()
			tt.change(&th)
			var got []string
			for _, x := range except(th, Query{Window: Window{day(4), day(20)}, AsOf: day(20)}) {
				got = append(got, x.Kind)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("exceptions (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDeletedSince: a ticket is deleted since Jira told, whatever steps from before that are heard of later.
func TestDeletedSince(t *testing.T) {
	step := func(d int, deleted bool) TicketStep {
		return TicketStep{Ticket: threat.Ticket{Key: "SEC-1", Deleted: deleted}, Times: on(d)}
	}
	th := Threat{
		State: threat.Withdrawn, Tickets: []TicketStep{step(1, false), step(9, true), step(4, true), step(5, true)},
		States: []Step{{State: threat.Open, Times: on(1)}, {State: threat.Withdrawn, Times: on(2)}},
	}
	th.Ticket = &th.Tickets[3].Ticket
	for _, e := range except(th, Query{Window: Window{From: day(1), To: day(30)}, AsOf: day(30)}) {
		if e.Kind == ticketDeleted {
			if !e.Since.Equal(on(9).Occurred) {
				t.Errorf("deleted since %s, want %s", e.Since, on(9).Occurred)
			}
			return
		}
	}
	t.Error("it is not told that the ticket was deleted")
}

func TestHarmless(t *testing.T) {
	tests := []struct{ name, cell, want string }{
		{"nothing", "", ""},
		{"text", "a=b", "a=b"},
		{"formula", "=1+1", "'=1+1"},
		{"a number below nothing", "-1", "'-1"},
		{"a mention", "@SUM(1)", "'@SUM(1)"},
		{"behind a space", "  =1", "'  =1"},
		{"full-width", "＝1", "'＝1"},
		{"behind a tab", "\tx", "'\tx"},
		{"behind a byte order mark", "\ufeff=1", "'\ufeff=1"},
		{"a NUL", "\x00=1", "'\ufffd=1"},
		{"an escape sequence", "a\x1b[31mb", "a\ufffd[31mb"},
		{"lines of all kinds", "a\r\nb\rc\nd", "a\nb\nc\nd"},
		{"another script", "مهاجم", "مهاجم"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := harmless(tt.cell); got != tt.want {
				t.Errorf("harmless(%q) = %q, want %q", tt.cell, got, tt.want)
			}
		})
	}
}

func TestFit(t *testing.T) {
	units := func(s string) int {
		n := 0
		for _, r := range s {
			if r > 0xffff {
				n++
			}
			n++
		}
		return n
	}
	tests := []struct {
		name, text string
		cut        bool
	}{
		{"short", "abc", false},
		{"as long as can be", strings.Repeat("x", cellChars), false},
		{"longer", strings.Repeat("x", cellChars+1), true},
		{"letters of two bytes", strings.Repeat("é", cellChars), false},
		{"letters of two units", strings.Repeat("𝔸", cellChars/2+1), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := fit(tt.text)
			if cut := strings.HasSuffix(got, cutNote); cut != tt.cut || units(got) > cellChars {
				t.Errorf("cut %v, %d units", cut, units(got))
			}
		})
	}
}
