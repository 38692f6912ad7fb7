package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/task"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// outcome is what a demo came to: counted in the site and in the store, and held against each other.
type outcome struct {
	Pages      int      `json:"pages"`      // reviewed ones
	Threats    int      `json:"threats"`    // that count, in the store
	Tickets    int      `json:"tickets"`    // issues in the site that carry one of them
	Panels     int      `json:"panels"`     // pages in the site that show a panel
	Owners     int      `json:"owners"`     // of those tickets, the assigned ones
	Unowned    int      `json:"unowned"`    // and the others
	Duplicates int      `json:"duplicates"` // issues beyond the first for one threat
	APICalls   int      `json:"api_calls"`  // that the site answered
	Points     int64    `json:"points"`
	Webhooks   webhooks `json:"webhooks"`
	Status     *status  `json:"status,omitempty"` // --exit: a ticket was moved and its panel followed
	Evidence   int      `json:"evidence"`         // rows that an export of everything has
	Seconds    float64  `json:"seconds"`
	OK         bool     `json:"ok"`
	Problems   []string `json:"problems,omitempty"`
}

type webhooks struct {
	Sent     int `json:"sent"`
	Accepted int `json:"accepted"`
}

type status struct {
	Ticket  string  `json:"ticket"`
	State   string  `json:"state"`
	Seconds float64 `json:"seconds"` // from the move to the panel
}

func (r *outcome) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// report counts, and says where site and store disagree. Of the demo's own pages it knows what a reader finds in them.
func (d *demo) report(ctx context.Context, own bool) (outcome, error) {
	var r outcome
	issues := map[string]string{} // key → assignee
	for _, i := range d.site.Jira().Issues() {
		issues[i.Key] = i.Assignee.AccountID
	}
	carried := map[string]bool{}
	records := map[string]trace.Record{} // by title
	for _, p := range d.site.Confluence().Pages() {
		_, found, err := storage.FindRegion([]byte(p.Version().Body))
		if err == nil && found {
			r.Panels++
		}
		rec, err := d.store.Page(ctx, d.tenant(), p.ID)
		switch {
		case fault.Is(err, fault.NotFound):
			r.problem("page %q was not reviewed", p.Title)
			continue
		case err != nil:
			return r, err
		case rec.Page.Failed != "":
			r.problem("page %q could not be reviewed: %s", p.Title, rec.Page.Failed)
			continue
		}
		r.Pages++
		records[p.Title] = rec
		for _, t := range rec.Threats {
			if !t.State.Live() {
				continue
			}
			r.Threats++
			if t.Ticket == nil {
				r.problem("threat %s of %q has no ticket: %s", t.ID, p.Title, t.Blocked)
				continue
			}
			owner, there := issues[t.Ticket.Key]
			if !there {
				r.problem("ticket %s of threat %s is not in the site", t.Ticket.Key, t.ID)
				continue
			}
			carried[t.Ticket.Key] = true
			if owner = d.account(owner); owner != t.Owner.Account {
				r.problem("%s is assigned to %q, and the store says %q", t.Ticket.Key, owner, t.Owner.Account)
			}
		}
	}
	for key := range carried {
		r.Tickets++
		if issues[key] == "" {
			r.Unowned++
		} else {
			r.Owners++
		}
	}
	state := d.site.State()
	for label, n := range state.Labels {
		if strings.HasPrefix(label, task.Label+"-") {
			r.Duplicates += n - 1
		}
	}
	r.APICalls, r.Points = state.APICalls, state.Points
	r.Webhooks = webhooks{state.Webhooks.Sent + state.Forge.Sent, state.Webhooks.Accepted + state.Forge.Accepted}
	r.hold(len(d.site.Confluence().Pages()))
	if own {
		r.expect(records, d.account)
	}
	return r, d.evidence(ctx, &r)
}

// account is how the site names a person to its clients, by the account id that the site itself knows them by.
func (d *demo) account(id string) string {
	if id == "" {
		return ""
	}
	return d.site.Account(id)
}

// hold says what must hold for any space.
func (r *outcome) hold(pages int) {
	if r.Panels != pages {
		r.problem("%d of %d pages show a panel", r.Panels, pages)
	}
	if r.Duplicates > 0 {
		r.problem("%d tickets were filed twice", r.Duplicates)
	}
	if r.Webhooks.Sent != r.Webhooks.Accepted {
		r.problem("%d webhooks were sent, %d accepted", r.Webhooks.Sent, r.Webhooks.Accepted)
	}
}

// expect holds the reviews of the demo's pages against what a careful reader finds in them.
func (r *outcome) expect(records map[string]trace.Record, account func(string) string) {
	pages := seed.Demo()
	for i, want := range seed.Expected() {
		title := pages[i].Title
		rec, ok := records[title]
		if !ok {
			continue // told already
		}
		var live []threat.Threat
		for _, t := range rec.Threats {
			if t.State.Live() {
				live = append(live, t)
			}
		}
		if len(live) != len(want.Threats) {
			r.problem("page %q states %d threats, and %d were found", title, len(want.Threats), len(live))
		}
		for _, w := range want.Threats {
			n := slices.IndexFunc(live, func(t threat.Threat) bool { return says(t.Text.Quote, w.Phrase) || says(t.Text.Title, w.Phrase) })
			if n < 0 {
				r.problem("page %q: the threat %q was not found", title, w.Phrase)
				continue
			}
			t := live[n]
			if t.Owner.Account != account(w.Owner) {
				r.problem("page %q: the owner of %q is %q (%s), want %q by %s", title, w.Phrase, t.Owner.Account, t.Owner.Reason, account(w.Owner), w.OwnerBy)
			}
			if w.Ticket != "" && (t.Ticket == nil || t.Ticket.Key != w.Ticket) {
				r.problem("page %q: %q names %s, and that is not its ticket", title, w.Phrase, w.Ticket)
			}
			if !slices.ContainsFunc(t.Text.Mitigations, func(m threat.Mitigation) bool { return says(m.Quote, w.Mitigation) }) {
				r.problem("page %q: the mitigation %q of %q was not found", title, w.Mitigation, w.Phrase)
			}
			if string(t.Text.Severity) != w.Severity {
				r.problem("page %q: %q is %q, want %q", title, w.Phrase, t.Text.Severity, w.Severity)
			}
		}
	}
}

func says(text, phrase string) bool {
	return strings.Contains(strings.Join(strings.Fields(text), " "), phrase)
}

// evidence replays the ledger and holds it against the store: what an auditor is told must be what is known.
func (d *demo) evidence(ctx context.Context, r *outcome) error {
	now := time.Now().UTC()
	all, err := evidence.Replay(ctx, d.store, d.tenant(), now)
	if err != nil {
		return err
	}
	q := evidence.Query{Window: evidence.Window{To: now}}
	if err := q.Check(now); err != nil {
		return err
	}
	var population []evidence.Threat
	for _, t := range all {
		if !q.Holds(t) {
			continue
		}
		population = append(population, t)
		r.Evidence += len(t.States)
		if t.State.Live() && t.Ticket == nil {
			r.problem("evidence knows no ticket of %s", t.ID)
		}
	}
	walk := &evidence.Walk{Log: d.store, Tenant: d.tenant(), Until: now}
	n, err := evidence.Flat(ctx, io.Discard, evidence.CSV, walk, q)
	if err != nil {
		return err
	}
	if n != len(population) {
		r.problem("an export has %d threats, the ledger %d", n, len(population))
	}
	if live := slices.DeleteFunc(slices.Clone(population), func(t evidence.Threat) bool { return !t.State.Live() }); len(live) != r.Threats {
		r.problem("evidence lists %d threats, the store %d", len(live), r.Threats)
	}
	return nil
}

// follows is how long a panel may take to follow its ticket.
const follows = 2 * time.Second

// chain moves one ticket to done and waits for its panel: the way back.
func (d *demo) chain(ctx context.Context, r *outcome) error {
	t, page, err := d.openThreat(ctx)
	if err != nil || t.Ticket == nil {
		return err // no page states a threat whose ticket is open: there is nothing to move
	}
	key := t.Ticket.Key
	begun := time.Now()
	for range 10 { // steps of any workflow, at most
		if err := d.step(key); err != nil {
			return err
		}
		if i, ok := d.site.Jira().Issue(key); !ok || i.Status.Category == string(threat.Done) {
			break
		}
	}
	r.Status = &status{Ticket: key}
	for {
		p, ok := d.site.Confluence().Page(page)
		if ok && shows(p, t.ID, threat.Mitigated) {
			r.Status.State, r.Status.Seconds = string(threat.Mitigated), time.Since(begun).Seconds()
			break
		}
		if time.Since(begun) > 5*follows {
			r.problem("the panel of page %s did not follow %s to done within %s", page, key, 5*follows)
			return nil
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	if r.Status.Seconds > follows.Seconds() {
		r.problem("the panel took %.1f s to follow %s", r.Status.Seconds, key)
	}
	if err := d.settle(ctx); err != nil {
		return err
	}
	again, err := d.report(ctx, false)
	if err != nil {
		return err
	}
	again.Status = r.Status
	for _, p := range again.Problems {
		if !slices.Contains(r.Problems, p) {
			r.Problems = append(r.Problems, p)
		}
	}
	again.Problems = r.Problems
	*r = again
	return nil
}

// openThreat is the first threat whose ticket Throughline filed and nobody has finished.
func (d *demo) openThreat(ctx context.Context) (threat.Threat, string, error) {
	for _, p := range d.site.Confluence().Pages() {
		rec, err := d.store.Page(ctx, d.tenant(), p.ID)
		if fault.Is(err, fault.NotFound) {
			continue
		} else if err != nil {
			return threat.Threat{}, "", err
		}
		for _, t := range rec.Threats {
			if t.State == threat.Open && t.Ticket != nil && !t.Ticket.ByPage {
				return t, p.ID, nil
			}
		}
	}
	return threat.Threat{}, "", nil
}

// step takes a transition towards done, to it if there is one.
func (d *demo) step(key string) error {
	for _, category := range []threat.Category{threat.Done, threat.Doing} {
		for _, t := range d.site.Jira().Transitions(key) {
			if t.To.Category == string(category) && len(t.Required) == 0 {
				return fault.As(fault.Internal, d.site.Jira().Transition(site.Dana, key, t.ID, ""), "moving %s", key)
			}
		}
	}
	return fault.New(fault.Internal, "%s cannot be moved towards done", key)
}

// shows reports whether the panel in a page shows a threat in a state.
func shows(p confluence.Page, id threat.ID, s threat.State) bool {
	body := []byte(p.Version().Body)
	span, found, err := storage.FindRegion(body)
	if err != nil || !found {
		return false
	}
	_, row, ok := strings.Cut(string(body[span.Start:span.End]), string(id))
	if !ok {
		return false
	}
	row, _, _ = strings.Cut(row, "</tr>")
	return strings.Contains(row, strings.ToUpper(string(s)))
}
