package jira_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/contracttest"
)

// v3 is the path of REST v3 for one of v2: the description is of v3, and differs in rich text alone, which it leaves open.
func v3(path string) string { return strings.Replace(path, "/rest/api/2/", "/rest/api/3/", 1) }

// TestContract holds requests against Atlassian's published description, and this test's answers with them: what the client is
// tested to read is what the site is documented to say.
func TestContract(t *testing.T) {
	const draft = `{"fields":{"project":{"key":"SEC"},"issuetype":{"name":"Task"},"summary":"S","labels":["throughline"],"duedate":"2026-12-01",
		"assignee":{"accountId":"5b10"}},"properties":[{"key":"throughline.threat","value":{"id":"T-1"}}]}`
	_, base := site(
		t,
		exchange{"GET", "/rest/api/2/issue/SEC-12?fields=" + issueFields, "", 200, sec12},
		exchange{"POST", "/rest/api/2/search/jql", `{"jql":"project = SEC","fields":["` + strings.ReplaceAll(issueFields, ",", `","`) + `"],"maxResults":100}`, 200, `{"issues":[` + sec12 + `],"isLast":true}`},
		exchange{"POST", "/rest/api/2/search/approximate-count", `{"jql":"project = SEC"}`, 200, `{"count":7}`},
		exchange{
			"POST", "/rest/api/2/issue/bulk", `{"issueUpdates":[` + draft + `,` + draft + `]}`, 201,
			`{"issues":[{"id":"1","key":"SEC-1","self":"https://x/1"}],"errors":[{"status":400,"elementErrors":{"errorMessages":[],"errors":{"assignee":"no"}},"failedElementNumber":1}]}`,
		},
		exchange{
			"POST", "/rest/api/2/issue/SEC-1/remotelink",
			`{"globalId":"g","relationship":"r","application":{"type":"com.github.throughline","name":"Throughline"},"object":{"url":"https://x","title":"t","summary":"s"}}`, 201, `{"id":1,"self":"https://x/1"}`,
		},
		exchange{"PUT", "/rest/api/2/issue/SEC-1/properties/throughline.threat", `{"id":"T-1"}`, 201, `{}`},
		exchange{"POST", "/rest/api/2/issue/SEC-1/comment", `{"body":"b"}`, 201, `{"id":"10100","body":"b"}`},
		exchange{"PUT", "/rest/api/2/issue/SEC-1/assignee", `{"accountId":"5b10"}`, 204, ``},
		exchange{"PUT", "/rest/api/2/issue/SEC-1", `{"update":{"labels":[{"add":"throughline"},{"add":"throughline-T-1"}]}}`, 204, ``},
		exchange{"GET", "/rest/api/2/issue/SEC-1/remotelink?globalId=g%3A1", "", 200, `{"id":1,"self":"https://x/1","globalId":"g:1","object":{"url":"https://x","title":"t"}}`},
		exchange{"GET", "/rest/api/2/issue/SEC-1/remotelink?globalId=g%3A2", "", 404, `{"errorMessages":["The remote issue link does not exist."],"errors":{}}`},
		exchange{
			"POST", "/rest/api/2/issue/bulkfetch", `{"fields":["` + strings.ReplaceAll(issueFields, ",", `","`) + `"],"issueIdsOrKeys":["SEC-12"],"properties":["throughline.threat"]}`, 200,
			`{"issues":[` + strings.Replace(sec12, `{"id"`, `{"properties":{"throughline.threat":{"id":"T-1"}},"id"`, 1) + `]}`,
		},
		exchange{"GET", "/rest/api/2/issue/createmeta/SEC/issuetypes?maxResults=200", "", 200, `{"issueTypes":[{"id":"1","name":"Task","subtask":false,"hierarchyLevel":0}],"maxResults":200,"startAt":0,"total":1}`},
		exchange{"GET", "/rest/api/2/issue/SEC-9?fields=issuetype,project", "", 200, `{"id":"9","key":"SEC-9","fields":{"issuetype":{"id":"2","name":"Epic","hierarchyLevel":1},"project":{"key":"SEC"}}}`},
		exchange{"GET", "/rest/api/2/project/SEC", "", 200, `{"id":"1","key":"SEC","name":"Security","lead":{"accountId":"5b10","displayName":"Kim","active":true},"issueTypes":[{"id":"1","name":"Task","subtask":false}]}`},
		exchange{"GET", "/rest/api/2/project/SEC/components", "", 200, `[{"id":"1","name":"Login","lead":{"accountId":"5b10","displayName":"Kim","active":true}}]`},
		exchange{"GET", "/rest/api/2/user/assignable/search?maxResults=50&project=SEC&query=Kim", "", 200, `[{"accountId":"5b10","displayName":"Kim","active":true}]`},
		exchange{"GET", "/rest/api/2/issue/10040?expand=changelog&fields=" + issueFields, "", 200, log(4, moved)},
		exchange{"GET", "/rest/api/2/issue/10040/changelog?maxResults=100&startAt=0", "", 200, `{"startAt":0,"maxResults":100,"total":2,"isLast":true,"values":[` + started + `,` + moved + `]}`},
		exchange{"POST", "/rest/api/2/issue/bulkfetch", `{"expand":["changelog"],"fields":["` + strings.ReplaceAll(issueFields, ",", `","`) + `","comment"],"issueIdsOrKeys":["10040"]}`, 200, `{"issues":[` + log(1, moved) + `]}`},
		exchange{"GET", "/rest/api/2/issue/10040/comment?maxResults=100&orderBy=created&startAt=0", "", 200, `{"startAt":0,"maxResults":100,"total":1,"comments":[` + saying + `]}`},
		exchange{"GET", "/rest/api/2/status", "", 200, statuses},
		exchange{"GET", "/rest/api/2/issue/10040?fields=attachment", "", 200, attached},
	)
	const issue, project = "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/project/{projectIdOrKey}"
	contracttest.AllowZonesWithoutColon()
	spec := contracttest.Load(t, "jira-cloud-v3.openapi.json")
	// It allows for no fields without a value.
	for _, name := range []string{"from", "fromString", "to", "toString"} { // null in every history, where a field had or has no value
		spec.Components.Schemas["ChangeDetails"].Value.Properties[name].Value.Nullable = true
	}
	spec.Components.Schemas["IssueBean"].Value.Properties["fields"].Value.AdditionalProperties.Schema.Value.Nullable = true
	api := contracttest.API(t, spec, base, issue, "/rest/api/3/issue/bulk", issue+"/remotelink", issue+"/properties/{propertyKey}",
		issue+"/changelog", "/rest/api/3/issue/bulkfetch", "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes", "/rest/api/3/status", issue+"/comment",
		issue+"/assignee", "/rest/api/3/search/jql", "/rest/api/3/search/approximate-count", project, project+"/components", "/rest/api/3/user/assignable/search")
	c, err := jira.New(base, &http.Client{Transport: contracttest.Transport{T: t, API: api, Path: v3}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	d := jira.Draft{
		Project: "SEC", IssueType: "Task", Summary: "S", Labels: []string{"throughline"}, Due: "2026-12-01", Assignee: "5b10",
		Properties: map[string]any{"throughline.threat": map[string]any{"id": "T-1"}},
	}
	for _, call := range []func() error{
		func() error { _, err := c.Issue(ctx, "SEC-12"); return err },
		func() error { return c.Search(ctx, "project = SEC", func(jira.Issue) bool { return true }) },
		func() error {
			n, err := c.Count(ctx, "project = SEC")
			if err == nil && n != 7 {
				err = fmt.Errorf("counted %d, want 7", n)
			}
			return err
		},
		func() error { _, err := c.Create(ctx, []jira.Draft{d, d}); return err },
		func() error {
			return c.Link(ctx, "SEC-1", jira.RemoteLink{GlobalID: "g", URL: "https://x", Title: "t", Relationship: "r", Summary: "s"})
		},
		func() error { return c.SetProperty(ctx, "SEC-1", "throughline.threat", map[string]string{"id": "T-1"}) },
		func() error { _, err := c.Comment(ctx, "SEC-1", "b"); return err },
		func() error { return c.Assign(ctx, "SEC-1", "5b10") },
		func() error { return c.AddLabels(ctx, "SEC-1", "throughline", "throughline-T-1") },
		func() error { return holds(c.Linked(ctx, "SEC-1", "g:1")) },
		func() error {
			there, err := c.Linked(ctx, "SEC-1", "g:2")
			return holds(!there, err)
		},
		func() error {
			found, err := c.Issues(ctx, []string{"SEC-12"}, "throughline.threat")
			return holds(len(found) == 1 && string(found[0].Properties["throughline.threat"]) == `{"id":"T-1"}`, err)
		},
		func() error { _, err := c.CreateTypes(ctx, "SEC"); return err },
		func() error { _, err := c.Place(ctx, "SEC-9"); return err },
		func() error { _, err := c.Project(ctx, "SEC"); return err },
		func() error { _, err := c.Components(ctx, "SEC"); return err },
		func() error { _, err := c.Assignable(ctx, "SEC", "Kim"); return err },
		func() error { _, err := c.Past(ctx, "10040"); return err },
		func() error { _, err := c.Pasts(ctx, []string{"10040"}); return err },
		func() error { _, err := c.Comments(ctx, "10040"); return err },
		func() error { _, err := c.Statuses(ctx); return err },
		func() error { _, err := c.Attachments(ctx, "10040"); return err },
	} {
		if err := call(); err != nil {
			t.Error(err)
		}
	}
}

// holds makes an error of an answer that is not as it should be.
func holds(ok bool, err error) error {
	if err == nil && !ok {
		return errors.New("the answer was read otherwise")
	}
	return err
}
