package app

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
)

// TestThousandThreats files a page of 1,000 threats for the first time at a site that answers after 100 ms and enforces Atlassian's limits:
// in as few create calls as there can be, with one write of the page, nothing refused, within the minute.
func TestThousandThreats(t *testing.T) {
	const threats = 1000
	var rows strings.Builder
	for i := range threats {
		fmt.Fprintf(&rows, "<tr><td>An attacker of rank %d reads the backups of region %d</td><td>Encrypt the backups of region %d</td></tr>", i, i, i)
	}
	world := newPlanet(t, sandbox.Options{Limits: sandbox.PublishedLimits(), Pages: []seed.Page{{
		Title: "Backups", Labels: []string{"design"}, Owner: site.Dana,
		Body: "<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr>" + rows.String() + "</tbody></table>",
	}}})
	synctest.Test(t, func(t *testing.T) {
		world.now = time.Now
		if err := world.Faults(chaos.Plan{Rules: []chaos.Rule{{Kind: chaos.Latency, Delay: chaos.Duration(100 * time.Millisecond)}}}); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		p := start(t, world, t.TempDir(), nil)
		await(t, time.Hour, "a panel", func() bool { return p.settled(t) && p.reviewed(t) == 1 })
		if n := oneEach(t, world, p); n != threats {
			t.Errorf("%d threats were read", n)
		}
		var took time.Duration
		creates, writes, links := 0, 0, 0
		for _, a := range p.way.arrivals() {
			switch {
			case a.call == bulkCreate:
				creates++
			case strings.HasSuffix(a.call, "/remotelink"):
				links++
			case strings.HasPrefix(a.call, http.MethodPut+" /wiki/"):
				writes, took = writes+1, a.at.Sub(begun)
			}
			if a.status >= 400 {
				t.Errorf("%s was answered with %d", a.call, a.status)
			}
		}
		if creates != threats/50 || writes != 1 || links != threats {
			t.Errorf("%d bulk creates, %d writes of the page, %d links", creates, writes, links)
		}
		if took >= time.Minute { // simulated time, which no slow machine lengthens
			t.Errorf("the panel was written after %s", took)
		}
		t.Logf("%d threats: %d bulk creates, %d links, %d write of the page, begun %s after the start; %d calls in all", threats, creates, links, writes, took, len(p.way.arrivals()))
	})
}
