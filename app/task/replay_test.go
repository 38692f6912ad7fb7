package task

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

const site tenant.ID = "x.test"

// shelf is a store in a folder of the test's own.
func shelf(t *testing.T) store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), "bolt://"+filepath.Join(t.TempDir(), "throughline.db"), store.Options{Key: []byte("0123456789abcdef0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// uncounted is a Counter that counts nothing.
type uncounted struct{}

func (uncounted) Review(string)             {}
func (uncounted) Panel(string)              {}
func (uncounted) Ticket(string)             {}
func (uncounted) Duplicates(tenant.ID, int) {}

// drama does at random to a page, its tickets and its people what can happen to them, by the functions that decide what a job
// commits, and commits it.
type drama struct {
	*rand.Rand
	t     *testing.T
	desk  *Desk
	clock time.Time
	page  int // version
	issue int
}

func (d *drama) record() trace.Record {
	rec, err := d.desk.record(d.t.Context(), site, "42")
	if err != nil {
		d.t.Fatal(err)
	}
	return rec
}

func (d *drama) commit(c trace.Change) {
	c.Tenant, c.Jobs = site, nil
	if err := d.desk.Book.Commit(d.t.Context(), c); err != nil {
		d.t.Fatal(err)
	}
}

func (d *drama) sighting() sighting {
	d.page++
	return sighting{
		tenant: site, by: "ann", occurred: d.clock, observed: d.clock, now: d.clock,
		page: trace.Page{ID: "42", Title: "Login", Version: d.page, Hash: fmt.Sprint(d.page)},
	}
}

// edit saves the page with some of its threats, some of them reworded.
func (d *drama) edit() {
	stories := []threat.Text{
		stated("Password guessing", "An attacker guesses passwords of customers until one fits", 10),
		stated("Forged webhooks", "Anybody can post forged webhooks to the intake endpoint", 200),
		stated("Session theft", "Stolen cookies let a thief act as the customer", 400),
	}
	var found []threat.Text
	for i, s := range stories {
		if d.IntN(4) == 0 {
			continue
		}
		s.Mitigations = []threat.Mitigation{{Quote: []string{"Lock accounts out", "Ask for a second factor"}[d.IntN(2)]}}
		s.STRIDE = []threat.STRIDE{threat.AllSTRIDE()[d.IntN(2)]}
		s.At.Start += 1000 * d.IntN(3)
		if i == 2 && d.IntN(2) == 0 {
			s.Origin = threat.Inferred
		}
		found = append(found, s)
	}
	c, _ := review(d.record(), d.sighting(), found)
	d.commit(c)
}

func (d *drama) remove() {
	if rec := d.record(); rec.Page.Rev > 0 && !rec.Page.Removed {
		d.commit(withdraw(rec, d.sighting()))
	}
}

// file resolves owners, then binds, is refused, or loses sight of what became of the call.
func (d *drama) file() {
	rec := d.record()
	f := d.desk.filing(work.Job{Tenant: site}, nil, rec, tenant.Cloud)
	for i := range rec.Threats {
		t := &rec.Threats[i]
		if !t.State.Live() || t.Ticket != nil {
			continue
		}
		t.Owner = threat.Owner{Account: []string{"mira", "ben"}[d.IntN(2)], Reason: "owns the page"}
		var err error
		switch d.IntN(4) {
		case 0:
			err = f.block(d.t.Context(), "Jira says no", t)
		case 1:
			t.Intent = &threat.Intent{Marker: marker(t.ID), At: d.clock}
			err = f.commit(d.t.Context(), trace.Change{}, t)
		default:
			d.issue++
			key := fmt.Sprintf("SEC-%d", d.issue)
			err = f.bind(d.t.Context(), ledger.Filed, "filed for it", binding{t, jira.Issue{
				ID: fmt.Sprint(d.issue), Key: key, URL: "https://x.test/browse/" + key, Category: d.category(), Assignee: []string{"", "mira", "tom"}[d.IntN(3)],
			}})
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *drama) category() threat.Category {
	return []threat.Category{threat.ToDo, threat.Doing, threat.Done}[d.IntN(3)]
}

// move changes a ticket; the news may be old, or of its end.
func (d *drama) move() {
	rec := d.record()
	for _, t := range rec.Threats {
		if t.Ticket == nil || d.IntN(2) == 0 {
			continue
		}
		is := event.Issue{
			ID: t.Ticket.ID, Key: t.Ticket.Key, Status: "any", Category: d.category(), Assignee: []string{"", "mira", "tom"}[d.IntN(3)],
			Updated: d.clock.Add(time.Duration(d.IntN(5)-3) * time.Minute), At: d.clock, By: "ann", Deleted: d.IntN(20) == 0,
		}
		if c, ok := DefaultPolicy().apply(rec.Page, t, is, d.clock, d.clock); ok {
			d.commit(c)
		}
	}
}

// verify is what a person's word will do; the state is what matters here.
func (d *drama) verify() {
	for _, t := range d.record().Threats {
		if t.State == threat.Mitigated {
			t.State = threat.Verified
			d.commit(trace.Change{Threats: []threat.Threat{t}, Entries: []ledger.Entry{
				d.sighting().entry(ledger.Moved, t.ID, ledger.MoveFact{From: threat.Mitigated, To: threat.Verified, Why: "tested"}),
			}})
		}
	}
}

// TestLedgerReplaysToWhatIsKnown does random things to a page and its tickets: whoever replays the ledger knows what the store
// knows, but for where the text stands, which is no news.
func TestLedgerReplaysToWhatIsKnown(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := &drama{Rand: rand.New(rand.NewPCG(seed, 1)), t: t, clock: noon}
			log := shelf(t)
			d.desk = &Desk{Book: log, Policy: DefaultPolicy(), Now: func() time.Time { return d.clock }, Log: slog.New(slog.DiscardHandler), Count: uncounted{}}
			acts := []struct {
				name string
				do   func()
			}{{"edit", d.edit}, {"edit", d.edit}, {"file", d.file}, {"move", d.move}, {"move", d.move}, {"verify", d.verify}, {"remove", d.remove}}
			var done []string
			for range 40 {
				act := acts[d.IntN(len(acts))]
				d.clock = d.clock.Add(time.Minute)
				act.do()
				done = append(done, act.name)
				if diff := unproven(t, log, d.record()); diff != "" {
					t.Fatalf("after %v (-ledger +store):\n%s", done, diff)
				}
			}
			legal(t, log)
		})
	}
}

// legal checks that no entry moves a threat where it may not go; staying is for what became stale.
func legal(t *testing.T, log ledger.Log) {
	t.Helper()
	err := log.Entries(t.Context(), site, 0, func(e ledger.Entry) bool {
		var m ledger.MoveFact
		if e.Kind != ledger.Moved {
			return true
		}
		if err := json.Unmarshal(e.Data, &m); err != nil {
			t.Fatal(err)
		}
		if m.From != "" && !threat.CanMove(m.From, m.To) && (m.From != m.To || !m.Stale) {
			t.Errorf("entry %d moves %s from %s to %s", e.Seq, e.Threat, m.From, m.To)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fact is what the ledger and the store must agree on.
type fact struct {
	ID       string
	State    threat.State
	Stale    bool
	Owner    threat.Owner
	Criteria []threat.Criterion
	Asked    []threat.Mitigation
	Ticket   threat.Ticket
}

// unproven is what the store knows of a page otherwise than the ledger tells it.
func unproven(t *testing.T, log ledger.Log, rec trace.Record) string {
	t.Helper()
	return cmp.Diff(replayed(t, log), known(rec), cmpopts.EquateEmpty())
}

func known(rec trace.Record) []fact {
	var out []fact
	for _, t := range rec.Threats {
		out = append(out, agreed(fact{string(t.ID), t.State, t.Stale, t.Owner, t.Criteria, t.Text.Mitigations, threat.Ticket{}}, t.Ticket))
	}
	return byID(out)
}

func replayed(t *testing.T, log ledger.Log) []fact {
	t.Helper()
	all, err := evidence.Replay(context.Background(), log, site, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var out []fact
	for _, t := range all {
		out = append(out, told(t))
	}
	return byID(out)
}

func told(t evidence.Threat) fact {
	return agreed(fact{t.ID, t.State, t.Stale, t.Owner, t.Criteria, t.Text.Mitigations, threat.Ticket{}}, t.Ticket)
}

// agreed leaves out of a ticket what is bookkeeping: when Jira last touched it, and whether the link back is set.
func agreed(f fact, t *threat.Ticket) fact {
	if t != nil {
		f.Ticket = *t
		f.Ticket.Updated, f.Ticket.Linked = time.Time{}, false
	}
	return f
}

func byID(all []fact) []fact {
	slices.SortFunc(all, func(a, b fact) int { return strings.Compare(a.ID, b.ID) })
	return all
}
