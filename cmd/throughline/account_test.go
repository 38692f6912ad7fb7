package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/host"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// hookSecret signs the webhooks that the tests' administrators set up.
const hookSecret = "an administrator's secret, long enough"

// account makes a demo that of a service account without webhooks.
func account(poll time.Duration) func(*app.Config, *sandbox.Sandbox) {
	return func(c *app.Config, s *sandbox.Sandbox) {
		asAccount(c, s)
		c.HookSecret, c.Poll = "", poll
	}
}

// TestServiceAccount reviews the six pages without being installed: what comes out is what a careful reader finds, as through
// the other doors.
func TestServiceAccount(t *testing.T) {
	for _, door := range []string{accountDoor, dataCenterDoor} {
		t.Run(door, func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			d := startTest(t, func(o *demoOptions) { o.log, o.door, o.account = &log, door, account(time.Hour) })
			reviewed(t, d)
			r, err := d.report(t.Context(), true)
			if err != nil || len(r.Problems) > 0 || r.Threats == 0 {
				t.Errorf("%d threats, %v, problems: %s", r.Threats, err, strings.Join(r.Problems, "\n"))
			}
			for _, c := range d.site.Credentials()[:1] {
				if strings.Contains(log.String(), c.Token) || strings.Contains(log.String(), c.WikiPAT) || strings.Contains(log.String(), c.JiraPAT) {
					t.Error("the log shows the account's token")
				}
			}
		})
	}
}

// TestHooks follows a ticket and a page by administrators' webhooks alone.
func TestHooks(t *testing.T) {
	d := startTest(t, func(o *demoOptions) {
		o.account = func(c *app.Config, s *sandbox.Sandbox) {
			account(0)(c, s)
			c.HookSecret = hookSecret
		}
	})
	r := reviewed(t, d)
	for _, product := range []string{host.Jira, host.Confluence} {
		if err := d.site.Host().AddHook(host.Hook{Product: product, URL: d.base + "/hook/" + product, Secret: hookSecret}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.chain(t.Context(), &r); err != nil || len(r.Problems) > 0 || r.Webhooks.Accepted == 0 {
		t.Errorf("%d webhooks, %v, problems: %s", r.Webhooks.Accepted, err, strings.Join(r.Problems, "\n"))
	}
	change(t, d)
	settled(t, d)
	if got := known(t, d); len(got["Refunds"]) != 1 {
		t.Errorf("of the page that was made is known %q", got["Refunds"])
	}
	// With another secret nothing is accepted.
	before := d.site.State().Webhooks.Accepted
	for _, product := range []string{host.Jira, host.Confluence} {
		if err := d.site.Host().AddHook(host.Hook{Product: product, URL: d.base + "/hook/" + product, Secret: "another"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.site.Confluence().Restore(site.Dana, pageOf(t, d, "Identity").ID); err != nil {
		t.Fatal(err)
	}
	if err := d.site.Host().Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if tally := d.site.State().Webhooks; tally.Accepted != before || tally.Failed == 0 {
		t.Errorf("%+v: want no more than %d accepted", tally, before)
	}
}

// pageOf finds a page by the beginning of its title.
func pageOf(t *testing.T, d *demo, title string) confluence.Page {
	t.Helper()
	for _, p := range d.site.Confluence().Pages() {
		if strings.Contains(p.Title, title) {
			return p
		}
	}
	t.Fatalf("no page %q", title)
	return confluence.Page{}
}

const refunds = `<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr>` +
	`<tr><td>An attacker replays a captured refund request</td><td>Bind each request to its session</td></tr></tbody></table>`

// change does to a site what people do in a day: it edits, makes and trashes pages, and moves, reassigns and deletes tickets.
func change(t *testing.T, d *demo) {
	t.Helper()
	wiki, jira := d.site.Confluence(), d.site.Jira()
	checkout := pageOf(t, d, "Checkout")
	tickets := record(t, d, checkout.ID, func(trace.Record) bool { return true }).Threats
	edit(t, d, checkout, checkout.Version().Body+refunds)
	_, err := wiki.Create(site.Amir, confluence.Draft{
		SpaceID: checkout.SpaceID, Title: "Refunds", Body: refunds, Labels: []string{"threat-model"},
	})
	if err == nil {
		err = wiki.Trash(site.Dana, pageOf(t, d, "Identity").ID)
	}
	if err == nil {
		err = jira.Assign(site.Dana, tickets[0].Ticket.Key, site.Lucia)
	}
	if err == nil {
		err = d.step(tickets[1].Ticket.Key)
	}
	if err == nil {
		err = jira.Delete(site.Dana, tickets[2].Ticket.Key)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// known is what the store knows of each page's threats, by the page's title, so that two sites can be compared.
func known(t *testing.T, d *demo) map[string][]string {
	t.Helper()
	pages, err := d.store.Pages(t.Context(), d.tenant())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, p := range pages {
		rec, err := d.store.Page(t.Context(), d.tenant(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		lines := []string{}
		for _, th := range rec.Threats {
			line := fmt.Sprintf("%s: %s of %s, page removed %v", th.Text.Title, th.State, th.Owner.Account, p.Removed)
			if th.Ticket != nil {
				// Only a webhook tells a deletion from what is not visible any more.
				line += fmt.Sprintf(", ticket %s to %s, gone %v", th.Ticket.Category, th.Ticket.Assignee, th.Ticket.Deleted || th.Ticket.Hidden)
			}
			lines = append(lines, line)
		}
		slices.Sort(lines)
		out[p.Title] = lines
	}
	return out
}

// TestSweepConverges does the same to a site whose webhooks come, to one that loses all of them, and to one that never had any:
// the end is the same, within one interval.
func TestSweepConverges(t *testing.T) {
	const interval = 2 * time.Second
	told := startTest(t, nil)
	reviewed(t, told)
	change(t, told)
	settled(t, told)
	want := known(t, told)
	if len(want) != 7 || len(want["Refunds"]) != 1 {
		t.Fatalf("with webhooks, %d pages are known: %q", len(want), want)
	}
	tests := []struct {
		name  string
		start func(*demoOptions)
	}{
		{"all webhooks lost", func(o *demoOptions) { o.config = func(c *app.Config) { c.Poll = interval } }},
		{"no webhooks at all", func(o *demoOptions) { o.account = account(interval) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := startTest(t, tt.start)
			reviewed(t, d)
			if err := d.site.Faults(chaos.Plan{Rules: []chaos.Rule{{Kind: chaos.Lose}}}); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			change(t, d)
			var diff string
			for time.Since(begun) < 30*time.Second {
				if diff = cmp.Diff(want, known(t, d)); diff == "" {
					break
				}
				time.Sleep(50 * time.Millisecond)
			}
			if diff != "" {
				t.Fatalf("never came to the same (-with webhooks +by sweeps):\n%s", diff)
			}
			// One interval, and the time that the work itself takes on a busy machine.
			if took := time.Since(begun); took > 2*interval+2*time.Second {
				t.Errorf("it took %s at an interval of %s", took, interval)
			}
			quiet(t, d, interval)
			if r, err := d.report(t.Context(), false); err != nil || r.Duplicates > 0 {
				t.Errorf("%d duplicates, %v", r.Duplicates, err)
			}
		})
	}
}

// TestSweepTours has more pages than one sweep compares: what went is noticed all the same, wherever it was.
func TestSweepTours(t *testing.T) {
	const pages, interval = 260, 2 * time.Second
	d := startTest(t, func(o *demoOptions) { o.account = account(interval) })
	reviewed(t, d)
	space := pageOf(t, d, "Checkout").SpaceID
	made := map[string]bool{}
	for n := range pages {
		p, err := d.site.Confluence().Create(site.Amir, confluence.Draft{SpaceID: space, Title: fmt.Sprint("Design ", n), Body: "<p>Nothing to fear.</p>", Labels: []string{"design"}})
		if err != nil {
			t.Fatal(err)
		}
		made[p.ID] = true
	}
	count := func(want func(trace.Page) bool) (n int) {
		all, err := d.store.Pages(t.Context(), d.tenant())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if made[p.ID] && want(p) {
				n++
			}
		}
		return n
	}
	until := func(what string, wanted int, want func(trace.Page) bool) {
		n := 0
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if n = count(want); n == wanted {
				return
			}
		}
		t.Fatalf("%d pages are %s, want %d", n, what, wanted)
	}
	until("reviewed", pages, func(p trace.Page) bool { return p.PanelVersion > 0 })
	for id := range made {
		if err := d.site.Confluence().Trash(site.Dana, id); err != nil {
			t.Fatal(err)
		}
	}
	until("removed", pages, func(p trace.Page) bool { return p.Removed })
}

// TestSweepGoesOn ends the server and starts it again: it looks at once for what changed meanwhile, and at no more than that. The
// tickets that were filed before are what changed before the first start again: their histories are read once, in one call.
func TestSweepGoesOn(t *testing.T) {
	dir := t.TempDir()
	start := func(o *demoOptions) { o.dir, o.account = dir, account(time.Hour) }
	d := startTest(t, start)
	reviewed(t, d)
	settled(t, d)
	page := d.site.Confluence().Pages()[0]
	for n, want := range []int{5, 4, 4} {
		was := cursor(t, d)
		if err := d.close(); err != nil {
			t.Fatal(err)
		}
		d = startTest(t, start)
		for end := time.Now().Add(20 * time.Second); cursor(t, d) == was && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		settled(t, d)
		calls := d.site.State().Calls
		if calls.Total != want || calls.Endpoints["GET /wiki/rest/api/search"] != 1 {
			t.Errorf("restart %d cost %+v, want the four calls of one look, and one for the tickets that were filed", n+1, calls.Endpoints)
		}
		if a, b := whole(t, was), whole(t, cursor(t, d)); a == "" || a != b {
			t.Errorf("all pages were searched for at %q, and again at %q", a, b)
		}
	}
	if p, _ := d.site.Confluence().Page(page.ID); p.Version().Number != page.Version().Number {
		t.Error("a restart wrote a page")
	}
}

// whole is when a cursor says that all design pages were searched for.
func whole(t *testing.T, cursor string) string {
	t.Helper()
	var w struct{ Whole string }
	if err := json.Unmarshal([]byte(cursor), &w); err != nil {
		t.Fatal(err)
	}
	return w.Whole
}

// cursor is what the next sweep knows of the last; empty when none waits.
func cursor(t *testing.T, d *demo) string {
	t.Helper()
	jobs, err := d.store.Peek(t.Context(), work.Filter{Kind: work.Sweep, State: work.Waiting})
	if err != nil || len(jobs) > 1 {
		t.Fatalf("%d sweeps wait, %v", len(jobs), err)
	}
	if len(jobs) == 0 {
		return ""
	}
	return string(jobs[0].Args)
}

// quiet holds that sweeps over a site that does not change cost their four calls and nothing else.
func quiet(t *testing.T, d *demo, interval time.Duration) {
	t.Helper()
	// What was changed lately may be looked at once more, and then never again.
	time.Sleep(2 * interval)
	settled(t, d)
	before := d.site.State().Calls
	time.Sleep(2*interval + interval/2)
	settled(t, d)
	after := d.site.State().Calls
	perSweep := map[string]bool{
		"GET /wiki/rest/api/search": true, "GET /wiki/api/v2/pages": true, "POST /rest/api/2/search/jql": true, "POST /rest/api/2/issue/bulkfetch": true,
	}
	for endpoint, n := range after.Endpoints {
		if n -= before.Endpoints[endpoint]; n > 0 && !perSweep[endpoint] {
			t.Errorf("%d calls of %s on a site that does not change", n, endpoint)
		}
	}
	if n := after.Total - before.Total; n < 4 || n > 4*4 {
		t.Errorf("%d calls in two and a half intervals, want 4 a sweep", n)
	}
}
