package task

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// The statuses of a site that speaks German; what they are called decides nothing.
var german = []struct {
	id, name string
	category threat.Category
}{
	{"1", "Zu erledigen", threat.ToDo}, {"3", "In Arbeit", threat.Doing}, {"4", "In Prüfung", threat.Doing}, {"6", "Fertig", threat.Done}, {"7", "Geschlossen", threat.Done},
}

// past is what Jira knows of an issue: each step, and the issue as it left it.
type past struct {
	steps  []threat.Step
	issues []event.Issue // one more than steps: the first is the issue as it was before them
}

func (h past) now() event.Issue { return h.issues[len(h.issues)-1] }

// event is the webhook of a step.
func (h past) event(n int) event.Issue {
	e := h.issues[n+1]
	e.Steps, e.By, e.At, e.Event = []threat.Step{h.steps[n]}, h.steps[n].By, h.steps[n].At, "jira:issue_updated"
	return e
}

// whole is the issue as it is read with its history.
func (h past) whole() event.Issue {
	e := h.now()
	e.Steps, e.Whole = slices.Clone(h.steps), true
	return e
}

// randomPast changes an issue at random, sometimes twice in one millisecond.
func randomPast(r *rand.Rand, n int) past {
	first := event.Issue{ID: "10", Key: "SEC-1", Status: german[0].name, StatusID: german[0].id, Category: threat.ToDo, Assignee: "mira", Updated: noon, At: noon}
	h := past{issues: []event.Issue{first}}
	at, status := noon, 0
	for i := range n {
		is := h.now()
		if r.IntN(4) > 0 {
			at = at.Add(time.Duration(1+r.IntN(5000)) * time.Millisecond)
		}
		s := threat.Step{ID: int64(100 + 2*i), By: []string{"ann", "ben"}[r.IntN(2)], At: at}
		switch r.IntN(4) {
		case 0:
			to := []string{"", "mira", "tom"}[r.IntN(3)]
			s.Changes, s.Name = []threat.Change{{Field: threat.FieldAssignee, From: is.Assignee, To: to, ToName: to}}, to
			is.Assignee, is.AssigneeName = to, to
		default:
			next := r.IntN(len(german))
			from, to := german[status], german[next]
			s.Category = to.category
			s.Changes = []threat.Change{{Field: threat.FieldStatus, From: from.id, FromName: from.name, To: to.id, ToName: to.name}}
			was := is.Resolution
			is.Status, is.StatusID, is.Category, is.Resolution = to.name, to.id, to.category, ""
			if to.category == threat.Done {
				is.Resolution = []string{"Done", "Won't Do"}[r.IntN(2)]
			}
			if was != is.Resolution {
				s.Changes = append(s.Changes, threat.Change{Field: threat.FieldResolution, FromName: was, ToName: is.Resolution})
			}
			status = next
		}
		is.Updated, is.At, is.By = at, at, s.By
		h.steps, h.issues = append(h.steps, s), append(h.issues, is)
	}
	return h
}

// take applies an event as syncTicket does, with the issue's history at hand where it is wanted.
func take(t *testing.T, th threat.Threat, e event.Issue, h past) (threat.Threat, []ledger.Entry) {
	t.Helper()
	p := DefaultPolicy()
	if p.undecided(th, e) {
		e = h.whole()
	}
	c, ok := p.apply(trace.Page{ID: "42"}, th, e, noon, noon)
	if err := trace.Legal(c); err != nil {
		t.Fatal(err)
	}
	if !ok {
		return th, nil
	}
	return c.Threats[0], c.Entries
}

// TestEveryStepOnce tells of the steps of random histories in random orders, some of them twice, and with the state of the issue
// then or now: the ledger has each step once, with who and when, and the end is the issue's.
func TestEveryStepOnce(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		h := randomPast(r, 1+r.IntN(12))
		order := r.Perm(len(h.steps))
		inOrder := seed%3 == 0
		if inOrder {
			slices.Sort(order)
		}
		order = append(order, order[r.IntN(len(order))])
		th := threat.Threat{
			ID: "T-A", Page: "42", State: threat.Open, Owner: threat.Owner{Account: "mira", Reason: "mentioned"}, Trail: &threat.Trail{},
			Ticket: &threat.Ticket{ID: "10", Key: "SEC-1", Status: german[0].name, StatusID: german[0].id, Category: threat.ToDo, Assignee: "mira", Updated: noon},
		}
		told := map[int64]string{}
		moved, last := threat.Open, 0
		for _, n := range order {
			last = max(last, n)
			// What can be read when an event is worked on is what had happened by then, or later: here, all of it, or as far as was told.
			known := h
			if inOrder {
				known = past{h.steps[:last+1], h.issues[:last+2]}
			}
			var entries []ledger.Entry
			th, entries = take(t, th, h.event(n), known)
			for _, e := range entries {
				var f ledger.TicketFact
				var m ledger.MoveFact
				switch e.Kind {
				case ledger.Ticketed:
					if err := json.Unmarshal(e.Data, &f); err != nil {
						t.Fatal(err)
					}
				case ledger.Moved:
					if err := json.Unmarshal(e.Data, &m); err != nil || m.From != moved {
						t.Fatalf("seed %d: a move from %s, where it is %s (%v)", seed, m.From, moved, err)
					}
					moved = m.To
				}
				if f.Step != 0 {
					if told[f.Step] != "" {
						t.Fatalf("seed %d: step %d is told twice", seed, f.Step)
					}
					told[f.Step] = fmt.Sprint(e.By, " at ", e.Occurred)
				}
			}
		}
		want := map[int64]string{}
		ticket := threat.Ticket{Assignee: "mira", Status: german[0].name, StatusID: german[0].id, Category: threat.ToDo}
		for _, s := range h.steps {
			if after := ticket.After(s); sameTime(after, ticket) != ticket {
				want[s.ID] = fmt.Sprint(s.By, " at ", s.At) // a step from a status to itself changes nothing
			}
			ticket = ticket.After(s)
		}
		for _, s := range h.steps {
			if told[s.ID] != "" && want[s.ID] == "" {
				want[s.ID] = fmt.Sprint(s.By, " at ", s.At) // heard of late, it is told of though it changes nothing
			}
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Fatalf("seed %d, in order %v: steps (-Jira +ledger):\n%s", seed, order, diff)
		}
		is, end := h.now(), *th.Ticket
		if end.Status != is.Status || end.Category != is.Category || end.Assignee != is.Assignee || end.Resolution != is.Resolution || !end.Updated.Equal(is.Updated) {
			t.Fatalf("seed %d, in order %v: ends as %+v, in Jira it is %+v", seed, order, end, is)
		}
		if state := threat.Follow(threat.Open, end.Standing()); th.State != state {
			t.Fatalf("seed %d, in order %v: the threat is %s, want %s", seed, order, th.State, state)
		}
		for _, s := range h.steps {
			if !th.Follow().Has(s) {
				t.Fatalf("seed %d: step %d was not taken in", seed, s.ID)
			}
		}
	}
}

// TestStepsOfOneRead takes several steps in at once, as after lost or merged events.
func TestStepsOfOneRead(t *testing.T) {
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	status := func(id int64, minutes, from, to int, by string) threat.Step {
		return threat.Step{ID: id, By: by, At: at(minutes), Category: german[to].category, Changes: []threat.Change{
			{Field: threat.FieldStatus, From: german[from].id, FromName: german[from].name, To: german[to].id, ToName: german[to].name},
		}}
	}
	unknown := status(4, 4, 0, 1, "ann")
	unknown.Category = ""
	type move struct {
		To threat.State
		By string
		At int
	}
	tests := []struct {
		name   string
		from   threat.State
		ticket int // its status now
		trail  threat.Trail
		steps  []threat.Step
		want   []move
	}{
		{"all the way", threat.Open, 0, threat.Trail{}, []threat.Step{status(1, 1, 0, 1, "ann"), status(2, 2, 1, 2, "ann"), status(3, 3, 2, 3, "ben")}, []move{{threat.InProgress, "ann", 1}, {threat.Mitigated, "ben", 3}}},
		{"given out of order", threat.Open, 0, threat.Trail{}, []threat.Step{status(3, 3, 1, 3, "ben"), status(1, 1, 0, 1, "ann")}, []move{{threat.InProgress, "ann", 1}, {threat.Mitigated, "ben", 3}}},
		{"there and back", threat.Mitigated, 3, threat.Trail{Base: 1}, []threat.Step{status(2, 2, 3, 0, "ann"), status(3, 3, 0, 3, "ben")}, []move{{threat.Open, "ann", 2}, {threat.Mitigated, "ben", 3}}},
		{"a verification is undone on the way", threat.Verified, 3, threat.Trail{Base: 1}, []threat.Step{status(2, 2, 3, 0, "ann"), status(3, 3, 0, 3, "ben")}, []move{{threat.Open, "ann", 2}, {threat.Mitigated, "ben", 3}}},
		{"done in another way is still done", threat.Verified, 3, threat.Trail{Base: 1}, []threat.Step{status(2, 2, 3, 4, "ann")}, nil},
		{"known already", threat.InProgress, 1, threat.Trail{Base: 1}, []threat.Step{status(1, 1, 0, 1, "ann")}, nil},
		{"before the ticket became ours", threat.InProgress, 1, threat.Trail{From: at(1)}, []threat.Step{status(1, 1, 0, 1, "ann")}, nil},
		{"a detour heard of too late", threat.Verified, 3, threat.Trail{Since: []int64{9}}, []threat.Step{status(2, 2, 3, 0, "ann"), status(3, 3, 0, 3, "ben"), status(9, 9, 3, 3, "")}, []move{{threat.Open, "ann", 2}, {threat.Mitigated, "ben", 3}}},
		{"a status that nobody lists", threat.Open, 0, threat.Trail{}, []threat.Step{unknown}, nil},
		{"what a person decided", threat.Dismissed, 0, threat.Trail{}, []threat.Step{status(1, 1, 0, 3, "ann")}, nil},
		{"accepted, and done all the same", threat.Accepted, 0, threat.Trail{}, []threat.Step{status(1, 1, 0, 1, "ann"), status(2, 2, 1, 3, "ann")}, []move{{threat.Mitigated, "ann", 2}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := german[tt.ticket]
			th := threat.Threat{ID: "T-A", Page: "42", State: tt.from, Last: 3, Trail: &tt.trail, Ticket: &threat.Ticket{ID: "10", Key: "SEC-1", Status: is.name, StatusID: is.id, Category: is.category}}
			e := event.Issue{ID: "10", Key: "SEC-1", Whole: true, Steps: tt.steps, Updated: noon.Add(-time.Hour)} // older than the steps: nothing to add to them
			c, _ := DefaultPolicy().apply(trace.Page{ID: "42"}, th, e, noon, at(60))
			if err := trace.Legal(c); err != nil {
				t.Fatal(err)
			}
			var got []move
			for _, entry := range c.Entries {
				var m ledger.MoveFact
				if entry.Kind != ledger.Moved {
					continue
				}
				if err := json.Unmarshal(entry.Data, &m); err != nil || entry.Version != 3 {
					t.Errorf("entry %+v, %v", entry, err)
				}
				got = append(got, move{m.To, entry.By, int(entry.Occurred.Sub(noon).Minutes())})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("moves (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDoneByAndAt: who moved it to done, and when, comes from the step into that category and stays while it is in it.
func TestDoneByAndAt(t *testing.T) {
	to := func(id int64, status int, by string) threat.Step {
		return threat.Step{ID: id, By: by, At: noon.Add(time.Duration(id) * time.Minute), Category: german[status].category, Changes: []threat.Change{{Field: threat.FieldStatus, To: german[status].id, ToName: german[status].name}}}
	}
	ticket := threat.Ticket{Category: threat.ToDo}
	for _, step := range []struct {
		threat.Step
		by string
	}{{to(1, 1, "ann"), ""}, {to(2, 3, "ben"), "ben"}, {to(3, 4, "tom"), "ben"}, {to(4, 0, "ann"), ""}, {to(5, 3, "ann"), "ann"}} {
		ticket = ticket.After(step.Step)
		if ticket.DoneBy != step.by || ticket.DoneAt.IsZero() != (step.by == "") {
			t.Errorf("after step %d it was done by %q at %s, want by %q", step.ID, ticket.DoneBy, ticket.DoneAt, step.by)
		}
	}
}

// TestDeclinedIsTold: a ticket that is closed without the work being done asks once for a decision.
func TestDeclinedIsTold(t *testing.T) {
	decline := threat.Step{ID: 5, By: "ann", At: noon, Category: threat.Done, Changes: []threat.Change{
		{Field: threat.FieldStatus, From: "1", FromName: "Zu erledigen", To: "6", ToName: "Fertig"}, {Field: threat.FieldResolution, ToName: "Won't Do"},
	}}
	e := event.Issue{ID: "10", Key: "SEC-1", Status: "Fertig", StatusID: "6", Category: threat.Done, Resolution: "Won't Do", Updated: noon, At: noon, Steps: []threat.Step{decline}}
	for _, tt := range []struct {
		name string
		from threat.State
		want int
	}{{"open", threat.Open, 1}, {"accepted already", threat.Accepted, 0}, {"dismissed", threat.Dismissed, 0}, {"withdrawn", threat.Withdrawn, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			th := threat.Threat{ID: "T-A", Page: "42", State: tt.from, Trail: &threat.Trail{}, Ticket: &threat.Ticket{ID: "10", Key: "SEC-1", Status: "Zu erledigen", StatusID: "1", Category: threat.ToDo}}
			c, ok := DefaultPolicy().apply(trace.Page{ID: "42"}, th, e, noon, noon)
			if !ok || len(c.Jobs) != tt.want {
				t.Fatalf("applied %v, %d jobs, want %d", ok, len(c.Jobs), tt.want)
			}
			if tt.want > 0 && !strings.Contains(string(c.Jobs[0].Args), "/accept-risk until 2026-06-01") {
				t.Errorf("told %s", c.Jobs[0].Args)
			}
			if again, ok := DefaultPolicy().apply(trace.Page{ID: "42"}, c.Threats[0], e, noon, noon); ok {
				t.Errorf("told again: %+v", again)
			}
		})
	}
}

func TestGone(t *testing.T) {
	th := threat.Threat{ID: "T-A", Page: "42", State: threat.InProgress, Ticket: &threat.Ticket{ID: "10", Key: "SEC-1", Status: "In Arbeit", StatusID: "3", Category: threat.Doing, Updated: noon}}
	apply := func(e event.Issue) (threat.Ticket, []ledger.Kind) {
		t.Helper()
		c, ok := DefaultPolicy().apply(trace.Page{ID: "42"}, th, e, noon, noon)
		if !ok {
			return *th.Ticket, nil
		}
		th = c.Threats[0]
		var kinds []ledger.Kind
		for _, entry := range c.Entries {
			kinds = append(kinds, entry.Kind)
		}
		return *th.Ticket, kinds
	}
	hidden := event.Issue{ID: "10", Hidden: true, At: noon}
	if is, kinds := apply(hidden); !is.Hidden || is.Deleted || is.Key != "SEC-1" || is.Category != threat.Doing || len(kinds) != 1 {
		t.Errorf("not visible: %+v, %v", is, kinds)
	}
	if _, kinds := apply(hidden); kinds != nil {
		t.Errorf("not visible again: %v", kinds)
	}
	seen := event.Issue{ID: "10", Key: "SEC-1", Status: "Fertig", StatusID: "6", Category: threat.Done, Updated: noon.Add(time.Hour), At: noon.Add(time.Hour)}
	if !DefaultPolicy().undecided(th, seen) {
		t.Error("what happened while it was not visible is not looked for")
	}
	seen.Whole = true
	if is, kinds := apply(seen); is.Hidden || th.State != threat.Mitigated || len(kinds) != 2 {
		t.Errorf("seen again: %+v, %v", is, kinds)
	}
	if is, kinds := apply(event.Issue{ID: "10", Key: "SEC-1", Deleted: true, Updated: noon, At: noon}); !is.Deleted || len(kinds) != 1 {
		t.Errorf("deleted: %+v, %v", is, kinds)
	}
	if is, kinds := apply(seen); !is.Deleted || kinds != nil {
		t.Errorf("after its deletion: %+v, %v", is, kinds)
	}
}
