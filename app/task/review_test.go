package task

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

func stated(title, quote string, start int, asked ...string) threat.Text {
	t := threat.Text{Title: title, Quote: quote, Origin: threat.Stated, Section: []string{"Threats"}, Finder: "list"}
	t.At.Start, t.At.End = start, start+len(quote)
	for _, a := range asked {
		t.Mitigations = append(t.Mitigations, threat.Mitigation{Quote: a})
	}
	return t
}

func version(n int) sighting {
	at := noon.Add(time.Duration(n) * time.Hour)
	return sighting{
		tenant: "x.test", by: "ann", occurred: at, observed: at.Add(time.Second), now: at.Add(2 * time.Second),
		page: trace.Page{ID: "42", Title: "Login", Space: "ENG", URL: "https://x.test/42", Version: n, Hash: "h"},
	}
}

// commit applies a change to a record as a store would.
func commit(rec trace.Record, c trace.Change) trace.Record {
	if c.Page != nil {
		rec.Page = *c.Page
		rec.Page.Rev++
	}
	threats := append([]threat.Threat{}, rec.Threats...)
	for _, t := range c.Threats {
		t.Rev++
		found := false
		for i := range threats {
			if threats[i].ID == t.ID {
				threats[i], found = t, true
			}
		}
		if !found {
			threats = append(threats, t)
		}
	}
	rec.Threats = threats
	return rec
}

var (
	guess = stated("Password guessing", "An attacker guesses passwords of customers until one fits", 10, "Lock accounts out after five failures")
	forge = stated("Forged webhooks", "Anybody can post forged webhooks to the intake endpoint", 200)
)

func TestReviewOverAPagesLife(t *testing.T) {
	rec := trace.Record{Page: trace.Page{ID: "42"}}
	c, _ := review(rec, version(1), []threat.Text{guess, forge})
	if diff := cmp.Diff([]ledger.Kind{ledger.Reviewed, ledger.Stated, ledger.Moved, ledger.Stated, ledger.Moved}, kinds(c)); diff != "" {
		t.Fatalf("entries of the first review (-want +got):\n%s", diff)
	}
	rec = commit(rec, c)
	if again, _ := review(trace.Record{Page: trace.Page{ID: "42"}}, version(1), []threat.Text{guess, forge}); cmp.Diff(c, again) != "" {
		t.Error("the same review gave another change")
	}
	if rec.Page.Read != 1 || rec.Page.Reviewed.IsZero() {
		t.Errorf("the page does not say which version was read, and when: %+v", rec.Page)
	}
	for i := range rec.Threats {
		if th := rec.Threats[i]; th.State != threat.Open || th.First != 1 || len(th.Criteria) == 0 || th.Stated.Version != 1 || th.Stated.Observed.IsZero() {
			t.Errorf("threat %d was stated as %+v", i, th)
		}
		rec.Threats[i].Ticket = &threat.Ticket{ID: "10", Key: "SEC-1", Category: threat.Done}
		rec.Threats[i].State = threat.Verified
	}
	kept := rec.Threats[0].ID

	// The same text somewhere else on the page is no news.
	moved := guess
	moved.At.Start, moved.At.End = moved.At.Start+500, moved.At.End+500
	c, _ = review(rec, version(2), []threat.Text{forge, moved})
	if diff := cmp.Diff([]ledger.Kind{ledger.Reviewed}, kinds(c)); diff != "" {
		t.Errorf("entries of a shuffle (-want +got):\n%s", diff)
	}
	if len(c.Jobs) != 0 {
		t.Errorf("a shuffle told tickets: %+v", c.Jobs)
	}
	rec = commit(rec, c)

	// Another mitigation makes what was verified stale, and tells the ticket.
	changed := guess
	changed.Mitigations = []threat.Mitigation{{Quote: "Ask for a second factor"}}
	c, _ = review(rec, version(3), []threat.Text{changed, forge})
	if diff := cmp.Diff([]ledger.Kind{ledger.Reviewed, ledger.Changed, ledger.Moved}, kinds(c)); diff != "" {
		t.Errorf("entries of a changed mitigation (-want +got):\n%s", diff)
	}
	if len(c.Jobs) != 1 || c.Jobs[0].Kind != work.TellTicket {
		t.Errorf("jobs = %+v, want one that tells the ticket", c.Jobs)
	}
	rec = commit(rec, c)
	if th := find(t, rec, kept); th.State != threat.Verified || !th.Stale {
		t.Errorf("state %s, stale %v; want verified and stale", th.State, th.Stale)
	}

	// Its text goes: withdrawn, the ticket is told and not touched. It comes back as the same threat.
	c, _ = review(rec, version(4), []threat.Text{forge})
	rec = commit(rec, c)
	if th := find(t, rec, kept); th.State != threat.Withdrawn || th.Was != threat.Verified || th.Ticket == nil {
		t.Errorf("after its text went: %+v", th)
	}
	c, _ = review(rec, version(5), []threat.Text{changed, forge})
	rec = commit(rec, c)
	if th := find(t, rec, kept); th.State != threat.Verified || th.Was != "" || th.Moved.Version != 5 {
		t.Errorf("after it came back: state %s, was %q, moved %+v", th.State, th.Was, th.Moved)
	}
	if len(rec.Threats) != 2 {
		t.Errorf("%d threats, want the two there ever were", len(rec.Threats))
	}

	// The page goes, and all with it.
	c = withdraw(rec, version(6))
	rec = commit(rec, c)
	for _, th := range rec.Threats {
		if th.State != threat.Withdrawn {
			t.Errorf("%s is %s on a page that is gone", th.ID, th.State)
		}
	}
	if !rec.Page.Removed {
		t.Error("the page does not say that it is gone")
	}
}

func TestReviewBringsBackAVerifiedThreatAsItWas(t *testing.T) {
	reworded := guess
	reworded.Mitigations = []threat.Mitigation{{Quote: "Ask for a second factor"}}
	tests := []struct {
		name   string
		found  threat.Text
		stale  bool // when it went
		ticket threat.Category
		want   threat.State
		after  bool // stale when it came back
	}{
		{"the same words", guess, false, threat.Done, threat.Verified, false},
		{"other words than were verified", reworded, false, threat.Done, threat.Verified, true},
		{"stale before it went", guess, true, threat.Done, threat.Verified, true},
		{"reopened while it was gone", guess, true, threat.ToDo, threat.Open, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := review(trace.Record{Page: trace.Page{ID: "42"}}, version(1), []threat.Text{guess})
			rec := commit(trace.Record{}, c)
			th := &rec.Threats[0]
			th.State, th.Stale, th.Ticket = threat.Verified, tt.stale, &threat.Ticket{ID: "10", Key: "SEC-1", Category: threat.Done}
			c, _ = review(rec, version(2), nil)
			rec = commit(rec, c)
			rec.Threats[0].Ticket.Category = tt.ticket
			c, _ = review(rec, version(3), []threat.Text{tt.found})
			got := commit(rec, c).Threats[0]
			var said ledger.MoveFact
			for _, e := range c.Entries {
				if e.Kind == ledger.Moved {
					if err := json.Unmarshal(e.Data, &said); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got.State != tt.want || got.Stale != tt.after || said.To != tt.want || said.Stale != tt.after {
				t.Errorf("state %s, stale %v, recorded as %+v; want %s, stale %v", got.State, got.Stale, said, tt.want, tt.after)
			}
		})
	}
}

func TestReviewOpensAProposedThreatThatThePageStates(t *testing.T) {
	text := guess
	text.Origin = threat.Inferred
	c, _ := review(trace.Record{Page: trace.Page{ID: "42"}}, version(1), []threat.Text{text})
	rec := commit(trace.Record{}, c)
	c, _ = review(rec, version(2), []threat.Text{guess})
	if diff := cmp.Diff([]ledger.Kind{ledger.Reviewed, ledger.Moved}, kinds(c)); diff != "" || c.Threats[0].State != threat.Open {
		t.Errorf("state %s, want open; entries (-want +got):\n%s", c.Threats[0].State, diff)
	}
	rec.Threats[0].State = threat.Dismissed
	if c, _ = review(rec, version(2), []threat.Text{guess}); c.Threats[0].State != threat.Dismissed {
		t.Errorf("state %s, want what a person said: dismissed", c.Threats[0].State)
	}
}

func TestWithdrawCountsWhatWentWithThePage(t *testing.T) {
	c, _ := review(trace.Record{Page: trace.Page{ID: "42"}}, version(1), []threat.Text{guess, forge})
	rec := commit(trace.Record{}, c)
	rec.Threats[0].State = threat.Withdrawn
	var said ledger.PageFact
	if err := json.Unmarshal(withdraw(rec, version(2)).Entries[0].Data, &said); err != nil || said.Gone != 1 {
		t.Errorf("gone = %d (%v), want the one that was still there", said.Gone, err)
	}
}

func TestReviewProposesWhatItConcluded(t *testing.T) {
	text := guess
	text.Origin = threat.Inferred
	c, _ := review(trace.Record{Page: trace.Page{ID: "42"}}, version(1), []threat.Text{text})
	if got := c.Threats[0].State; got != threat.Proposed {
		t.Errorf("state %s, want proposed: a person decides", got)
	}
}

func TestReviewKeepsCriteriaThatAPersonChose(t *testing.T) {
	c, _ := review(trace.Record{Page: trace.Page{ID: "42"}}, version(1), []threat.Text{guess})
	rec := commit(trace.Record{}, c)
	rec.Threats[0].Criteria = []threat.Criterion{{ID: "CC9.2", By: "ann"}}
	text := guess
	text.STRIDE = []threat.STRIDE{threat.Spoofing}
	c, _ = review(rec, version(2), []threat.Text{text})
	if got := c.Threats[0].Criteria; len(got) != 1 || got[0].ID != "CC9.2" {
		t.Errorf("criteria = %v, want the one that ann chose", got)
	}
}

func kinds(c trace.Change) []ledger.Kind {
	var out []ledger.Kind
	for _, e := range c.Entries {
		out = append(out, e.Kind)
	}
	return out
}

func find(t *testing.T, rec trace.Record, id threat.ID) threat.Threat {
	t.Helper()
	for _, th := range rec.Threats {
		if th.ID == id {
			return th
		}
	}
	t.Fatalf("threat %s is lost", id)
	return threat.Threat{}
}
