package jira_test

import (
	"errors"
	"net/http"
	"slices"
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
