package jira_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
)

// dcSite plays the exchanges below a context path and gives a client of Data Center for it.
func dcSite(t *testing.T, exchanges ...exchange) *jira.Client {
	t.Helper()
	for i := range exchanges {
		exchanges[i].target = "/jira" + exchanges[i].target
	}
	_, base := site(t, exchanges...)
	c, err := jira.NewDataCenter(base+"/jira/", road(base+"/jira"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const dcKim = `{"self":"https://x/rest/api/2/user?username=kim","key":"JIRAUSER10100","name":"kim","emailAddress":"kim@example.com","displayName":"Kim","active":true}`

var dcFields = `["` + strings.ReplaceAll(issueFields, ",", `","`) + `"]`

func dcIssue(key string) string {
	return `{"id":"1","key":"` + key + `","fields":{"summary":"x","status":{"name":"Open","statusCategory":{"key":"new"}},"assignee":` + dcKim + `}}`
}

// TestDataCenterCount: the total of a page of nothing, since Cloud's call for it does not exist there.
func TestDataCenterCount(t *testing.T) {
	ask := `{"jql":"labels = x","fields":[],"startAt":0,"maxResults":0,"validateQuery":true}`
	c := dcSite(
		t,
		exchange{"POST", "/rest/api/2/search", ask, 200, `{"startAt":0,"maxResults":0,"total":12345,"issues":[]}`},
		exchange{"POST", "/rest/api/2/search", ask, 400, `{"errorMessages":["The value 'x' does not exist."],"errors":{}}`},
	)
	if n, err := c.Count(t.Context(), "labels = x"); err != nil || n != 12345 {
		t.Errorf("counted %d, %v", n, err)
	}
	if _, err := c.Count(t.Context(), "labels = x"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a query that is refused: %v", err)
	}
}

// TestDataCenterSearch goes by what the site sends, not by what was asked for, and ends where the site's total does.
func TestDataCenterSearch(t *testing.T) {
	ask := func(start string) string {
		return `{"jql":"project = SEC","fields":` + dcFields + `,"startAt":` + start + `,"maxResults":100,"validateQuery":true}`
	}
	c := dcSite(
		t,
		exchange{"POST", "/rest/api/2/search", ask("0"), 200, `{"startAt":0,"maxResults":2,"total":3,"issues":[` + dcIssue("SEC-1") + `,` + dcIssue("SEC-2") + `]}`},
		exchange{"POST", "/rest/api/2/search", ask("2"), 200, `{"startAt":2,"maxResults":2,"total":3,"issues":[` + dcIssue("SEC-3") + `]}`},
		exchange{"POST", "/rest/api/2/search", ask("0"), 200, `{"startAt":0,"maxResults":2,"total":9,"issues":[]}`},
		exchange{"POST", "/rest/api/2/search", ask("0"), 400, `{"errorMessages":["The value 'SEC' does not exist for the field 'project'."],"errors":{}}`},
	)
	var keys []string
	see := func(i jira.Issue) bool {
		keys = append(keys, i.Key+" of "+i.Assignee)
		return true
	}
	if err := c.Search(t.Context(), "project = SEC", see); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"SEC-1 of kim", "SEC-2 of kim", "SEC-3 of kim"}, keys); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if err := c.Search(t.Context(), "project = SEC", see); err != nil {
		t.Errorf("a site that counts what it does not show: %v", err)
	}
	if err := c.Search(t.Context(), "project = SEC", see); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

// TestDataCenterIssues reads ids as numbers and keys as strings, and lets the site pass over what is gone.
func TestDataCenterIssues(t *testing.T) {
	c := dcSite(t, exchange{
		"POST", "/rest/api/2/search",
		`{"jql":"issuekey in (10040, \"SEC-2\")","fields":` + dcFields + `,"startAt":0,"maxResults":100,"validateQuery":false}`,
		200, `{"startAt":0,"maxResults":100,"total":1,"issues":[` + dcIssue("SEC-2") + `]}`,
	})
	got, err := c.Issues(t.Context(), []string{"10040", "SEC-2"})
	if err != nil || len(got) != 1 || got[0].Key != "SEC-2" || !strings.HasSuffix(got[0].URL, "/jira/browse/SEC-2") {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestDataCenterPeople names people by username, wherever they are read or written.
func TestDataCenterPeople(t *testing.T) {
	const draft = `{"fields":{"project":{"key":"SEC"},"issuetype":{"name":"Task"},"summary":"S","assignee":{"name":"kim"}}}`
	c := dcSite(
		t,
		exchange{"GET", "/rest/api/2/myself", "", 200, dcKim},
		exchange{"GET", "/rest/api/2/user/assignable/search?maxResults=50&project=SEC&username=Kim+M", "", 200, `[` + dcKim + `]`},
		exchange{"GET", "/rest/api/2/user/assignable/search?maxResults=1000&project=SEC&username=kim", "", 200, `[{"name":"kimberly","displayName":"Kimberly","active":true},` + dcKim + `]`},
		exchange{"GET", "/rest/api/2/user/assignable/search?maxResults=1000&project=SEC&username=ki", "", 200, `[` + dcKim + `]`},
		exchange{"POST", "/rest/api/2/issue/bulk", `{"issueUpdates":[` + draft + `]}`, 201, `{"issues":[{"id":"1","key":"SEC-1"}],"errors":[]}`},
		exchange{"PUT", "/rest/api/2/issue/SEC-1/assignee", `{"name":"kim"}`, 204, ``},
		exchange{"PUT", "/rest/api/2/issue/SEC-1/assignee", `{"name":null}`, 204, ``},
		exchange{"GET", "/rest/api/2/project/SEC/components", "", 200, `[{"id":"1","name":"Login","lead":` + dcKim + `}]`},
	)
	ctx, kim := t.Context(), jira.User{AccountID: "kim", Name: "Kim", Active: true}
	me, err := c.Myself(ctx)
	if err != nil || me != kim {
		t.Errorf("myself is %+v, %v", me, err)
	}
	found, err := c.Assignable(ctx, "SEC", "Kim M")
	if err != nil || len(found) != 1 || found[0] != kim {
		t.Errorf("assignable: %+v, %v", found, err)
	}
	if u, ok, err := c.CanAssign(ctx, "SEC", "kim"); u != kim || !ok || err != nil {
		t.Errorf("kim: %+v, %v, %v", u, ok, err)
	}
	if u, ok, err := c.CanAssign(ctx, "SEC", "ki"); ok || err != nil {
		t.Errorf("the beginning of a username is nobody's: %+v, %v", u, err)
	}
	made, err := c.Create(ctx, []jira.Draft{{Project: "SEC", IssueType: "Task", Summary: "S", Assignee: "kim"}})
	if err != nil || made[0].Key != "SEC-1" {
		t.Errorf("created: %+v, %v", made, err)
	}
	for _, who := range []string{"kim", ""} {
		if err := c.Assign(ctx, "SEC-1", who); err != nil {
			t.Error(err)
		}
	}
	parts, err := c.Components(ctx, "SEC")
	if err != nil || parts[0].Lead != kim {
		t.Errorf("components: %+v, %v", parts, err)
	}
}

// TestDataCenterAccess reads fields below "values", and permissions from all that are told.
func TestDataCenterAccess(t *testing.T) {
	c := dcSite(
		t,
		exchange{"GET", "/rest/api/2/issue/createmeta/SEC/issuetypes/3?maxResults=200", "", 200, `{"maxResults":200,"startAt":0,"total":1,"isLast":true,"values":[{"required":true,"name":"Due date","fieldId":"duedate","hasDefaultValue":false}]}`},
		exchange{"GET", "/rest/api/2/mypermissions?permissions=LINK_ISSUES&projectKey=SEC", "", 200, `{"permissions":{"LINK_ISSUES":{"key":"LINK_ISSUES","havePermission":true},"LINK_ISSUE":{"key":"LINK_ISSUE","havePermission":true},"CREATE_ISSUES":{"havePermission":false}}}`},
	)
	fields, err := c.CreateFields(t.Context(), "SEC", "3")
	if diff := cmp.Diff([]jira.Field{{ID: "duedate", Name: "Due date", Required: true}}, fields); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	have, err := c.Permissions(t.Context(), "SEC", []string{"LINK_ISSUES"})
	if err != nil || !have["LINK_ISSUES"] || have["CREATE_ISSUES"] {
		t.Errorf("got %v, %v", have, err)
	}
}

// TestDataCenterHides: an issue that the account does not see is refused there as one that it may not change. One is as if it were not there.
func TestDataCenterHides(t *testing.T) {
	const refused = `{"errorMessages":["Sie sind nicht berechtigt, den Vorgang zu sehen."],"errors":{}}`
	ask := `{"jql":"issuekey in (1)","fields":` + dcFields + `,"startAt":0,"maxResults":100,"validateQuery":false}`
	search := func(status int, answer string) exchange {
		return exchange{"POST", "/rest/api/2/search", ask, status, answer}
	}
	tests := []struct {
		name   string
		search exchange
		want   fault.Kind
	}{
		{"hidden", search(200, `{"startAt":0,"total":0,"issues":[]}`), fault.NotFound},
		{"seen", search(200, `{"startAt":0,"total":1,"issues":[`+dcIssue("SEC-1")+`]}`), fault.Denied},
		{"the account may nothing", search(403, refused), fault.Denied},
	}
	calls := map[string]func(*jira.Client) error{
		"GET /rest/api/2/issue/1?expand=changelog&fields=" + issueFields: func(c *jira.Client) error { _, err := c.Past(t.Context(), "1"); return err },
		"POST /rest/api/2/issue/1/comment":                               func(c *jira.Client) error { _, err := c.Comment(t.Context(), "1", "x"); return err },
	}
	for _, tt := range tests {
		for call, do := range calls {
			method, target, _ := strings.Cut(call, " ")
			body := ""
			if method == "POST" {
				body = `{"body":"x"}`
			}
			if err := do(dcSite(t, exchange{method, target, body, 403, refused}, tt.search)); fault.KindOf(err) != tt.want {
				t.Errorf("%s, %s: %v, want %v", tt.name, call, err, tt.want)
			}
		}
	}
}
