package task

import (
	"context"
	"strings"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// RefileOrder is the Args of a work.Refile job: a person's word, without which a ticket that is gone is never filed again.
type RefileOrder struct {
	By string `json:"by"` // who said so, as the machine knows them
}

// refile gives a threat whose ticket is gone a new one.
func (d *Desk) refile(ctx context.Context, job work.Job) (work.Outcome, error) {
	order, err := decode[RefileOrder](job)
	if err != nil {
		return work.Outcome{}, err
	}
	id, page, _ := strings.Cut(job.Subject, "@")
	rec, err := d.Book.Page(ctx, job.Tenant, page)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "looking for threat %s", id)
	}
	for _, t := range rec.Threats {
		if string(t.ID) != id {
			continue
		}
		if t.Ticket == nil || !t.Ticket.Deleted && !t.Ticket.Hidden {
			return work.Outcome{}, nil // it came back, or was filed meanwhile
		}
		now := d.Now()
		at := sighting{tenant: job.Tenant, page: rec.Page, occurred: job.Occurred, observed: job.Observed, now: now}
		at.page.Version = t.Last
		c := trace.Change{Tenant: job.Tenant, Threats: []threat.Threat{t}, Entries: []ledger.Entry{
			at.entry(ledger.Commanded, t.ID, ledger.CommandFact{Issue: t.Ticket.Key, Text: "file it anew, said " + order.By + " on the command line"}),
		}, Jobs: []work.Job{d.follow(work.FileTickets, page, job, 0)}}
		c.Threats[0].Ticket, c.Threats[0].Trail, c.Threats[0].Intent, c.Threats[0].Blocked = nil, nil, nil, ""
		c.Threats[0].Without = nil
		c.Threats[0].Assigned = threat.Assignment{}
		return work.Outcome{}, fault.Wrap(d.Book.Commit(ctx, c), "taking the ticket that is gone off %s", id)
	}
	return work.Outcome{Verdict: work.Discard, Reason: "the page has no such threat"}, nil
}
