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
