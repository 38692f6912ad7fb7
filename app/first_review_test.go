package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/store"
)

// near is the way to a sandbox in the same process, without a network: simulated time passes on it.
type near struct{ site *sandbox.Sandbox }

func (n near) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	w := httptest.NewRecorder()
	n.site.ServeHTTP(w, in)
	return w.Result(), nil
}

// TestFirstReview reviews a site of many pages in simulated time, at a site that enforces Atlassian's limits and refuses whoever
// spends more points than the hour has. The process ends once in the middle and another goes on. Nothing may be refused, no page read
// twice, no ticket filed twice. SOAK=1 reviews 10,000 pages within 65,000 points an hour.
func TestFirstReview(t *testing.T) {
	pages, points := 250, 700
	if soak, _ := strconv.ParseBool(os.Getenv("SOAK")); soak {
		pages, points = 10_000, outbound.DefaultLimit
	}
	limits := sandbox.PublishedLimits()
	limits.PointsHour, limits.Accounts = points, true
	now := func() time.Time { return time.Date(1999, 12, 31, 12, 0, 0, 0, time.UTC) } // when pages are made: simulated time begins at 2000
	world, err := sandbox.New(sandbox.Options{Pages: manyPages(pages), Limits: limits, Clock: func() time.Time { return now() }})
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		now = time.Now
		begun, runs, reviewed := time.Now(), 0, 0
		for done := false; !done; runs++ {
			stop := pages // the first process ends half-way
			if runs == 0 {
				stop = pages / 2
			}
			reviewed = runUntil(t, world, dir, points, stop)
			done = reviewed >= pages
		}
		took, calls := time.Since(begun), world.State().Calls
		if calls.Statuses[http.StatusTooManyRequests] > 0 {
			t.Errorf("%d calls were refused for their number", calls.Statuses[http.StatusTooManyRequests])
		}
		if runs != 2 || took < time.Hour {
			t.Errorf("it took %d processes and %s: the test's budget sufficed at once", runs, took)
		}
		if n := calls.Endpoints["PUT /wiki/rest/api/content/{id}"]; n != pages {
			t.Errorf("%d panels were written for %d pages", n, pages)
		}
		if n := calls.Endpoints["GET /wiki/api/v2/pages/{id}"]; n < pages || n > pages+16 {
			t.Errorf("pages were read %d times, want %d and at most one more for each job that the end of the process cut off", n, pages)
		}
		if n := world.State().Issues; n != 2*pages {
			t.Errorf("%d tickets for %d threats", n, 2*pages)
		}
		t.Logf("%d pages, %d calls, %d points in %s of simulated time", pages, calls.Total, calls.Points, took.Round(time.Second))
	})
}

// runUntil runs the service on the site until so many pages have their panel, and returns how many have.
func runUntil(t *testing.T, world *sandbox.Sandbox, dir string, points, pages int) int {
	t.Helper()
	s, err := store.Open(t.Context(), "bolt://"+filepath.Join(dir, "throughline.db"), store.Options{Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	who := world.Credentials()[0]
	c, err := LoadConfig()
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Dev, c.Project, c.SiteURL, c.SiteEmail, c.SiteToken, c.PointsHour = dir, true, "SEC", world.BaseURL(), who.Email, who.Token, points
	a, err := New(c, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer a.end()
	a.road = outbound.New(outbound.Options{Dev: true, Spent: spentBefore(dir, a.log), Limit: points, Log: a.log, Send: near{world}})
	account, _ := c.Account()
	a.desk.Sites = newSites(s, a.road, account)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	if err := a.register(ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.sweep(ctx); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() { ended <- s.Run(ctx, a.desk.Handlers()) }()
	go func() { a.keepSpent(ctx); ended <- nil }()
	reviewed := 0
	for begun := time.Now(); reviewed < pages; time.Sleep(10 * time.Second) {
		if time.Since(begun) > 24*time.Hour {
			t.Fatalf("%d of %d pages were reviewed in a day", reviewed, pages)
		}
		known, err := s.Pages(ctx, account.ID())
		if err != nil {
			t.Fatal(err)
		}
		reviewed = 0
		for _, p := range known {
			if p.PanelVersion > 0 {
				reviewed++
			}
		}
	}
	end()
	for range 2 {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	return reviewed
}

// manyPages are design pages that state two threats each.
func manyPages(n int) []seed.Page {
	pages := make([]seed.Page, n)
	for i := range pages {
		pages[i] = seed.Page{
			Title: fmt.Sprintf("Service %d", i), Labels: []string{"design"}, Owner: site.Dana,
			Body: fmt.Sprintf("<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr>"+
				"<tr><td>An attacker replays webhooks of service %d</td><td>Refuse what is older than a minute</td></tr>"+
				"<tr><td>A tenant of service %d reads orders of another</td><td>Filter by the caller's tenant</td></tr></tbody></table>", i, i),
		}
	}
	return pages
}
