package task

import (
	"context"
	"fmt"
	"strings"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// sweep looks for what no event told: design pages that were there before the app was, or changed while it was down. Each gets
// a review, which costs no call where the version is known, and one where a known page is not found any more.
func (d *Desk) sweep(ctx context.Context, job work.Job) (work.Outcome, error) {
	wiki, err := d.Sites.Confluence(ctx, job.Tenant)
	if fault.Is(err, fault.Denied) {
		return work.Outcome{Verdict: work.Discard, Reason: err.Error()}, nil // its installation sweeps
	} else if err != nil {
		return work.Outcome{}, err
	}
	c := trace.Change{Tenant: job.Tenant}
	found := map[string]bool{}
	err = wiki.Search(ctx, d.Policy.cql(), func(h confluence.Hit) bool {
		found[h.ID] = true
		review := d.follow(work.ReviewPage, h.ID, job, 0)
		review.Occurred, review.Observed = h.Modified, d.Now()
		review.Args = ledger.Encode(event.Page{ID: h.ID, Version: h.Version, At: h.Modified})
		c.Jobs = append(c.Jobs, review)
		return true
	})
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "searching for design pages")
	}
	known, err := d.Book.Pages(ctx, job.Tenant)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "listing the pages that are known")
	}
	for _, p := range known {
		if p.Removed {
			continue
		}
		if !found[p.ID] {
			c.Jobs = append(c.Jobs, d.follow(work.ReviewPage, p.ID, job, 0)) // perhaps it was removed: the search may lag, the page itself tells
		}
		// Tickets wait for Jira to be installed, or for the panel of a run that was cut short.
		c.Jobs = append(c.Jobs, d.follow(work.FileTickets, p.ID, job, 0))
	}
	d.Log.InfoContext(ctx, "swept", "tenant", job.Tenant, "found", len(found), "known", len(known))
	return work.Outcome{}, fault.Wrap(d.Book.Commit(ctx, c), "keeping which pages to review")
}

// cql is the query for design pages.
func (p Policy) cql() string {
	var any []string
	in := func(field string, values []string) {
		if len(values) == 0 {
			return
		}
		quoted := make([]string, len(values))
		for i, v := range values {
			quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
		}
		any = append(any, fmt.Sprintf("%s in (%s)", field, strings.Join(quoted, ", ")))
	}
	in("label", p.Labels)
	in("space", p.Spaces)
	return "type = page and (" + strings.Join(any, " or ") + ") order by lastmodified"
}
