package app

import (
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/sandbox"
)

// TestFirstReview reviews a site of many pages in simulated time, at a site that enforces Atlassian's limits and refuses whoever
// spends more points than the hour has. The process ends once in the middle and another goes on. Nothing may be refused, no page read
// twice, no ticket filed twice. SOAK=1 reviews 10,000 pages within 65,000 points an hour.
func TestFirstReview(t *testing.T) {
	pages, points := 250, 700
	if soak() {
		pages, points = 10_000, outbound.DefaultLimit
	}
	limits := sandbox.PublishedLimits()
	limits.PointsHour, limits.Accounts = points, true
	world := newPlanet(t, sandbox.Options{Pages: manyPages(pages), Limits: limits})
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		world.now = time.Now
		var ways []*near
		begun, runs, reviewed := time.Now(), 0, 0
		for done := false; !done; runs++ {
			stop := pages // the first process ends half-way
			if runs == 0 {
				stop = pages / 2
			}
			p := start(t, world, dir, func(c *Config) { c.PointsHour = points })
			await(t, 24*time.Hour, "so many pages reviewed", func() bool { reviewed = p.reviewed(t); return reviewed >= stop })
			p.stop()
			ways = append(ways, p.way)
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
			t.Errorf("%d panels were written for %d pages:\n%s", n, pages, repeatedWrites(ways))
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

// repeatedWrites lists the calls that concern pages which were written more than once, in the order of their ends.
func repeatedWrites(ways []*near) string {
	writes := map[string]int{} // by the page's id
	var all []arrival
	for _, way := range ways {
		all = append(all, way.arrivals()...)
	}
	for _, a := range all {
		if strings.HasPrefix(a.call, "PUT ") {
			writes[path.Base(a.call)]++
		}
	}
	var out strings.Builder
	for _, a := range all {
		if writes[path.Base(a.call)] > 1 {
			fmt.Fprintf(&out, "%s %s: %d\n", a.at.Format(time.StampMicro), a.call, a.status)
		}
	}
	return out.String()
}
