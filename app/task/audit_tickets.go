package task

import (
	"context"
	"hash/fnv"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// What an audit looks at, at most: 4 calls for ids, and 10 each to read and to search what is bound to no threat. A second ticket
// for a threat is by its nature a new one, and every ticket is among the newest 20,000 in the nights after it was made.
const (
	auditTickets = 4 * jira.MaxIDs
	auditUnbound = 10 * jira.MaxFetch
)

// auditTickets proves once a night that no threat has two tickets: it compares the newest tickets in Jira with those that threats are
// bound to. What it finds is logged with its keys, and counted; it changes nothing in Jira, since only a person knows which of two to keep.
// And it has tickets looked for whose create call had an unknown outcome, should nobody be doing so.
func (d *Desk) auditTickets(ctx context.Context, job work.Job) (work.Outcome, error) {
	err := d.audit(ctx, job.Tenant)
	if err == nil {
		next := nextAudit(job.Tenant, d.Now())
		return work.Outcome{}, fault.Wrap(d.Book.Commit(ctx, trace.Change{Tenant: job.Tenant, Jobs: []work.Job{next}}), "asking for the next audit")
	}
	if ctx.Err() == nil {
		d.Log.WarnContext(ctx, "audit of tickets failed", "tenant", job.Tenant, "error", err)
	}
	after := nextAudit(job.Tenant, d.Now()).RunAt.Sub(d.Now()) // what a person must mend
	if k := fault.KindOf(err); k == fault.Busy || k == fault.Uncertain {
		after = max(fault.RetryAfter(err), time.Minute)
	}
	return work.Outcome{Verdict: work.Snooze, After: after, Reason: err.Error()}, nil
}

// nextAudit is due at night, between two and four o'clock UTC, each site at a minute of its own.
func nextAudit(id tenant.ID, now time.Time) work.Job {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // a hash takes all
	at := now.UTC().Truncate(24 * time.Hour).Add(2*time.Hour + time.Duration(h.Sum32()%120)*time.Minute)
	if !at.After(now) {
		at = at.Add(24 * time.Hour)
	}
	return work.Job{Kind: work.AuditTickets, Subject: "site", RunAt: at, Occurred: now, Observed: now}
}

func (d *Desk) audit(ctx context.Context, id tenant.ID) error {
	if err := d.reviveIntents(ctx, id); err != nil {
		return err
	}
	client, err := d.Sites.Jira(ctx, id)
	if fault.Is(err, fault.Denied) {
		return nil // nothing is filed where Jira is not installed
	} else if err != nil {
		return err
	}
	ids, err := client.SearchIDs(ctx, "labels = "+jira.Quote(Label)+" ORDER BY created DESC", auditTickets)
	if err != nil {
		return fault.Wrap(err, "listing the newest tickets")
	}
	unbound, err := d.unbound(ctx, id, ids)
	if err != nil {
		return err
	}
	marked, err := readMarkers(ctx, client, unbound)
	if err != nil {
		return err
	}
	twice := 0
	for some := range slices.Chunk(marked, jira.MaxFetch) {
		issues, err := client.FindByLabels(ctx, some)
		if err != nil {
			return fault.Wrap(err, "looking for tickets of one threat")
		}
		for _, m := range some {
			carry := slices.DeleteFunc(slices.Clone(issues), func(i jira.Issue) bool { return !slices.Contains(i.Labels, m) })
			if len(carry) > 1 {
				twice++
				tellTwice(ctx, d.Log, id, m, carry)
			}
		}
	}
	d.Count.Duplicates(id, twice)
	d.Log.InfoContext(ctx, "tickets audited", "tenant", id, "tickets", len(ids), "bound to no threat", len(unbound), "threats with two", twice)
	return nil
}

// unbound are the issues that are no threat's ticket, at most auditUnbound, the newest first: those that the index shows while they
// are being filed, copies that somebody made of a ticket, and second tickets.
func (d *Desk) unbound(ctx context.Context, id tenant.ID, issues []string) (out []string, err error) {
	for _, issue := range issues {
		threats, err := d.Book.ByIssue(ctx, id, issue)
		if err != nil {
			return nil, fault.Wrap(err, "looking for the threats of issue %s", issue)
		}
		if len(threats) == 0 && len(out) < auditUnbound {
			out = append(out, issue)
		}
	}
	return out, nil
}

// readMarkers are the markers that some issues carry, sorted, each once.
func readMarkers(ctx context.Context, client *jira.Client, ids []string) ([]string, error) {
	var out []string
	for some := range slices.Chunk(ids, jira.MaxFetch) {
		issues, err := client.Issues(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, i := range issues {
			for _, l := range i.Labels {
				if strings.HasPrefix(l, marker("")) {
					out = append(out, l)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// tellTwice logs that one threat has several tickets; the oldest is the one that it is bound to.
func tellTwice(ctx context.Context, log *slog.Logger, id tenant.ID, marker string, issues []jira.Issue) {
	log.ErrorContext(ctx, "one threat has several tickets: close those that nobody works on, or take the label off a copy",
		"tenant", id, "label", marker, "tickets", keys(issues))
}

// reviveIntents asks for the tickets of pages to be filed where the outcome of a call is unknown and, for whatever reason, no job would
// find it out: somebody discarded it, or the page was removed meanwhile.
func (d *Desk) reviveIntents(ctx context.Context, id tenant.ID) error {
	pages, err := d.Book.Pages(ctx, id)
	if err != nil {
		return fault.Wrap(err, "listing the pages that are known")
	}
	now := d.Now()
	c := trace.Change{Tenant: id}
	for _, p := range pages {
		rec, err := d.Book.Page(ctx, id, p.ID)
		if err != nil {
			return fault.Wrap(err, "reading what is known of page %s", p.ID)
		}
		for _, t := range rec.Threats {
			if t.Intent != nil && t.Ticket == nil {
				c.Jobs = append(c.Jobs, work.Job{Kind: work.FileTickets, Subject: p.ID, RunAt: now.Add(time.Minute), Occurred: now, Observed: now})
				break
			}
		}
	}
	if len(c.Jobs) == 0 {
		return nil
	}
	return fault.Wrap(d.Book.Commit(ctx, c), "asking for tickets of %s to be looked for", id)
}
