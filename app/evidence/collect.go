package evidence

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
)

// collection is a query's tables, with what was counted on the way. close must be called.
type collection struct {
	query      Query
	catalogue  *control.Catalogue
	summary    *Summary
	tables     []*rows
	oscal      *oscal
	ours       map[string]string // tickets that Throughline filed and that were there at the instant of knowledge: Jira's id → key
	drawn      []draw
	pages      map[string]bool // with a threat of the population
	reviewed   map[string]bool // pages with a review in the window and scope, failed ones and removals too
	read       map[string]bool // of them, those that could be read
	first      uint64          // number of the first entry that was replayed
	population map[string]bool
	others     map[string]*[archive.After + 1]int // entries that are of no threat: by page, and by window
	names      map[string]string                  // of owners, by their accounts
}

// collect fills the tables. What is not in the ledger, Jira's answer above all, is for ask to fill in before the last of them.
func collect(ctx context.Context, w *Walk, q Query, ask func(*collection) error) (c *collection, err error) {
	catalogue, err := control.Framework(q.Framework)
	if err != nil {
		return nil, err
	}
	c = &collection{
		query: q, catalogue: catalogue, summary: newSummary(catalogue), ours: map[string]string{},
		pages: map[string]bool{}, reviewed: map[string]bool{}, read: map[string]bool{}, population: map[string]bool{}, others: map[string]*[archive.After + 1]int{},
		names: map[string]string{},
	}
	defer func(made *collection) { // c is nil by then where an error was returned
		if err != nil {
			made.close()
		}
	}(c)
	for _, t := range Tables() {
		one, err := newRows(t)
		if err != nil {
			return nil, err
		}
		c.tables = append(c.tables, one)
	}
	if c.oscal, err = newOSCAL(string(w.Tenant), q, c.names); err != nil {
		return nil, err
	}
	w.Page, w.Other, w.Window = c.review, c.other, q.Window
	if err := w.Run(ctx, c.take); err != nil {
		return nil, err
	}
	c.summary.Entries, c.summary.Pages, c.summary.Begins, c.first = w.Entries(), len(c.pages), w.first.Recorded.UTC(), w.first.Seq
	for page := range c.read {
		if !c.pages[page] {
			c.summary.Bare++
		}
	}
	c.shareOthers()
	if err := ask(c); err != nil {
		return nil, err
	}
	return c, c.finish()
}

func (c *collection) close() {
	for _, t := range c.tables {
		t.close()
	}
	if c.oscal != nil {
		c.oscal.close()
	}
}

func (c *collection) table(name string) *rows {
	for _, t := range c.tables {
		if t.Name == name {
			return t
		}
	}
	panic("evidence: no table " + name)
}

func (c *collection) review(e ledger.Entry, p Page, f ledger.PageFact) error {
	if !c.query.within(e.Recorded) || !c.query.Scope.page(p) {
		return nil
	}
	c.reviewed[p.ID] = true
	month := e.Recorded.UTC().Format("2006-01")
	tally := c.summary.Reviews[month]
	if tally == nil {
		tally = &ReviewTally{}
		c.summary.Reviews[month] = tally
	}
	outcome := "reviewed"
	switch e.Kind {
	case ledger.ReviewFailed:
		outcome = "failed"
		tally.Failed++
		x := Exception{reviewFailed, e.Occurred, "version " + strconv.Itoa(e.Version) + ": " + f.Failed, int(e.Seq)}
		if err := c.except(x, Threat{Page: p}); err != nil {
			return err
		}
	case ledger.PageRemoved:
		outcome = "removed"
		tally.Removed++
	default:
		tally.Reviewed++
		c.read[p.ID] = true
	}
	return c.table("reviews").add(append([]any{
		p.Title, p.ID, p.Space, p.URL, outcome, f.Found, f.New, f.Changed, f.Gone, f.Back, f.Failed, f.Engine, f.Hash,
	}, times(e).cells()...)...)
}

// except adds a row to the exceptions, of a threat, a page, or the whole.
func (c *collection) except(x Exception, t Threat) error {
	c.summary.Exceptions[x.Kind]++
	if len(c.summary.first) < coverExceptions {
		c.summary.first = append(c.summary.first, told{x, t.ID, t.Text.Title, t.Page.Title})
	}
	var ticket string
	if t.Ticket != nil {
		ticket = t.Ticket.Key
	}
	var entry any
	if x.Entry >= 0 {
		entry = x.Entry
	}
	return c.table("exceptions").add(x.Kind, t.ID, t.Text.Title, ticket, t.Page.Title, t.Page.Space, string(t.State), string(t.Text.Severity), t.Owner.Account, t.Owner.Name,
		x.Since, x.What, entry)
}

// take takes a threat into every table.
func (c *collection) take(t Threat) error {
	s := c.summary
	s.Stated++
	c.own(t)
	everywhere := c.query
	everywhere.Scope = Scope{}
	switch {
	case !everywhere.Holds(t):
		s.Ended++
		c.share(t.entries, ofEnded)
		return nil
	case !c.query.Holds(t):
		s.Outside++
		c.share(t.entries, ofThreatsOutside)
		return nil
	}
	c.share(t.entries, "")
	s.Population++
	s.States[t.State]++
	s.Severities[or(string(t.Text.Severity), "unstated")]++
	c.pages[t.Page.ID], c.population[t.ID] = true, true
	if t.Owner.Known() {
		c.names[t.Owner.Account] = t.Owner.Name
	}
	exceptions := except(t, c.query)
	for _, x := range exceptions {
		if err := c.except(x, t); err != nil {
			return err
		}
	}
	if len(exceptions) > 0 {
		s.Excepted++
	}
	criteria, err := c.bearOn(t, len(exceptions) > 0)
	if err != nil {
		return err
	}
	c.draw(t)
	for _, add := range []func() error{
		func() error { return c.threat(t, criteria, exceptions) },
		func() error { return c.tickets(t) },
		func() error { return c.ticketSteps(t) },
		func() error { return c.life(t) },
		func() error { return c.oscal.take(t, criteria, exceptions) },
	} {
		if err := add(); err != nil {
			return err
		}
	}
	return nil
}

// bearOn counts the criteria that a threat bears on, and adds them to the mapping's table.
func (c *collection) bearOn(t Threat, excepted bool) ([]threat.Criterion, error) {
	criteria, suggested := weigh(t, c.catalogue.Framework)
	reasons := map[string][]control.Row{} // by the mapping's version
	for _, one := range criteria {
		c.summary.bear(one.ID, t, !control.ByRule(one), excepted)
		why := ""
		if control.ByRule(one) {
			why = reason(one, subject(t), reasons)
		}
		if err := c.table("mapping").add(t.ID, one.ID, one.Framework, one.By, why, among(suggested, one.ID)); err != nil {
			return nil, err
		}
	}
	return criteria, nil
}

// reason is the first row of a criterion's mapping that leads to it. Rows that hold are kept in known, once a version.
func reason(one threat.Criterion, s control.Subject, known map[string][]control.Row) string {
	rows, ok := known[one.By]
	if !ok {
		m, err := control.Read(one.By)
		if err != nil {
			return "by " + one.By + ", which this version of Throughline does not know"
		}
		rows = m.Matching(one.Framework, s)
		known[one.By] = rows
	}
	for _, r := range rows {
		if r.ID == one.ID {
			return r.When + ": " + r.Why
		}
	}
	return "a former text of it led there"
}

func (c *collection) threat(t Threat, criteria []threat.Criterion, exceptions []Exception) error {
	var ticket threat.Ticket
	if t.Ticket != nil {
		ticket = *t.Ticket
	}
	var ids, by, kinds, stride, asked, weak []string
	for _, one := range criteria {
		ids = append(ids, one.ID)
		if !slices.Contains(by, one.By) {
			by = append(by, one.By)
		}
	}
	for _, x := range exceptions {
		if !slices.Contains(kinds, x.Kind) {
			kinds = append(kinds, x.Kind)
		}
	}
	for _, k := range t.Text.STRIDE {
		stride = append(stride, string(k))
	}
	for _, m := range t.Text.Mitigations {
		asked = append(asked, m.Quote)
	}
	weak = append(append(weak, t.Text.CWE...), t.Text.CAPEC...)
	var verifiedBy, until string
	var verified time.Time
	if n := len(t.Verifications); n > 0 && t.Verifications[n-1].Holds {
		verifiedBy, verified = t.Verifications[n-1].By, t.Verifications[n-1].Occurred
	}
	if t.Acceptance != nil {
		until = t.Acceptance.Until
	}
	first, last := t.States[0], t.States[len(t.States)-1]
	return c.table("threats").add(
		t.ID, t.Text.Title, string(t.State), t.Stale, string(t.Text.Severity), stride, t.Owner.Account, t.Owner.Name, t.Owner.Reason,
		ticket.Key, ticket.URL, ticket.Status, ticket.Due, ids, by, kinds, t.Page.Title, t.Page.ID, t.Version, t.Page.URL, t.Page.Space,
		strings.Join(t.Text.Section, " > "), t.Text.Element, t.Text.Quote, asked, weak, first.Occurred, last.Occurred, verifiedBy, verified, until, int(t.Entry), int(last.Entry))
}

// tickets adds a row for each ticket that the threat had: one, but where another was bound to it later.
func (c *collection) tickets(t Threat) error {
	for len(t.Tickets) > 0 {
		id := t.Tickets[len(t.Tickets)-1].ID
		steps := t.steps(id)
		t.Tickets = slices.DeleteFunc(slices.Clone(t.Tickets), func(s TicketStep) bool { return s.ID == id })
		first, last := steps[0], steps[len(steps)-1]
		by := "Throughline"
		if last.ByPage {
			by = "the page"
		}
		var days any
		if n, _ := lateness(steps, c.query.AsOf); n > 0 {
			days = n
		}
		c.countTicket(t, last.Ticket)
		err := c.table("tickets").add(last.Key, last.ID, last.URL, t.ID, last.Status, string(last.Category), last.Resolution, last.Declined, last.Assignee, last.Due,
			first.Occurred, by, doneAt(steps), days, reopenings(steps), last.Deleted, last.Hidden, len(steps)-1, int(last.Entry))
		if err != nil {
			return err
		}
	}
	return nil
}

// countTicket counts a ticket by who filed it, and whether the register still has it.
func (c *collection) countTicket(t Threat, is threat.Ticket) {
	s := c.summary
	s.Tickets++
	if is.ByPage {
		return
	}
	s.Filed++
	switch {
	case is.Deleted:
		s.Deleted++
	case is.ID == t.Ticket.ID:
		s.There++
	}
}

// ticketSteps adds a row for each change of the threat's tickets.
func (c *collection) ticketSteps(t Threat) error {
	for _, s := range t.Tickets {
		err := c.table("ticket_steps").add(append([]any{
			t.ID, s.Key, s.ID, string(s.Kind), s.Status, string(s.Category), s.Resolution, s.Declined, s.Assignee, s.Due, s.Deleted, s.Hidden, s.Why, c.query.within(s.Recorded),
		}, s.Times.cells()...)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// proven is what a verification points to, on one line.
func proven(p threat.Proof) string {
	if p.Kind != "attachment" {
		return p.URL
	}
	text := p.Name
	if !p.At.IsZero() {
		text += fmt.Sprintf(" (%d bytes, attached by %s at %s)", p.Size, p.By, p.At.UTC().Format(time.RFC3339))
	}
	return text + " " + p.URL
}

// life adds a threat's moves, sign-offs and decisions.
func (c *collection) life(t Threat) error {
	key := ""
	if t.Ticket != nil {
		key = t.Ticket.Key
	}
	sign := func(what, name, note string, at Times) {
		if len(c.summary.signed) < coverSignOffs {
			c.summary.signed = append(c.summary.signed, signOff{what, t.ID, t.Text.Title, or(name, at.By), note, at.Occurred})
		}
	}
	for _, s := range t.States {
		if err := c.table("states").add(append([]any{t.ID, string(s.From), string(s.State), s.Stale, s.Why, c.query.within(s.Recorded)}, s.Times.cells()...)...); err != nil {
			return err
		}
	}
	for i, v := range t.Verifications {
		var links []string
		for _, l := range v.Given.Links {
			links = append(links, proven(l))
		}
		in := c.query.within(v.Recorded)
		if in {
			c.summary.Verified++
			what := "verified"
			if v.Holds {
				c.summary.VerifiedHold++
			}
			if fate := t.fate(i); fate != "" {
				what += " (" + fate + ")"
			}
			sign(what, v.Given.By, v.Given.Note, v.Times)
		}
		if err := c.table("verifications").add(append([]any{t.ID, key, v.Given.Note, links, v.Holds, v.Assignee, v.byAssignee(), v.DoneBy, v.Done, v.Given.Waived, in, v.Given.By}, v.Times.cells()...)...); err != nil {
			return err
		}
	}
	for i, a := range t.Acceptances {
		in := c.query.within(a.Recorded)
		holds := t.State == threat.Accepted && a.holds(c.query.AsOf) && i+1 == len(t.Acceptances)
		if in {
			c.summary.Accepted++
			what := "accepted until " + a.Given.Until
			if holds {
				c.summary.AcceptedHold++
			} else {
				what += " (holds no more)"
			}
			sign(what, a.Given.By, a.Given.Reason, a.Times)
		}
		if err := c.table("acceptances").add(append([]any{
			t.ID, key, a.Given.Reason, a.Given.Until, holds, a.Assignee != "" && a.Assignee == a.By, a.Given.Waived, in, a.Given.By,
		}, a.Times.cells()...)...); err != nil {
			return err
		}
	}
	for _, d := range t.Decisions {
		if err := c.table("decisions").add(append([]any{t.ID, string(d.Kind), d.What, d.Why, c.query.within(d.Recorded)}, d.Times.cells()...)...); err != nil {
			return err
		}
	}
	return nil
}

// own keeps a ticket that Throughline filed and that is there, for the reconciliation: of the whole site, in scope or not.
func (c *collection) own(t Threat) {
	if t.Ticket != nil && !t.Ticket.ByPage && !t.Ticket.Deleted {
		c.ours[t.Ticket.ID] = t.Ticket.Key
	}
}

// draw is a threat's lot: those with the smallest digests are drawn.
type draw struct {
	digest                             string
	threat, title, state, ticket, page string
}

func (c *collection) draw(t Threat) {
	if c.query.Sample == 0 {
		return
	}
	sum := sha256.Sum256([]byte(strconv.FormatUint(c.query.Seed, 10) + ":" + t.ID))
	d := draw{digest: hex.EncodeToString(sum[:8]), threat: t.ID, title: t.Text.Title, state: string(t.State), page: t.Page.Title}
	if t.Ticket != nil {
		d.ticket = t.Ticket.Key
	}
	at, _ := slices.BinarySearchFunc(c.drawn, d, func(a, b draw) int { return cmp.Or(cmp.Compare(a.digest, b.digest), cmp.Compare(a.threat, b.threat)) })
	if at >= c.query.Sample {
		return
	}
	c.drawn = slices.Insert(c.drawn, at, d)
	c.drawn = c.drawn[:min(len(c.drawn), c.query.Sample)]
}

// finish fills the tables that follow from the whole.
func (c *collection) finish() error {
	for i, d := range c.drawn {
		if err := c.table("sample").add(i+1, d.threat, d.title, d.state, d.ticket, d.page, d.digest); err != nil {
			return err
		}
	}
	for _, b := range c.summary.bearings(c.catalogue) {
		if err := c.table("criteria").add(b.ID, b.Words, b.Group, b.Threats, b.Open, b.Mitigated, b.Verified, b.Accepted, b.Other, b.Chosen, b.Excepted); err != nil {
			return err
		}
	}
	r := c.summary.Reconciled
	var amiss []string
	if !r.Done {
		amiss = append(amiss, r.Why)
	}
	for _, d := range r.Differences {
		amiss = append(amiss, fmt.Sprintf("%s: %s", d.Ticket, d.What))
	}
	for _, what := range amiss {
		if err := c.except(Exception{notReconciled, time.Time{}, what, -1}, Threat{}); err != nil {
			return err
		}
	}
	return nil
}
