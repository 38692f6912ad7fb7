package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/descriptor"
)

// TestRestore takes off a ticket, twice, what Throughline keeps on it. The sweep finds it: once it is put back, then only told. A look at
// a site where nobody did that costs what it did.
func TestRestore(t *testing.T) {
	d := startTest(t, func(o *demoOptions) { o.config = func(c *app.Config) { c.Poll = 2 * time.Second } })
	reviewed(t, d)
	page := pageOf(t, d, "Checkout").ID
	before := record(t, d, page, func(r trace.Record) bool { return !r.Threats[0].Ticket.Updated.IsZero() }).Threats[0]
	key := before.Ticket.Key
	link := func() string {
		v, _ := d.site.Jira().Issue(key)
		if len(v.Links) == 0 {
			return ""
		}
		return v.Links[0].GlobalID
	}
	global, issue := link(), d.site.BaseURL()+"/rest/api/2/issue/"+key
	has := func() map[string]bool {
		v, _ := d.site.Jira().Issue(key)
		labels := slices.Contains(v.Labels, "throughline") && slices.Contains(v.Labels, "throughline-"+string(before.ID))
		return map[string]bool{threat.MarkLabel: labels, threat.MarkProperty: v.Properties[descriptor.PropertyKey] != nil, threat.MarkLink: link() != ""}
	}
	// The link counts as ours to check from a minute after it was set: set back what is known of when that was.
	age(t, d, page)
	offs := []struct {
		what string
		take func() error
	}{
		{threat.MarkLabel, func() error { return d.site.Jira().Edit(site.Dana, key, map[string]any{"labels": []string{"mine"}}) }},
		{threat.MarkProperty, func() error { return remove(t, d, issue+"/properties/"+descriptor.PropertyKey) }},
		{threat.MarkLink, func() error { return remove(t, d, issue+"/remotelink?globalId="+url.QueryEscape(global)) }},
	}
	for _, off := range offs {
		t.Run(off.what, func(t *testing.T) {
			if err := off.take(); err != nil || has()[off.what] {
				t.Fatalf("the %s is there still, %v", off.what, err)
			}
			record(t, d, page, func(r trace.Record) bool {
				return slices.Contains(r.Threats[0].Marks.Restored, off.what) && has()[off.what]
			})
			if v, _ := d.site.Jira().Issue(key); off.what == threat.MarkLabel && !slices.Contains(v.Labels, "mine") {
				t.Errorf("labels %q: the one that somebody put on is gone", v.Labels)
			}
			age(t, d, page)
			if err := off.take(); err != nil {
				t.Fatal(err)
			}
			record(t, d, page, func(r trace.Record) bool { return slices.Contains(r.Threats[0].Marks.Lacks, off.what) })
			if has()[off.what] {
				t.Errorf("the %s is back a second time", off.what)
			}
		})
	}
	settled(t, d)
	var drifts []ledger.DriftFact
	err := d.store.Entries(t.Context(), d.tenant(), 0, func(e ledger.Entry) bool {
		if e.Kind == ledger.Drifted {
			var fact ledger.DriftFact
			if err := json.Unmarshal(e.Data, &fact); err != nil {
				t.Error(err)
			}
			drifts = append(drifts, fact)
		}
		return true
	})
	var want []ledger.DriftFact
	for _, off := range offs {
		want = append(want, ledger.DriftFact{Ticket: key, What: off.what, Restored: true}, ledger.DriftFact{Ticket: key, What: off.what})
	}
	if diff := cmp.Diff(want, drifts); diff != "" || err != nil {
		t.Errorf("the ledger, %v (-want +got):\n%s", err, diff)
	}
	if body := pageOf(t, d, "Checkout").Version().Body; !strings.Contains(body, "its label, property, link was taken off by hand") {
		t.Error("the panel does not tell of it")
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"owners", "--data", d.dir}, &out, &out); code != 0 || !strings.Contains(out.String(), "its label, property, link was taken") || !strings.Contains(out.String(), key) {
		t.Errorf("an operator is not told of it, exit %d:\n%s", code, out.String())
	}
	if rec := record(t, d, page, func(trace.Record) bool { return true }); len(rec.Threats[1].Marks.Restored) > 0 {
		t.Errorf("another ticket was touched: %+v", rec.Threats[1].Marks)
	}
}

// age makes what is known of a page's links older than Throughline's own changes of the tickets can be.
func age(t *testing.T, d *demo, page string) {
	t.Helper()
	for range 20 { // the service may be writing the same record
		rec := record(t, d, page, func(trace.Record) bool { return true })
		rec.Threats[0].Marks.Linked = rec.Threats[0].Marks.Linked.Add(-time.Hour)
		if d.store.Commit(t.Context(), trace.Change{Tenant: d.tenant(), Threats: rec.Threats[:1]}) == nil {
			return
		}
	}
	t.Fatal("what is known of the link cannot be changed")
}

// remove deletes something through the site's REST interface, as its administrator.
func remove(t *testing.T, d *demo, address string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, address, nil)
	if err != nil {
		return err
	}
	dana := d.site.Credentials()[0]
	req.SetBasicAuth(dana.Email, dana.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusNoContent {
		t.Errorf("%s: %s", address, resp.Status)
	}
	return resp.Body.Close()
}
