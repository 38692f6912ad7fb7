package jira_test

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/sandbox/site/sitetest"
)

func open(t *testing.T) (*jira.Jira, *sitetest.Site) {
	t.Helper()
	s := sitetest.New()
	j, err := jira.New(s, jira.Demo())
	if err != nil {
		t.Fatal(err)
	}
	return j, s
}

func create(t *testing.T, j *jira.Jira, more map[string]any) string {
	t.Helper()
	fields := map[string]any{
		"project": map[string]string{"key": "SEC"}, "issuetype": map[string]string{"name": "Task"}, "summary": "Rotate the signing keys",
	}
	for k, v := range more {
		fields[k] = v
	}
	key, err := j.Create(site.Dana, fields)
	if err != nil {
		t.Fatalf("creating an issue: %v", err)
	}
	return key
}

func TestWorkflow(t *testing.T) {
	type step struct {
		id, resolution string
		status         int // of the refusal, 0 when it is done
	}
	for _, tc := range []struct {
		name       string
		steps      []step
		at         string
		resolution string
		next       []string
	}{
		{name: "a new issue is to do", at: "To Do", next: []string{"Start progress", "Decline"}},
		{name: "all the way", steps: []step{{id: "11"}, {id: "21"}, {id: "31"}}, at: "Done", resolution: "Done", next: []string{"Reopen"}},
		{name: "not by leaps", steps: []step{{id: "31", status: http.StatusBadRequest}}, at: "To Do", next: []string{"Start progress", "Decline"}},
		{name: "declining asks for a resolution", steps: []step{{id: "51", status: http.StatusBadRequest}}, at: "To Do", next: []string{"Start progress", "Decline"}},
		{name: "declined", steps: []step{{id: "51", resolution: "Won't Do"}}, at: "Done", resolution: "Won't Do", next: []string{"Reopen"}},
		{name: "reopening clears the resolution", steps: []step{{id: "11"}, {id: "21"}, {id: "31"}, {id: "41"}}, at: "To Do", next: []string{"Start progress", "Decline"}},
		{name: "no such transition", steps: []step{{id: "999", status: http.StatusBadRequest}}, at: "To Do", next: []string{"Start progress", "Decline"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j, _ := open(t)
			key := create(t, j, nil)
			for _, s := range tc.steps {
				err := j.Transition(site.Kenji, key, s.id, s.resolution)
				var refused *jira.Error
				if errors.As(err, &refused) != (s.status != 0) || refused != nil && refused.Status != s.status {
					t.Fatalf("transition %s: got %v, want status %d", s.id, err, s.status)
				}
			}
			v, _ := j.Issue(key)
			var next []string
			for _, n := range j.Transitions(key) {
				next = append(next, n.Name)
			}
			if v.Status.Name != tc.at || v.Resolution != tc.resolution || !slices.Equal(next, tc.next) {
				t.Errorf("got %q, resolution %q, next %q; want %q, %q, %q", v.Status.Name, v.Resolution, next, tc.at, tc.resolution, tc.next)
			}
		})
	}
}

// TestWorkflows walks through each project's own statuses. What is done is resolved, but in a project that its team manages.
func TestWorkflows(t *testing.T) {
	for _, tc := range []struct {
		project, kind, at string
		fields            map[string]any
		steps             []string
		want, category    string
		resolution        string
		next              int // transitions out of it
	}{
		{project: "DEU", kind: "10001", at: "Zu erledigen", steps: []string{"11", "21"}, want: "In Prüfung", category: "indeterminate", next: 3},
		{project: "DEU", kind: "10001", at: "Zu erledigen", steps: []string{"11", "21", "31"}, want: "Erledigt", category: "done", resolution: "Done", next: 1},
		{
			project: "OPS", kind: "10001", at: "Backlog", fields: map[string]any{"customfield_10042": map[string]string{"value": "B"}},
			steps: []string{"21", "81", "101"}, want: "Rollout", category: "indeterminate", next: 14,
		},
		{
			project: "OPS", kind: "10001", at: "Backlog", fields: map[string]any{"customfield_10042": map[string]string{"value": "B"}},
			steps: []string{"121", "151"}, want: "Cancelled", category: "done", resolution: "Done", next: 14,
		},
		{project: "TEAM", kind: "10301", at: "To Do", steps: []string{"21", "31"}, want: "Done", category: "done", next: 2},
	} {
		t.Run(tc.project+" to "+tc.want, func(t *testing.T) {
			j, _ := open(t)
			more := map[string]any{"project": map[string]string{"key": tc.project}, "issuetype": map[string]string{"id": tc.kind}}
			maps.Copy(more, tc.fields)
			key := create(t, j, more)
			if v, _ := j.Issue(key); v.Status.Name != tc.at {
				t.Errorf("it begins in %q, want %q", v.Status.Name, tc.at)
			}
			for _, id := range tc.steps {
				if err := j.Transition(site.Kenji, key, id, ""); err != nil {
					t.Fatalf("transition %s: %v", id, err)
				}
			}
			v, _ := j.Issue(key)
			if v.Status.Name != tc.want || v.Status.Category != tc.category || v.Resolution != tc.resolution || len(j.Transitions(key)) != tc.next {
				t.Errorf("got %+v, resolution %q, %d steps; want %q (%s), %q, %d", v.Status, v.Resolution, len(j.Transitions(key)), tc.want, tc.category, tc.resolution, tc.next)
			}
			for query, want := range map[string]bool{
				`status = "` + tc.want + `"`: true, `statusCategory = Done`: tc.category == "done", `status = "` + tc.at + `"`: false,
				"resolution = Unresolved": tc.resolution == "", "resolved is not EMPTY": tc.resolution != "",
			} {
				if got, err := j.Match(key, query); got != want || err != nil {
					t.Errorf("%s: %v, %v; want %v", query, got, err, want)
				}
			}
		})
	}
}

func TestCustomFields(t *testing.T) {
	for _, tc := range []struct {
		name  string
		field string
		value any
		want  string // beginning of the refusal; empty: taken
	}{
		{"an option", "customfield_10042", map[string]string{"value": "C"}, ""},
		{"an option that is not there", "customfield_10042", map[string]string{"value": "D"}, "Option value 'D' is not valid"},
		{"a bare text for an option", "customfield_10042", "A", "Specify a valid 'id' or 'name' for Risk class"},
		{"none where one is required", "customfield_10042", nil, "Risk class is required."},
		{"options", "customfield_10043", []map[string]string{{"value": "Staging"}}, ""},
		{"one for several", "customfield_10043", map[string]string{"value": "Staging"}, "data was not an array"},
		{"a number", "customfield_10044", 3.5, ""},
		{"a text for a number", "customfield_10044", "3", "Operation value must be a number"},
		{"somebody", "customfield_10045", map[string]string{"accountId": site.Kenji}, ""},
		{"nobody", "customfield_10045", map[string]string{"accountId": "x"}, "Specify a valid value for Reviewer"},
		{"no date", "customfield_10046", "soon", "Error parsing date string: soon"},
		{"a text", "customfield_10047", "RFC 12", ""},
		{"a field of nobody", "customfield_10099", "x", "Field 'customfield_10099' cannot be set."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j, _ := open(t)
			fields := map[string]any{
				"project": map[string]string{"key": "OPS"}, "issuetype": map[string]string{"name": "Task"}, "summary": "x",
				"customfield_10042": map[string]string{"value": "A"},
			}
			fields[tc.field] = tc.value
			_, err := j.Create(site.Dana, fields)
			var refused *jira.Error
			if errors.As(err, &refused); tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if refused == nil || !strings.HasPrefix(refused.Fields[tc.field], tc.want) {
				t.Errorf("got %+v, want %q for %s", refused, tc.want, tc.field)
			}
		})
	}
}

func TestEventsOfAChange(t *testing.T) {
	j, s := open(t)
	key := create(t, j, map[string]any{"labels": []string{"throughline"}})
	if err := j.Transition(site.Kenji, key, "11", ""); err != nil {
		t.Fatal(err)
	}
	if err := j.Assign(site.Kenji, key, site.Lucia); err != nil {
		t.Fatal(err)
	}
	if err := j.Assign(site.Kenji, key, site.Lucia); err != nil { // changes nothing, tells nothing
		t.Fatal(err)
	}
	if err := j.Comment(site.Grace, key, "Seen."); err != nil {
		t.Fatal(err)
	}
	if err := j.Delete(site.Dana, key); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range s.Events() {
		got = append(got, e.Name)
	}
	want := []string{"jira:issue_created", "jira:issue_updated", "jira:issue_updated", "comment_created", "jira:issue_deleted"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
