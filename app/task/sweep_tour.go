package task

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/descriptor"
)

// tourTickets is after how many tickets a tour pauses until the next sweep. With confluence.MaxPages pages it bounds what a sweep
// costs: one call for the pages and five for the tickets, at most 750 points. A larger site is gone through in several sweeps.
const tourTickets = 5 * jira.MaxFetch

// compare looks for tickets that changed, and goes on with the tour of all that is known. It returns where the next one begins.
func (s *sweeping) compare(ctx context.Context, wiki *confluence.Client, pages []trace.Page, last look) (after string, err error) {
	client, err := s.Sites.Jira(ctx, s.job.Tenant)
	switch {
	case fault.Is(err, fault.Denied):
		client = nil // threats wait for Jira to be installed; there are no tickets to compare
	case err != nil:
		return "", err
	default:
		if err := s.searchTickets(ctx, client, last.Since); err != nil {
			return "", err
		}
	}
	after, err = s.tour(outbound.Background(ctx), wiki, client, pages, last)
	if errors.Is(err, outbound.ErrLater) {
		return last.After, nil // from here again, when there are points for it
	}
	return after, err
}

// tour compares some of the known pages, and their tickets, with the site itself: no search tells what is gone, nor what somebody
// changed on a page that lost its label. It returns the id of the last page it came to, empty after the last of all. client is nil
// while there is no Jira.
func (s *sweeping) tour(ctx context.Context, wiki *confluence.Client, client *jira.Client, pages []trace.Page, last look) (after string, err error) {
	rest := slices.Clone(pages)
	slices.SortFunc(rest, func(a, b trace.Page) int { return strings.Compare(a.ID, b.ID) })
	rest = slices.DeleteFunc(rest, func(p trace.Page) bool { return p.ID <= last.After })
	var ids []string
	var filed []threat.Threat
	for _, p := range rest {
		if len(ids) == confluence.MaxPages || len(filed) >= tourTickets {
			after = ids[len(ids)-1]
			break
		}
		ids = append(ids, p.ID)
		rec, err := s.Book.Page(ctx, s.job.Tenant, p.ID)
		if err != nil {
			return "", fault.Wrap(err, "reading what is known of page %s", p.ID)
		}
		for _, t := range rec.Threats {
			if t.Ticket != nil && !t.Ticket.Deleted {
				filed = append(filed, t)
			}
		}
	}
	if err := s.comparePages(ctx, wiki, ids); err != nil || client == nil {
		return after, err
	}
	return after, s.compareTickets(ctx, client, filed)
}

func (s *sweeping) comparePages(ctx context.Context, wiki *confluence.Client, ids []string) error {
	versions, err := wiki.Versions(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		p := s.known[id]
		switch version, there := versions[id]; {
		case there && (version > p.Version || p.Removed):
			s.review(event.Page{ID: id, Version: version})
		case !there && !p.Removed:
			s.review(event.Page{ID: id})
		}
	}
	return nil
}

// searchTickets finds tickets that were changed lately, by Jira's index.
func (s *sweeping) searchTickets(ctx context.Context, client *jira.Client, since time.Time) error {
	if since.IsZero() {
		return nil // all of them are compared, page by page
	}
	var failed error
	jql := "labels = " + jira.Quote(Label) + ` AND updated >= "-` + strconv.Itoa(s.minutes(since)) + `m" ORDER BY updated ASC`
	err := client.Search(ctx, jql, func(i jira.Issue) bool {
		threats, err := s.Book.ByIssue(ctx, s.job.Tenant, i.ID)
		if err != nil {
			failed = fault.Wrap(err, "looking for the threats of %s", i.Key)
			return false
		}
		for _, t := range threats {
			s.sync(*t.Ticket, i)
		}
		return true
	})
	if failed != nil {
		return failed
	}
	return fault.Wrap(err, "searching for changed tickets")
}

// compareTickets reads the tickets of threats and asks for those that differ, or are gone, to be synchronised, and for those that
// lack what Throughline keeps on them to have it back.
func (s *sweeping) compareTickets(ctx context.Context, client *jira.Client, filed []threat.Threat) error {
	known := map[string]threat.Threat{}
	var ids []string
	for _, t := range filed {
		if _, twice := known[t.Ticket.ID]; !twice {
			ids = append(ids, t.Ticket.ID)
		}
		known[t.Ticket.ID] = t
	}
	for some := range slices.Chunk(ids, jira.MaxFetch) {
		issues, err := client.Issues(ctx, some, descriptor.PropertyKey)
		if err != nil {
			return err
		}
		gone := slices.Clone(some)
		for _, i := range issues {
			gone = slices.DeleteFunc(gone, func(id string) bool { return id == i.ID })
			if t, ok := known[i.ID]; ok {
				s.sync(*t.Ticket, i)
				s.marks(t, i)
			}
		}
		for _, id := range gone {
			s.syncJob(id, nil, s.now) // which reads it once more before it believes that
		}
	}
	return nil
}

// ownChanges is how long after a link was set Jira's time of the ticket may still tell of that.
const ownChanges = time.Minute

// marks asks for what a ticket lacks to be looked at. Whether its link is there costs a call, so it is only asked where the ticket
// changed in a way that nothing else accounts for.
func (s *sweeping) marks(t threat.Threat, i jira.Issue) {
	is := s.Policy.shown(*t.Ticket, swept(i))
	unexplained := !t.Ticket.Updated.IsZero() && is.Updated.After(t.Ticket.Updated) && sameTime(is, *t.Ticket) == *t.Ticket
	link := t.Ticket.Linked && unexplained && i.Updated.After(t.Marks.Linked.Add(ownChanges))
	off := slices.DeleteFunc(slices.Clone(t.Marks.Lacks), func(what string) bool {
		return what == threat.MarkLink || what == threat.MarkProperty && i.Properties == nil
	})
	if !link && slices.Equal(lacking(t, i), off) {
		return
	}
	s.change.Jobs = append(s.change.Jobs, work.Job{
		Kind: work.RestoreTicket, Subject: t.Ticket.ID + "@" + t.Page, Lane: t.Page, RunAt: s.now, Occurred: i.Updated, Observed: s.now,
	})
}

// sync asks for a ticket to be brought up to what Jira shows, unless that is known.
func (s *sweeping) sync(known threat.Ticket, i jira.Issue) {
	e := swept(i)
	if known.Deleted || e.Updated.Before(known.Updated) || s.Policy.shown(known, e) == known {
		return
	}
	s.syncJob(i.ID, ledger.Encode(e), i.Updated)
}

// swept is an issue as an event would show it.
func swept(i jira.Issue) event.Issue {
	return event.Issue{
		ID: i.ID, Key: i.Key, Project: i.Project, Summary: i.Summary, Status: i.Status, Category: i.Category, Assignee: i.Assignee,
		AssigneeName: i.AssigneeName, Due: i.Due, Resolution: i.Resolution, Labels: i.Labels, Updated: i.Updated, At: i.Updated, Event: "sweep",
	}
}

func (s *sweeping) syncJob(id string, args []byte, at time.Time) {
	if s.asked["issue:"+id] {
		return
	}
	s.asked["issue:"+id] = true
	s.change.Jobs = append(s.change.Jobs, work.Job{Kind: work.SyncTicket, Subject: id, Args: args, RunAt: s.now, Occurred: at, Observed: s.now})
}
