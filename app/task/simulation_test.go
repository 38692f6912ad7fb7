package task_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/throughline/throughline/app/sandbox/chaos"
	sandboxwiki "github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/task"
	"github.com/throughline/throughline/app/work"
)

// TestUnknownOutcomes files tickets on a site that makes them and then drops the connection, answers 500, or stalls for longer than
// anybody waits, or fails before it makes them, while its search lags behind by up to five minutes, longer than Throughline waits for it:
// each threat gets exactly one ticket.
func TestUnknownOutcomes(t *testing.T) {
	const inWorld, atOnce = 100, 10
	strikes := map[string]int{}
	for n := range soak(3, 100) {
		t.Run(fmt.Sprintf("world %d", n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := openWorld(t, nil)
				dice := rand.New(rand.NewPCG(uint64(n), 3))
				for written := 0; written < inWorld; written += atOnce {
					lag := time.Duration(dice.IntN(301)) * time.Second
					rules := failing(dice)
					if lag > 0 {
						rules = append(rules, chaos.Rule{Kind: chaos.IndexLag, Delay: chaos.Duration(lag)})
					}
					if err := w.site.Faults(chaos.Plan{Seed: dice.Uint64(), Rules: rules}); err != nil {
						t.Fatal(err)
					}
					for i := range atOnce {
						w.write(fmt.Sprintf("run %d", written+i), 1)
					}
					w.settle(2 * time.Hour)
					for _, r := range w.site.FaultPlan().Rules {
						strikes[string(r.Kind)] += r.Hits
					}
				}
				w.once(inWorld)
			})
		})
	}
	t.Logf("faults that struck: %v", strikes)
	for _, kind := range []chaos.Kind{chaos.DropAfter, chaos.ErrorAfter, chaos.StallAfter, chaos.ErrorBefore, chaos.DropBefore} {
		if strikes[string(kind)] == 0 {
			t.Errorf("%s never struck", kind)
		}
	}
}

// failing are rules by which most creates fail once, and some again and again.
func failing(dice *rand.Rand) []chaos.Rule {
	var out []chaos.Rule
	for _, kind := range []chaos.Kind{chaos.DropAfter, chaos.ErrorAfter, chaos.StallAfter, chaos.ErrorBefore, chaos.DropBefore} {
		r := chaos.Rule{Kind: kind, Method: http.MethodPost, Path: "/rest/api/2/issue/bulk$", Probability: 0.25 * dice.Float64(), Delay: chaos.Duration(time.Minute)}
		if kind == chaos.ErrorAfter || kind == chaos.ErrorBefore {
			r.Status = http.StatusInternalServerError
		}
		if r.Probability > 0 {
			out = append(out, r)
		}
	}
	return out
}

// TestTwoHoursOfOutage: for an hour the site refuses every call for its rate, then it fails for an hour, while people go on working.
// Nothing is lost, no call is made while the site asked for quiet, and all is done soon after, within the hour's points.
func TestTwoHoursOfOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := openWorld(t, func(d *task.Desk) { d.Policy.Poll = 5 * time.Minute })
		w.tell(work.Job{Kind: work.Sweep, Subject: "site"})
		const pages, before, each = 40, 10, 3
		for n := range before {
			w.write(fmt.Sprint("calm ", n), each)
		}
		w.settle(time.Hour)
		w.once(before * each)

		w.wire.keep = true
		begun := time.Now()
		write := func(n int) {
			p := w.write(fmt.Sprint("stormy ", n), each)
			time.Sleep(2 * time.Minute)
			v := p.Version()
			if now, _ := w.site.Confluence().Page(p.ID); now.Version().Number == v.Number {
				if _, err := w.site.Confluence().Edit(site.Amir, p.ID, sandboxwiki.Edit{Version: v.Number + 1, Title: v.Title, Body: v.Body + "<p>More.</p>"}); err != nil {
					t.Fatal(err)
				}
				w.tell(work.Job{Kind: work.ReviewPage, Subject: p.ID})
			}
			time.Sleep(2 * time.Minute)
		}
		faults := func(rules ...chaos.Rule) {
			if err := w.site.Faults(chaos.Plan{Seed: 1, Rules: rules}); err != nil {
				t.Fatal(err)
			}
		}
		faults(
			chaos.Rule{Kind: chaos.RateLimit, Path: "^/wiki/", RetryAfter: 300, Reason: "confluence-quota-tenant-based"},
			chaos.Rule{Kind: chaos.RateLimit, Path: "^/rest/", RetryAfter: 120, Reason: "jira-quota-tenant-based"},
		)
		for n := range (pages - before) / 2 {
			write(n)
		}
		time.Sleep(begun.Add(time.Hour).Sub(time.Now()))
		faults(chaos.Rule{Kind: chaos.ErrorBefore, Status: http.StatusServiceUnavailable})
		for n := (pages - before) / 2; n < pages-before; n++ {
			write(n)
		}
		time.Sleep(begun.Add(2 * time.Hour).Sub(time.Now()))
		faults()
		over := time.Now()
		w.settle(30 * time.Minute) // a job waits at most a quarter of an hour after an outage
		took := time.Since(over)
		w.once(pages * each)

		w.wire.mu.Lock()
		defer w.wire.mu.Unlock()
		quiet := map[bool]passed{} // by product: the last answer that asked for quiet
		inStorm, refused := 0, 0
		for _, c := range w.wire.seen {
			wiki := strings.HasPrefix(c.path, "/wiki/")
			if last, ok := quiet[wiki]; ok && c.at.After(last.at) && c.at.Before(last.at.Add(last.rest)) {
				t.Errorf("%s %s at %s, though at %s quiet was asked for %s", c.method, c.path, c.at, last.at, last.rest)
			}
			if c.status == http.StatusTooManyRequests {
				quiet[wiki] = c
				refused++
			}
			if c.at.Before(over) {
				inStorm++
			}
		}
		spent := w.road.Spent()
		t.Logf("%d calls in two hours of outage, %d of them refused; then done in %s, %d points in that hour", inStorm, refused, took, spent.Hour)
		if refused == 0 || inStorm > 3000 || spent.Hour > spent.Limit {
			t.Errorf("%d calls, %d refused, %d points of %d", inStorm, refused, spent.Hour, spent.Limit)
		}
	})
}

// TestThousandThreats files a page of 1,000 threats for the first time, on a site each of whose answers takes 100 ms and which holds its
// callers to the published limits. The clock is simulated: what is measured is what the calls wait for each other and for the limits.
func TestThousandThreats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const threats = 1000
		w := openWorld(t, func(d *task.Desk) { d.Policy.DefaultOwner = site.Dana })
		if err := w.site.Faults(chaos.Plan{Rules: []chaos.Rule{{Kind: chaos.Latency, Delay: chaos.Duration(100 * time.Millisecond)}}}); err != nil {
			t.Fatal(err)
		}
		w.wire.keep = true
		begun := time.Now()
		w.write("wide", threats)
		w.settle(time.Hour)
		took := time.Since(begun)
		w.once(threats)
		w.wire.mu.Lock()
		defer w.wire.mu.Unlock()
		calls := map[string]int{}
		for _, c := range w.wire.seen {
			if c.status == http.StatusTooManyRequests {
				t.Errorf("%s %s went over a limit", c.method, c.path)
			}
			calls[c.method+" "+c.path[strings.LastIndexByte(c.path, '/'):]]++
			if c.method == http.MethodPut {
				calls[http.MethodPut]++
			}
		}
		t.Logf("%s, calls %v", took, calls)
		if calls["POST /bulk"] != threats/50 || calls["POST /remotelink"] != threats || calls[http.MethodPut] != 1 {
			t.Errorf("%d bulk creates, %d links, %d writes of the panel", calls["POST /bulk"], calls["POST /remotelink"], calls[http.MethodPut])
		}
		if took > time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}
