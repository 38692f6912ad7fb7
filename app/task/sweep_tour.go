package task

import (
	"context"
	"errors"
	"maps"
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
// costs: one call for the pages and five for the tickets, at most 750 points, and one more for each hundred tickets that changed. A
// larger site is gone through in several sweeps.
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
		after, err = last.After, nil // from here again, when there are points for it
	}
	if err != nil || client == nil {
		return after, err
	}
	return after, s.readChanged(ctx, client) // what changed is no looking around any more
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
			s.differs(t, i)
		}
		return true
	})
	if failed != nil {
		return failed
	}
	return fault.Wrap(err, "searching for changed tickets")
}

// compareTickets reads the tickets of threats, to find those that differ or are gone, and those that lack what Throughline keeps on them.
func (s *sweeping) compareTickets(ctx context.Context, client *jira.Client, filed []threat.Threat) error {
	known := map[string][]threat.Threat{}
	var ids []string
	for _, t := range filed {
		if len(known[t.Ticket.ID]) == 0 {
			ids = append(ids, t.Ticket.ID)
		}
		known[t.Ticket.ID] = append(known[t.Ticket.ID], t)
	}
	for some := range slices.Chunk(ids, jira.MaxFetch) {
		issues, err := client.Issues(ctx, some, descriptor.PropertyKey)
		if err != nil {
			return err
		}
		gone := slices.Clone(some)
		for _, i := range issues {
			gone = slices.DeleteFunc(gone, func(id string) bool { return id == i.ID })
			for _, t := range known[i.ID] {
				s.differs(t, i)
				s.marks(t, i)
			}
		}
		for _, id := range gone {
			if slices.ContainsFunc(known[id], func(t threat.Threat) bool { return !t.Ticket.Hidden }) {
				s.syncJob(id, nil, s.now) // which reads it once more before it believes that
			}
		}
	}
	return nil
}

// ownChanges is how long after a link was set Jira's time of the ticket may still tell of that.
const ownChanges = time.Minute

// marks asks for what a ticket lacks to be looked at. Whether its link is there costs a call, so it is only asked where the ticket
// changed in a way that nothing else accounts for.
func (s *sweeping) marks(t threat.Threat, i jira.Issue) {
	k := t.Ticket
	same := k.Key == i.Key && k.Status == i.Status && k.Category == i.Category && k.Assignee == i.Assignee && k.Due == i.Due && k.Resolution == i.Resolution
	unexplained := same && !k.Updated.IsZero() && i.Updated.After(k.Updated)
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

// differs marks an issue to be read whole when it is newer than what the last sweep saw of it, whatever events have told since: one
// of them may be lost, and no search tells of a step that was taken back or of a comment.
func (s *sweeping) differs(t threat.Threat, i jira.Issue) {
	if !s.asked["issue:"+i.ID] && !t.Ticket.Deleted && (t.Ticket.Hidden || i.Updated.After(t.Follow().Swept)) {
		s.changed[i.ID] = true
	}
}

// readChanged reads the issues that are newer with their histories and comments, and makes jobs of what is new in them.
func (s *sweeping) readChanged(ctx context.Context, client *jira.Client) error {
	for some := range slices.Chunk(slices.Sorted(maps.Keys(s.changed)), jira.MaxFetch) {
		pasts, err := client.Pasts(ctx, some)
		if err != nil {
			return err
		}
		for _, is := range pasts {
			threats, err := s.Book.ByIssue(ctx, s.job.Tenant, is.ID)
			if err != nil {
				return fault.Wrap(err, "looking for the threats of %s", is.Key)
			}
			// What was taken in already need not be carried along.
			is.Steps = slices.DeleteFunc(is.Steps, func(step threat.Step) bool {
				return !slices.ContainsFunc(threats, func(t threat.Threat) bool { return !t.Follow().Has(step) })
			})
			s.syncJob(is.ID, ledger.Encode(seen(is, event.Issue{Event: sweepEvent})), is.Updated)
			s.hear(is, threats)
		}
	}
	return nil
}

// hear makes jobs of comments that hold commands nobody heard yet, and of those that were heard and read otherwise now.
func (s *sweeping) hear(is jira.Past, threats []threat.Threat) {
	there := map[string]bool{}
	for _, c := range is.Comments {
		there[c.ID] = true
		said := event.Comment{
			ID: c.ID, Issue: is.ID, Author: c.Author, AuthorName: c.AuthorName, AuthorType: c.AuthorType, Editor: c.Editor, Text: c.Text,
			Created: c.Created, Updated: c.Updated, By: c.Editor, At: c.Updated, Event: sweepEvent,
		}
		h := hearing{said: said, threats: threats} // those out of sight too: what can be read is in sight again
		if h.fresh() || slices.ContainsFunc(threats, func(t threat.Threat) bool {
			was, known := t.Follow().Says(h.number())
			return known && was.Text != h.version().Text
		}) {
			s.heedJob(said, "")
		}
	}
	for _, t := range threats {
		for _, heard := range t.Follow().Heard {
			if id := strconv.FormatInt(heard.Comment, 10); heard.Text != "" && !there[id] {
				s.heedJob(event.Comment{ID: id, Issue: is.ID, Deleted: true, At: s.now, Event: sweepEvent}, "/deleted")
			}
		}
	}
}

func (s *sweeping) heedJob(c event.Comment, suffix string) {
	s.change.Jobs = append(s.change.Jobs, work.Job{
		Kind: work.HeedComment, Subject: c.Issue + "/" + c.ID + suffix, Lane: c.Issue, Args: ledger.Encode(c), RunAt: s.now, Occurred: c.At, Observed: s.now,
	})
}

func (s *sweeping) syncJob(id string, args []byte, at time.Time) {
	if s.asked["issue:"+id] {
		return
	}
	s.asked["issue:"+id] = true
	s.change.Jobs = append(s.change.Jobs, work.Job{
		Kind: work.SyncTicket, Subject: id, Lane: id, Args: args, RunAt: s.now, Occurred: at, Observed: s.now,
	})
}
