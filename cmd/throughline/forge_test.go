package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/forge"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

func byForge(o *demoOptions) { o.door = forgeDoor }

// TestForgeEqualsConnect reviews the six pages by both doors and compares what came of it.
func TestForgeEqualsConnect(t *testing.T) {
	type result struct {
		Pages, Threats, Tickets, Panels, Owners, Unowned, Duplicates int
		Titles                                                       map[string][]string // of threats, by page: with owner and state
	}
	run := func(change func(*demoOptions)) result {
		d := startTest(t, change)
		r := reviewed(t, d)
		full, err := d.report(t.Context(), true) // held against what a reader finds
		if err != nil {
			t.Fatal(err)
		}
		if problems := slices.Concat(r.Problems, full.Problems); len(problems) > 0 {
			t.Errorf("problems: %s", strings.Join(problems, "\n"))
		}
		out := result{r.Pages, r.Threats, r.Tickets, r.Panels, r.Owners, r.Unowned, r.Duplicates, map[string][]string{}}
		for _, p := range d.site.Confluence().Pages() {
			rec, err := d.store.Page(t.Context(), d.tenant(), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, th := range rec.Threats {
				out.Titles[p.Title] = append(out.Titles[p.Title], strings.Join([]string{th.Text.Title, th.Owner.Account, string(th.State)}, " | "))
			}
			if _, found, err := storage.FindRegion([]byte(p.Version().Body)); err != nil || !found {
				t.Errorf("page %q has no panel: %v", p.Title, err)
			}
		}
		return out
	}
	connect, viaForge := run(nil), run(byForge)
	if viaForge.Threats != 27 || viaForge.Tickets != 27 {
		t.Errorf("by Forge: %d threats and %d tickets, want 27 of each", viaForge.Threats, viaForge.Tickets)
	}
	if diff := cmp.Diff(connect, viaForge); diff != "" {
		t.Errorf("the doors differ (-Connect +Forge):\n%s", diff)
	}
}

// TestForgeThereAndBack moves a ticket to done, sees its panel follow, starts the app again, and edits a page.
func TestForgeThereAndBack(t *testing.T) {
	dir := t.TempDir()
	start := func() *demo {
		return startTest(t, func(o *demoOptions) { byForge(o); o.dir = dir })
	}
	d := start()
	r := reviewed(t, d)
	if err := d.chain(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Problems) > 0 || r.Status == nil || r.Status.State != "mitigated" {
		t.Errorf("status %+v, problems: %s", r.Status, strings.Join(r.Problems, "\n"))
	}
	page := d.site.Confluence().Pages()[0]
	if body := page.Version().Body; !strings.Contains(body, `href="`+d.site.BaseURL()+"/browse/") || strings.Contains(body, "/ex/jira/") {
		t.Error("the panel links tickets where people do not find them")
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}

	d = start()
	settled(t, d)
	for n, want := range []int{2, 1} { // the first edit after a start also asks the site for its address
		before := d.site.State().APICalls
		page, _ = d.site.Confluence().Page(page.ID)
		edit(t, d, page, strings.Replace(page.Version().Body, "</h2>", " (draft)</h2>", 1))
		record(t, d, page.ID, func(rec trace.Record) bool {
			return rec.Page.Version == page.Version().Number+1 && rec.Page.Failed == ""
		})
		settled(t, d)
		if calls := d.site.State().APICalls - before; calls > want {
			t.Errorf("edit %d, without effect on threats, cost %d calls, want %d at most", n+1, calls, want)
		}
	}
	if in := d.installation(t); len(in.Secret.Reveal()) == 0 || in.Door != "forge" {
		t.Errorf("got installation %+v", in)
	}
}

func (d *demo) installation(t *testing.T) tenant.Installation {
	t.Helper()
	known, err := d.store.Get(t.Context(), d.tenant())
	if err != nil {
		t.Fatal(err)
	}
	return known.Installations[tenant.Confluence]
}

// TestForgeStaleToken installs with a token that is stale at once: work pauses, says why, fails nothing, and goes on after the
// next scheduled trigger.
func TestForgeStaleToken(t *testing.T) {
	d := startTest(t, func(o *demoOptions) { byForge(o); o.tokenSeconds = 5 })
	var jobs []work.Job
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if jobs, err = d.store.Peek(t.Context(), work.Filter{State: work.Waiting}); err != nil {
			t.Fatal(err)
		}
		if len(jobs) > 0 && jobs[0].Reason != "" {
			break
		}
	}
	if len(jobs) != 1 || jobs[0].Kind != work.Sweep || !strings.Contains(jobs[0].Reason, "is stale since ") {
		t.Fatalf("waiting: %+v, want the sweep with its reason", jobs)
	}
	if jobs[0].Attempt != 0 {
		t.Errorf("the pause counts as %d attempts", jobs[0].Attempt)
	}
	if calls := d.site.State().APICalls; calls != 0 {
		t.Errorf("%d calls were made with a stale token", calls)
	}
	// An edit meanwhile waits like the rest.
	page := d.site.Confluence().Pages()[0]
	edit(t, d, page, page.Version().Body+"<p>More.</p>")
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end) && len(jobs) < 2; time.Sleep(20 * time.Millisecond) {
		jobs, _ = d.store.Peek(t.Context(), work.Filter{State: work.Waiting})
	}

	if err := d.site.Forge().SetTokenLife(demoForgeApp, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := d.site.Forge().Schedule(demoForgeApp); err != nil {
		t.Fatal(err)
	}
	r := reviewed(t, d)
	if r.Pages != len(seed.Demo()) || r.Threats != 27 || r.Tickets != 27 || len(r.Problems) > 0 {
		t.Errorf("after the scheduled trigger: %+v", r)
	}
	if why := forge.Stale(d.installation(t), time.Now()); why != "" {
		t.Errorf("the token is still stale: %s", why)
	}
}

// TestForgeWakes has the token of a reviewed site go stale, and a ticket move: the move waits, and is shown after the next trigger.
func TestForgeWakes(t *testing.T) {
	d := startTest(t, byForge)
	reviewed(t, d)
	known, err := d.store.Get(t.Context(), d.tenant())
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range known.Installations {
		in.SecretUntil = time.Now().Add(-time.Hour)
		if _, err := d.store.Install(t.Context(), d.tenant(), in); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.site.Forge().SetTokenLife(demoForgeApp, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	moved, page, err := d.openThreat(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for steps < 10 { // of any workflow, at most
		steps++
		if err := d.step(moved.Ticket.Key); err != nil {
			t.Fatal(err)
		}
		if i, ok := d.site.Jira().Issue(moved.Ticket.Key); ok && i.Status.Category == string(threat.Done) {
			break
		}
	}
	var jobs []work.Job
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if jobs, err = d.store.Peek(t.Context(), work.Filter{Kind: work.SyncTicket, State: work.Waiting}); err != nil {
			t.Fatal(err)
		}
		if len(jobs) == steps && !slices.ContainsFunc(jobs, func(j work.Job) bool { return !strings.HasPrefix(j.Reason, "paused: ") }) {
			break
		}
	}
	if len(jobs) != steps || slices.ContainsFunc(jobs, func(j work.Job) bool { return !strings.Contains(j.Reason, "is stale since ") }) {
		t.Fatalf("waiting: %+v, want a job for each of the ticket's %d steps with the reason", jobs, steps)
	}

	if err := d.site.Forge().SetTokenLife(demoForgeApp, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := d.site.Forge().Schedule(demoForgeApp); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if p, ok := d.site.Confluence().Page(page); ok && shows(p, moved.ID, threat.Mitigated) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the panel never followed %s", moved.Ticket.Key)
		}
	}
}

// TestForgeFaults reviews the six pages while events come twice and the API behind the gateway fails.
func TestForgeFaults(t *testing.T) {
	d := startTest(t, func(o *demoOptions) {
		byForge(o)
		o.faults = chaos.Plan{Seed: 1, Rules: []chaos.Rule{
			{Kind: chaos.Duplicate},
			{Kind: chaos.DropAfter, Method: http.MethodPost, Path: "/rest/api/2/issue/bulk$", Times: 2},
			{Kind: chaos.ErrorBefore, Status: http.StatusBadGateway, Method: http.MethodGet, Probability: 0.1},
		}}
		plantedBefore(t, o.dir, time.Second)
	})
	if r := reviewed(t, d); len(r.Problems) > 0 || r.Duplicates > 0 || r.Threats != 27 || r.Tickets != 27 {
		t.Errorf("%+v", r)
	}
	for _, rule := range d.site.FaultPlan().Rules {
		if rule.Hits == 0 {
			t.Errorf("the fault %s never struck", rule.Kind)
		}
	}
}

// TestForgeUninstall removes the app: its token is forgotten, and nothing more is done.
func TestForgeUninstall(t *testing.T) {
	d := startTest(t, byForge)
	reviewed(t, d)
	if err := d.site.Forge().Uninstall(t.Context(), demoForgeApp); err != nil {
		t.Fatal(err)
	}
	in := d.installation(t)
	if in.Live() || !in.Secret.Empty() || !in.SecretUntil.IsZero() {
		t.Errorf("after the uninstall there is %+v", in)
	}
	if rec, err := d.store.Page(t.Context(), d.tenant(), d.site.Confluence().Pages()[0].ID); err != nil || len(rec.Threats) == 0 {
		t.Errorf("what was learned is gone: %v", err)
	}
}
