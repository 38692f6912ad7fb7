package task

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/panel"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// maxConflicts bounds how often one job reads a page again because somebody saved it in between; then it waits its turn.
const maxConflicts = 5

// writePanel brings a page's panel up to what is known of the page. An unchanged panel costs no call. Every byte outside of the
// panel is written back as it was read; a page that was edited since its review is reviewed first.
func (d *Desk) writePanel(ctx context.Context, job work.Job) (work.Outcome, error) {
	rec, err := d.Book.Page(ctx, job.Tenant, job.Subject)
	if fault.Is(err, fault.NotFound) {
		return work.Outcome{}, nil
	} else if err != nil {
		return work.Outcome{}, fault.Wrap(err, "reading what is known of page %s", job.Subject)
	}
	if rec.Page.Removed || rec.Page.Failed != "" {
		return work.Outcome{}, nil // there is no page, or none that may be written to; its next review writes the panel
	}
	site, err := d.Sites.JiraURL(ctx, job.Tenant)
	if err != nil {
		return work.Outcome{}, err
	}
	edition, err := d.Sites.Edition(ctx, job.Tenant)
	if err != nil {
		return work.Outcome{}, err
	}
	facts := panel.Facts{
		Page: rec.Page.ID, Edition: edition, JiraURL: site, JiraLink: d.Policy.JiraLink, Reviewed: rec.Page.Reviewed, Version: rec.Page.Read, Threats: rec.Threats,
		Names: d.Policy.PanelNames, Rows: d.Policy.PanelRows,
	}
	_, hash := panel.Render(facts)
	if hash == rec.Page.PanelHash {
		d.Count.Panel("unchanged")
		return work.Outcome{}, nil
	}
	wiki, err := d.Sites.Confluence(ctx, job.Tenant)
	if err != nil {
		return work.Outcome{}, err
	}
	if facts.Mentions, err = d.asking(job.Tenant, nil).mentions(ctx, wiki, rec.Threats); err != nil {
		return work.Outcome{}, err
	}
	region, _ := panel.Render(facts)
	if page, ok := d.bodies.at(job.Tenant, rec.Page.ID, rec.Page.Version); ok {
		// Where nothing happened since the review, its own reading is good enough to write on.
		if err = d.putPanel(ctx, job, wiki, rec, page, region, hash); !outdated(err) {
			return work.Outcome{}, err
		}
		d.bodies.forget(job.Tenant, rec.Page.ID)
	}
	for range maxConflicts {
		err = d.readAndPutPanel(ctx, job, wiki, rec, region, hash)
		if !fault.Is(err, fault.Conflict) {
			return work.Outcome{}, err
		}
		d.Count.Panel("conflict")
	}
	return work.Outcome{}, fault.BusyFor(d.Policy.Gather, "page %s is being edited: its panel was not written in %d tries", rec.Page.ID, maxConflicts)
}

// outdated reports whether a write failed because the page is not any more what it was when it was read.
func outdated(err error) bool {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.NotFound, fault.Gone, fault.Invalid:
		return true
	}
	return false
}

func (d *Desk) readAndPutPanel(ctx context.Context, job work.Job, wiki *confluence.Client, rec trace.Record, region []byte, hash string) error {
	page, err := wiki.Page(ctx, rec.Page.ID)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Gone) || err == nil && page.Status != "current" {
		return nil // its own event tells
	} else if err != nil {
		return fault.Wrap(err, "reading page %s to write its panel", rec.Page.ID)
	}
	return d.putPanel(ctx, job, wiki, rec, page, region, hash)
}

// putPanel writes the panel into a page as it was read, and keeps that.
func (d *Desk) putPanel(ctx context.Context, job work.Job, wiki *confluence.Client, rec trace.Record, page confluence.Page, region []byte, hash string) error {
	body := []byte(page.Body)
	if storage.HashOutside(body) != rec.Page.Hash {
		review := trace.Change{Tenant: job.Tenant, Jobs: []work.Job{d.follow(work.ReviewPage, rec.Page.ID, job, 0)}}
		return fault.Wrap(d.Book.Commit(ctx, review), "asking for a review of page %s", rec.Page.ID)
	}
	if _, there, _ := storage.FindRegion(body); !there && !d.isDesign(page) {
		return nil // somebody took the label off, and then the panel out
	}
	spliced, err := storage.Splice(body, region)
	if err != nil {
		return fault.Wrap(err, "placing the panel in page %s version %d", rec.Page.ID, page.Version.Number)
	}
	version, message := page.Version.Number, says(rec.Threats)
	if !bytes.Equal(spliced, body) {
		next := confluence.Update{Page: page.ID, Title: page.Title, Body: string(spliced), Version: version + 1, Message: message, Minor: true}
		if version, err = wiki.Update(ctx, next); err != nil {
			return fault.Wrap(err, "writing the panel of page %s", rec.Page.ID)
		}
		page.Body, page.Version.Number = string(spliced), version
	}
	d.bodies.keep(job.Tenant, page)
	known, now := rec.Page, d.Now()
	known.PanelHash, known.PanelVersion, known.Version = hash, version, version
	at := sighting{tenant: job.Tenant, page: known, occurred: now, observed: now, now: now}
	d.Count.Panel("written")
	d.Log.InfoContext(ctx, "panel written", "tenant", job.Tenant, "page", known.ID, "version", version)
	return fault.Wrap(d.Book.Commit(ctx, trace.Change{
		Tenant: job.Tenant, Page: &known, Entries: []ledger.Entry{at.entry(ledger.PanelWritten, "", ledger.PanelFact{Version: version, Message: message})},
	}), "keeping that the panel of page %s was written", known.ID)
}

// says is the version message of a panel write: what a reader of the page history wants to know.
func says(threats []threat.Threat) string {
	n := map[threat.State]int{}
	for _, t := range threats {
		n[t.State]++
	}
	var parts []string
	for _, s := range threat.States() {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], s))
		}
	}
	if parts == nil {
		return "Throughline: no threats stated"
	}
	return "Throughline: threats " + strings.Join(parts, ", ")
}
