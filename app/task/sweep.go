package task

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// wholeEvery is how often all design pages are searched for. In between, only those that changed lately are: a label that is put
// on an old page changes no date.
const wholeEvery = time.Hour

// look is where the last sweep came to: the Args of the next one, so that it is kept with it.
type look struct {
	Since time.Time `json:"since"`           // UTC, by our clock: when it began; zero when there was none
	Whole time.Time `json:"whole"`           // UTC: when all design pages were searched for
	Query string    `json:"query"`           // which pages were design pages then
	After string    `json:"after,omitempty"` // id of the last known page that was compared; empty: begin anew
	Day   string    `json:"day,omitempty"`   // UTC, ISO 8601: the last on which dates that pass were looked for
}

// sweepEvent is what the Args of jobs name as their event when no event led to them.
const sweepEvent = "sweep"

// sweep looks for what no event told, and asks to be run again: pages and tickets that came, changed or went. Only what differs
// from what is known leads to a job, so nothing is reviewed twice. Without an interval it looks once, for pages only. A site that does not
// answer is asked again, without end.
func (d *Desk) sweep(ctx context.Context, job work.Job) (work.Outcome, error) {
	wiki, err := d.Sites.Confluence(ctx, job.Tenant)
	if fault.Is(err, fault.Denied) {
		return work.Outcome{Verdict: work.Discard, Reason: err.Error()}, nil // its installation sweeps
	}
	if err == nil {
		err = d.sweepSite(ctx, job, wiki)
	}
	if err == nil || d.Policy.Poll <= 0 {
		return work.Outcome{}, err
	}
	if ctx.Err() == nil {
		d.Log.WarnContext(ctx, "sweep failed", "tenant", job.Tenant, "error", err)
	}
	after := d.Policy.Poll // what a person must mend
	if k := fault.KindOf(err); k == fault.Busy || k == fault.Uncertain {
		after = cmp.Or(fault.RetryAfter(err), min(d.Policy.Poll, 15*time.Second))
	}
	return work.Outcome{Verdict: work.Snooze, After: after, Reason: err.Error()}, nil
}

func (d *Desk) sweepSite(ctx context.Context, job work.Job, wiki *confluence.Client) error {
	last, err := decode[look](job)
	if err != nil {
		last = look{} // of another version of the program: look at everything
	}
	now := d.Now()
	job.Occurred, job.Observed = now, now
	s := &sweeping{
		Desk: d, job: job, now: now, change: trace.Change{Tenant: job.Tenant},
		known: map[string]trace.Page{}, asked: map[string]bool{}, changed: map[string]bool{},
	}
	pages, err := d.Book.Pages(ctx, job.Tenant)
	if err != nil {
		return fault.Wrap(err, "listing the pages that are known")
	}
	for _, p := range pages {
		s.known[p.ID] = p
		if last.Since.IsZero() && !p.Removed {
			// Tickets wait for Jira to be installed, or for the panel of a run that was cut short.
			s.change.Jobs = append(s.change.Jobs, d.follow(work.FileTickets, p.ID, job, 0))
		}
	}
	next := look{Since: now, Whole: last.Whole, Query: d.Policy.cql(""), Day: now.UTC().Format(time.DateOnly)}
	if last.Day != next.Day {
		if err := s.mindDates(ctx, pages); err != nil {
			return err
		}
	}
	whole, err := s.find(ctx, wiki, last, next.Query)
	if err != nil {
		return err
	}
	if whole {
		next.Whole = now
	}
	if d.Policy.Poll > 0 {
		if next.After, err = s.compare(ctx, wiki, pages, last); err != nil {
			return err
		}
		if last.Since.IsZero() {
			s.change.Jobs = append(s.change.Jobs, nextAudit(job.Tenant, now))
		}
		s.change.Jobs = append(s.change.Jobs, work.Job{
			Kind: work.Sweep, Subject: job.Subject, Args: ledger.Encode(next), RunAt: now.Add(d.Policy.Poll), Occurred: now, Observed: now,
		})
	}
	level := slog.LevelDebug
	if last.Since.IsZero() || len(s.asked) > 0 {
		level = slog.LevelInfo
	}
	d.Log.Log(ctx, level, "swept", "tenant", job.Tenant, "whole", whole, "known", len(pages), "differ", len(s.asked))
	return fault.Wrap(d.Book.Commit(ctx, s.change), "keeping what the sweep of %s found", job.Tenant)
}

// sweeping is one run of sweep.
type sweeping struct {
	*Desk
	job    work.Job
	now    time.Time
	known  map[string]trace.Page // by id
	asked  map[string]bool       // pages and "issue:" issues that a job was made for
	change trace.Change

	changed map[string]bool // ids of issues whose histories and comments are to be read
}

// mindDates asks for the pages to be looked after on which a date has passed: once a day, for dates are days. It is committed by
// itself, so that it does not wait for a site that is down.
func (s *sweeping) mindDates(ctx context.Context, pages []trace.Page) error {
	c := trace.Change{Tenant: s.job.Tenant}
	for _, p := range pages {
		rec, err := s.Book.Page(ctx, s.job.Tenant, p.ID)
		if err != nil {
			return fault.Wrap(err, "reading what is known of page %s", p.ID)
		}
		if len(s.Policy.mind(rec, s.now).Threats) > 0 {
			c.Jobs = append(c.Jobs, s.follow(work.MindDates, p.ID, s.job, 0))
		}
	}
	if len(c.Jobs) == 0 {
		return nil
	}
	return fault.Wrap(s.Book.Commit(ctx, c), "asking for dates that passed to be minded")
}

// find searches for all design pages when it is time to, else for those that changed lately. Where the hour's points do not suffice
// for all of them, which costs a point a page, a later sweep does it.
func (s *sweeping) find(ctx context.Context, wiki *confluence.Client, last look, query string) (whole bool, err error) {
	if last.Since.IsZero() || last.Query != query {
		return true, s.search(ctx, wiki, last.Since, true)
	}
	if s.now.Sub(last.Whole) >= wholeEvery {
		if err := s.search(outbound.Background(ctx), wiki, last.Since, true); !errors.Is(err, outbound.ErrLater) {
			return true, err
		}
	}
	return false, s.search(ctx, wiki, last.Since, false)
}

// search finds design pages that are new, or newer than what is known, by Confluence's index.
func (s *sweeping) search(ctx context.Context, wiki *confluence.Client, since time.Time, whole bool) error {
	lately := ""
	if !whole {
		lately = fmt.Sprintf(`lastmodified >= now("-%dm")`, s.minutes(since))
	}
	listed := map[string]bool{}
	err := wiki.Search(ctx, s.Policy.cql(lately), func(h confluence.Hit) bool {
		listed[h.ID] = true
		p, known := s.known[h.ID]
		if !known || p.Removed || h.Version == 0 || h.Version > p.Version {
			s.review(event.Page{ID: h.ID, Version: h.Version, At: h.Modified})
		}
		return true
	})
	if err != nil {
		return fault.Wrap(err, "searching for design pages")
	}
	for id, p := range s.known {
		if whole && s.Policy.Poll <= 0 && !listed[id] && !p.Removed {
			s.review(event.Page{ID: id}) // no tour will compare it. Perhaps it is gone: the index may lag, the page itself tells
		}
	}
	return nil
}

// minutes is how far back a search has to look: since the last one, and as long as the index may have hidden a change from that,
// rounded up to the minutes that Confluence and Jira count in. It is a span and not a time, so neither our clock nor the time
// zone of the account plays a part.
func (s *sweeping) minutes(since time.Time) int {
	return int(math.Ceil((s.now.Sub(since) + s.Policy.IndexWait).Minutes())) + 1
}

// review asks for a review of a page.
func (s *sweeping) review(p event.Page) {
	if s.asked[p.ID] {
		return
	}
	s.asked[p.ID] = true
	p.Event = sweepEvent
	job := s.follow(work.ReviewPage, p.ID, s.job, 0)
	job.RunAt = s.now.Add(time.Duration(len(s.asked)) * time.Microsecond) // one after the other: see follow
	if p.Version != 0 {
		job.Args = ledger.Encode(p)
	}
	if !p.At.IsZero() {
		job.Occurred = p.At
	}
	s.change.Jobs = append(s.change.Jobs, job)
}

// cql is the query for design pages, of those for which the clause and holds.
func (p Policy) cql(and string) string {
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
	query := "type = page and (" + strings.Join(any, " or ") + ")"
	if and != "" {
		query += " and " + and
	}
	return query + " order by lastmodified"
}
