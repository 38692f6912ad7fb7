package jira_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/sandbox/site/sitetest"
)

var team = map[string]any{"security": map[string]string{"name": "Security team"}}

// TestRestricted: who is not of an issue's level is answered as if there were no such issue, whichever call is made, and is told of nothing.
func TestRestricted(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		shown                    string // what the answer has for who sees it, and not for who does not
		status                   int    // for who does not
	}{
		{"read", "GET", "/issue/SEC-1", "", `"key":"SEC-1"`, 404},
		{"by id", "GET", "/issue/10000", "", `"key":"SEC-1"`, 404},
		{"its comments", "GET", "/issue/SEC-1/comment", "", `"comments"`, 404},
		{"its links", "GET", "/issue/SEC-1/remotelink", "", "", 404},
		{"many", "POST", "/issue/bulkfetch", `{"issueIdsOrKeys":["SEC-1","SEC-2"]}`, `"key":"SEC-1"`, 200},
		{"search", "POST", "/search/jql", `{"jql":"project = SEC","fields":["key"]}`, `"key":"SEC-1"`, 200},
		{"search past the index", "POST", "/search/jql", `{"jql":"project = SEC","fields":["key"],"reconcileIssues":[10000]}`, `"key":"SEC-1"`, 200},
		{"count", "POST", "/search/approximate-count", `{"jql":"project = SEC"}`, `"count":2`, 200},
		{"edit", "PUT", "/issue/SEC-1", `{"fields":{"summary":"x"}}`, "", 404},
		{"comment", "POST", "/issue/SEC-1/comment", `{"body":"x"}`, `"body":"x"`, 404},
		{"assign", "PUT", "/issue/SEC-1/assignee", `{"accountId":null}`, "", 404},
		{"move on", "POST", "/issue/SEC-1/transitions", `{"transition":{"id":"11"}}`, "", 404},
		{"link", "POST", "/issue/SEC-1/remotelink", `{"object":{"url":"http://127.0.0.1/x","title":"x"}}`, `"id"`, 404},
		{"set a property", "PUT", "/issue/SEC-1/properties/x", `1`, "", 404},
		{"its levels", "GET", "/project/SEC/securitylevel", "", `"Security team"`, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j, s := open(t)
			key := create(t, j, nil)
			create(t, j, nil)
			if err := j.Edit(site.Sofia, key, team); err != nil {
				t.Fatal(err)
			}
			s.Call(site.Dana)
			ask := func() (int, string) {
				status, answer := raw(t, j, tt.method, "/rest/api/2"+tt.path, tt.body)
				return status, answer
			}
			if status, text := ask(); status != tt.status || tt.shown != "" && strings.Contains(text, tt.shown) ||
				status == 404 && !strings.Contains(text, "Issue does not exist or you do not have permission to see it.") {
				t.Errorf("who does not see it: %d %s", status, text)
			}
			s.Call(site.Kenji)
			if status, text := ask(); status >= 300 || !strings.Contains(text, tt.shown) {
				t.Errorf("who sees it: %d %s", status, text)
			}
		})
	}
}

// TestDataCenterTellsThatItHides: there an issue that one does not see is not one that is not there.
func TestDataCenterTellsThatItHides(t *testing.T) {
	s := sitetest.New()
	j, err := jira.NewDataCenter(s, jira.Demo())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Edit(site.Sofia, create(t, j, nil), team); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"SEC-1": "403 You do not have the permission to see the specified issue.", "SEC-9": "404 Issue Does Not Exist"} {
		status, out := call(t, j, "GET", "/rest/api/2/issue/"+key, "")
		if got := fmt.Sprint(status, " ", out["errorMessages"].([]any)[0]); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	for query, want := range map[string]int{`"jql":"id in (10000)"`: 400, `"jql":"id in (10000)","validateQuery":false`: 200} {
		if status, out := call(t, j, "POST", "/rest/api/2/search", "{"+query+"}"); status != want || status == 200 && out["total"] != 0.0 {
			t.Errorf("%s: %d %v", query, status, out)
		}
	}
}

// TestLevelIsGiven: it is given and taken off by its members, stands in the history, and its events are for those who see it.
func TestLevelIsGiven(t *testing.T) {
	j, s := open(t)
	key := create(t, j, nil)
	for name, account := range map[string]string{"no member": site.Dana, "a reader": site.Grace} {
		if err := j.Edit(account, key, team); err == nil {
			t.Errorf("%s hid an issue", name)
		}
	}
	if err := j.Edit(site.Sofia, key, map[string]any{"security": map[string]string{"id": "1"}}); err == nil {
		t.Error("a level that there is not was given")
	}
	for _, to := range []map[string]any{team, {"security": nil}} {
		if err := j.Edit(site.Sofia, key, to); err != nil {
			t.Fatal(err)
		}
	}
	v, _ := j.Issue(key)
	if h := v.History; len(h) != 2 || h[1].Items[0] != (jira.ItemView{Field: "security", To: "Security team"}) || h[0].Items[0] != (jira.ItemView{Field: "security", From: "Security team"}) {
		t.Errorf("its history is %+v", h)
	}
	events := s.Events()
	var told []bool
	for _, e := range events[len(events)-2:] {
		told = append(told, e.Sees(site.Dana), e.Sees(site.Kenji))
	}
	if !slices.Equal(told, []bool{false, true, true, true}) {
		t.Errorf("it is told to %v", told)
	}
}

// TestMove: a moved issue has a key of its new project, and what fits there; it is found by its former key, also after a restart.
func TestMove(t *testing.T) {
	j, s := open(t)
	key := create(t, j, map[string]any{"components": []map[string]string{{"name": "Identity"}}, "assignee": map[string]string{"accountId": site.Lucia}})
	if err := j.Transition(site.Kenji, key, "11", ""); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"nowhere": "NOPE", "where it is": "SEC", "a project that needs more": "OPS"} {
		if err := j.Move(site.Dana, key, to); err == nil {
			t.Errorf("moved to %s", name)
		}
	}
	if err := j.Move(site.Grace, key, "DEU"); err == nil {
		t.Error("moved by a reader")
	}
	before, _ := j.Issue(key)
	if err := j.Move(site.Dana, key, "TEAM"); err != nil {
		t.Fatal(err)
	}
	events := s.Events()
	var told struct {
		Kind      string `json:"issue_event_type_name"`
		Issue     struct{ ID, Key string }
		Changelog struct {
			Items []struct{ Field, FromString, ToString string }
		}
	}
	if err := json.Unmarshal(events[len(events)-1].Body, &told); err != nil {
		t.Fatal(err)
	}
	var items []string
	for _, i := range told.Changelog.Items {
		items = append(items, i.Field+": "+i.FromString+" → "+i.ToString)
	}
	want := []string{"project: Security → Web team", "Key: SEC-1 → TEAM-1", "issuetype: Task → Task", "status: In Progress → In Progress", "Component: Identity → "}
	if told.Kind != "issue_moved" || told.Issue.ID != before.ID || told.Issue.Key != "TEAM-1" || !slices.Equal(items, want) {
		t.Errorf("told of %s: %+v, %q", told.Kind, told.Issue, items)
	}
	again, err := jira.New(s, jira.Demo())
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range []*jira.Jira{j, again} {
		v, ok := j.Issue(key)
		if !ok || v.Key != "TEAM-1" || v.ID != before.ID || v.Project.Key != "TEAM" || v.Assignee.AccountID != site.Lucia || v.Components != nil {
			t.Errorf("by its former key: %+v", v)
		}
	}
	if create(t, j, nil) != "SEC-2" {
		t.Error("its former key was given away")
	}
}
