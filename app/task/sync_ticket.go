package task

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// bindingTime is how long an event of a ticket of ours, which is not bound yet, waits for the create call to return.
const bindingTime = 10 * time.Minute

// syncTicket applies an issue event to the threats whose ticket it is. Issues that are no tickets of ours are none of our business.
// Events may come late, twice and in any order: each step of the ticket's history counts once. Where an event does not tell how
// its ticket came to be so, the history is read.
func (d *Desk) syncTicket(ctx context.Context, job work.Job) (work.Outcome, error) {
	issue, err := decode[event.Issue](job)
	if err != nil {
		return work.Outcome{}, err
	}
	id, page, handed := ticketOf(job.Subject)
	if issue.ID == "" {
		issue = event.Issue{ID: id, At: job.Occurred} // events that cannot be put in order: only Jira knows the last
	}
	if !handed {
		return d.handOver(ctx, job, issue)
	}
	rec, err := d.Book.Page(ctx, job.Tenant, page)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "looking for the threats of issue %s", issue.Key)
	}
	threats := carriedBy(rec, id)
	if slices.ContainsFunc(threats, func(t threat.Threat) bool { return d.Policy.undecided(t, issue) }) {
		if issue, err = d.readIssue(ctx, job.Tenant, issue); err != nil {
			return work.Outcome{}, err
		}
	}
	if err := d.categorise(ctx, job.Tenant, threats, &issue); err != nil {
		return work.Outcome{}, err
	}
	c := trace.Change{Tenant: job.Tenant}
	for _, t := range threats {
		if change, ok := d.Policy.apply(rec.Page, t, issue, job.Observed, d.Now()); ok {
			c.Threats, c.Entries, c.Jobs = append(c.Threats, change.Threats...), append(c.Entries, change.Entries...), append(c.Jobs, change.Jobs...)
		}
	}
	if len(c.Threats) == 0 {
		return work.Outcome{}, nil
	}
	if len(c.Entries) > 0 {
		c.Jobs = append(c.Jobs, d.follow(work.WritePanel, page, job, d.Policy.Gather))
	}
	return work.Outcome{}, fault.Wrap(d.Book.Commit(ctx, c), "keeping what became of %s", issue.Key)
}

// ticketOf takes the subject of a ticket's job apart: the issue's id, and the page whose lane it was handed to, if it was.
func ticketOf(subject string) (issue, page string, handed bool) {
	issue, page, handed = strings.Cut(subject, "@")
	issue, _, _ = strings.Cut(issue, "#")
	issue, _, _ = strings.Cut(issue, "/")
	return issue, page, handed
}

// carriedBy are the threats of a page whose ticket an issue is.
func carriedBy(rec trace.Record, issue string) []threat.Threat {
	return slices.DeleteFunc(slices.Clone(rec.Threats), func(t threat.Threat) bool { return t.Ticket == nil || t.Ticket.ID != issue })
}

// handOver makes a job for each page whose threats an issue carries: only now is it known whose they are, and on a page's lane
// nothing else changes them meanwhile.
func (d *Desk) handOver(ctx context.Context, job work.Job, issue event.Issue) (work.Outcome, error) {
	threats, err := d.Book.ByIssue(ctx, job.Tenant, issue.ID)
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
	return work.Outcome{}, fault.Wrap(d.Book.Commit(ctx, handed(job, threats)), "handing over the event of %s", issue.Key)
}

// handed is a ticket's job once for each page of its threats, which are ordered by page.
func handed(job work.Job, threats []threat.Threat) trace.Change {
	c := trace.Change{Tenant: job.Tenant}
	for i, t := range threats {
		if i > 0 && t.Page == threats[i-1].Page {
			continue
		}
		next := job
		next.Subject, next.Lane = job.Subject+"@"+t.Page, t.Page
		c.Jobs = append(c.Jobs, next)
	}
	return c
}

// undecided reports whether an event leaves open what its ticket is like now, or how it came to be so: then its history is read.
func (p Policy) undecided(t threat.Threat, e event.Issue) bool {
	known, trail := *t.Ticket, t.Follow()
	if e.Deleted || e.Hidden || e.Whole || known.Deleted {
		return false
	}
	if e.Category == "" || e.Look || known.Hidden {
		return true
	}
	steps := slices.DeleteFunc(slices.Clone(e.Steps), trail.Has)
	if len(steps) == 0 {
		is := p.shown(known, e)
		switch {
		case e.Updated.Before(known.Updated), sameTime(is, known) == known:
			return false // old news, or none
		case e.Updated.Equal(known.Updated):
			return true
		}
		return !named(known, is)
	}
	for _, s := range steps {
		if s.ID < trail.Last() || !known.Follows(s) {
			return true // some came before it, or after it
		}
		known = p.after(known, s)
	}
	return sameTime(p.shown(known, e), known) != known
}

// named reports whether all that is new of a ticket is what its status is called, which no create call tells.
func named(was, is threat.Ticket) bool {
	if was.Status == "" {
		was.Status, was.StatusID = is.Status, is.StatusID
	}
	if was.StatusID == "" {
		was.StatusID = is.StatusID
	}
	return sameTime(is, was) == was
}

// readIssue completes an event by what the issue is like now, and how it came to be so.
func (d *Desk) readIssue(ctx context.Context, id tenant.ID, e event.Issue) (event.Issue, error) {
	client, err := d.Sites.Jira(ctx, id)
	if err != nil {
		return e, err
	}
	is, err := client.Past(ctx, e.ID)
	if fault.Is(err, fault.NotFound) {
		e.Hidden = true
		return e, nil
	} else if err != nil {
		return e, fault.Wrap(err, "reading issue %s", e.Key)
	}
	return seen(is, e), nil
}

// categorise fills in the status categories of steps that matter to some threats. The category of the status in which the issue
// is came with it.
func (d *Desk) categorise(ctx context.Context, id tenant.ID, threats []threat.Threat, e *event.Issue) error {
	e.Steps = slices.Clone(e.Steps)
	for i := range e.Steps {
		s := &e.Steps[i]
		switch {
		case s.Category != "" || s.Status() == "" || !slices.ContainsFunc(threats, func(t threat.Threat) bool { return !t.Follow().Has(*s) }):
			continue
		case s.Status() == e.StatusID:
			s.Category = e.Category
			continue
		}
		client, err := d.Sites.Jira(ctx, id)
		if err != nil {
			return err
		}
		if s.Category, err = d.statuses.of(ctx, id, s.Status(), d.Now(), client); err != nil {
			return err
		}
	}
	return nil
}
