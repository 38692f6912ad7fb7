package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/trace"
)

// The calls that the table below is about, as the sandbox counts them.
const (
	readPage   = "GET /wiki/api/v2/pages/{id}"
	writePage  = "PUT /wiki/rest/api/content/{id}"
	bulkCreate = "POST /rest/api/2/issue/bulk"
	whoAmI     = "GET /rest/api/2/myself"
	comment    = "POST /rest/api/2/issue/{issueIdOrKey}/comment"
	remoteLink = "POST /rest/api/2/issue/{issueIdOrKey}/remotelink"
)

// TestCalls counts what each kind of event costs in calls to the site, exactly: one call more fails it.
func TestCalls(t *testing.T) {
	d := startTest(t, func(o *demoOptions) { o.config = func(c *app.Config) { c.Gather, c.Poll = time.Second, time.Hour } })
	reviewed(t, d)
	settled(t, d)
	first := d.site.State()
	// The echoes of six panels came meanwhile, and of 27 tickets: each page was read once and written once.
	if n := first.Calls.Endpoints[readPage]; n != 6 {
		t.Errorf("the first review read pages %d times, want 6: echoes of our own writes cost nothing", n)
	}
	if n := first.Calls.Endpoints[writePage]; n != 6 {
		t.Errorf("the first review wrote pages %d times, want 6", n)
	}
	checkout := func() confluence.Page { return pageOf(t, d, "Checkout") }
	threats := record(t, d, checkout().ID, func(trace.Record) bool { return true }).Threats
	key := func(n int) string { return threats[n].Ticket.Key }
	tests := []struct {
		name string
		do   func()
		want map[string]int
	}{
		{"the same text saved again", func() { edit(t, d, checkout(), checkout().Version().Body) }, map[string]int{readPage: 1}},
		{"an edit outside of the threats", func() {
			edit(t, d, checkout(), strings.Replace(checkout().Version().Body, "</h2>", " (draft)</h2>", 1))
		}, map[string]int{readPage: 1}},
		{"a new threat", func() { write(t, d, "One", 1) }, map[string]int{
			readPage: 1, bulkCreate: 1, remoteLink: 1, writePage: 1,
		}},
		{"3 new threats", func() { write(t, d, "Three", 3) }, map[string]int{readPage: 1, bulkCreate: 1, remoteLink: 3, writePage: 1}},
		{"51 new threats", func() { write(t, d, "Fifty-one", 51) }, map[string]int{readPage: 1, bulkCreate: 2, remoteLink: 51, writePage: 1}},
		{"a ticket moves", func() { step(t, d, key(0)) }, map[string]int{writePage: 1}},
		{"a ticket is edited where the panel does not look", func() {
			if err := d.site.Jira().Edit(site.Dana, key(1), map[string]any{"priority": map[string]string{"name": "Low"}}); err != nil {
				t.Fatal(err)
			}
		}, map[string]int{}},
		{"people talk on a ticket", func() { say(t, d, key(4), "Looks good to me") }, map[string]int{}},
		{"a command that is refused, the first that anybody gives", func() { say(t, d, key(4), "/verify it works") }, map[string]int{whoAmI: 1, comment: 1}},
		{"a command that is obeyed", func() { say(t, d, key(4), "/accept-risk until "+time.Now().UTC().Format(time.DateOnly)+" it is small") }, map[string]int{
			comment: 1, writePage: 1,
		}},
		{"three tickets of a page at once", func() {
			for n := 1; n <= 3; n++ {
				step(t, d, key(n))
			}
		}, map[string]int{writePage: 1}},
		{"a page that is none of ours", func() {
			if _, err := d.site.Confluence().Create(site.Amir, confluence.Draft{SpaceID: checkout().SpaceID, Title: "Lunch", Body: "<p>Soup</p>"}); err != nil {
				t.Fatal(err)
			}
		}, map[string]int{readPage: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := d.site.State()
			tt.do()
			if err := d.site.Host().Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			settled(t, d)
			got := map[string]int{}
			for endpoint, n := range d.site.State().Calls.Endpoints {
				if n -= before.Calls.Endpoints[endpoint]; n > 0 {
					got[endpoint] = n
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// write makes a design page that states n threats. Its owner, and the project's components, were looked up for earlier pages.
func write(t *testing.T, d *demo, title string, n int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr>")
	for i := range n {
		fmt.Fprintf(&b, "<tr><td>An attacker forges message number %d of the %s protocol</td><td>Sign message %d and refuse replays</td></tr>", i+1, title, i+1)
	}
	b.WriteString("</tbody></table>")
	draft := confluence.Draft{SpaceID: pageOf(t, d, "Checkout").SpaceID, Title: title, Body: b.String(), OwnerID: site.Dana, Labels: []string{"threat-model"}}
	if _, err := d.site.Confluence().Create(site.Amir, draft); err != nil {
		t.Fatal(err)
	}
}

func step(t *testing.T, d *demo, key string) {
	t.Helper()
	if err := d.step(key); err != nil {
		t.Fatal(err)
	}
}

// say comments on a ticket, as somebody whose ticket it is not.
func say(t *testing.T, d *demo, key, text string) {
	t.Helper()
	if err := d.site.Jira().Comment(site.Sofia, key, text); err != nil {
		t.Fatal(err)
	}
}
