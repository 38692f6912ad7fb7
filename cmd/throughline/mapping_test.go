package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/confluence"
	sandboxjira "github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// readmeMapping writes the README's example into a file: what it says is what is tested.
func readmeMapping(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(contracttest.Root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the README has no example of a mapping")
	}
	file := filepath.Join(t.TempDir(), "mapping.yaml")
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// epic makes the issue that the README's example names as parent.
func epic(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	key, err := s.Jira().Create(site.Amir, map[string]any{
		"project": map[string]string{"key": "OPS"}, "issuetype": map[string]string{"name": "Epic"}, "summary": "Hardening",
		"customfield_10042": map[string]string{"value": "A"},
	})
	if err != nil || key != "OPS-1" {
		t.Fatalf("the epic is %s, %v", key, err)
	}
}

// TestMapping files a ticket into each of four projects by the README's mapping, and walks it through every status of the project's
// workflow. Its threat follows the status category alone, and knows when the work was done where nothing is ever resolved.
func TestMapping(t *testing.T) {
	t.Run("Cloud", func(t *testing.T) {
		t.Parallel()
		mapped(t, nil)
	})
	t.Run("Data Center", func(t *testing.T) {
		t.Parallel()
		mapped(t, byDataCenter)
	})
}

func mapped(t *testing.T, door func(*demoOptions)) {
	t.Helper()
	file := readmeMapping(t)
	d := startTest(t, func(o *demoOptions) {
		if door != nil {
			door(o)
		}
		o.config = func(c *app.Config) { c.Mapping = file }
	})
	reviewed(t, d)
	epic(t, d.site)
	tests := []struct {
		label, project string
		want           func(v sandboxjira.View) []string // what is odd about the ticket as filed
		walk           []string                          // transitions by name
		states         []threat.State
	}{
		{
			"design", "SEC", func(v sandboxjira.View) []string { return unlike(v, "Task", "High", "", 30) },
			[]string{"Start progress", "Send to review", "Approve", "Reopen"},
			[]threat.State{threat.InProgress, threat.InProgress, threat.Mitigated, threat.Open},
		},
		{
			"munich", "DEU", func(v sandboxjira.View) []string { return unlike(v, "Story", "High", "Anmeldung", 30) },
			[]string{"Arbeit beginnen", "Arbeit anhalten", "Arbeit beginnen", "Zur Prüfung", "Nachbessern", "Zur Prüfung", "Abnehmen", "Wieder öffnen"},
			[]threat.State{threat.InProgress, threat.Open, threat.InProgress, threat.InProgress, threat.InProgress, threat.InProgress, threat.Mitigated, threat.Open},
		},
		{
			"ops", "OPS", func(v sandboxjira.View) []string {
				odd := unlike(v, "Task", "Highest", "", 14)
				further, parent := [][2]string{{"Risk class", "B"}, {"Environments", "Production, Staging"}, {"Effort", "2"}}, "OPS-1"
				if d.site.DataCenter() { // where a field names the epic
					further, parent = append(further, [2]string{"Epic Link", "OPS-1"}), ""
				}
				if diff := cmp.Diff(further, v.Custom); diff != "" || v.Parent != parent {
					odd = append(odd, "parent "+v.Parent+", further fields: "+diff)
				}
				return odd
			},
			[]string{"Triage", "Ready", "Selected", "Reopened", "Analysis", "Building", "Blocked", "Review", "Rollout", "Resolved", "Deployed", "Closed", "Archived", "Cancelled", "Blocked", "Backlog"},
			[]threat.State{
				threat.Open, threat.Open, threat.Open, threat.Open, threat.InProgress, threat.InProgress, threat.InProgress, threat.InProgress, threat.InProgress,
				threat.Mitigated, threat.Mitigated, threat.Mitigated, threat.Mitigated, threat.Mitigated, threat.InProgress, threat.Open,
			},
		},
		{
			"web", "TEAM", func(v sandboxjira.View) []string { return unlike(v, "Task", "", "", 30) },
			[]string{"In Progress", "Done", "To Do", "Done"},
			[]threat.State{threat.InProgress, threat.Mitigated, threat.Open, threat.Mitigated},
		},
	}
	for _, tt := range tests {
		t.Run(tt.project, func(t *testing.T) {
			page := mappedPage(t, d, tt.project, tt.label)
			rec := record(t, d, page, func(r trace.Record) bool {
				return len(r.Threats) == 1 && r.Threats[0].Ticket != nil && r.Threats[0].Ticket.Linked
			})
			key := rec.Threats[0].Ticket.Key
			v, _ := d.site.Jira().Issue(key)
			if odd := tt.want(v); v.Project.Key != tt.project || len(odd) > 0 || len(v.Links) != 1 || len(v.Properties) != 1 {
				t.Fatalf("%s: %s\n%+v", key, strings.Join(odd, "\n"), v)
			}
			for i, name := range tt.walk {
				take(t, d, key, name)
				v, _ = d.site.Jira().Issue(key)
				rec = record(t, d, page, func(r trace.Record) bool { return r.Threats[0].Ticket.Status == v.Status.Name })
				if got := rec.Threats[0]; got.State != tt.states[i] {
					t.Errorf("after %s it is %s, want %s", name, got.State, tt.states[i])
				}
				if tt.states[i] == threat.Mitigated && !(i > 0 && tt.states[i-1] == threat.Mitigated) {
					at := v.History[0].At.Truncate(time.Millisecond)
					if m := rec.Threats[0].Moved; m.Occurred.Before(at) || m.Occurred.After(m.Recorded) {
						t.Errorf("it was done at %s, and is known as done at %s", at, m.Occurred)
					}
					if v.Project.TeamManaged && v.Resolution != "" {
						t.Errorf("a team-managed project resolved %s as %q", key, v.Resolution)
					}
				}
			}
		})
	}
	if jobs, err := d.store.Peek(t.Context(), work.Filter{State: work.Held}); len(jobs) > 0 || err != nil {
		t.Errorf("held: %+v, %v", jobs, err)
	}
}

// unlike says in what a filed ticket differs from its rule. Due is in days.
func unlike(v sandboxjira.View, kind, priority, component string, due int) []string {
	day := v.Created.AddDate(0, 0, due).Format(time.DateOnly)
	if got, want := [...]string{v.Type.Name, v.Priority, strings.Join(v.Components, ","), v.DueDate}, [...]string{kind, priority, component, day}; got != want {
		return []string{cmp.Diff(want, got)}
	}
	return nil
}

// mappedPage makes a design page that states one threat, and returns its id.
func mappedPage(t *testing.T, d *demo, title, label string) string {
	t.Helper()
	body := `<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Severity</th><th>Mitigation</th></tr>` +
		`<tr><td>An attacker replays a captured ` + title + ` request</td><td>High</td><td>Bind each request to its session</td></tr></tbody></table>`
	p, err := d.site.Confluence().Create(site.Amir, confluence.Draft{
		SpaceID: pageOf(t, d, "Checkout").SpaceID, Title: title, Body: body, OwnerID: site.Dana, Labels: []string{"threat-model", label},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// take makes a step of an issue's workflow, by its name.
func take(t *testing.T, d *demo, key, name string) {
	t.Helper()
	for _, s := range d.site.Jira().Transitions(key) {
		if s.Name == name {
			if err := d.site.Jira().Transition(site.Kenji, key, s.ID, ""); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("%s has no step %q", key, name)
}

// TestDoctorMapping breaks the README's mapping in one place after the other: exactly that is named, and the line.
func TestDoctorMapping(t *testing.T) {
	t.Run("Cloud", func(t *testing.T) { doctorOfMapping(t, false) })
	t.Run("Data Center", func(t *testing.T) { doctorOfMapping(t, true) })
}

func doctorOfMapping(t *testing.T, dataCenter bool) {
	t.Helper()
	local, err := sandbox.New(sandbox.Options{DataCenter: dataCenter, Pages: seed.Demo()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	epic(t, local)
	task, err := local.Jira().Create(site.Amir, map[string]any{
		"project": map[string]string{"key": "OPS"}, "issuetype": map[string]string{"name": "Task"}, "summary": "A task", "customfield_10042": map[string]string{"value": "A"},
	})
	if err != nil {
		t.Fatal(err)
	}
	dana := local.Credentials()[0]
	env := map[string]string{"THROUGHLINE_SITE_URL": local.BaseURL(), "THROUGHLINE_SITE_EMAIL": dana.Email, "THROUGHLINE_SITE_TOKEN": dana.Token}
	if dataCenter {
		env = map[string]string{
			"THROUGHLINE_CONFLUENCE_URL": local.ConfluenceURL(), "THROUGHLINE_JIRA_URL": local.JiraURL(), "THROUGHLINE_SITE_PAT": dana.WikiPAT, "THROUGHLINE_JIRA_PAT": dana.JiraPAT,
		}
	}
	env["THROUGHLINE_DEV"], env["THROUGHLINE_PROJECT"] = "1", "SEC"
	for name, value := range env {
		t.Setenv(name, value)
	}
	example, err := os.ReadFile(readmeMapping(t))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		old, new string // of the mapping's text
		code     int
		want     []string // what is said of what fails, in order
		cloud    bool     // only Cloud tells
	}{
		{name: "as the README has it"},
		{name: "a key that nothing reads", old: "project: OPS", new: "projekt: OPS", code: 2, want: []string{`nothing reads the key "projekt"`}},
		{name: "a project that is not there", old: "project: OPS", new: "project: NOPE", code: 1, want: []string{"permissions in NOPE"}},
		{name: "a type that is not there", old: "type: Story", new: "type: Incident", code: 1, want: []string{"(Munich): issue type Incident"}},
		{name: "a component that is not there", old: "component: Anmeldung", new: "component: Login", code: 1, want: []string{"(Munich): component Login"}},
		{name: "a priority that is not there", old: "high: Highest", new: "high: P1", code: 1, want: []string{"(Operations): priorities"}},
		{name: "a project without priorities", old: "priority: none", new: "due: {low: 365}", code: 1, want: []string{"(Web): priorities"}},
		{name: "a parent that is not there", old: "parent: OPS-1", new: "parent: OPS-99", code: 1, want: []string{"(Operations): parent OPS-99"}},
		{name: "a parent that cannot be one", old: "parent: OPS-1", new: "parent: " + task, code: 1, want: []string{"(Operations): parent " + task}, cloud: true},
		{name: "somebody who is to review", old: "Effort: 2", new: "Reviewer: " + local.Account(site.Kenji)},
		{name: "a field that is not there", old: "Effort: 2", new: "Points: 2", code: 1, want: []string{"(Operations): field Points"}},
		{name: "a text for a number", old: "Effort: 2", new: "Effort: much", code: 1, want: []string{"(Operations): field Effort"}},
		{name: "an option that is not there", old: "[Production, Staging]", new: "[Production, Moon]", code: 1, want: []string{"(Operations): field Environments"}},
		{name: "a required field without value", old: "Risk class: B", new: "Reference: x", code: 1, want: []string{"(Operations): required fields"}},
	}
	for _, tt := range tests {
		if tt.cloud && dataCenter {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			text := string(example)
			if tt.old != "" && strings.Count(text, tt.old) != 1 {
				t.Fatalf("the README's example has no single %q", tt.old)
			}
			file := filepath.Join(t.TempDir(), "mapping.yaml")
			if err := os.WriteFile(file, []byte(strings.Replace(text, tt.old, tt.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("THROUGHLINE_MAPPING", file)
			before := local.State().Issues
			var out bytes.Buffer
			code := run(t.Context(), []string{"doctor"}, &out, &out)
			if code != tt.code || local.State().Issues != before {
				t.Fatalf("exit %d, want %d:\n%s", code, tt.code, out.String())
			}
			var wrong []string
			for line := range strings.Lines(out.String()) {
				if code == 2 || strings.Contains(line, "WRONG") {
					wrong = append(wrong, strings.TrimSpace(line))
				}
			}
			if len(wrong) != len(tt.want) {
				t.Fatalf("%d checks fail, want %d:\n%s", len(wrong), len(tt.want), out.String())
			}
			for i, want := range tt.want {
				if !strings.Contains(wrong[i], want) {
					t.Errorf("%q does not say %q", wrong[i], want)
				}
			}
		})
	}
}
