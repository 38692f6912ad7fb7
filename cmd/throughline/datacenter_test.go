package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
)

const jiraLink = "0f0e1d2c-3b4a-5968-7786-95a4b3c2d1e0"

func byDataCenter(o *demoOptions) { o.door = dataCenterDoor }

// byUsername writes what is known of a Cloud site as a Data Center site of the same people would have it.
func byUsername(known map[string][]string) map[string][]string {
	var pairs []string
	for _, u := range site.People() {
		pairs = append(pairs, u.AccountID, u.Username())
	}
	names := strings.NewReplacer(pairs...)
	out := map[string][]string{}
	for title, lines := range known {
		out[title] = []string{}
		for _, line := range lines {
			out[title] = append(out[title], names.Replace(line))
		}
		slices.Sort(out[title])
	}
	return out
}

// TestDataCenterEqualsConnect has the same happen to a Cloud site that the app is installed in, to a Data Center site with webhooks, and
// to one all of whose webhooks are lost: after the first review and after a day's changes the same is known of all three.
func TestDataCenterEqualsConnect(t *testing.T) {
	const interval = 2 * time.Second
	told := startTest(t, nil)
	reviewed(t, told)
	first := byUsername(known(t, told))
	change(t, told)
	settled(t, told)
	after := byUsername(known(t, told))
	tests := []struct {
		name   string
		faults []chaos.Rule
		poll   time.Duration
	}{
		{"webhooks", nil, time.Hour},
		{"all webhooks lost", []chaos.Rule{{Kind: chaos.Lose}}, interval},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := startTest(t, func(o *demoOptions) {
				byDataCenter(o)
				o.faults.Rules = tt.faults
				o.config = func(c *app.Config) { c.Poll = tt.poll }
			})
			r := reviewed(t, d)
			full, err := d.report(t.Context(), true) // held against what a reader finds
			if problems := slices.Concat(r.Problems, full.Problems); err != nil || len(problems) > 0 {
				t.Errorf("%v, problems: %s", err, strings.Join(problems, "\n"))
			}
			if r.Threats != 27 || r.Tickets != 27 || r.Owners != 27 || r.Panels != 6 || r.Duplicates != 0 {
				t.Errorf("got %+v", r)
			}
			if diff := cmp.Diff(first, known(t, d)); diff != "" {
				t.Errorf("the first reviews differ (-Connect +Data Center):\n%s", diff)
			}
			change(t, d)
			var diff string
			for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				if diff = cmp.Diff(after, known(t, d)); diff == "" {
					break
				}
			}
			if diff != "" {
				t.Errorf("never came to the same (-Connect +Data Center):\n%s", diff)
			}
			tally := d.site.Host().Tally()
			if lost := len(tt.faults) > 0; lost != (tally.Accepted == 0) || lost != (tally.Lost > 0) {
				t.Errorf("webhooks: %+v", tally)
			}
			for endpoint := range d.site.State().Calls.Endpoints {
				if strings.Contains(endpoint, "/v2/") || strings.Contains(endpoint, "/api/3/") || strings.Contains(endpoint, "jql") || strings.Contains(endpoint, "/wiki") {
					t.Errorf("called %s, which is Cloud's", endpoint)
				}
			}
			if n := d.site.State().Calls.Statuses; n[400]+n[401]+n[403] > 0 {
				t.Errorf("calls were refused: %v", n)
			}
		})
	}
}

// TestDataCenterPanel looks at what is written into pages: tickets as the link says, owners by user key, and nothing else changed.
func TestDataCenterPanel(t *testing.T) {
	tests := []struct {
		name, link string
		ticket     func(*demo) string
	}{
		{"no application link", "", func(d *demo) string { return `<a href="` + d.site.JiraURL() + `/browse/SEC-` }},
		{"an application link", jiraLink, func(*demo) string {
			return `<ac:parameter ac:name="serverId">` + jiraLink + `</ac:parameter><ac:parameter ac:name="key">SEC-`
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := startTest(t, func(o *demoOptions) {
				byDataCenter(o)
				o.config = func(c *app.Config) { c.JiraLink = tt.link }
			})
			r := reviewed(t, d)
			if err := d.chain(t.Context(), &r); err != nil || len(r.Problems) > 0 || r.Status.State != "mitigated" {
				t.Errorf("%v, %+v", err, r)
			}
			for i, p := range d.site.Confluence().Pages() {
				body := p.Version().Body
				span, found, err := storage.FindRegion([]byte(body))
				if err != nil || !found {
					t.Fatalf("%q has no panel: %v", p.Title, err)
				}
				shown := body[span.Start:span.End]
				if strings.Contains(body, "ri:account-id") {
					t.Errorf("%q names people by account id", p.Title)
				}
				if strings.Contains(shown, "SEC-") && (!strings.Contains(shown, tt.ticket(d)) || !strings.Contains(shown, `<ri:user ri:userkey="8a808192`)) {
					t.Errorf("the panel of %q is\n%s", p.Title, shown)
				}
				if was := d.site.Body(seed.Demo()[i].Body); storage.HashOutside([]byte(was)) != storage.HashOutside([]byte(body)) || strings.ReplaceAll(body, shown, "") != was {
					t.Errorf("%q was changed outside of its panel", p.Title)
				}
			}
			for _, i := range d.site.Jira().Issues() {
				for _, l := range i.Links {
					if !strings.HasPrefix(l.URL, d.site.ConfluenceURL()+"/pages/viewpage.action?pageId=") {
						t.Errorf("%s links back to %s", i.Key, l.URL)
					}
				}
			}
			if mails := d.site.Confluence().Mails(); len(mails) > 0 {
				t.Errorf("watchers were mailed: %v", mails)
			}
		})
	}
}

// TestDataCenterFaults files and reviews while calls fail and outcomes are lost.
func TestDataCenterFaults(t *testing.T) {
	d := startTest(t, func(o *demoOptions) {
		byDataCenter(o)
		o.faults = chaos.Plan{Seed: 1, Rules: []chaos.Rule{
			{Kind: chaos.Duplicate},
			{Kind: chaos.DropAfter, Method: "POST", Path: "/rest/api/2/issue/bulk$", Times: 2},
			{Kind: chaos.ErrorBefore, Status: 502, Method: "GET", Probability: 0.1},
		}}
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

// TestDataCenterDoctor takes away one thing after the other: exactly that is named, with what to change.
func TestDataCenterDoctor(t *testing.T) {
	local, err := sandbox.New(sandbox.Options{DataCenter: true, Pages: seed.Demo(), Issues: seed.Issues()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	cloud, err := sandbox.New(sandbox.Options{Pages: seed.Demo(), Issues: seed.Issues()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cloud.Close() })
	dana, grace := local.Credentials()[0], sandbox.Credential{}
	for _, c := range local.Credentials() {
		if c.Username == "grace" {
			grace = c
		}
	}
	t.Setenv("THROUGHLINE_DEV", "1")
	tests := []struct {
		name   string
		env    map[string]string
		denied string // a permission
		want   []string
		mend   string // part of what is to be changed
	}{
		{name: "all is well"},
		{name: "a default owner by username", env: map[string]string{"THROUGHLINE_DEFAULT_OWNER": "kenji"}},
		{name: "a default owner by account id", env: map[string]string{"THROUGHLINE_DEFAULT_OWNER": site.Kenji}, want: []string{"Jira: default owner"}, mend: "username"},
		{name: "a default owner who left", env: map[string]string{"THROUGHLINE_DEFAULT_OWNER": "tom"}, want: []string{"Jira: default owner"}},
		{name: "may not browse", denied: "BROWSE_PROJECTS", want: []string{"Jira: permission BROWSE_PROJECTS"}},
		{name: "may not create", denied: "CREATE_ISSUES", want: []string{"Jira: permission CREATE_ISSUES"}},
		{name: "may not edit issues", denied: "EDIT_ISSUES", want: []string{"Jira: permission EDIT_ISSUES"}},
		{name: "may not assign", denied: "ASSIGN_ISSUES", want: []string{"Jira: permission ASSIGN_ISSUES"}},
		{name: "may not set due dates", denied: "SCHEDULE_ISSUES", want: []string{"Jira: permission SCHEDULE_ISSUES"}},
		{name: "may not link", denied: "LINK_ISSUES", want: []string{"Jira: permission LINK_ISSUES"}},
		{name: "may not comment", denied: "ADD_COMMENTS", want: []string{"Jira: permission ADD_COMMENTS"}},
		{
			name: "an account that only reads", env: map[string]string{"THROUGHLINE_SITE_PAT": grace.WikiPAT, "THROUGHLINE_JIRA_PAT": grace.JiraPAT},
			want: []string{
				"Confluence: edit a page", "Jira: permission CREATE_ISSUES", "Jira: permission EDIT_ISSUES", "Jira: permission ASSIGN_ISSUES",
				"Jira: permission SCHEDULE_ISSUES", "Jira: permission LINK_ISSUES",
			},
		},
		{name: "one token for both", env: map[string]string{"THROUGHLINE_JIRA_PAT": ""}, want: []string{"Jira: reachable, account known"}, mend: "THROUGHLINE_JIRA_PAT is Jira's"},
		{name: "Confluence below a path that is none", env: map[string]string{"THROUGHLINE_CONFLUENCE_URL": local.ConfluenceURL() + "/wiki"}, want: []string{"Confluence: reachable, account known"}, mend: "context path"},
		{name: "nobody listens", env: map[string]string{"THROUGHLINE_JIRA_URL": "http://127.0.0.1:1"}, want: []string{"Jira: reachable, account known"}},
		{
			name: "Cloud with a token of Data Center", env: map[string]string{"THROUGHLINE_JIRA_URL": cloud.BaseURL(), "THROUGHLINE_CONFLUENCE_URL": cloud.BaseURL() + "/wiki"},
			want: []string{"Confluence: reachable, account known", "Jira: reachable, account known"},
		},
		{name: "a project that is not there", env: map[string]string{"THROUGHLINE_PROJECT": "NOPE"}, want: []string{"Jira: permissions in NOPE"}},
		{name: "an issue type that is not there", env: map[string]string{"THROUGHLINE_ISSUE_TYPE": "Incident"}, want: []string{"Jira: issue type Incident"}},
		{name: "fields that are required", env: map[string]string{"THROUGHLINE_PROJECT": "AUD"}, want: []string{"Jira: required fields"}},
		{name: "labels that nothing carries", env: map[string]string{"THROUGHLINE_LABELS": "nothing"}, want: []string{"Confluence: design pages"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range map[string]string{
				"THROUGHLINE_CONFLUENCE_URL": local.ConfluenceURL(), "THROUGHLINE_JIRA_URL": local.JiraURL(),
				"THROUGHLINE_SITE_PAT": dana.WikiPAT, "THROUGHLINE_JIRA_PAT": dana.JiraPAT, "THROUGHLINE_PROJECT": "SEC",
			} {
				t.Setenv(name, value)
			}
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			local.Jira().Deny(site.Dana, tt.denied)
			before := local.State()
			var out, complaints bytes.Buffer
			code := run(t.Context(), []string{"doctor", "--json"}, &out, &complaints)
			if want := min(len(tt.want), 1); code != want {
				t.Fatalf("exit %d, want %d: %s%s", code, want, out.String(), complaints.String())
			}
			for _, secret := range []string{dana.WikiPAT, dana.JiraPAT} {
				if strings.Contains(out.String()+complaints.String(), secret) {
					t.Error("it shows a token")
				}
			}
			if after := local.State(); after.Issues != before.Issues || after.Confluence.Versions != before.Confluence.Versions {
				t.Error("it wrote to the site")
			}
			var told struct{ Sites []app.Diagnosis }
			if err := json.Unmarshal(out.Bytes(), &told); err != nil {
				t.Fatal(err)
			}
			var wrong []string
			mends := ""
			for _, c := range told.Sites[0].Checks {
				if !c.OK {
					wrong = append(wrong, c.Name)
					mends += c.Mend
				}
			}
			if diff := cmp.Diff(tt.want, wrong); diff != "" || !strings.Contains(mends, tt.mend) {
				t.Errorf("wrong are (-want +got):\n%s\nmend: %s", diff, mends)
			}
		})
	}
}

// TestDataCenterWithoutPeople has a Confluence that lets the account look nobody up: pages get their panels all the same, with names.
func TestDataCenterWithoutPeople(t *testing.T) {
	d := startTest(t, func(o *demoOptions) {
		byDataCenter(o)
		o.faults.Rules = []chaos.Rule{{Kind: chaos.ErrorBefore, Status: 403, Method: "GET", Path: "/rest/api/user$"}}
	})
	if r := reviewed(t, d); r.Panels != 6 || r.Tickets != 27 || len(r.Problems) > 0 {
		t.Errorf("got %+v", r)
	}
	named := 0
	for _, p := range d.site.Confluence().Pages() {
		body := p.Version().Body
		span, _, err := storage.FindRegion([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(body[span.Start:span.End], "ri:userkey") {
			t.Errorf("the panel of %q mentions people", p.Title)
		}
		named += strings.Count(body[span.Start:span.End], "<td>Kenji Mori</td>")
	}
	if hits := d.site.FaultPlan().Rules[0].Hits; hits == 0 || named == 0 {
		t.Errorf("people were looked up %d times, and Kenji is named %d times", hits, named)
	}
}
