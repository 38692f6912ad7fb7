package task

import (
	"context"
	"fmt"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// mindDates ends the acceptances of a page's threats that have run out, and records the due dates that have passed.
func (d *Desk) mindDates(ctx context.Context, job work.Job) (work.Outcome, error) {
	rec, err := d.Book.Page(ctx, job.Tenant, job.Subject)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "reading what is known of page %s", job.Subject)
	}
	c := d.Policy.mind(rec, d.Now())
	if len(c.Threats) == 0 {
		return work.Outcome{}, nil
	}
	c.Tenant = job.Tenant
	c.Jobs = append(c.Jobs, d.follow(work.WritePanel, job.Subject, job, d.Policy.Gather))
	if err := d.Book.Commit(ctx, c); err != nil {
		return work.Outcome{}, fault.Wrap(err, "keeping what ran out on page %s", job.Subject)
	}
	for _, e := range c.Entries {
		switch e.Kind {
		case ledger.Overdue:
			d.Count.Ticket("overdue")
		case ledger.Moved:
			d.Count.Ticket("acceptance ended")
		}
	}
	return work.Outcome{}, nil
}

// mind decides which dates of a page have passed by now. It is pure; without any, the change holds no threats.
func (p Policy) mind(rec trace.Record, now time.Time) trace.Change {
	var c trace.Change
	for _, t := range rec.Threats {
		page := rec.Page
		page.Version = t.Last
		f := &following{Policy: p, sighting: sighting{page: page, observed: now, now: now}, threat: t, trail: t.Follow()}
		if t.Ticket != nil {
			f.ticket = *t.Ticket
		}
		if ended(t, now) {
			f.end()
		}
		if f.overdue(now) {
			f.remind()
		}
		if len(f.change.Entries) == 0 {
			continue
		}
		f.threat.Trail = &f.trail
		c.Threats = append(c.Threats, f.threat)
		c.Entries, c.Jobs = append(c.Entries, f.change.Entries...), append(c.Jobs, f.change.Jobs...)
	}
	return c
}

// ended reports whether a threat's acceptance has run out.
func ended(t threat.Threat, now time.Time) bool {
	return t.State == threat.Accepted && t.Acceptance != nil && t.Acceptance.Until < now.UTC().Format(time.DateOnly)
}

// end opens an accepted threat again, from the end of the last day of its acceptance on.
func (f *following) end() {
	f.by, f.occurred = "", dayAfter(f.threat.Acceptance.Until, f.now)
	why := fmt.Sprintf("its acceptance ended with %s", f.threat.Acceptance.Until)
	next := threat.Open
	if f.threat.Ticket != nil && !f.ticket.Deleted && !f.ticket.Hidden {
		next = threat.Follow(threat.Open, f.ticket.Standing())
	}
	f.change.Entries = append(f.change.Entries, f.move(&f.threat, next, why))
	if f.threat.Ticket == nil || f.ticket.Deleted {
		return
	}
	job := f.tell(f.threat, tale{What: fmt.Sprintf("The acceptance of this risk ended with %s: its threat is %s again. Mitigate it, or have somebody other "+
		"than the assignee accept it anew by a comment: “/accept-risk until %s reason”.", f.threat.Acceptance.Until, next, f.now.AddDate(0, 3, 0).Format(time.DateOnly))})
	job.Subject = string(f.threat.ID) + "/ended/" + f.threat.Acceptance.Until
	f.change.Jobs = append(f.change.Jobs, job)
}

// overdue reports whether a ticket's due date has passed without that being recorded: from the day after on, UTC, while the threat
// waits to be mitigated.
func (f *following) overdue(now time.Time) bool {
	t := f.ticket
	waits := f.threat.State == threat.Open || f.threat.State == threat.InProgress
	return waits && t.Due != "" && t.Due < now.UTC().Format(time.DateOnly) && f.trail.Overdue != t.Due && !t.Deleted && !t.Hidden
}

// remind records that the due date passed: once for each date.
func (f *following) remind() {
	f.by, f.occurred = "", dayAfter(f.ticket.Due, f.now)
	f.trail.Overdue = f.ticket.Due
	f.record(ledger.Overdue, ledger.OverdueFact{Ticket: f.ticket.Key, Due: f.ticket.Due})
}

// dayAfter is the first instant after a day, UTC.
func dayAfter(day string, otherwise time.Time) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return otherwise
	}
	return t.AddDate(0, 0, 1)
}
