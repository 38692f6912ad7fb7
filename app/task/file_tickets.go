package task

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/mapping"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// fileTickets brings each of a page's threats to its ticket: one that the page names, one that an earlier run may have made, or a
// new one. Then it gives tickets to owners whom the page names anew, and links them back to the page. The panel is written once, after all of it.
func (d *Desk) fileTickets(ctx context.Context, job work.Job) (work.Outcome, error) {
	rec, err := d.Book.Page(ctx, job.Tenant, job.Subject)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "reading what is known of page %s", job.Subject)
	}
	panel := trace.Change{Tenant: job.Tenant, Jobs: []work.Job{d.follow(work.WritePanel, job.Subject, job, 0)}}
	client, err := d.Sites.Jira(ctx, job.Tenant)
	if fault.Is(err, fault.Denied) {
		// The panel shows the threats all the same, and Jira may be installed any time.
		return work.Outcome{Verdict: work.Snooze, After: time.Minute, Reason: err.Error()}, d.Book.Commit(ctx, panel)
	} else if err != nil {
		return work.Outcome{}, err
	}
	edition, err := d.Sites.Edition(ctx, job.Tenant)
	if err != nil {
		return work.Outcome{}, err
	}
	f := d.filing(job, client, rec, edition)
	if err := f.existing(ctx, rec.Threats); err != nil {
		return work.Outcome{}, err
	}
	for some := range slices.Chunk(f.todo, jira.MaxBulk) {
		err := f.create(ctx, some)
		if forPeople(err) {
			// Those that Jira took at first are filed, whatever became of the others.
			err = f.block(ctx, err.Error(), slices.DeleteFunc(slices.Clone(some), func(t *threat.Threat) bool { return t.Ticket != nil })...)
		}
		if err != nil {
			return work.Outcome{}, err
		}
	}
	if err := f.settle(ctx, rec.Threats); err != nil {
		return work.Outcome{}, err
	}
	if err := f.link(ctx, rec.Threats); err != nil {
		return work.Outcome{}, err
	}
	if err := d.Book.Commit(ctx, panel); err != nil {
		return work.Outcome{}, err
	}
	switch {
	case f.wait > 0: // before anything is held: a held job looks for nothing
		return work.Outcome{Verdict: work.Snooze, After: f.wait, Reason: "whether Jira made a ticket is unknown until its search index had time to show it"}, nil
	case len(f.blocked) > 0:
		return work.Outcome{Verdict: work.Hold, Reason: strings.Join(f.blocked, "; ")}, nil
	}
	return work.Outcome{}, nil
}

// filing is one run of fileTickets. Threats are the run's own copies; commit keeps their revisions current.
type filing struct {
	*Desk
	job     work.Job
	jira    *jira.Client
	page    trace.Page
	rule    mapping.Rule // where new tickets go
	edition tenant.Edition
	who     asking
	owners  map[threat.ID]threat.Owner // as committed
	todo    []*threat.Threat           // to be created
	blocked []string                   // what a person must mend
	wait    time.Duration              // until the longest unknown outcome is known
}

func (d *Desk) filing(job work.Job, client *jira.Client, rec trace.Record, edition tenant.Edition) *filing {
	f := &filing{
		Desk: d, job: job, jira: client, page: rec.Page, rule: d.Policy.rule(rec.Page), edition: edition, who: d.asking(job.Tenant, client),
		owners: make(map[threat.ID]threat.Owner, len(rec.Threats)),
	}
	for _, t := range rec.Threats {
		f.owners[t.ID] = t.Owner
	}
	return f
}

// sighting is what the run does now, by itself, about the page version that is known.
func (f *filing) sighting() sighting {
	now := f.Now()
	return sighting{tenant: f.job.Tenant, page: f.page, occurred: now, observed: now, now: now}
}

// existing binds threats to issues that are already there, and puts those that have none among those to be created. What an earlier
// run may have made comes first: also for a threat that was withdrawn since, or whose page names another ticket by now.
func (f *filing) existing(ctx context.Context, threats []threat.Threat) error {
	var unknown []*threat.Threat
	for i := range threats {
		switch t := &threats[i]; {
		case t.Ticket != nil:
		case t.Intent != nil:
			unknown = append(unknown, t)
		case t.State.Live():
			if err := f.lacking(ctx, t); err != nil {
				return err
			}
		}
	}
	return f.find(ctx, unknown)
}

// lacking gives a threat of which it is certain that no ticket was filed for it the one that its page names, or has one created.
func (f *filing) lacking(ctx context.Context, t *threat.Threat) error {
	if t.Text.Ticket != "" {
		return f.named(ctx, t)
	}
	f.todo = append(f.todo, t)
	return nil
}

func (f *filing) named(ctx context.Context, t *threat.Threat) error {
	issue, err := f.jira.Issue(ctx, t.Text.Ticket)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		return f.block(ctx, fmt.Sprintf("the page names %s, which Jira does not show to Throughline: correct the key, or let the app see its project", t.Text.Ticket), t)
	} else if err != nil {
		return fault.Wrap(err, "reading the issue %s that the page names", t.Text.Ticket)
	}
	f.Count.Ticket("bound")
	return f.bind(ctx, ledger.Bound, "the page names it", binding{t, issue})
}

// binding is a threat and the issue that carries it.
type binding struct {
	threat *threat.Threat
	issue  jira.Issue
}

// bind commits that issues carry threats, with the states and owners that follow from them.
func (f *filing) bind(ctx context.Context, kind ledger.Kind, why string, all ...binding) error {
	var threats []*threat.Threat
	var c trace.Change
	at := f.sighting()
	for _, b := range all {
		t := b.threat
		t.Ticket = &threat.Ticket{
			ID: b.issue.ID, Key: b.issue.Key, URL: b.issue.URL, Status: b.issue.Status, Category: b.issue.Category,
			Assignee: b.issue.Assignee, Due: b.issue.Due, Resolution: b.issue.Resolution, Declined: f.Policy.declines(b.issue.Resolution), Updated: b.issue.Updated, ByPage: kind == ledger.Bound,
		}
		t.Intent, t.Blocked = nil, ""
		if b.issue.Assignee != "" && b.issue.Assignee != t.Owner.Account {
			t.Owner = threat.Owner{Account: b.issue.Assignee, Name: b.issue.AssigneeName, Reason: inJira}
		}
		if t.Ticket.ByPage && t.Owner.Known() {
			t.Assigned.Named = t.Text.Person.String() // who is assigned already stays
		}
		c.Entries = append(c.Entries, at.entry(kind, t.ID, ledger.TicketFact{Ticket: *t.Ticket, Why: why + lessThan(t.Without)}))
		if next := threat.Follow(t.State, t.Ticket.Standing()); next != t.State {
			c.Entries = append(c.Entries, at.move(t, next, fmt.Sprintf("its ticket %s is %q", t.Ticket.Key, t.Ticket.Status)))
		}
		switch {
		case t.State == threat.Withdrawn:
			c.Jobs = append(c.Jobs, at.tell(*t, withdrawn(t.Moved.Why)))
		case t.Ticket.ByPage:
			job := at.tell(*t, f.Policy.named(*t))
			job.Subject += "/named"
			c.Jobs = append(c.Jobs, job)
		}
		threats = append(threats, t)
	}
	return f.commit(ctx, c, threats...)
}

// block keeps why threats have no ticket where people look: the panel, the log and the held job.
func (f *filing) block(ctx context.Context, why string, threats ...*threat.Threat) error {
	for _, t := range threats {
		f.Count.Ticket("refused")
		f.Log.WarnContext(ctx, "no ticket can be filed", "tenant", f.job.Tenant, "page", t.Page, "threat", t.ID, "why", why)
		f.blocked = append(f.blocked, string(t.ID)+": "+why)
		t.Blocked, t.Intent = why, nil
	}
	return f.commit(ctx, trace.Change{}, threats...)
}

// commit adds threats as they are now to a change and commits it. It records whose owner is another than before.
func (f *filing) commit(ctx context.Context, c trace.Change, threats ...*threat.Threat) error {
	c.Tenant = f.job.Tenant
	at := f.sighting()
	for _, t := range threats {
		c.Threats = append(c.Threats, *t)
		if t.Owner != f.owners[t.ID] {
			c.Entries = append(c.Entries, at.entry(ledger.Owned, t.ID, ledger.OwnerFact{Owner: t.Owner}))
		}
	}
	if err := f.Book.Commit(ctx, c); err != nil {
		return fault.Wrap(err, "keeping the tickets of page %s", f.page.ID)
	}
	for _, t := range threats {
		t.Rev++
		f.owners[t.ID] = t.Owner
	}
	return nil
}
