package jira_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

const (
	sofia   = `{"accountId":"5b11","accountType":"atlassian","displayName":"Sofia","active":true}`
	started = `{"id":"10228","author":` + sofia + `,"created":"2026-11-23T13:00:00.001+0100","items":[
		{"field":"status","fieldtype":"jira","fieldId":"status","from":"1","fromString":"Zu erledigen","to":"3","toString":"In Arbeit"},
		{"field":"description","fieldtype":"jira","fieldId":"description","from":null,"fromString":"a","to":null,"toString":"b"}]}`
	given = `{"id":"10230","author":` + sofia + `,"created":"2026-11-23T13:00:01.000+0100","items":[
		{"field":"assignee","fieldtype":"jira","fieldId":"assignee","from":null,"fromString":null,"to":"5b12","toString":"Ash"}]}`
	renamed = `{"id":"10229","author":` + sofia + `,"created":"2026-11-23T13:00:00.500+0100","items":[
		{"field":"summary","fieldtype":"jira","fieldId":"summary","from":null,"fromString":"a","to":null,"toString":"b"}]}`
	moved = `{"id":"10231","author":` + sofia + `,"created":"2026-11-23T13:00:02.000+0100","items":[
		{"field":"Key","fieldtype":"jira","fieldId":"issuekey","from":null,"fromString":"SEC-12","to":null,"toString":"OPS-1"},
		{"field":"duedate","fieldtype":"jira","fieldId":"duedate","from":"2026-12-01","fromString":"2026-12-01 00:00:00.0","to":"2026-12-24","toString":"2026-12-24 00:00:00.0"}]}`
	saying = `{"id":"10100","author":` + sofia + `,"updateAuthor":` + sofia + `,"body":"/verify it works","created":"2026-11-23T13:00:00.000+0100","updated":"2026-11-23T13:00:03.000+0100"}`
)

// log is an issue with its history, the newest first, and its comments.
func log(total int, entries ...string) string {
	fields := strings.TrimSuffix(strings.TrimSpace(sec12), "}}")
	return fields + fmt.Sprintf(`,"comment":{"comments":[%s],"maxResults":1,"total":1,"startAt":0}},"changelog":{"startAt":0,"maxResults":%d,"total":%d,"histories":[%s]}}`,
		saying, len(entries), total, strings.Join(entries, ","))
}

var wantSteps = []threat.Step{
	{ID: 10228, By: "5b11", At: time.Date(2026, 11, 23, 12, 0, 0, 1e6, time.UTC), Changes: []threat.Change{
		{Field: threat.FieldStatus, From: "1", FromName: "Zu erledigen", To: "3", ToName: "In Arbeit"},
	}},
	{ID: 10230, By: "5b11", At: time.Date(2026, 11, 23, 12, 0, 1, 0, time.UTC), Name: "Ash", Changes: []threat.Change{
		{Field: threat.FieldAssignee, To: "5b12", ToName: "Ash"},
	}},
	{ID: 10231, By: "5b11", At: time.Date(2026, 11, 23, 12, 0, 2, 0, time.UTC), Changes: []threat.Change{
		{Field: threat.FieldKey, FromName: "SEC-12", ToName: "OPS-1"},
		{Field: threat.FieldDue, From: "2026-12-01", FromName: "2026-12-01 00:00:00.0", To: "2026-12-24", ToName: "2026-12-24 00:00:00.0"},
	}},
}

var wantComments = []jira.Comment{{
	ID: "10100", Author: "5b11", AuthorName: "Sofia", AuthorType: "atlassian", Editor: "5b11", Text: "/verify it works",
	Created: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Updated: time.Date(2026, 11, 23, 12, 0, 3, 0, time.UTC),
}}

func TestPast(t *testing.T) {
	const pageOne = "/rest/api/2/issue/10040/changelog?maxResults=100&startAt=0"
	whole := fmt.Sprintf(`{"startAt":0,"maxResults":100,"total":4,"isLast":false,"values":[%s,%s]}`, started, renamed)
	rest := fmt.Sprintf(`{"startAt":2,"maxResults":100,"total":4,"isLast":true,"values":[%s,%s]}`, given, moved)
	c, _ := site(
		t,
		exchange{"GET", "/rest/api/2/issue/10040?expand=changelog&fields=" + issueFields, "", 200, log(4, moved, given, renamed, started)},
		// Not all of a long history comes with its issue.
		exchange{"GET", "/rest/api/2/issue/10040?expand=changelog&fields=" + issueFields, "", 200, log(4, moved)},
		exchange{"GET", pageOne, "", 200, whole},
		exchange{"GET", strings.Replace(pageOne, "startAt=0", "startAt=2", 1), "", 200, rest},
		exchange{"GET", "/rest/api/2/issue/7?expand=changelog&fields=" + issueFields, "", 404, `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`},
	)
	for range 2 {
		got, err := c.Past(t.Context(), "10040")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wantSteps, got.Steps); diff != "" || got.Key != "SEC-12" || got.Comments != nil {
			t.Errorf("%s %v, steps (-want +got):\n%s", got.Key, got.Comments, diff)
		}
	}
	if _, err := c.Past(t.Context(), "7"); !fault.Is(err, fault.NotFound) {
		t.Errorf("error %v", err)
	}
}

func TestPasts(t *testing.T) {
	ask := `{"expand":["changelog"],"fields":["` + strings.ReplaceAll(issueFields, ",", `","`) + `","comment"],"issueIdsOrKeys":["10040","7"]}`
	more := strings.Replace(log(3, moved, given, started), `"maxResults":1,"total":1`, `"maxResults":1,"total":2`, 1)
	const all = "/rest/api/2/issue/10040/comment?maxResults=100&orderBy=created&startAt=0"
	c, _ := site(
		t,
		exchange{"POST", "/rest/api/2/issue/bulkfetch", ask, 200, `{"issues":[` + log(3, moved, given, started) + `],"issueErrors":[{"id":"7","errorMessage":"gone"}]}`},
		exchange{"POST", "/rest/api/2/issue/bulkfetch", ask, 200, `{"issues":[` + more + `],"issueErrors":[]}`},
		exchange{"GET", all, "", 200, `{"startAt":0,"maxResults":100,"total":2,"comments":[` + saying + `]}`},
		exchange{"GET", strings.Replace(all, "startAt=0", "startAt=1", 1), "", 200, `{"startAt":1,"maxResults":100,"total":2,"comments":[` + saying + `]}`},
	)
	for n := range 2 {
		got, err := c.Pasts(t.Context(), []string{"10040", "7"})
		if err != nil || len(got) != 1 {
			t.Fatalf("%d issues, %v", len(got), err)
		}
		want := wantComments
		if n == 1 {
			want = append(want, wantComments...)
		}
		if diff := cmp.Diff(wantSteps, got[0].Steps) + cmp.Diff(want, got[0].Comments); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if _, err := c.Pasts(t.Context(), make([]string, jira.MaxFetch+1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("too many at once: %v", err)
	}
}

const statuses = `[{"id":"1","name":"Zu erledigen","statusCategory":{"id":2,"key":"new","name":"Zu erledigen"}},
	{"id":"3","name":"In Arbeit","statusCategory":{"id":4,"key":"indeterminate","name":"In Arbeit"}},
	{"id":"9","name":"Unsortiert","statusCategory":{"id":1,"key":"undefined","name":"Keine Kategorie"}}]`

const attached = `{"id":"10040","key":"SEC-12","fields":{"attachment":[{"id":"1","filename":"scan.pdf","content":"https://x/attachment/1","size":3,"mimeType":"application/pdf","created":"2026-11-23T12:00:00.000+0100","author":{"accountId":"kim"}}]}}`

func TestStatusesAndAttachments(t *testing.T) {
	c, _ := site(
		t,
		exchange{"GET", "/rest/api/2/status", "", 200, statuses},
		exchange{"GET", "/rest/api/2/issue/10040?fields=attachment", "", 200, attached},
	)
	got, err := c.Statuses(t.Context())
	if diff := cmp.Diff(map[string]threat.Category{"1": threat.ToDo, "3": threat.Doing, "9": threat.ToDo}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	files, err := c.Attachments(t.Context(), "10040")
	if diff := cmp.Diff([]jira.Attachment{{ID: 1, Name: "scan.pdf", URL: "https://x/attachment/1", By: "kim", At: time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC), Size: 3}}, files); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
