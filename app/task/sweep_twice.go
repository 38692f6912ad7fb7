package task

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

const (
	// proofEvery is how often every threat's tickets are counted.
	proofEvery = 24 * time.Hour
	// proofMarkers is how many threats' markers one search names; proofSearches is after how many of them the rest waits for the next
	// sweep. A sweep pays a point for each ticket that it finds, about 500 at most, from what there is for looking around.
	proofMarkers, proofSearches = 100, 5
)

// proof is where the daily count came to: it proves that no threat has two tickets, or finds those that have.
type proof struct {
	Begun time.Time `json:"begun"`           // UTC: the round that runs or ran last
	After string    `json:"after,omitempty"` // id of the last page that was counted in it
	Runs  bool      `json:"runs,omitempty"`  // it has not come to the last page
	Found int       `json:"found,omitempty"` // tickets too many, in it so far
	Known int       `json:"known,omitempty"` // the same, of the last round that came to its end: what the metric shows
}

// prove goes on with the daily count of tickets, by their markers in Jira. It deletes nothing: which of two tickets is to stay is for
// people to say. It is asked of the threats that are known, and not of all tickets with our label, so that it can go on after any
// page and needs to remember no ticket. Where there are no points for it, it goes on later.
func (s *sweeping) prove(ctx context.Context, pages []trace.Page, last proof) (proof, error) {
	p := last
	if !p.Runs {
		if s.now.Sub(p.Begun) < proofEvery && !p.Begun.After(s.now) {
			s.Count.Twice(s.job.Tenant, p.Known)
			return p, nil
		}
		p = proof{Begun: s.now, Runs: true, Known: p.Known}
	}
	client, err := s.Sites.Jira(ctx, s.job.Tenant)
	if fault.Is(err, fault.Denied) {
		return last, nil // there are no tickets to be counted
	} else if err != nil {
		return last, err
	}
	some, after, err := s.proofPart(ctx, pages, p.After)
	if err != nil {
		return last, err
	}
	found, err := s.countTickets(outbound.Background(ctx), client, some)
	if errors.Is(err, outbound.ErrLater) {
		s.Count.Twice(s.job.Tenant, last.Known)
		return last, nil
	} else if err != nil {
		return last, fault.Wrap(err, "counting the tickets of threats")
	}
	p.Found, p.After = p.Found+found, after
	if after == "" {
		p.Runs, p.Known = false, p.Found
	}
	s.Count.Twice(s.job.Tenant, max(p.Known, p.Found)) // what was found is told at once
	return p, nil
}

// proofPart lists the threats of the next pages, and the id of the last of these pages; it is empty when they are the last of all.
func (s *sweeping) proofPart(ctx context.Context, pages []trace.Page, after string) (some []threat.Threat, last string, err error) {
	rest := slices.DeleteFunc(slices.Clone(pages), func(p trace.Page) bool { return p.ID <= after })
	slices.SortFunc(rest, func(a, b trace.Page) int { return strings.Compare(a.ID, b.ID) })
	for i, page := range rest {
		rec, err := s.Book.Page(ctx, s.job.Tenant, page.ID)
		if err != nil {
			return nil, "", fault.Wrap(err, "reading what is known of page %s", page.ID)
		}
		some = append(some, rec.Threats...)
		if len(some) >= proofMarkers*proofSearches && i < len(rest)-1 {
			return some, page.ID, nil
		}
	}
	return some, "", nil
}

// countTickets looks for the tickets of threats and returns how many there are too many.
func (s *sweeping) countTickets(ctx context.Context, client *jira.Client, threats []threat.Threat) (tooMany int, err error) {
	for some := range slices.Chunk(threats, proofMarkers) {
		quoted, by := make([]string, len(some)), make(map[string][]jira.Issue, len(some))
		for i, t := range some {
			quoted[i] = jira.Quote(marker(t.ID))
		}
		err := client.Search(ctx, "labels in ("+strings.Join(quoted, ", ")+") ORDER BY created ASC, key ASC", func(i jira.Issue) bool {
			for _, l := range i.Labels {
				by[l] = append(by[l], i)
			}
			return true
		})
		if err != nil {
			return 0, err
		}
		for _, t := range some {
			issues := by[marker(t.ID)]
			s.tellTwice(ctx, t, issues)
			tooMany += max(0, len(issues)-1)
		}
	}
	return tooMany, nil
}

// tellTwice says in the log which tickets a threat has, when there are several.
func (d *Desk) tellTwice(ctx context.Context, t threat.Threat, issues []jira.Issue) {
	if len(issues) < 2 {
		return
	}
	keys := make([]string, len(issues))
	for i, is := range issues {
		keys[i] = is.Key
	}
	d.Log.ErrorContext(ctx, "a threat has more than one ticket: close those that are not needed, and take its label off them (a clone that somebody made has it too)",
		"page", t.Page, "threat", t.ID, "label", marker(t.ID), "tickets", strings.Join(keys, ", "))
}
