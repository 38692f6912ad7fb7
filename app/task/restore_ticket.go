package task

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/descriptor"
)

// lacking lists what a ticket should carry and does not, as far as reading the issue tells: its labels and its property. What
// Throughline did not file it does not mark.
func lacking(t threat.Threat, i jira.Issue) []string {
	var out []string
	if t.Ticket.ByPage {
		return out
	}
	if !slices.Contains(i.Labels, Label) || !slices.Contains(i.Labels, marker(t.ID)) {
		out = append(out, threat.MarkLabel)
	}
	if i.Properties != nil {
		var p property
		if err := json.Unmarshal(i.Properties[descriptor.PropertyKey], &p); err != nil || p.ID != t.ID {
			out = append(out, threat.MarkProperty)
		}
	}
	return out
}

// restoreTicket puts back what people took off a ticket: its labels, its property, its link to the page. It does so once for each;
// what is taken off again stays off, and the panel and the ledger say so.
func (d *Desk) restoreTicket(ctx context.Context, job work.Job) (work.Outcome, error) {
	id, page, _ := strings.Cut(job.Subject, "@")
	rec, err := d.Book.Page(ctx, job.Tenant, page)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "reading what is known of page %s", page)
	}
	client, err := d.Sites.Jira(ctx, job.Tenant)
	if err != nil {
		return work.Outcome{}, err
	}
	issues, err := client.Issues(ctx, []string{id}, descriptor.PropertyKey)
	if err != nil || len(issues) == 0 { // deleted: its own event tells
		return work.Outcome{}, fault.Wrap(err, "reading what issue %s carries", id)
	}
	for _, t := range rec.Threats {
		if t.Ticket == nil || t.Ticket.ID != id || t.Ticket.Deleted {
			continue
		}
		if err := d.restore(ctx, job, client, rec.Page, t, issues[0]); err != nil {
			return work.Outcome{}, err
		}
	}
	return work.Outcome{}, nil
}

func (d *Desk) restore(ctx context.Context, job work.Job, client *jira.Client, page trace.Page, t threat.Threat, issue jira.Issue) error {
	lacks := lacking(t, issue)
	if t.Ticket.Linked {
		there, err := client.Linked(ctx, issue.ID, linkID(job, t))
		if err != nil {
			return err
		}
		if !there {
			lacks = append(lacks, threat.MarkLink)
		}
	}
	now := d.Now()
	at := sighting{tenant: job.Tenant, page: page, occurred: now, observed: now, now: now}
	next, mend, told := t.Marks.Lacking(lacks)
	c := trace.Change{Tenant: job.Tenant}
	for _, what := range mend {
		err := d.mark(ctx, job, client, page, t, what)
		if err != nil && !forPeople(err) {
			return fault.Wrap(err, "putting the %s back on %s", what, issue.Key)
		}
		if err != nil { // it may not: then it stays off, too
			next.Lacks = append(next.Lacks, what)
		} else if what == threat.MarkLink {
			next.Linked = now
		}
		c.Entries = append(c.Entries, at.entry(ledger.Drifted, t.ID, ledger.DriftFact{Ticket: issue.Key, What: what, Restored: err == nil}))
		d.Log.InfoContext(ctx, "something was taken off a ticket", "tenant", job.Tenant, "ticket", issue.Key, "what", what, "restored", err == nil)
	}
	for _, what := range told {
		c.Entries = append(c.Entries, at.entry(ledger.Drifted, t.ID, ledger.DriftFact{Ticket: issue.Key, What: what}))
		d.Log.WarnContext(ctx, "something was taken off a ticket again, and stays off", "tenant", job.Tenant, "ticket", issue.Key, "what", what)
	}
	if len(c.Entries) == 0 && slices.Equal(next.Lacks, t.Marks.Lacks) {
		return nil
	}
	if !slices.Equal(next.Lacks, t.Marks.Lacks) {
		c.Jobs = []work.Job{d.follow(work.WritePanel, page.ID, job, d.Policy.Gather)}
	}
	t.Marks = next
	c.Threats = []threat.Threat{t}
	return fault.Wrap(d.Book.Commit(ctx, c), "keeping what %s carries", issue.Key)
}

// mark puts one thing back on a ticket. It may be repeated.
func (d *Desk) mark(ctx context.Context, job work.Job, client *jira.Client, page trace.Page, t threat.Threat, what string) error {
	switch what {
	case threat.MarkLabel:
		return client.AddLabels(ctx, t.Ticket.ID, Label, marker(t.ID))
	case threat.MarkProperty:
		return client.SetProperty(ctx, t.Ticket.ID, descriptor.PropertyKey, propertyOf(t, page))
	default:
		return client.Link(ctx, t.Ticket.ID, backLink(job, page, t))
	}
}

// linkID names the remote link from a threat's ticket to its page.
func linkID(job work.Job, t threat.Threat) string {
	return fmt.Sprintf("throughline:%s:%s:%s", job.Tenant, t.Page, t.ID)
}

func backLink(job work.Job, page trace.Page, t threat.Threat) jira.RemoteLink {
	return jira.RemoteLink{
		GlobalID: linkID(job, t),
		URL:      page.URL, Title: page.Title, Relationship: "threat stated in", Summary: "Design page that states " + string(t.ID),
	}
}
