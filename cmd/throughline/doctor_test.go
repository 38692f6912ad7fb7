package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
)

// TestDoctor takes away one thing after the other that a service account needs: exactly that is named, with what to change.
func TestDoctor(t *testing.T) {
	local, err := sandbox.New(sandbox.Options{Pages: seed.Demo(), Issues: seed.Issues()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	dana := local.Credentials()[0]
	t.Setenv("THROUGHLINE_DEV", "1")
	t.Setenv("THROUGHLINE_SITE_URL", local.BaseURL())
	tests := []struct {
		name   string
		env    map[string]string
		denied string   // a permission
		off    []string // fields that are taken off the project's screens
		code   int
		want   []string // the checks that fail
	}{
		{name: "all is well"},
		{name: "a default owner who can be assigned", env: map[string]string{"THROUGHLINE_DEFAULT_OWNER": site.Kenji}},
		{name: "may not browse", denied: "BROWSE_PROJECTS", code: 1, want: []string{"Jira: permission BROWSE_PROJECTS"}},
		{name: "may not create", denied: "CREATE_ISSUES", code: 1, want: []string{"Jira: permission CREATE_ISSUES"}},
		{name: "may not edit issues", denied: "EDIT_ISSUES", code: 1, want: []string{"Jira: permission EDIT_ISSUES"}},
		{name: "may not assign", denied: "ASSIGN_ISSUES", code: 1, want: []string{"Jira: permission ASSIGN_ISSUES"}},
		{name: "may not set due dates", denied: "SCHEDULE_ISSUES", code: 1, want: []string{"Jira: permission SCHEDULE_ISSUES"}},
		{name: "may not link", denied: "LINK_ISSUES", code: 1, want: []string{"Jira: permission LINK_ISSUES"}},
		{name: "may not comment", denied: "ADD_COMMENTS", code: 1, want: []string{"Jira: permission ADD_COMMENTS"}},
		{
			name: "an account that only reads", code: 1,
			env: map[string]string{"THROUGHLINE_SITE_EMAIL": "grace@example.com", "THROUGHLINE_SITE_TOKEN": tokenOf(local, "grace@example.com")},
			want: []string{
				"Confluence: edit a page", "Jira: permission CREATE_ISSUES", "Jira: permission EDIT_ISSUES", "Jira: permission ASSIGN_ISSUES",
				"Jira: permission SCHEDULE_ISSUES", "Jira: permission LINK_ISSUES",
			},
		},
		{name: "a wrong token", env: map[string]string{"THROUGHLINE_SITE_TOKEN": "wrong"}, code: 1, want: []string{"Confluence: reachable, account known", "Jira: reachable, account known"}},
		{name: "nobody listens", env: map[string]string{"THROUGHLINE_SITE_URL": "http://127.0.0.1:1"}, code: 1, want: []string{"Confluence: reachable, account known", "Jira: reachable, account known"}},
		{name: "another Confluence's address", env: map[string]string{"THROUGHLINE_CONFLUENCE_URL": local.BaseURL() + "/confluence"}, code: 1, want: []string{"Confluence: reachable, account known"}},
		{name: "a project that is not there", env: map[string]string{"THROUGHLINE_PROJECT": "NOPE"}, code: 1, want: []string{"Jira: permissions in NOPE"}},
		{name: "an issue type that is not there", env: map[string]string{"THROUGHLINE_ISSUE_TYPE": "Incident"}, code: 1, want: []string{"Jira: issue type Incident"}},
		{name: "fields that are required", env: map[string]string{"THROUGHLINE_PROJECT": "AUD"}, code: 1, want: []string{"Jira: required fields"}},
		{name: "a component that is not there", env: map[string]string{"THROUGHLINE_COMPONENT": "Nowhere"}, code: 1, want: []string{"Jira: component Nowhere"}},
		{name: "a screen without due date", off: []string{"duedate"}, code: 1, want: []string{"Jira: due dates"}},
		{name: "a screen without priority", off: []string{"priority"}, code: 1, want: []string{"Jira: priorities"}},
		{name: "a screen without assignee", off: []string{"assignee"}, code: 1, want: []string{"Jira: assignee"}},
		{name: "a screen without components, of which the project has some", off: []string{"components"}, code: 1, want: []string{"Jira: component"}},
		{name: "a project without priorities", env: map[string]string{"THROUGHLINE_PROJECT": "TEAM"}, code: 1, want: []string{"Jira: priorities"}},
		{name: "a default owner who left", env: map[string]string{"THROUGHLINE_DEFAULT_OWNER": site.Tom}, code: 1, want: []string{"Jira: default owner"}},
		{name: "labels that nothing carries", env: map[string]string{"THROUGHLINE_LABELS": "nothing"}, code: 1, want: []string{"Confluence: design pages"}},
		{name: "no site", env: map[string]string{"THROUGHLINE_SITE_URL": "", "THROUGHLINE_SITE_EMAIL": "", "THROUGHLINE_SITE_TOKEN": ""}, code: 2},
		{name: "half a credential", env: map[string]string{"THROUGHLINE_SITE_EMAIL": ""}, code: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("THROUGHLINE_SITE_EMAIL", dana.Email)
			t.Setenv("THROUGHLINE_SITE_TOKEN", dana.Token)
			t.Setenv("THROUGHLINE_PROJECT", "SEC")
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			local.Jira().Deny(site.Dana, tt.denied)
			local.Jira().TakeOff("SEC", tt.off...)
			before := local.State()
			var out, complaints bytes.Buffer
			code := run(t.Context(), []string{"doctor", "--json"}, &out, &complaints)
			if code != tt.code {
				t.Fatalf("exit %d, want %d: %s%s", code, tt.code, out.String(), complaints.String())
			}
			if strings.Contains(out.String()+complaints.String(), dana.Token) {
				t.Error("it shows the token")
			}
			if after := local.State(); after.Issues != before.Issues || after.Confluence.Versions != before.Confluence.Versions {
				t.Error("it wrote to the site")
			}
			if code == 2 {
				return
			}
			var told struct {
				OK    bool
				Sites []app.Diagnosis
			}
			if err := json.Unmarshal(out.Bytes(), &told); err != nil {
				t.Fatal(err)
			}
			var wrong []string
			for _, c := range told.Sites[0].Checks {
				if !c.OK {
					wrong = append(wrong, c.Name)
				}
				if c.OK != (c.Mend == "") || c.Says == "" {
					t.Errorf("%+v: a failed check, and no other, says what to change", c)
				}
			}
			if strings.Join(wrong, "|") != strings.Join(tt.want, "|") {
				t.Errorf("wrong are %q, want %q\n%s", wrong, tt.want, out.String())
			}
		})
	}
}

func tokenOf(s *sandbox.Sandbox, email string) string {
	for _, c := range s.Credentials() {
		if c.Email == email {
			return c.Token
		}
	}
	return ""
}

// TestDoctorInstalled checks a site that is installed through Connect, from its store.
func TestDoctorInstalled(t *testing.T) {
	d := startTest(t, nil)
	reviewed(t, d)
	d.end()
	d.ended <- <-d.ended // the server lets the store go
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("THROUGHLINE_DEV", "1")
	t.Setenv("THROUGHLINE_PROJECT", "SEC")
	var out bytes.Buffer
	if code := run(t.Context(), []string{"doctor", "--data", d.dir}, &out, &out); code != 0 || strings.Count(out.String(), "  ok ") < 10 {
		t.Errorf("exit %d:\n%s", code, out.String())
	}
}
