package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// startTest is a demo for a test: site and app over HTTP, closed at its end.
func startTest(t *testing.T, change func(*demoOptions)) *demo {
	t.Helper()
	o := demoOptions{dir: t.TempDir(), log: io.Discard}
	if change != nil {
		change(&o)
	}
	d, err := startDemo(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func reviewed(t *testing.T, d *demo) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if err := d.firstReview(ctx, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	r, err := d.report(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func settled(t *testing.T, d *demo) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if err := d.settle(ctx); err != nil {
		t.Fatal(err)
	}
}

// record waits until what is known of a page is as wanted.
func record(t *testing.T, d *demo, page string, want func(trace.Record) bool) trace.Record {
	t.Helper()
	var rec trace.Record
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if rec, err = d.store.Page(t.Context(), d.tenant(), page); err == nil && want(rec) {
			return rec
		}
	}
	t.Fatalf("never known as wanted: %+v", rec.Page)
	return rec
}

// TestFaults reviews the six pages on a site that fails in each way it can. However it fails, the end is the same.
func TestFaults(t *testing.T) {
	const create = "/rest/api/2/issue/bulk$"
	tests := []struct {
		name  string
		rules []chaos.Rule
	}{
		{"creates are kept and the connection drops", []chaos.Rule{{Kind: chaos.DropAfter, Method: http.MethodPost, Path: create, Times: 3}}},
		{"creates are kept and the answer is 500", []chaos.Rule{{Kind: chaos.ErrorAfter, Status: 500, Method: http.MethodPost, Path: create, Times: 3}}},
		{"creates fail before anything is kept", []chaos.Rule{{Kind: chaos.ErrorBefore, Status: 503, Method: http.MethodPost, Path: create, Times: 2}}},
		{"the connection drops before anything is kept", []chaos.Rule{{Kind: chaos.DropBefore, Method: http.MethodPost, Path: create, Times: 2}}},
		{"kept and dropped, and the index lags", []chaos.Rule{
			{Kind: chaos.DropAfter, Method: http.MethodPost, Path: create, Times: 5},
			{Kind: chaos.IndexLag, Delay: chaos.Duration(3 * time.Second)},
		}},
		{"page writes are kept and the connection drops", []chaos.Rule{{Kind: chaos.DropAfter, Method: http.MethodPut, Times: 4}}},
		{"rate limits", []chaos.Rule{{Kind: chaos.RateLimit, RetryAfter: 1, Times: 3}}},
		{"reads fail", []chaos.Rule{{Kind: chaos.ErrorBefore, Status: 502, Method: http.MethodGet, Probability: 0.2}}},
		{"webhooks come twice and in any order", []chaos.Rule{{Kind: chaos.Duplicate}, {Kind: chaos.Reorder, Probability: 0.5}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := startTest(t, func(o *demoOptions) {
				o.faults = chaos.Plan{Seed: 1, Rules: tt.rules}
				plantedBefore(t, o.dir, 3*time.Second)
			})
			r := reviewed(t, d)
			if len(r.Problems) > 0 || r.Duplicates > 0 {
				t.Errorf("problems: %s", strings.Join(r.Problems, "\n"))
			}
			hits := 0
			for _, rule := range d.site.FaultPlan().Rules {
				hits += rule.Hits
			}
			if hits == 0 {
				t.Error("no fault struck: this test proves nothing")
			}
		})
	}
}

// plantedBefore makes a site whose pages are older than its search index lags: no site begins at the moment the app is installed.
func plantedBefore(t *testing.T, dir string, age time.Duration) {
	t.Helper()
	s, err := sandbox.New(sandbox.Options{Dir: filepath.Join(dir, "sandbox"), Pages: seed.Demo(), Issues: seed.Issues()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(age)
}

// TestQuiet counts what costs nothing, or one call.
func TestQuiet(t *testing.T) {
	d := startTest(t, nil)
	r := reviewed(t, d)
	state := d.site.State()
	if state.Confluence.Mails > 0 || state.Confluence.Minor != r.Panels {
		t.Errorf("%d watchers were mailed, and %d of %d panels were minor edits", state.Confluence.Mails, state.Confluence.Minor, r.Panels)
	}
	for _, p := range d.site.Confluence().Pages() {
		if n := p.Version().Number; n != 2 {
			t.Errorf("page %q has version %d: want one write of ours, and nothing after its echo", p.Title, n)
		}
	}

	// An edit outside of the threats: one GET, no write.
	before := d.site.State()
	page := d.site.Confluence().Pages()[0]
	body := page.Version().Body
	edit(t, d, page, strings.Replace(body, "</h2>", " (draft)</h2>", 1))
	record(t, d, page.ID, func(rec trace.Record) bool { return rec.Page.Version == page.Version().Number+1 })
	settled(t, d)
	if calls := d.site.State().APICalls - before.APICalls; calls != 1 {
		t.Errorf("an edit that changes no threat cost %d calls, want 1", calls)
	}

	// A ticket that moves: what the panel needs, and nothing else.
	before = d.site.State()
	if err := d.site.Jira().Assign(site.Dana, "SEC-2", site.Lucia); err != nil {
		t.Fatal(err)
	}
	settled(t, d)
	if calls := d.site.State().APICalls - before.APICalls; calls > 2 {
		t.Errorf("a change of assignee cost %d calls, want a GET and a PUT of its page at most", calls)
	}

	// An event of an issue that is none of ours.
	before = d.site.State()
	key, err := d.site.Jira().Create(site.Dana, map[string]any{"project": map[string]string{"key": "SEC"}, "issuetype": map[string]string{"name": "Task"}, "summary": "Buy milk"})
	if err != nil {
		t.Fatal(err)
	}
	settled(t, d)
	if calls := d.site.State().APICalls - before.APICalls; calls != 0 {
		t.Errorf("%s, which is none of our business, cost %d calls", key, calls)
	}
}

func edit(t *testing.T, d *demo, p confluence.Page, body string) {
	t.Helper()
	v := p.Version()
	if _, err := d.site.Confluence().Edit(site.Amir, p.ID, confluence.Edit{Version: v.Number + 1, Title: v.Title, Body: body}); err != nil {
		t.Fatal(err)
	}
}

// TestOutside edits pages in every way and compares: all bytes outside of the panel are the author's.
func TestOutside(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	for _, p := range d.site.Confluence().Pages() {
		authored := p.Versions[0].Body
		if got := storage.HashOutside([]byte(p.Version().Body)); got != storage.HashOutside([]byte(authored)) {
			t.Errorf("page %q: a byte outside of the panel changed", p.Title)
		}
		if back, err := storage.Remove([]byte(p.Version().Body)); err != nil || string(back) != authored {
			t.Errorf("page %q: without the panel it is not what its author wrote: %v", p.Title, err)
		}
	}
}

// TestConflict edits a page over and over while its panel is written: nobody's edit is lost.
func TestConflict(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	id := d.site.Confluence().Pages()[0].ID
	for n := range 30 {
		if err := d.site.Jira().Assign(site.Dana, "SEC-2", []string{site.Lucia, site.Kenji}[n%2]); err != nil {
			t.Fatal(err)
		}
		for {
			p, _ := d.site.Confluence().Page(id)
			v := p.Version()
			body := strings.Replace(v.Body, "<h2>Assumptions", "<p>Edit.</p><h2>Assumptions", 1)
			if _, err := d.site.Confluence().Edit(site.Amir, id, confluence.Edit{Version: v.Number + 1, Title: v.Title, Body: body}); err == nil {
				break // else the panel was first: read again
			}
		}
		time.Sleep(time.Duration(n) * time.Millisecond)
	}
	settled(t, d)
	p, _ := d.site.Confluence().Page(id)
	if got := strings.Count(p.Version().Body, "<p>Edit.</p>"); got != 30 {
		t.Errorf("%d of 30 edits are there", got)
	}
	if _, found, err := storage.FindRegion([]byte(p.Version().Body)); err != nil || !found {
		t.Errorf("the panel is gone: %v", err)
	}
}

// TestPageGone takes a page away and brings it back: its threats are withdrawn, and come back as the same.
func TestPageGone(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	page := d.site.Confluence().Pages()[0]
	before := record(t, d, page.ID, func(trace.Record) bool { return true })
	if err := d.site.Confluence().Trash(site.Dana, page.ID); err != nil {
		t.Fatal(err)
	}
	gone := record(t, d, page.ID, func(r trace.Record) bool { return r.Page.Removed })
	for _, th := range gone.Threats {
		if th.State != threat.Withdrawn {
			t.Errorf("%s is %s on a page in the trash", th.ID, th.State)
		}
	}
	settled(t, d)
	i, _ := d.site.Jira().Issue(before.Threats[0].Ticket.Key)
	if len(i.Comments) != 1 || i.Status.Category != string(threat.ToDo) {
		t.Errorf("%s has %d comments and is %s: want it told, and left alone", i.Key, len(i.Comments), i.Status.Name)
	}
	if err := d.site.Confluence().Restore(site.Dana, page.ID); err != nil {
		t.Fatal(err)
	}
	back := record(t, d, page.ID, func(r trace.Record) bool { return !r.Page.Removed && r.Page.Rev > gone.Page.Rev })
	settled(t, d)
	if len(back.Threats) != len(before.Threats) {
		t.Errorf("%d threats came back of %d", len(back.Threats), len(before.Threats))
	}
	for n, th := range back.Threats {
		if th.ID != before.Threats[n].ID || th.State == threat.Withdrawn || th.Ticket.Key != before.Threats[n].Ticket.Key {
			t.Errorf("%s with %s came back as %s, %s", before.Threats[n].ID, before.Threats[n].Ticket.Key, th.ID, th.State)
		}
	}
	if r, err := d.report(t.Context(), false); err != nil || r.Duplicates > 0 {
		t.Errorf("%d duplicates, %v", r.Duplicates, err)
	}
}

// TestUnreadablePage makes a page that cannot be read whole: that is shown, nothing is written to it, and its next version is tried.
func TestUnreadablePage(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	page := d.site.Confluence().Pages()[0]
	before := record(t, d, page.ID, func(trace.Record) bool { return true })
	good := page.Version().Body
	deep := strings.Repeat("<div>", 1500) + strings.Repeat("</div>", 1500)
	edit(t, d, page, deep+good)
	failed := record(t, d, page.ID, func(r trace.Record) bool { return r.Page.Failed != "" })
	settled(t, d)
	if len(failed.Threats) != len(before.Threats) || failed.Threats[0].State != before.Threats[0].State {
		t.Error("a page that cannot be read withdrew its threats")
	}
	unread, _ := d.site.Confluence().Page(page.ID)
	if unread.Version().Body != deep+good {
		t.Error("a page that cannot be read was written to")
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"jobs", "--data", d.dir}, &out, &out); code != 0 || !strings.Contains(out.String(), "could not be reviewed") || !strings.Contains(out.String(), page.Title) {
		t.Errorf("exit %d, and `throughline jobs` shows:\n%s", code, out.String())
	}
	edit(t, d, unread, good)
	record(t, d, page.ID, func(r trace.Record) bool { return r.Page.Failed == "" && r.Page.Version > failed.Page.Version })
}

// TestRefusedTickets has a project refuse what Throughline asks for: the job says what, people can mend it, nothing is dropped.
func TestRefusedTickets(t *testing.T) {
	tests := []struct {
		name   string
		change func(*app.Config)
		want   string
	}{
		{"an issue type that the project has not", func(c *app.Config) { c.IssueType = "Incident Report" }, "no issue type Incident Report; it has Epic, Task"},
		{"a project that is not there", func(c *app.Config) { c.Project = "NOPE" }, "NOPE"},
		{"fields that are required", func(c *app.Config) { c.Project = "AUD" }, "required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := startTest(t, func(o *demoOptions) { o.config = tt.change })
			held := waitHeld(t, d)
			if !strings.Contains(held.Reason, tt.want) || held.Kind != work.FileTickets {
				t.Errorf("%s is held because %q, want the reason to name %q", held.Kind, held.Reason, tt.want)
			}
			var out bytes.Buffer
			if code := run(t.Context(), []string{"jobs", "--data", d.dir}, &out, &out); code != 0 || !strings.Contains(out.String(), "held") {
				t.Errorf("exit %d, and `throughline jobs` shows:\n%s", code, out.String())
			}
			r, err := d.report(t.Context(), false)
			if err != nil || r.Threats == 0 || r.Duplicates > 0 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func waitHeld(t *testing.T, d *demo) work.Job {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		jobs, err := d.store.Peek(t.Context(), work.Filter{State: work.Held})
		if err != nil {
			t.Fatal(err)
		}
		if len(jobs) > 0 {
			return jobs[0]
		}
	}
	t.Fatal("no job is held")
	return work.Job{}
}

// TestAssigneeRefused proves that owners fall back as the domain says when Jira refuses one.
func TestAssigneeRefused(t *testing.T) {
	d := startTest(t, func(o *demoOptions) { o.config = func(c *app.Config) { c.Project, c.DefaultOwner = "PAY", site.Kenji } }) // three people are assignable there
	r := reviewed(t, d)
	if r.Unowned > 0 || r.Tickets != r.Threats {
		t.Errorf("%d of %d tickets are unowned, %d threats", r.Unowned, r.Tickets, r.Threats)
	}
	passed := 0
	for _, p := range d.site.Confluence().Pages() {
		for _, th := range record(t, d, p.ID, func(trace.Record) bool { return true }).Threats {
			if strings.Contains(th.Owner.Reason, "cannot be assigned in PAY") {
				passed++
			}
		}
	}
	if passed == 0 {
		t.Error("nobody was passed over: this test proves nothing")
	}
}

// TestSecretsStayInside searches everything that the demo writes or says for the secrets of its installations.
func TestSecretsStayInside(t *testing.T) {
	var log lockedBuffer
	d := startTest(t, func(o *demoOptions) { o.log = &log })
	reviewed(t, d)
	db, err := os.ReadFile(filepath.Join(d.dir, "throughline.db"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, args := range [][]string{{"export", "--data", d.dir, "--format", "json"}, {"jobs", "--data", d.dir, "--json"}} {
		if code := run(t.Context(), args, &out, &out); code != 0 {
			t.Fatalf("%v: %s", args, out.String())
		}
	}
	resp, err := http.Get(d.base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(&out, resp.Body); err != nil {
		t.Fatal(err)
	}
	for _, a := range d.site.Host().Apps() {
		if a.Secret == "" {
			t.Fatal("an installation without secret proves nothing")
		}
		for name, text := range map[string]string{"log": log.String(), "output": out.String(), "store": string(db)} {
			if strings.Contains(text, a.Secret) {
				t.Errorf("the secret of %s stands in the %s", a.Product, name)
			}
		}
	}
}

// lockedBuffer takes a log that is written to from many sides.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
