package evidence

import (
	"encoding/json"
	"strings"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
)

// replay rebuilds threats from their entries, in the ledger's order.
type replay struct {
	threats map[string]*Threat
	window  Window // that their entries are counted by
}

func times(e ledger.Entry) Times {
	return Times{By: e.By, Version: e.Version, Occurred: e.Occurred, Observed: e.Observed, Recorded: e.Recorded, Entry: e.Seq}
}

// ofPage reports whether an entry tells of a page and not of a threat.
func ofPage(k ledger.Kind) bool {
	return k == ledger.Reviewed || k == ledger.ReviewFailed || k == ledger.PageRemoved
}

// apply takes an entry of a threat. It fails with fault.Internal when the entry cannot be read or lacks what must come before it.
func (r *replay) apply(e ledger.Entry) error {
	if e.Kind == ledger.Stated {
		r.threats[e.Threat] = &Threat{ID: e.Threat, Entry: e.Seq, Page: Page{ID: e.Page}}
	}
	t := r.threats[e.Threat]
	if t == nil {
		return fault.New(fault.Internal, "%s of threat %q, which no entry before states: the ledger has a hole", e.Kind, e.Threat)
	}
	t.entries[archive.ZoneOf(r.window.From, r.window.To, e.Recorded)]++
	switch e.Kind {
	case ledger.Stated, ledger.Changed:
		f, err := read[ledger.TextFact](e)
		t.Text, t.Criteria, t.Version = f.Text, f.Criteria, e.Version
		if e.Kind == ledger.Changed {
			t.Reassessed++
		}
		return err
	case ledger.Moved:
		f, err := read[ledger.MoveFact](e)
		t.State, t.Stale = f.To, f.Stale
		if n := len(t.Verifications); n > 0 {
			t.Verifications[n-1].Holds = f.To == threat.Verified
		}
		t.States = append(t.States, Step{From: f.From, State: f.To, Stale: f.Stale, Why: f.Why, Times: times(e)})
		return err
	case ledger.Owned:
		f, err := read[ledger.OwnerFact](e)
		t.Owner = f.Owner
		return err
	case ledger.Filed, ledger.Bound, ledger.Ticketed:
		f, err := read[ledger.TicketFact](e)
		t.Ticket = &f.Ticket
		t.Tickets = append(t.Tickets, TicketStep{Ticket: f.Ticket, Kind: e.Kind, Why: f.Why, Times: times(e)})
		return err
	}
	return t.decide(e)
}

// decide takes an entry that tells what a person decided, or what was found amiss.
func (t *Threat) decide(e ledger.Entry) error {
	decided := func(what, why string) {
		t.Decisions = append(t.Decisions, Decision{Kind: e.Kind, What: what, Why: why, Times: times(e)})
	}
	var ticket threat.Ticket
	if t.Ticket != nil {
		ticket = *t.Ticket
	}
	switch e.Kind {
	case ledger.Verified:
		f, err := read[ledger.VerifiedFact](e)
		t.Verification = &f.Verification
		if n := len(t.Verifications); n > 0 {
			t.Verifications[n-1].Holds = false
		}
		t.Verifications = append(t.Verifications, Verification{
			Given: f.Verification, Holds: t.State == threat.Verified, Assignee: ticket.Assignee, DoneBy: ticket.DoneBy, Done: doneAt(t.steps(ticket.ID)), Times: times(e),
		})
		return err
	case ledger.RiskAccepted:
		f, err := read[ledger.AcceptedFact](e)
		t.Acceptance = &f.Acceptance
		t.Acceptances = append(t.Acceptances, Acceptance{f.Acceptance, ticket.Assignee, times(e)})
		return err
	case ledger.Weighed:
		f, err := read[ledger.CriteriaFact](e)
		t.Criteria = f.Criteria
		decided(listed(f.Was)+" → "+listed(f.Criteria), f.Why)
		return err
	case ledger.Commanded, ledger.Altered:
		f, err := read[ledger.CommandFact](e)
		decided(f.Issue+": "+f.Text, f.Refused)
		return err
	case ledger.Overdue:
		f, err := read[ledger.OverdueFact](e)
		decided(f.Ticket+" was due on "+f.Due, "")
		return err
	case ledger.Drifted:
		f, err := read[ledger.DriftFact](e)
		what := "the " + f.What + " was taken off " + f.Ticket
		if f.Restored {
			what += ", and put back"
		}
		decided(what, "")
		return err
	}
	return fault.New(fault.Internal, "unknown kind %q: this ledger was written by a newer version", e.Kind)
}

func listed(criteria []threat.Criterion) string {
	if len(criteria) == 0 {
		return "none"
	}
	out := make([]string, len(criteria))
	for i, c := range criteria {
		out[i] = c.ID
	}
	return strings.Join(out, ", ")
}

func read[F any](e ledger.Entry) (F, error) {
	var f F
	if err := json.Unmarshal(e.Data, &f); err != nil {
		return f, fault.As(fault.Internal, err, "reading a %s entry", e.Kind)
	}
	return f, nil
}
