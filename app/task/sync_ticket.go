package task

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// bindingTime is how long an event of a ticket of ours, which is not bound yet, waits for the create call to return.
const bindingTime = 10 * time.Minute

// syncTicket applies an issue event to the threats whose ticket it is. Issues that are no tickets of ours are none of our business.
// Events may come late, twice and in any order: one that is older than what was applied changes nothing.
func (d *Desk) syncTicket(ctx context.Context, job work.Job) (work.Outcome, error) {
	issue, err := decode[event.Issue](job)
	if err != nil {
		return work.Outcome{}, err
	}
	id, page, known := strings.Cut(job.Subject, "@")
	if issue.ID == "" {
		issue = event.Issue{ID: id, At: job.Occurred} // events that cannot be put in order: only Jira knows the last
	}
	if !known {
		return d.handOver(ctx, job, issue)
	}
	rec, err := d.Book.Page(ctx, job.Tenant, page)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "looking for the threats of issue %s", issue.Key)
	}
	carried := func(t threat.Threat) bool { return t.Ticket != nil && t.Ticket.ID == id }
	if slices.ContainsFunc(rec.Threats, func(t threat.Threat) bool { return carried(t) && d.Policy.undecided(*t.Ticket, issue) }) {
		if issue, err = d.readIssue(ctx, job.Tenant, issue); err != nil {
			return work.Outcome{}, err
		}
	}
	c := trace.Change{Tenant: job.Tenant, Jobs: []work.Job{d.follow(work.WritePanel, page, job, d.Policy.Gather)}}
	for _, t := range rec.Threats {
		if !carried(t) {
			continue
		}
		if change, ok := d.Policy.apply(rec.Page, t, issue, job.Observed, d.Now()); ok {
			c.Threats, c.Entries = append(c.Threats, change.Threats...), append(c.Entries, change.Entries...)
		}
	}
	if len(c.Threats) == 0 {
		return work.Outcome{}, nil
	}
	return work.Outcome{}, fault.Wrap(d.Book.Commit(ctx, c), "keeping what became of %s", issue.Key)
}

// handOver makes a job for each page whose threats an issue carries: only now is it known whose they are, and on a page's lane
// nothing else changes them meanwhile.
func (d *Desk) handOver(ctx context.Context, job work.Job, issue event.Issue) (work.Outcome, error) {
	threats, err := d.Book.ByIssue(ctx, job.Tenant, job.Subject)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "looking for the threats of issue %s", issue.Key)
	}
	if len(threats) == 0 {
		perhaps := issue.Key == "" || slices.ContainsFunc(issue.Labels, func(l string) bool { return strings.HasPrefix(l, Label+"-") })
		if perhaps && !issue.Deleted && d.Now().Sub(job.Created) < bindingTime {
			return work.Outcome{Verdict: work.Snooze, After: time.Second, Reason: "the ticket is being filed"}, nil
		}
		return work.Outcome{}, nil
	}
	c := trace.Change{Tenant: job.Tenant}
	for i, t := range threats { // ordered by page
		if i > 0 && t.Page == threats[i-1].Page {
			continue
		}
		next := job
		next.Subject, next.Lane = job.Subject+"@"+t.Page, t.Page
		c.Jobs = append(c.Jobs, next)
	}
	return work.Outcome{}, fault.Wrap(d.Book.Commit(ctx, c), "handing over the event of %s", issue.Key)
}

// undecided reports whether an event does not tell what its issue is like now: it does not say the status category, or it is of
// the very millisecond of what was applied last and says something else.
func (p Policy) undecided(known threat.Ticket, e event.Issue) bool {
	if e.Deleted {
		return false
	}
	return e.Category == "" || e.Updated.Equal(known.Updated) && p.shown(known, e) != known
}

// shown is a ticket as an event shows it.
func (p Policy) shown(t threat.Ticket, e event.Issue) threat.Ticket {
	t.Updated = e.Updated
	if e.Deleted {
		t.Deleted = true
		return t
	}
	t.Key, t.URL = e.Key, strings.Replace(t.URL, t.Key, e.Key, 1)
	t.Status, t.Category, t.Assignee, t.Due, t.Resolution = e.Status, e.Category, e.Assignee, e.Due, e.Resolution
	t.Declined = p.declines(e.Resolution)
	return t
}

// readIssue completes an event by what the issue is like now.
func (d *Desk) readIssue(ctx context.Context, id tenant.ID, e event.Issue) (event.Issue, error) {
	client, err := d.Sites.Jira(ctx, id)
	if err != nil {
		return e, err
	}
	is, err := client.Issue(ctx, e.ID)
	if fault.Is(err, fault.NotFound) {
		e.Deleted = true
		return e, nil
	} else if err != nil {
		return e, fault.Wrap(err, "reading issue %s", e.Key)
	}
	e.Key, e.Status, e.Category, e.Assignee, e.AssigneeName = is.Key, is.Status, is.Category, is.Assignee, is.AssigneeName
	e.Due, e.Resolution, e.Updated = is.Due, is.Resolution, is.Updated
	return e, nil
}

// apply decides what an issue event changes in its threat. It reports false when it is old news. It is pure.
func (p Policy) apply(page trace.Page, t threat.Threat, issue event.Issue, observed, now time.Time) (trace.Change, bool) {
	was := *t.Ticket
	if was.Deleted || issue.Updated.Before(was.Updated) && !issue.Deleted {
		return trace.Change{}, false
	}
	page.Version = t.Last
	at := sighting{page: page, by: issue.By, occurred: issue.At, observed: observed, now: now}
	is := p.shown(was, issue)
	if is == was {
		return trace.Change{}, false
	}
	t.Ticket = &is
	var c trace.Change
	if sameTime(is, was) != was {
		c.Entries = append(c.Entries, at.entry(ledger.Ticketed, t.ID, ledger.TicketFact{Ticket: is}))
	}
	if is.Assignee != was.Assignee {
		t.Owner = threat.Owner{Account: is.Assignee, Name: issue.AssigneeName, Reason: "assigned in Jira"}
		if is.Assignee == "" {
			t.Owner = threat.Owner{Reason: "unassigned in Jira"}
		}
		c.Entries = append(c.Entries, at.entry(ledger.Owned, t.ID, ledger.OwnerFact{Owner: t.Owner}))
	}
	if next := threat.Follow(t.State, is.Standing()); next != t.State && !is.Deleted {
		t.Stale = false
		c.Entries = append(c.Entries, at.move(&t, next, whyMoved(is)))
	}
	c.Threats = []threat.Threat{t}
	return c, true
}

func whyMoved(t threat.Ticket) string {
	if t.Category == threat.Done && t.Declined {
		return fmt.Sprintf("its ticket %s was closed as %q: nobody did the work, and nobody has accepted the risk", t.Key, t.Resolution)
	}
	return fmt.Sprintf("its ticket %s moved to %q", t.Key, t.Status)
}

// sameTime is a ticket with another's time of change, to compare what else differs.
func sameTime(t, as threat.Ticket) threat.Ticket {
	t.Updated = as.Updated
	return t
}
