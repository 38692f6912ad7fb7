package task

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// sighting is one page version as it was read, with when and by whom it was made.
type sighting struct {
	tenant   tenant.ID
	page     trace.Page // facts of the version; what the record alone knows (Rev, panel) is empty
	by       string     // account id of who edited it
	occurred time.Time
	observed time.Time
	now      time.Time
}

func (s sighting) moment(why string) threat.Moment {
	return threat.Moment{Occurred: s.occurred, Observed: s.observed, Recorded: s.now, By: s.by, Version: s.page.Version, Why: why}
}

func (s sighting) entry(kind ledger.Kind, id threat.ID, fact any) ledger.Entry {
	return ledger.Entry{
		Kind: kind, Page: s.page.ID, Threat: string(id), Version: s.page.Version, By: s.by,
		Occurred: s.occurred, Observed: s.observed, Data: ledger.Encode(fact),
	}
}

// move brings a threat into a state and returns the entry that says so.
func (s sighting) move(t *threat.Threat, to threat.State, why string) ledger.Entry {
	e := s.entry(ledger.Moved, t.ID, ledger.MoveFact{From: t.State, To: to, Stale: t.Stale, Why: why})
	t.State, t.Moved = to, s.moment(why)
	return e
}

// tell makes the job that says on a threat's ticket what became of the threat.
func (s sighting) tell(t threat.Threat, what tale) work.Job {
	what.Issue, what.Page, what.URL, what.Version = t.Ticket.ID, s.page.Title, s.page.URL, s.page.Version
	return work.Job{
		Kind: work.TellTicket, Subject: string(t.ID) + "@" + strconv.Itoa(s.page.Version), Lane: "ticket:" + t.Ticket.ID,
		Args: ledger.Encode(what), RunAt: s.now, Occurred: s.occurred, Observed: s.observed,
	}
}

// reviewing collects what one page version changes.
type reviewing struct {
	sighting
	change trace.Change
}

// review decides what a page version changes in what is known of the page. It is pure: the same record, sighting and findings
// give the same change. Of the jobs to follow it knows only those that tell tickets.
func review(rec trace.Record, s sighting, found []threat.Text) (trace.Change, trace.Match) {
	match := trace.Reconcile(rec.Threats, found)
	page := header(rec.Page, s.page)
	page.Reviewed, page.Read = s.now, page.Version
	r := &reviewing{s, trace.Change{Tenant: s.tenant, Page: &page}}
	r.record(ledger.Reviewed, "", ledger.PageFact{
		Title: page.Title, Space: page.Space, URL: page.URL, Labels: page.Labels, Engine: page.Engine, Hash: page.Hash, Found: len(found),
		New: len(match.New), Changed: len(match.Changed), Gone: len(match.Gone), Back: len(match.Back),
	})
	used := map[threat.ID]bool{}
	for _, t := range rec.Threats {
		used[t.ID] = true
	}
	for _, text := range match.New {
		r.stated(text, used)
	}
	for _, pair := range match.Same {
		r.same(pair)
	}
	for _, pair := range match.Changed {
		r.changed(pair)
	}
	for _, pair := range match.Back {
		r.back(pair)
	}
	for _, t := range match.Gone {
		r.gone(t, "its text is gone from the page")
	}
	return r.change, match
}

// withdraw decides what the removal of a whole page changes: every threat is gone with it.
func withdraw(rec trace.Record, s sighting) trace.Change {
	page := rec.Page
	page.Removed, page.Failed = true, ""
	s.page.Version = page.Version
	live := slices.DeleteFunc(slices.Clone(rec.Threats), func(t threat.Threat) bool { return t.State == threat.Withdrawn })
	r := &reviewing{s, trace.Change{Tenant: s.tenant, Page: &page}}
	r.record(ledger.PageRemoved, "", ledger.PageFact{Title: page.Title, Space: page.Space, URL: page.URL, Labels: page.Labels, Gone: len(live)})
	for _, t := range live {
		r.gone(t, "its page was removed")
	}
	return r.change
}

// header joins what the record alone knows to the facts of a version just read.
func header(known, read trace.Page) trace.Page {
	read.Rev, read.PanelHash, read.PanelVersion = known.Rev, known.PanelHash, known.PanelVersion
	read.Reviewed, read.Read = known.Reviewed, known.Read
	return read
}

func (r *reviewing) record(kind ledger.Kind, id threat.ID, fact any) {
	r.change.Entries = append(r.change.Entries, r.entry(kind, id, fact))
}

func (r *reviewing) move(t *threat.Threat, to threat.State, why string) {
	r.change.Entries = append(r.change.Entries, r.sighting.move(t, to, why))
}

func (r *reviewing) stated(text threat.Text, used map[threat.ID]bool) {
	taken := func(id threat.ID) bool { return used[id] }
	id := threat.NewID(taken, string(r.tenant), r.page.ID, strconv.Itoa(r.page.Version), text.Quote)
	used[id] = true
	t := threat.Threat{
		ID: id, Page: r.page.ID, Text: text, First: r.page.Version, Last: r.page.Version,
		Criteria: control.Suggest(control.SOC2, control.Subject{Text: text}),
	}
	state, why := threat.Open, "the page states it"
	if text.Origin != threat.Stated {
		state, why = threat.Proposed, "concluded from the page; a person decides"
	}
	r.record(ledger.Stated, id, ledger.TextFact{Text: text, Criteria: t.Criteria})
	r.move(&t, state, why)
	t.Stated = t.Moved
	r.change.Threats = append(r.change.Threats, t)
}

// same keeps where the text stands now; it is no news for the ledger.
func (r *reviewing) same(p trace.Pair) {
	t := p.Known
	t.Text, t.Last = p.Found, r.page.Version
	t.Blocked = "" // a new version is a new chance to file
	r.settle(&t)
	r.change.Threats = append(r.change.Threats, t)
}

// settle opens a threat that was proposed and that the page now states in so many words: there is nothing left to decide.
func (r *reviewing) settle(t *threat.Threat) {
	if t.State == threat.Proposed && t.Text.Origin == threat.Stated {
		r.move(t, threat.Open, "the page states it now")
	}
}

func (r *reviewing) changed(p trace.Pair) {
	t := r.reread(p)
	r.settle(&t)
	what := p.What
	if t.State == threat.Verified && !t.Stale && rewritten(what) {
		t.Stale = true
		r.record(ledger.Moved, t.ID, ledger.MoveFact{From: t.State, To: t.State, Stale: true, Why: "its text changed after it was verified"})
	}
	r.change.Threats = append(r.change.Threats, t)
	if rewritten(what) {
		says := "The design page changed its " + strings.Join(what, ", ") + "."
		if t.Stale {
			says += " What was verified was the text before: look whether it still holds, and say so by a further “/verify”, or reopen this ticket."
		}
		r.tell(t, tale{What: says + " It now says:", Quote: t.Text.Quote, Asked: quotes(t.Text.Mitigations)})
	}
}

func (r *reviewing) back(p trace.Pair) {
	t := r.reread(p)
	to := cmp.Or(t.Was, threat.Open)
	if to == threat.Proposed && t.Text.Origin == threat.Stated {
		to = threat.Open
	}
	if t.Ticket != nil {
		to = threat.Follow(to, t.Ticket.Standing())
	}
	t.Was, t.Stale = "", to == threat.Verified && (t.Stale || rewritten(p.What))
	r.move(&t, to, "the page states it again")
	r.change.Threats = append(r.change.Threats, t)
	r.tell(t, tale{What: "The design page states this threat again:", Quote: t.Text.Quote})
}

func (r *reviewing) gone(t threat.Threat, why string) {
	t.Was = t.State
	r.move(&t, threat.Withdrawn, why)
	r.change.Threats = append(r.change.Threats, t)
	r.tell(t, withdrawn(why))
}

// reread takes over what the page says now, and suggests criteria anew where no person chose them.
func (r *reviewing) reread(p trace.Pair) threat.Threat {
	t := p.Known
	t.Text, t.Last, t.Blocked = p.Found, r.page.Version, ""
	if !slices.ContainsFunc(t.Criteria, func(c threat.Criterion) bool { return !control.ByRule(c) }) {
		t.Criteria = control.Suggest(control.SOC2, control.Subject{Text: t.Text})
	}
	r.record(ledger.Changed, t.ID, ledger.TextFact{Text: t.Text, Criteria: t.Criteria, Changed: p.What})
	return t
}

func (r *reviewing) tell(t threat.Threat, what tale) {
	if t.Ticket != nil && !t.Ticket.Deleted {
		r.change.Jobs = append(r.change.Jobs, r.sighting.tell(t, what))
	}
}

// rewritten reports whether a reader of the ticket must know: its threat or what is asked reads otherwise.
func rewritten(what []string) bool {
	return overlap(what, []string{trace.Wording, trace.Mitigation})
}

func quotes(all []threat.Mitigation) []string {
	out := make([]string, len(all))
	for i, m := range all {
		out[i] = m.Quote
	}
	return out
}
