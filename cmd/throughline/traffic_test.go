package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
)

// soak is how often something is tried: a few times in `make test`, all of them in `make soak`.
func soak(few, all int) int {
	if os.Getenv("SOAK") != "" {
		return all
	}
	return few
}

// traffic is what people do to a site all day: they write and edit design pages, trash some and take them back, and move and assign
// tickets as soon as these are there. Nobody but the site's own webhooks and Throughline's sweeps tell of it.
type traffic struct {
	*rand.Rand
	site  *sandbox.Sandbox
	pause time.Duration // between two acts, on average
	pages int           // written at most
	n     int
}

func (tr *traffic) run(ctx context.Context) {
	for ctx.Err() == nil {
		tr.act()
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(float64(tr.pause) * (0.5 + tr.Float64()))):
		}
	}
}

// act does one thing at random. What it may not do, because somebody or Throughline was faster, it leaves undone.
func (tr *traffic) act() {
	wiki := tr.site.Confluence()
	pages := wiki.Pages()
	page := pages[tr.IntN(len(pages))]
	tr.n++
	switch dice := tr.IntN(100); {
	case dice < 25 && len(pages) < tr.pages:
		_, _ = wiki.Create(site.Amir, confluence.Draft{
			SpaceID: page.SpaceID, Title: fmt.Sprint("Design ", tr.n), Body: rows(tr.n, 1+tr.IntN(3)), OwnerID: site.Dana, Labels: []string{"threat-model"},
		})
	case dice < 38 && page.Status == confluence.Current:
		v := page.Version()
		body := v.Body // saved again without a change
		if tr.IntN(2) == 0 && len(body) < 20_000 {
			body += rows(tr.n, 1)
		}
		_, _ = wiki.Edit(site.Amir, page.ID, confluence.Edit{Version: v.Number + 1, Title: v.Title, Body: body})
	case dice < 48:
		_ = wiki.Trash(site.Dana, page.ID)
	case dice < 55:
		for _, p := range pages {
			_ = wiki.Restore(site.Dana, p.ID)
		}
	default:
		tr.touchTicket()
	}
}

// touchTicket moves or assigns one of the tickets that Throughline filed.
func (tr *traffic) touchTicket() {
	var keys []string
	for _, i := range tr.site.Jira().Issues() {
		if labelled(i.Labels) {
			keys = append(keys, i.Key)
		}
	}
	if len(keys) == 0 {
		return
	}
	key := keys[tr.IntN(len(keys))]
	if tr.IntN(4) == 0 {
		_ = tr.site.Jira().Assign(site.Dana, key, []string{site.Lucia, site.Kenji}[tr.IntN(2)])
		return
	}
	if next := tr.site.Jira().Transitions(key); len(next) > 0 {
		_ = tr.site.Jira().Transition(site.Kenji, key, next[tr.IntN(len(next))].ID, "")
	}
}

// rows is a table that states n threats.
func rows(at, n int) string {
	var b strings.Builder
	b.WriteString("<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th><th>Ticket</th></tr>")
	for i := range n {
		ticket := ""
		if (at+i)%5 == 0 {
			ticket = "SEC-1" // the page names one that is there already
		}
		fmt.Fprintf(&b, "<tr><td>An attacker forges message %d of protocol %d</td><td>Sign message %d and refuse replays</td><td>%s</td></tr>", i+1, at, i+1, ticket)
	}
	b.WriteString("</tbody></table>")
	return b.String()
}
