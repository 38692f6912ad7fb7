package task

import (
	"context"
	"fmt"
	"strings"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// inJira is the reason of an owner whom a person assigned.
const inJira = "assigned in Jira"

// unsettled reports whether a page says something about who answers for a threat that its ticket has not been asked about yet.
func unsettled(t threat.Threat) bool {
	if t.Ticket == nil || t.Ticket.Deleted || !t.State.Live() {
		return false
	}
	return t.Text.Person.String() != t.Assigned.Named || t.Owner == threat.Owner{}
}

// settle brings the owners of tickets that are there up to what the page says now. Whoever was assigned by hand stays: then the
// ticket is told, and people decide.
func (f *filing) settle(ctx context.Context, threats []threat.Threat) error {
	for i := range threats {
		if t := &threats[i]; unsettled(*t) {
			if err := f.settleOwner(ctx, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *filing) settleOwner(ctx context.Context, t *threat.Threat) error {
	named := t.Text.Person.String()
	if named == "" && t.Owner.Known() { // the page names nobody any more, which takes the ticket from nobody
		t.Assigned.Named = ""
		return f.commit(ctx, trace.Change{}, t)
	}
	owner, err := f.owner(ctx, *t)
	if err != nil {
		return err
	}
	issue, err := f.jira.Issue(ctx, t.Ticket.ID)
	if fault.Is(err, fault.NotFound) {
		return nil // its own event tells
	} else if err != nil {
		return fault.Wrap(err, "reading who is assigned to %s", t.Ticket.Key)
	}
	assign, say := reassign(*t, issue.Assignee, owner)
	c := trace.Change{}
	if say != "" {
		job := f.sighting().tell(*t, tale{What: say})
		job.Subject += "/owner" // beside what else the version changed
		c.Jobs = []work.Job{job}
	}
	if assign {
		err := f.jira.Assign(ctx, t.Ticket.ID, owner.Account)
		if forPeople(err) {
			f.blocked = append(f.blocked, fmt.Sprintf("%s: %s", t.ID, err))
			return nil
		} else if err != nil {
			return fault.Wrap(err, "giving %s to %s", t.Ticket.Key, owner.Name)
		}
		ticket := *t.Ticket
		ticket.Assignee, t.Ticket, t.Assigned.Account = owner.Account, &ticket, owner.Account
		c.Entries = append(c.Entries, f.sighting().entry(ledger.Ticketed, t.ID, ledger.TicketFact{Ticket: ticket, Why: owner.Reason}))
	}
	if assign || !t.Owner.Known() {
		t.Owner = owner
	}
	t.Assigned.Named = named
	return f.commit(ctx, c, t)
}

// owner is whom the page names now, or, where the ticket has no owner at all, the first of all who come into question.
func (f *filing) owner(ctx context.Context, t threat.Threat) (threat.Owner, error) {
	project, _, _ := strings.Cut(t.Ticket.Key, "-") // tickets stay where they were filed, whatever the mapping says now
	var err error
	if t.Text.Person.Account, err = f.who.mentioned(ctx, t.Text.Person.Account); err != nil {
		return threat.Owner{}, err
	}
	if t.Owner.Known() {
		return resolve(ctx, f.who, project, candidates(threat.Text{Person: t.Text.Person}, jira.Component{}, "", Policy{}))
	}
	part, err := f.who.component(ctx, project, "", t.Text)
	if err != nil {
		return threat.Owner{}, err
	}
	return resolve(ctx, f.who, project, candidates(t.Text, part, f.page.OwnerID, f.Policy))
}

// reassign decides what becomes of a ticket whose page names another owner, given who is assigned now: whether it is given to the
// owner, and what its people are told instead. It is pure.
func reassign(t threat.Threat, now string, owner threat.Owner) (assign bool, say string) {
	name := jira.Escape(oneLine(cut(t.Text.Person.Name, maxFact)))
	if name == "" {
		name = jira.Escape(owner.Name)
	}
	switch {
	case owner.Known() && owner.Account == now:
		return false, ""
	case owner.Known() && now == "":
		return true, ""
	case !owner.Known() && t.Text.Person.String() == "":
		return false, ""
	case !owner.Known():
		return false, fmt.Sprintf("The design page now names %s as the owner of this threat, and the ticket cannot be given to them: %s. Please decide who answers for it.", name, jira.Escape(owner.Reason))
	case now != t.Assigned.Account || t.Owner.Account != now || t.Owner.Reason == inJira:
		return false, fmt.Sprintf("The design page now names %s as the owner of this threat. The ticket was given to somebody else in Jira and stays with them; please reassign it if the page is right.", name)
	}
	return true, ""
}
