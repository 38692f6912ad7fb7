package app

import (
	"fmt"
	"math/rand/v2"
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

// The threats of simulated pages.
var (
	harms = []string{"An attacker replays webhooks of", "A tenant reads orders of another in", "Anybody can post forged events to", "A thief reads the backups of"}
	cures = []string{"Refuse what is older than a minute", "Filter by the caller's tenant", "Verify signatures", "Encrypt backups"}
)

const bulkCreate = "POST /rest/api/2/issue/bulk"

// TestOneTicketAThreat lets create calls be done and their answers be lost: the connection drops, a 500 comes, or nothing for longer than
// anybody waits. Others fail before anything is done. Meanwhile Jira's search hides what is younger than up to 300 s, and the process ends
// and another goes on. However that falls, each threat has one ticket in the end, and that is the one that is known. A run is one create
// call that was done and whose answer was lost. SOAK=1 has 10,000 of them.
func TestOneTicketAThreat(t *testing.T) {
	want, most := 300, 40 // pages of a site
	if soak() {
		want, most = 10_000, 200
	}
	var calls, lost, tickets int
	for i := uint64(0); lost < want; i++ {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			c, l, n := loseAnswers(t, rand.New(rand.NewPCG(i, 5)), most, i)
			calls, lost, tickets = calls+c, lost+l, tickets+n
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d create calls, %d of which were done and their answers lost: %d threats, %d tickets", calls, lost, tickets, tickets)
}

// loseAnswers has the pages of a site reviewed and their threats filed, and returns how many create calls there were, how many of them
// were done without an answer, and the number of threats and tickets alike.
func loseAnswers(t *testing.T, dice *rand.Rand, pages int, round uint64) (calls, lost, tickets int) {
	lag := time.Duration(dice.IntN(301)) * time.Second
	if round == 0 {
		lag = 300 * time.Second
	}
	world := newPlanet(t, sandbox.Options{Pages: fewThreats(dice, pages), Limits: sandbox.PublishedLimits()})
	fate := func(k chaos.Kind, p float64) chaos.Rule {
		return chaos.Rule{Kind: k, Method: http.MethodPost, Path: "/issue/bulk$", Probability: p, Status: http.StatusInternalServerError}
	}
	plan := chaos.Plan{Seed: dice.Uint64(), Rules: []chaos.Rule{fate(chaos.DropAfter, 0.3), fate(chaos.ErrorAfter, 0.4), fate(chaos.StallAfter, 0.7)}}
	undone := round%8 == 2
	if undone {
		plan.Rules = []chaos.Rule{fate(chaos.DropBefore, 0.3), fate(chaos.ErrorBefore, 0.3), fate(chaos.Stall, 0.3), fate(chaos.DropAfter, 0.3)}
	}
	if lag > 0 {
		plan.Rules = append(plan.Rules, chaos.Rule{Kind: chaos.IndexLag, Delay: chaos.Duration(lag)})
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		world.now = time.Now
		if err := world.Faults(plan); err != nil {
			t.Fatal(err)
		}
		var way []arrival
		for _, ends := range []bool{true, false} {
			p := start(t, world, dir, nil)
			if ends {
				time.Sleep(time.Duration(dice.IntN(400)) * time.Second)
			} else {
				await(t, 6*time.Hour, "all tickets", func() bool { return p.settled(t) && p.reviewed(t) == pages })
				tickets = oneEach(t, world, p)
			}
			p.stop()
			way = append(way, p.way.arrivals()...)
		}
		for _, a := range way {
			if a.call == bulkCreate {
				calls++
				if a.status != http.StatusCreated {
					lost++
				}
			}
		}
	})
	if calls < pages || lost < pages/2 {
		t.Errorf("%d create calls for %d pages, %d without an answer: this proves little", calls, pages, lost)
	}
	if undone {
		lost = 0 // nobody knows here which were done
	}
	return calls, lost, tickets
}

// oneEach checks that each threat has one ticket, which is the one that is known of it, and returns how many there are.
func oneEach(t *testing.T, world *planet, p *process) int {
	t.Helper()
	state, threats := world.State(), 0
	for _, rec := range p.records(t) {
		for _, th := range rec.Threats {
			threats++
			if n := state.Labels["throughline-"+string(th.ID)]; n != 1 {
				t.Errorf("%s has %d tickets", th.ID, n)
			}
			if th.Ticket == nil || !th.Ticket.Linked || th.Intent != nil {
				t.Errorf("%s is known with ticket %+v, intent %+v", th.ID, th.Ticket, th.Intent)
			}
		}
	}
	if state.Issues != threats {
		t.Errorf("%d tickets for %d threats", state.Issues, threats)
	}
	return threats
}

// fewThreats are design pages that state one to three threats each.
func fewThreats(dice *rand.Rand, n int) []seed.Page {
	pages := make([]seed.Page, n)
	for i := range pages {
		var rows strings.Builder
		for j := range 1 + dice.IntN(3) {
			fmt.Fprintf(&rows, "<tr><td>%s service %d</td><td>%s</td></tr>", harms[j], i, cures[j])
		}
		pages[i] = seed.Page{
			Title: fmt.Sprintf("Service %d", i), Labels: []string{"design"}, Owner: site.Dana,
			Body: "<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr>" + rows.String() + "</tbody></table>",
		}
	}
	return pages
}
