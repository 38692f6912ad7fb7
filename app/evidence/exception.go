package evidence

import (
	"fmt"
	"slices"
	"time"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
)

// Exceptions lists the kinds of exceptions, in the order in which they are told.
func Exceptions() []string {
	var out []string
	for _, k := range kinds() {
		out = append(out, k.name)
	}
	return out
}

// kind is a kind of exception, and what it says.
type kind struct{ name, about string }

func kinds() []kind {
	return []kind{
		{notReconciled, "the register and Jira's own count differ, or Jira was not asked"},
		{reviewFailed, "a version of a design page could not be read"},
		{ticketDeleted, "Jira says that the ticket is gone"},
		{ticketHidden, "Jira does not show the ticket: deleted, restricted or moved"},
		{unowned, "nobody answers for a threat that stands"},
		{unfiled, "no ticket carries a threat that stands"},
		{late, "not done by its due date, or done after it"},
		{reopened, "worked on again after it was mitigated or verified"},
		{verificationWithdrawn, "somebody took a verification back, by /reopen, while its ticket stayed done"},
		{declined, "its ticket was closed without the work being done"},
		{byAssignee, "who verified it was the one who did the work"},
		{waived, "verified or accepted with a rule switched off, as four eyes"},
		{stale, "its text changed after it was verified, and nobody looked again"},
		{acceptanceOver, "the day until which its risk was accepted has passed"},
		{accepted, "its risk is borne until a day, by somebody's decision"},
		{withdrawn, "its text is gone from the page"},
		{dismissed, "somebody decided that it is no threat"},
		{drifted, "a label, a property or the link to the page was taken off its ticket"},
	}
}

const (
	notReconciled         = "not reconciled"
	reviewFailed          = "review failed"
	ticketDeleted         = "ticket deleted"
	ticketHidden          = "ticket hidden"
	unowned               = "unowned"
	unfiled               = "no ticket"
	late                  = "late"
	reopened              = "reopened"
	verificationWithdrawn = "verification withdrawn"
	declined              = "declined"
	byAssignee            = "verified by the assignee"
	waived                = "rule waived"
	stale                 = "stale"
	acceptanceOver        = "acceptance expired"
	accepted              = "accepted"
	withdrawn             = "withdrawn"
	dismissed             = "dismissed"
	drifted               = "ticket altered by hand"
)

// Exception is one thing about a threat, a page or the whole that an auditor is to be told of.
type Exception struct {
	Kind  string
	Since time.Time // UTC, occurred
	What  string
	Entry int // number in the ledger; -1 for none
}

// except finds what is exceptional about a threat. What stands at the instant of knowledge counts (unowned, late, stale), and what
// happened inside of the window (reopened, withdrawn, verified by the assignee).
func except(t Threat, q Query) []Exception {
	var out []Exception
	at := func(kind string, s Times, what string) {
		out = append(out, Exception{kind, s.Occurred, what, int(s.Entry)})
	}
	last := t.States[len(t.States)-1]
	live := t.State.Live()
	if t.Ticket != nil && t.Ticket.Deleted {
		at(ticketDeleted, since(t.Tickets, func(is threat.Ticket) bool { return is.Deleted }), t.Ticket.Key+" is gone from Jira; the threat is "+string(t.State))
	}
	if t.Ticket != nil && t.Ticket.Hidden && !t.Ticket.Deleted {
		at(ticketHidden, since(t.Tickets, func(is threat.Ticket) bool { return is.Hidden }), "Jira does not show "+t.Ticket.Key+": it was deleted, restricted, or moved to where Throughline sees nothing")
	}
	if live && !t.Owner.Known() {
		at(unowned, t.States[0].Times, or(t.Owner.Reason, "nobody is answerable"))
	}
	if live && t.Ticket == nil && t.State != threat.Accepted {
		at(unfiled, t.States[0].Times, "no ticket carries it")
	}
	if live {
		if days, due := lateness(t.Tickets, q.AsOf); days > 0 {
			last := t.Tickets[len(t.Tickets)-1]
			out = append(out, Exception{late, due, fmt.Sprintf("%s was due on %s: %d days late", last.Key, last.Due, days), int(last.Entry)})
		}
	}
	var before threat.State // it was withdrawn
	for _, s := range t.States {
		from := s.From
		switch threat.Withdrawn {
		case s.State:
			before = s.From
		case s.From:
			from = before
		}
		v := t.taken(s)
		switch {
		case from == threat.Verified && s.State == threat.Mitigated && (q.within(s.Recorded) || v != nil && q.within(v.Recorded)):
			at(verificationWithdrawn, s.Times, v.words()+"; taken back by "+or(s.By, "Throughline")+": "+s.Why)
		case !q.within(s.Recorded):
		case (from == threat.Mitigated || from == threat.Verified) && (s.State == threat.Open || s.State == threat.InProgress):
			at(reopened, s.Times, "from "+string(from)+" to "+string(s.State)+": "+s.Why)
		case s.State == threat.Withdrawn:
			at(withdrawn, s.Times, s.Why)
		case s.State == threat.Dismissed:
			at(dismissed, s.Times, s.Why)
		}
	}
	if live && t.Ticket != nil && t.Ticket.Category == threat.Done && t.Ticket.Declined {
		at(declined, t.Tickets[len(t.Tickets)-1].Times, t.Ticket.Key+" was closed as "+t.Ticket.Resolution+": nobody did the work")
	}
	for _, v := range t.Verifications {
		if !q.within(v.Recorded) {
			continue
		}
		if v.byAssignee() {
			at(byAssignee, v.Times, v.Given.Note)
		}
		for _, rule := range v.Given.Waived {
			at(waived, v.Times, "verified without: "+rule)
		}
	}
	for _, a := range t.Acceptances {
		for _, rule := range a.Given.Waived {
			if q.within(a.Recorded) {
				at(waived, a.Times, "risk accepted without: "+rule)
			}
		}
	}
	if t.Stale && live {
		at(stale, last.Times, "its text changed after it was verified: nobody looked again")
	}
	if t.State == threat.Accepted && len(t.Acceptances) > 0 {
		a := t.Acceptances[len(t.Acceptances)-1]
		if a.holds(q.AsOf) {
			at(accepted, a.Times, "until "+a.Given.Until+": "+a.Given.Reason)
		} else {
			at(acceptanceOver, a.Times, "it held until "+a.Given.Until+", and the threat is still taken for accepted")
		}
	}
	for _, d := range t.Decisions {
		if d.Kind == ledger.Drifted && q.within(d.Recorded) {
			at(drifted, d.Times, d.What)
		}
	}
	slices.SortStableFunc(out, func(a, b Exception) int {
		return slices.Index(Exceptions(), a.Kind) - slices.Index(Exceptions(), b.Kind)
	})
	return out
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// holds reports whether an acceptance holds at an instant: until its last day's end, UTC.
func (a Acceptance) holds(at time.Time) bool {
	day, err := time.Parse(time.DateOnly, a.Given.Until)
	return err == nil && at.Before(day.AddDate(0, 0, 1))
}

// steps are those of one of the threat's tickets, by Jira's id.
func (t Threat) steps(id string) []TicketStep {
	var out []TicketStep
	for _, s := range t.Tickets {
		if s.ID == id {
			out = append(out, s)
		}
	}
	return out
}

// doneAt is when a ticket's status category became done, by Jira's clock, and has been so since; zero when it is not.
func doneAt(steps []TicketStep) time.Time {
	var at time.Time
	for _, s := range steps {
		switch {
		case s.Standing() != threat.Done:
			at = time.Time{}
		case at.IsZero() && !s.DoneAt.IsZero():
			at = s.DoneAt // by Jira's history
		case at.IsZero():
			at = s.Occurred
		}
	}
	return at
}

// since is the step from which on something holds of a ticket, to the last: steps from before a deletion may be heard of after it.
func since(steps []TicketStep, holds func(threat.Ticket) bool) Times {
	n := len(steps) - 1
	for n > 0 && holds(steps[n-1].Ticket) {
		n--
	}
	return steps[n].Times
}

// lateness is how many days after its due date a ticket was done, or is not done by now; since is when it became late. A deleted
// ticket is not late: it is worse, and told of apart. Of one out of sight is known only what was so until then.
func lateness(steps []TicketStep, now time.Time) (days int, since time.Time) {
	if len(steps) == 0 {
		return 0, since
	}
	last := steps[len(steps)-1]
	due, err := time.Parse(time.DateOnly, last.Due)
	if err != nil || last.Deleted {
		return 0, since
	}
	over := due.AddDate(0, 0, 1) // due dates have no zone: the day counts whole, in UTC
	end := doneAt(steps)
	if end.IsZero() {
		end = now
	}
	if gone := hiddenAt(steps); !gone.IsZero() && gone.Before(end) {
		end = gone
	}
	if end.Before(over) {
		return 0, since
	}
	return int(end.Sub(over).Hours()/24) + 1, over
}

// hiddenAt is when a ticket went out of sight, in which it has been since; zero when it is in sight.
func hiddenAt(steps []TicketStep) time.Time {
	var at time.Time
	for _, s := range steps {
		switch {
		case !s.Hidden:
			at = time.Time{}
		case at.IsZero():
			at = s.Occurred
		}
	}
	return at
}

// reopenings counts how often a ticket left the category done.
func reopenings(steps []TicketStep) int {
	n, done := 0, false
	for _, s := range steps {
		is := s.Standing() == threat.Done
		if done && !is {
			n++
		}
		done = is
	}
	return n
}
