package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// TestProposedThreats: a threat that the page does not state waits for a person, who confirms it, and then it gets its ticket, or
// dismisses it. Who, when and why is in the evidence.
func TestProposedThreats(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	settled(t, d)
	l := lives(t, d)[0]
	ids := []threat.ID{"T-PROPOSEA", "T-PROPOSEB"}
	propose(t, d, l.page, ids)
	of := func(id threat.ID) threat.Threat {
		rec, err := d.store.Page(t.Context(), d.tenant(), l.page)
		if err != nil {
			t.Fatal(err)
		}
		return rec.Threats[slices.IndexFunc(rec.Threats, func(t threat.Threat) bool { return t.ID == id })]
	}
	settled(t, d)
	panel := func() string {
		p, _ := d.site.Confluence().Page(l.page)
		return p.Version().Body
	}
	if got := panel(); !strings.Contains(got, "2 proposed, waiting") || !strings.Contains(got, string(ids[0])) {
		t.Errorf("the panel does not name what waits: %s", got)
	}
	if of(ids[0]).Ticket != nil {
		t.Fatal("a ticket was filed for what nobody confirmed")
	}

	for _, tt := range []struct {
		name, want string
		args       []string
	}{
		{"no reason", "--why", []string{"threat", "confirm", "--data", d.dir, string(ids[0])}},
		{"a stated one", "by a comment on its ticket", []string{"threat", "dismiss", "--data", d.dir, string(l.id), "--why", "none"}},
		{"none", "there is no threat", []string{"threat", "confirm", "--data", d.dir, "T-NONE", "--why", "none"}},
	} {
		if said := fails(t, tt.args...); !strings.Contains(said, tt.want) {
			t.Errorf("%s: %q, want it to say %q", tt.name, said, tt.want)
		}
	}

	does(t, "threat", "confirm", "--data", d.dir, string(ids[0]), "--why", "seen in the last incident", "--by", "dana")
	does(t, "threat", "dismiss", "--data", d.dir, string(ids[1]), "--why", "no such component", "--by", "dana")
	for end := time.Now().Add(20 * time.Second); of(ids[0]).Ticket == nil && time.Now().Before(end); {
		settled(t, d)
	}
	settled(t, d)
	confirmed, dismissed := of(ids[0]), of(ids[1])
	if confirmed.State != threat.Open || confirmed.Ticket == nil || dismissed.State != threat.Dismissed || dismissed.Ticket != nil {
		t.Errorf("confirmed: %s, %+v; dismissed: %s, %+v", confirmed.State, confirmed.Ticket, dismissed.State, dismissed.Ticket)
	}
	if got := panel(); strings.Contains(got, "proposed, waiting") || !strings.Contains(got, string(ids[0])) || !strings.Contains(got, "no such component, said dana</li>") {
		t.Errorf("the panel after the decisions: %s", got)
	}
	if said, _ := does(t, "history", "--data", d.dir, string(ids[1])); !strings.Contains(said, "dana") || !strings.Contains(said, "no such component") {
		t.Errorf("the history does not say who and why: %s", said)
	}
	if said := fails(t, "threat", "confirm", "--data", d.dir, string(ids[1]), "--why", "yet"); !strings.Contains(said, "is dismissed") {
		t.Errorf("a second decision: %q", said)
	}
}

// propose records threats of a page as concluded from it, as a finder that concludes will.
func propose(t *testing.T, d *demo, page string, ids []threat.ID) {
	t.Helper()
	now := time.Now().UTC()
	c := trace.Change{Tenant: d.tenant()}
	for _, id := range ids {
		text := threat.Text{Title: "Backups can be read by anybody", Quote: "Backups go to the shared bucket.", Origin: threat.Inferred}
		c.Threats = append(c.Threats, threat.Threat{ID: id, Page: page, State: threat.Proposed, Text: text, First: 1, Last: 1})
		for _, e := range []ledger.Entry{
			{Kind: ledger.Stated, Data: ledger.Encode(ledger.TextFact{Text: text})},
			{Kind: ledger.Moved, Data: ledger.Encode(ledger.MoveFact{To: threat.Proposed, Why: "concluded from the page; a person decides"})},
		} {
			e.Page, e.Threat, e.Version, e.Occurred, e.Observed = page, string(id), 1, now, now
			c.Entries = append(c.Entries, e)
		}
	}
	c.Jobs = append(c.Jobs, work.Job{Kind: work.WritePanel, Subject: page, RunAt: now, Occurred: now, Observed: now})
	if err := d.store.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}
