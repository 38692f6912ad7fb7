package task

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// followed is a threat whose ticket is followed by events, with what the ledger has of it.
type followed struct {
	t       *testing.T
	now     time.Time
	threat  threat.Threat
	moves   []string // what a reader of the evidence sees of the threat's states
	steps   []string // and of its ticket's
	late    bool     // a step was taken in before it was known that another came first
	waiting *work.Job
}

func follow(t *testing.T) *followed {
	return &followed{t: t, now: noon.Add(time.Hour), threat: threat.Threat{
		ID: "T-A", Page: "42", State: threat.Open, Owner: threat.Owner{Account: "mira", Reason: "mentioned"}, Trail: &threat.Trail{},
		Ticket: &threat.Ticket{ID: "10", Key: "SEC-1", Status: german[0].name, StatusID: german[0].id, Category: threat.ToDo, Assignee: "mira", Updated: noon},
	}}
}

// take applies an event as syncTicket does; read completes one that leaves something open.
func (f *followed) take(e event.Issue, read func(event.Issue) event.Issue) {
	f.t.Helper()
	f.now = f.now.Add(time.Minute)
	p := DefaultPolicy()
	if p.undecided(f.threat, e) {
		e = read(e)
	}
	c, ok := p.apply(trace.Page{ID: "42"}, f.threat, e, f.now, f.now)
	if !ok {
		return
	}
	if err := trace.Legal(c); err != nil {
		f.t.Fatal(err)
	}
	f.threat = c.Threats[0]
	for _, entry := range c.Entries {
		var m ledger.MoveFact
		var is ledger.TicketFact
		switch entry.Kind {
		case ledger.Moved:
			if err := json.Unmarshal(entry.Data, &m); err != nil {
				f.t.Fatal(err)
			}
			f.moves = append(f.moves, fmt.Sprintf("%s to %s by %s at %s: %s", m.From, m.To, entry.By, entry.Occurred, m.Why))
		case ledger.Ticketed:
			if err := json.Unmarshal(entry.Data, &is); err != nil {
				f.t.Fatal(err)
			}
			f.late = f.late || is.Why == "heard of after a later change"
			if is.Step != 0 {
				f.steps = append(f.steps, fmt.Sprintf("%d by %s at %s: %s, %s, %s", is.Step, entry.By, entry.Occurred, is.Ticket.Status, is.Ticket.Assignee, is.Ticket.Resolution))
			}
		}
	}
	for _, job := range c.Jobs {
		if job.Kind == work.SyncTicket && f.waiting == nil {
			f.waiting = &job
		}
	}
}

// gather runs the job that takes in what was put off.
func (f *followed) gather(read func(event.Issue) event.Issue) {
	f.t.Helper()
	if f.waiting == nil {
		return
	}
	e, err := decode[event.Issue](*f.waiting)
	if id, page, handed := ticketOf(f.waiting.Subject); err != nil || id != "10" || page != "42" || !handed || f.waiting.Lane != "42" {
		f.t.Fatalf("job %+v, %v", f.waiting, err)
	}
	f.waiting, f.now = nil, f.waiting.RunAt
	f.take(e, read)
}

// TestDeletionOvertakes tells of a ticket's last steps, and of its deletion, in any order after it was deleted: the record has each step
// once, in the order of the history, as if nothing had overtaken anything, and the ticket is deleted. Only where steps lead away and back
// again may a later one have been taken in before it could be known that they are missing: then they follow it.
func TestDeletionOvertakes(t *testing.T) {
	gone := func(e event.Issue) event.Issue { e.Hidden = true; return e } // as readIssue finds it
	detours := 0
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 3))
		h := randomPast(r, 1+r.IntN(10))
		n := r.IntN(len(h.steps) + 1) // events that came in time
		deletion := h.now()
		deletion.Deleted, deletion.By, deletion.Event = true, "ann", "jira:issue_deleted"

		want, got := follow(t), follow(t)
		for i := range h.steps {
			known := past{h.steps[:i+1], h.issues[:i+2]}
			read := func(event.Issue) event.Issue { return known.whole() }
			want.take(h.event(i), read)
			if i < n {
				got.take(h.event(i), read)
			}
		}
		want.take(deletion, gone)

		rest := make([]event.Issue, 0, len(h.steps)+2)
		for i := n; i < len(h.steps); i++ {
			rest = append(rest, h.event(i))
		}
		if len(rest) > 0 {
			rest = append(rest, rest[r.IntN(len(rest))]) // one comes twice
		}
		rest = append(rest, deletion)
		r.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
		for _, e := range rest {
			got.take(e, gone)
		}
		got.gather(gone)
		if got.waiting != nil || got.threat.Trail.PutOff != nil {
			t.Fatalf("seed %d: something still waits: %+v", seed, got.waiting)
		}
		if got.late {
			detours++
			for _, s := range h.steps {
				if !got.threat.Trail.Has(s) {
					t.Fatalf("seed %d: step %d was not taken in", seed, s.ID)
				}
			}
		} else if diff := cmp.Diff(want.moves, got.moves); diff != "" {
			t.Fatalf("seed %d, %d in time: moves (-in order +overtaken):\n%s", seed, n, diff)
		}
		if diff := cmp.Diff(want.steps, got.steps); diff != "" && !got.late {
			t.Fatalf("seed %d, %d in time: steps (-in order +overtaken):\n%s", seed, n, diff)
		}
		ticket, is := *want.threat.Ticket, *got.threat.Ticket
		if got.late {
			is.DoneBy, is.DoneAt = ticket.DoneBy, ticket.DoneAt // it may have been done before the detour, and after it
		}
		if diff := cmp.Diff(sameTime(ticket, is), is); diff != "" || !is.Deleted {
			t.Fatalf("seed %d: ticket (-in order +overtaken):\n%s", seed, diff)
		}
		if want.threat.State != got.threat.State || want.threat.Owner != got.threat.Owner && !got.late {
			t.Fatalf("seed %d: %s owned by %+v, want %s by %+v", seed, got.threat.State, got.threat.Owner, want.threat.State, want.threat.Owner)
		}
	}
	if detours > 50 {
		t.Errorf("in %d of 500 histories steps were taken in out of their order", detours)
	}
}

// TestPutOffBackInSight: what was put off of a ticket that could not be read is in the history that is read when it can be again.
func TestPutOffBackInSight(t *testing.T) {
	h := randomPast(rand.New(rand.NewPCG(4, 3)), 6)
	f := follow(t)
	hide := func(e event.Issue) event.Issue { e.Hidden = true; return e }
	f.take(h.event(4), hide)
	if f.waiting != nil || len(f.threat.Trail.PutOff) != 1 || !f.threat.Ticket.Hidden || len(f.steps) > 0 {
		t.Fatalf("waiting %v, ticket %+v, steps %v", f.waiting, f.threat.Ticket, f.steps)
	}
	f.take(h.event(5), func(event.Issue) event.Issue { return h.whole() })
	if f.threat.Ticket.Hidden || f.threat.Trail.PutOff != nil || f.threat.Ticket.Status != h.now().Status || len(f.steps) == 0 {
		t.Errorf("ticket %+v, trail %+v, steps %v", f.threat.Ticket, f.threat.Trail, f.steps)
	}
	for _, s := range h.steps {
		if !f.threat.Trail.Has(s) {
			t.Errorf("step %d was not taken in", s.ID)
		}
	}
}

// TestPutOffIsBounded: where very many events come of a ticket that is gone, they are not waited with for long.
func TestPutOffIsBounded(t *testing.T) {
	f := follow(t)
	f.threat.Ticket.Deleted = true
	p := DefaultPolicy()
	for n := range gatheredMost {
		e := event.Issue{ID: "10", Key: "SEC-1", Category: threat.Doing, Updated: noon.Add(time.Duration(n) * time.Second)}
		c, ok := p.apply(trace.Page{ID: "42"}, f.threat, e, f.now, f.now)
		if !ok || len(c.Jobs) != 1 {
			t.Fatalf("event %d: %v, %d jobs", n, ok, len(c.Jobs))
		}
		f.threat = c.Threats[0]
		if soon := c.Jobs[0].RunAt.Equal(f.now); soon != (n == gatheredMost-1) {
			t.Errorf("event %d: taken in at %s, now is %s", n, c.Jobs[0].RunAt, f.now)
		}
	}
}
