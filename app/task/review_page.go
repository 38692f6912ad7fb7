package task

import (
	"context"
	"time"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// MaxBody is the largest page body that is reviewed, in bytes. Confluence itself becomes unusable far below it.
const MaxBody = 10 << 20

// reviewPage brings what is known of a page up to its newest version. It costs no call for an echo of our own write, and one
// GET for a version whose text outside of the panel is unchanged.
func (d *Desk) reviewPage(ctx context.Context, job work.Job) (work.Outcome, error) {
	about, err := decode[event.Page](job)
	if err != nil {
		return work.Outcome{}, err
	}
	rec, err := d.record(ctx, job.Tenant, job.Subject)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "reading what is known of page %s", job.Subject)
	}
	if about.Version != 0 && about.Version <= rec.Page.Version && !about.Removed && !rec.Page.Removed {
		d.Count.Review("echo")
		return work.Outcome{}, nil
	}
	wiki, err := d.Sites.Confluence(ctx, job.Tenant)
	if err != nil {
		return work.Outcome{}, err
	}
	page, err := wiki.Page(ctx, job.Subject)
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Gone), err == nil && page.Status != "current":
		if about.By, err = d.asking(job.Tenant, nil).mentioned(ctx, about.By); err != nil {
			return work.Outcome{}, err
		}
		return work.Outcome{}, d.pageRemoved(ctx, job, rec, about)
	case err != nil:
		return work.Outcome{}, fault.Wrap(err, "reading page %s", job.Subject)
	}
	return work.Outcome{}, d.reviewVersion(ctx, job, rec, page)
}

func (d *Desk) reviewVersion(ctx context.Context, job work.Job, rec trace.Record, page confluence.Page) error {
	body := []byte(page.Body)
	hash, panelThere, unfit := outside(body)
	rules := engine(d.Scanner.Version())
	read := trace.Page{
		ID: page.ID, Title: page.Title, Space: page.SpaceKey, URL: page.URL, OwnerID: page.OwnerID, Labels: page.Labels,
		Version: page.Version.Number, Engine: rules, Hash: hash,
	}
	at := sighting{
		tenant: job.Tenant, page: read, by: page.Version.By, occurred: page.Version.At, observed: job.Observed, now: d.Now(),
	}
	if at.observed.IsZero() {
		at.observed = at.now
	}
	if rec.Page.Removed && job.Occurred.After(at.occurred) {
		at.occurred = job.Occurred // it was put back, which makes no version of its own
	}
	unread := unfit != nil && rec.Page.Rev > 0 // it was reviewed once: that it cannot be now is to be shown
	if !panelThere && !unread && !d.isDesign(page) {
		d.Count.Review("not a design page")
		return nil
	}
	d.bodies.keep(job.Tenant, page)
	if unfit != nil {
		return d.reviewFailed(ctx, rec, at, unfit)
	}
	if rec.Page.Hash == read.Hash && rec.Page.Engine == rules && rec.Page.Failed == "" && !rec.Page.Removed {
		return d.reviewUnchanged(ctx, job, rec, at, panelThere)
	}
	doc, err := storage.Parse(body)
	if err != nil {
		return d.reviewFailed(ctx, rec, at, err)
	}
	change, match := review(rec, at, d.Scanner.Scan(doc).Findings)
	change.Jobs = append(change.Jobs, d.afterReview(job, change))
	if err := d.Book.Commit(ctx, change); err != nil {
		return fault.Wrap(err, "keeping the review of page %s", read.ID)
	}
	d.Count.Review("changed")
	d.Log.InfoContext(ctx, "page reviewed", "tenant", job.Tenant, "page", read.ID, "version", read.Version,
		"new", len(match.New), "changed", len(match.Changed), "same", len(match.Same), "back", len(match.Back), "gone", len(match.Gone))
	return nil
}

// outside is the hash of what lies outside of the panel, and whether there is one. It refuses what cannot be read whole: half a page's
// threats would look like the other half had been withdrawn. What is too large is refused before it is looked at.
func outside(body []byte) (hash string, panelThere bool, err error) {
	if len(body) > MaxBody {
		return "", false, fault.New(fault.Invalid, "the body has %d bytes, more than the %d that are reviewed: split the page", len(body), MaxBody)
	}
	_, panelThere, err = storage.FindRegion(body)
	if err != nil {
		return "", false, err
	}
	return storage.HashOutside(body), panelThere, nil
}

// afterReview files tickets first where some are missing or have another owner now, so that the panel is written once, with them in it.
func (d *Desk) afterReview(job work.Job, c trace.Change) work.Job {
	for _, t := range c.Threats {
		if t.State.Live() && t.Ticket == nil || unsettled(t) {
			return d.follow(work.FileTickets, job.Subject, job, 0)
		}
	}
	return d.follow(work.WritePanel, job.Subject, job, 0)
}

func (d *Desk) reviewUnchanged(ctx context.Context, job work.Job, rec trace.Record, at sighting, panelThere bool) error {
	page := header(rec.Page, at.page)
	c := trace.Change{Tenant: at.tenant, Page: &page}
	if !panelThere {
		// Somebody took the panel out: it is put back. Taking the page's label off first is the way to be rid of it. Or it was not written yet,
		// since tickets wait: then they still come first.
		page.PanelHash = ""
		c.Jobs = append(c.Jobs, d.afterReview(job, trace.Change{Threats: rec.Threats}))
	}
	d.Count.Review("unchanged")
	return fault.Wrap(d.Book.Commit(ctx, c), "keeping that page %s is unchanged", page.ID)
}

// reviewFailed keeps why a version could not be read, where people look: the record, the ledger, the log and the metrics. What
// was known of the page stays as it was, the page is not touched, and its next version is tried.
func (d *Desk) reviewFailed(ctx context.Context, rec trace.Record, at sighting, cause error) error {
	page := header(rec.Page, at.page)
	page.Failed, page.Hash = cause.Error(), ""
	c := trace.Change{Tenant: at.tenant, Page: &page}
	c.Entries = append(c.Entries, at.entry(ledger.ReviewFailed, "", ledger.PageFact{
		Title: page.Title, Space: page.Space, URL: page.URL, Labels: page.Labels, Engine: page.Engine, Failed: page.Failed,
	}))
	d.Count.Review("failed")
	d.Log.WarnContext(ctx, "page cannot be reviewed", "tenant", at.tenant, "page", page.ID, "version", page.Version, "error", cause)
	return fault.Wrap(d.Book.Commit(ctx, c), "keeping that page %s cannot be reviewed", page.ID)
}

func (d *Desk) pageRemoved(ctx context.Context, job work.Job, rec trace.Record, about event.Page) error {
	if rec.Page.Rev == 0 || rec.Page.Removed {
		return nil
	}
	at := sighting{tenant: job.Tenant, page: rec.Page, by: about.By, occurred: about.At, observed: job.Observed, now: d.Now()}
	for _, p := range []*time.Time{&at.occurred, &at.observed} {
		if p.IsZero() {
			*p = at.now
		}
	}
	d.Count.Review("removed")
	d.Log.InfoContext(ctx, "page removed", "tenant", job.Tenant, "page", rec.Page.ID)
	return fault.Wrap(d.Book.Commit(ctx, withdraw(rec, at)), "keeping that page %s was removed", rec.Page.ID)
}

func (d *Desk) isDesign(p confluence.Page) bool {
	return overlap(p.Labels, d.Policy.Labels) || overlap([]string{p.SpaceKey}, d.Policy.Spaces)
}
