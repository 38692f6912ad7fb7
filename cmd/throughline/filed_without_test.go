package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// diary is a log that may be read while it is written.
type diary struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *diary) lines(with string) (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for line := range strings.Lines(d.text.String()) {
		if strings.Contains(line, with) {
			out = append(out, line)
		}
	}
	return out
}

// TestFiledWithout: a ticket that Jira takes only without some fields is filed, and what it lacks stands in the record, the ledger and the
// log, with Jira's words.
func TestFiledWithout(t *testing.T) {
	var log diary
	d := startTest(t, func(o *demoOptions) {
		o.log, o.config = &log, func(c *app.Config) { c.Component = "Data Protection" }
	})
	reviewed(t, d)
	d.site.Jira().TakeOff("SEC", "priority", "duedate", "components")
	page, err := d.site.Confluence().Create(site.Amir, confluence.Draft{
		SpaceID: pageOf(t, d, "Checkout").SpaceID, Title: "Parcels", OwnerID: site.Amir, Labels: []string{"design"},
		Body: "<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Severity</th><th>Mitigation</th></tr><tr><td>An attacker replays parcels</td><td>High</td><td>Number them</td></tr></tbody></table>",
	})
	if err != nil {
		t.Fatal(err)
	}
	th := record(t, d, page.ID, func(r trace.Record) bool { return r.Page.PanelVersion > 0 }).Threats[0]
	const words = "It is not on the appropriate screen, or unknown."
	var names []string
	for _, w := range th.Without {
		names = append(names, w.Field)
		if w.Value == "" || !strings.Contains(w.Why, words) {
			t.Errorf("%+v does not say what, or why", w)
		}
	}
	if diff := cmp.Diff([]string{"component", "due date", "priority"}, names); diff != "" {
		t.Errorf("filed without (-want +got):\n%s", diff)
	}
	if th.Ticket == nil || th.Blocked != "" || th.Owner.Account != site.Lucia { // who leads the component, all the same
		t.Fatalf("ticket %+v, owner %+v, blocked %q", th.Ticket, th.Owner, th.Blocked)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"history", string(th.ID), "--json", "--data", d.dir}, &out, &out); code != 0 {
		t.Fatalf("exit %d: %s", code, out.String())
	}
	for _, want := range []string{"without component Data Protection", "due date 20", "priority High", words[:20]} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the history does not say %q:\n%s", want, out.String())
		}
	}
	if got := log.lines("without a field that was wanted"); len(got) != 3 || !strings.Contains(got[0], "field=component") || !strings.Contains(got[0], words) {
		t.Errorf("the log has %q", got)
	}
	settled(t, d)
}

// TestFiledWithoutComponent: a component that the settings name and the project has not, any more, is told of in the same way.
func TestFiledWithoutComponent(t *testing.T) {
	var log diary
	d := startTest(t, func(o *demoOptions) {
		o.log, o.config = &log, func(c *app.Config) { c.Component = "Renamed" }
	})
	reviewed(t, d)
	settled(t, d)
	all, err := d.store.Pages(t.Context(), d.tenant())
	if err != nil {
		t.Fatal(err)
	}
	want, n := threat.Without{Field: "component", Value: "Renamed", Why: "project SEC has no such component"}, 0
	for _, p := range all {
		for _, th := range record(t, d, p.ID, func(trace.Record) bool { return true }).Threats {
			if th.Ticket != nil && !th.Ticket.ByPage && len(th.Without) > 0 {
				if n++; len(th.Without) != 1 || th.Without[0] != want {
					t.Errorf("%s is filed without %+v, want %+v", th.ID, th.Without, want)
				}
			}
		}
	}
	if told := len(log.lines("without a field that was wanted")); n == 0 || told != n {
		t.Errorf("%d tickets are without the component, and the log tells of %d", n, told)
	}
}
