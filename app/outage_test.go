package app

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/tenant"
)

// TestOutage refuses every call for an hour with 429, then for an hour with errors of the server's, and then every write for two more, while pages are
// edited all along. No sweep helps. What was accepted is done in the end, once; nobody calls while the site asked for quiet; and when the site is back, all is done
// within the half hour and within the limits.
func TestOutage(t *testing.T) {
	pages, edits := 30, 60
	if soak() {
		pages, edits = 500, 3000
	}
	dice := rand.New(rand.NewPCG(7, 5))
	limits := sandbox.PublishedLimits()
	limits.Accounts = true
	world := newPlanet(t, sandbox.Options{Pages: fewThreats(dice, pages), Limits: limits})
	synctest.Test(t, func(t *testing.T) {
		world.now = time.Now
		p := start(t, world, t.TempDir(), func(c *Config) { c.Poll = 0 })
		await(t, 2*time.Hour, "all pages reviewed", func() bool { return p.settled(t) && p.reviewed(t) == pages })
		time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour))) // an hour of points of its own
		begun, before := time.Now(), len(p.way.arrivals())
		phases := []struct {
			lasts time.Duration
			rules []chaos.Rule
		}{
			{30 * time.Minute, []chaos.Rule{{Kind: chaos.RateLimit, RetryAfter: 45}}},
			{30 * time.Minute, []chaos.Rule{
				{Kind: chaos.RateLimit, Path: "^/rest/", RetryAfter: 400, Reason: "jira-quota-tenant-based"},
				{Kind: chaos.RateLimit, Path: "^/wiki/", RetryAfter: 400, Reason: "confluence-quota-tenant-based"},
			}},
			{30 * time.Minute, []chaos.Rule{{Kind: chaos.ErrorBefore, Status: http.StatusInternalServerError, Probability: 0.5}, {Kind: chaos.ErrorAfter, Status: http.StatusBadGateway, Probability: 0.7}}},
			{30 * time.Minute, []chaos.Rule{{Kind: chaos.ErrorAfter, Status: http.StatusServiceUnavailable, RetryAfter: 90}}},
			{2 * time.Hour, []chaos.Rule{
				{Kind: chaos.ErrorBefore, Status: http.StatusInternalServerError, Method: http.MethodPut},
				{Kind: chaos.ErrorAfter, Status: http.StatusInternalServerError, Method: http.MethodPost, Path: "/issue/bulk$"},
			}},
		}
		for _, ph := range phases {
			if err := world.Faults(chaos.Plan{Seed: dice.Uint64(), Rules: ph.rules}); err != nil {
				t.Fatal(err)
			}
			for range edits / len(phases) {
				time.Sleep(ph.lasts / time.Duration(edits/len(phases)))
				addThreat(t, world, p, dice)
			}
		}
		over := time.Now()
		if took := over.Sub(begun); took < 239*time.Minute {
			t.Fatalf("the outage took %s", took)
		}
		if err := world.Faults(chaos.Plan{}); err != nil {
			t.Fatal(err)
		}
		await(t, 30*time.Minute, "all edits", func() bool { return p.settled(t) })
		t.Logf("%d threats; all done %s after the outage; %d calls in it", oneEach(t, world, p), time.Since(over), countBetween(p.way.arrivals()[before:], begun, over))
		shown(t, world, p)
		quiet(t, p.way.arrivals(), over)
		p.stop()
	})
}

// addThreat has somebody state one more threat on a page, and the event accepted.
func addThreat(t *testing.T, world *planet, p *process, dice *rand.Rand) {
	t.Helper()
	all := world.Confluence().Pages()
	page := all[dice.IntN(len(all))]
	now := page.Version()
	row := fmt.Sprintf("<tr><td>An attacker forges the message number %d</td><td>Sign messages</td></tr></tbody></table>", now.Number)
	body := strings.Replace(now.Body, "</tbody></table>", row, strings.Count(now.Body, "Anybody")+1)
	next, err := world.Confluence().Edit(site.Dana, page.ID, confluence.Edit{Version: now.Number + 1, Title: now.Title, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	payload := fmt.Sprintf(`{"timestamp":%d,"userAccountId":%q,"page":{"id":%s,"version":%d,"contentType":"page"}}`, time.Now().UnixMilli(), site.Dana, next.ID, next.Version().Number)
	d, err := event.Delivery(event.Event{Product: tenant.Confluence, Name: "page_updated", Seen: time.Now(), Body: []byte(payload)})
	if err != nil {
		t.Fatal(err)
	}
	d.Tenant = p.tenant
	if fresh, err := p.store.Accept(t.Context(), d); err != nil || !fresh {
		t.Fatalf("accepted %v: %v", fresh, err)
	}
}

// shown checks that every page's panel names the ticket of each of its threats, and that there is a threat for each row.
func shown(t *testing.T, world *planet, p *process) {
	t.Helper()
	for _, rec := range p.records(t) {
		page, ok := world.Confluence().Page(rec.Page.ID)
		if !ok {
			t.Fatalf("page %s is gone", rec.Page.ID)
		}
		body := page.Version().Body
		if rows := strings.Count(body, "<tr><td>A"); rows != len(rec.Threats) {
			t.Errorf("page %s states %d threats, and %d are known", rec.Page.ID, rows, len(rec.Threats))
		}
		for _, th := range rec.Threats {
			if !strings.Contains(body, th.Ticket.Key) {
				t.Errorf("the panel of page %s does not name %s", rec.Page.ID, th.Ticket.Key)
			}
		}
	}
}

var ids = regexp.MustCompile(`/[0-9]+|/[A-Z]+-[0-9]+|\?.*`)

// quiet checks that no request reached the site after it had asked for quiet on its like, and before that was over; and that nothing was
// refused once the outage was over. What left before the first refusal came back may arrive in the same moment.
func quiet(t *testing.T, all []arrival, over time.Time) {
	t.Helper()
	type until struct{ from, to time.Time }
	asked := map[string]until{} // by endpoint
	var refused, inside int
	for _, a := range all {
		endpoint := ids.ReplaceAllString(a.call, "/{id}")
		if q, ok := asked[endpoint]; ok && a.at.After(q.from) && a.at.Before(q.to) {
			inside++
			t.Errorf("%s at %s, although quiet was asked for from %s to %s", a.call, a.at.Format(time.TimeOnly), q.from.Format(time.TimeOnly), q.to.Format(time.TimeOnly))
		}
		if a.status < 400 && a.status != 0 {
			continue
		}
		refused++
		if a.at.After(over) && a.status != http.StatusConflict { // an edit whose answer was lost
			t.Errorf("%s was answered with %d after the outage", a.call, a.status)
		}
		if seconds, err := strconv.Atoi(a.retryAfter); err == nil && asked[endpoint].to.Before(a.at.Add(time.Duration(seconds)*time.Second)) {
			asked[endpoint] = until{a.at, a.at.Add(time.Duration(seconds) * time.Second)}
		}
	}
	if refused < 20 {
		t.Errorf("%d requests were refused: this proves little", refused)
	}
	t.Logf("%d requests refused, %d inside of a back-off", refused, inside)
}

func countBetween(all []arrival, from, to time.Time) int {
	n := 0
	for _, a := range all {
		if a.at.After(from) && a.at.Before(to) {
			n++
		}
	}
	return n
}
