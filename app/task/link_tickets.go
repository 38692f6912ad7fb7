package task

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

const (
	linksAtOnce   = 10 // calls under way; outbound's pace keeps them below the site's limit on bursts
	linksTogether = 50 // links that one commit keeps: a crash repeats no more than these
)

// link sets the remote links from tickets back to the page. Jira upserts by the global id, so a repeated run makes no second one.
func (f *filing) link(ctx context.Context, threats []threat.Threat) error {
	var lacking []*threat.Threat
	for i := range threats {
		if t := &threats[i]; t.Ticket != nil && !t.Ticket.Linked && !t.Ticket.Deleted {
			lacking = append(lacking, t)
		}
	}
	for some := range slices.Chunk(lacking, linksTogether) {
		if err := f.linkSome(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// linkSome links tickets side by side and keeps those that were linked, whatever became of the others. What is reported goes by the
// order of the threats, not of the answers.
func (f *filing) linkSome(ctx context.Context, some []*threat.Threat) error {
	answers := make([]error, len(some))
	var calls errgroup.Group
	calls.SetLimit(linksAtOnce)
	for i, t := range some {
		calls.Go(func() error {
			answers[i] = f.jira.Link(ctx, t.Ticket.ID, backLink(f.job, f.page, *t))
			return nil
		})
	}
	_ = calls.Wait() // each answer is looked at below
	var linked []*threat.Threat
	var failed error
	for i, t := range some {
		switch err := answers[i]; {
		case err == nil:
			t.Ticket.Linked, t.Marks.Linked = true, f.Now()
			linked = append(linked, t)
		case fault.Is(err, fault.NotFound): // deleted meanwhile: its own event tells
		case forPeople(err):
			f.blocked = append(f.blocked, fmt.Sprintf("%s: %s", t.ID, err)) // the ticket is there, and the panel need not wait for its link
		case failed == nil:
			failed = fault.Wrap(err, "linking %s back to page %s", t.Ticket.Key, f.page.ID)
		}
	}
	if len(linked) > 0 {
		if err := f.commit(ctx, trace.Change{}, linked...); err != nil {
			return err
		}
	}
	return failed
}
