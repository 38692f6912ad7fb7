package jira_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
)

// exchange is one request that a site saw and what it answers.
type exchange struct {
	method, target string // target: path and query
	body           string // as JSON, compared by value; empty for none
	status         int
	answer         string
}

// site plays the exchanges in order and reports any other request.
func site(t *testing.T, exchanges ...exchange) (*jira.Client, string) {
	t.Helper()
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if n == len(exchanges) {
			t.Errorf("unexpected %s %s", r.Method, r.RequestURI)
			return
		}
		e := exchanges[n]
		n++
		if got := r.Method + " " + r.RequestURI; got != e.method+" "+e.target {
			t.Errorf("request %d is %s, want %s %s", n, got, e.method, e.target)
		}
		if diff := cmp.Diff(value(t, e.body), value(t, string(body))); diff != "" {
			t.Errorf("body of %s %s (-want +got):\n%s", r.Method, r.RequestURI, diff)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.answer)
	}))
	t.Cleanup(func() {
		server.Close()
		if n < len(exchanges) && !t.Skipped() {
			t.Errorf("%d requests were made, want %d", n, len(exchanges))
		}
	})
	client, err := jira.New(server.URL+"/", road(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	return client, server.URL
}

func road(base string) *http.Client {
	return outbound.New(outbound.Options{Dev: true, Log: slog.New(slog.DiscardHandler)}).Client(tenant.Tenant{
		ID:            "acme.atlassian.net",
		Installations: map[tenant.Product]tenant.Installation{tenant.Jira: {ClientKey: "c", BaseURL: base}},
	}, tenant.Jira, nil)
}

func value(t *testing.T, text string) any {
	t.Helper()
	if text == "" {
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return v
}

const issueFields = "summary,status,assignee,duedate,resolution,labels,updated,project"

const sec12 = `{"id":"10040","key":"SEC-12","self":"https://x/rest/api/2/issue/10040","fields":{"summary":"Forged tokens",
	"status":{"name":"In Arbeit","statusCategory":{"id":4,"key":"indeterminate","name":"In Progress"}},
	"assignee":{"accountId":"5b10","displayName":"Kim","active":true},"duedate":"2026-12-01","resolution":null,
	"labels":["throughline","threat-t-3k7qx2zd"],"updated":"2026-11-23T13:00:00.123+0100","project":{"id":"1","key":"SEC","name":"Security"}}}`

func issue(base string) jira.Issue {
	return jira.Issue{
		ID: "10040", Key: "SEC-12", URL: base + "/browse/SEC-12", Project: "SEC", Summary: "Forged tokens", Status: "In Arbeit",
		Category: threat.Doing, Assignee: "5b10", AssigneeName: "Kim", Due: "2026-12-01",
		Labels: []string{"throughline", "threat-t-3k7qx2zd"}, Updated: time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC),
	}
}

func TestIssue(t *testing.T) {
	c, base := site(
		t,
		exchange{"GET", "/rest/api/2/issue/SEC-12?fields=" + issueFields, "", 200, sec12},
		exchange{"GET", "/rest/api/2/issue/7?fields=" + issueFields, "", 200, `{"id":"7","key":"SEC-7","fields":{"summary":"x","status":{"name":"Odd","statusCategory":{"key":"undefined"}},"assignee":null,"duedate":null,"updated":"2026-11-23T12:00:00.000+0000"}}`},
		exchange{"GET", "/rest/api/2/issue/SEC-99?fields=" + issueFields, "", 404, `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`},
	)
	got, err := c.Issue(t.Context(), "SEC-12")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(issue(base), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got, err = c.Issue(t.Context(), "7")
	want := jira.Issue{
		ID: "7", Key: "SEC-7", URL: base + "/browse/SEC-7", Project: "SEC", Summary: "x", Status: "Odd", Category: threat.ToDo,
		Updated: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
	if _, err := c.Issue(t.Context(), "SEC-99"); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "SEC-99") {
		t.Errorf("a missing issue: %v", err)
	}
	for _, bad := range []string{"", "..", ".", strings.Repeat("A", 300)} {
		if _, err := c.Issue(t.Context(), bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("issue %q: %v", bad, err)
		}
	}
}

func TestFindByLabels(t *testing.T) {
	ask := func(token string) string {
		return fmt.Sprintf(`{"jql":"labels in (\"a\\\"b\", \"c\") ORDER BY created ASC, key ASC","fields":["%s"],"maxResults":100%s}`,
			strings.ReplaceAll(issueFields, ",", `","`), token)
	}
	c, base := site(
		t,
		exchange{"POST", "/rest/api/2/search/jql", ask(""), 200, `{"issues":[` + sec12 + `],"nextPageToken":"t1"}`},
		exchange{"POST", "/rest/api/2/search/jql", ask(`,"nextPageToken":"t1"`), 200, `{"issues":[` + sec12 + `],"isLast":true}`},
	)
	got, err := c.FindByLabels(t.Context(), []string{`a"b`, "c"})
	if diff := cmp.Diff([]jira.Issue{issue(base), issue(base)}, got); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

func TestSearchRefused(t *testing.T) {
	c, _ := site(t, exchange{
		"POST", "/rest/api/2/search/jql", `{"jql":"nonsense","fields":["` + strings.ReplaceAll(issueFields, ",", `","`) + `"],"maxResults":100}`,
		400, `{"errorMessages":["Error in the JQL Query"],"errors":{}}`,
	})
	if err := c.Search(t.Context(), "nonsense", func(jira.Issue) bool { return true }); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "Error in the JQL") {
		t.Errorf("error %v", err)
	}
}

func TestCreate(t *testing.T) {
	full := jira.Draft{
		Project: "SEC", IssueType: "Task", Summary: "S", Description: "D", Labels: []string{"throughline"}, Component: "Login",
		Priority: "High", Due: "2026-12-01", Assignee: "5b10",
		Properties: map[string]any{"throughline.threat": map[string]any{"id": "T-3K7QX2ZD"}, "a": 1},
	}
	least := jira.Draft{Project: "SEC", IssueType: "Task", Summary: "S"}
	const fullJSON = `{"fields":{"project":{"key":"SEC"},"issuetype":{"name":"Task"},"summary":"S","description":"D","labels":["throughline"],
		"components":[{"name":"Login"}],"priority":{"name":"High"},"duedate":"2026-12-01","assignee":{"accountId":"5b10"}},
		"properties":[{"key":"a","value":1},{"key":"throughline.threat","value":{"id":"T-3K7QX2ZD"}}]}`
	const leastJSON = `{"fields":{"project":{"key":"SEC"},"issuetype":{"name":"Task"},"summary":"S"}}`
	three := `{"issueUpdates":[` + fullJSON + `,` + leastJSON + `,` + leastJSON + `]}`
	const assignee = `{"status":400,"elementErrors":{"errorMessages":[],"errors":{"assignee":"User cannot be assigned issues."}},"failedElementNumber":%d}`
	tests := []struct {
		name   string
		status int
		answer string
		keys   []string            // of what was created, in order
		fields []map[string]string // what is wrong, in order
		kind   fault.Kind          // of the call's error
	}{
		{
			name: "all", status: 201, answer: `{"issues":[{"id":"1","key":"SEC-1"},{"id":"2","key":"SEC-2"},{"id":"3","key":"SEC-3"}],"errors":[]}`,
			keys: []string{"SEC-1", "SEC-2", "SEC-3"}, fields: []map[string]string{nil, nil, nil},
		},
		{
			name: "one refused", status: 201, answer: `{"issues":[{"id":"1","key":"SEC-1"},{"id":"2","key":"SEC-2"}],"errors":[` + fmt.Sprintf(assignee, 1) + `]}`,
			keys: []string{"SEC-1", "", "SEC-2"}, fields: []map[string]string{nil, {"assignee": "User cannot be assigned issues."}, nil},
		},
		{
			name: "all refused", status: 400, answer: `{"issues":[],"errors":[` + fmt.Sprintf(assignee, 0) + "," + fmt.Sprintf(assignee, 1) + "," + fmt.Sprintf(assignee, 2) + `]}`,
			keys:   []string{"", "", ""},
			fields: []map[string]string{{"assignee": "User cannot be assigned issues."}, {"assignee": "User cannot be assigned issues."}, {"assignee": "User cannot be assigned issues."}},
		},
		{name: "not understood", status: 400, answer: `{"errorMessages":["Invalid request payload."]}`, kind: fault.Invalid},
		{name: "not allowed", status: 401, answer: `{}`, kind: fault.Unverified},
		{name: "limited", status: 429, answer: ``, kind: fault.Busy},
		{name: "failed", status: 500, answer: ``, kind: fault.Uncertain},
		{name: "an answer that is none", status: 201, answer: `<html>`, kind: fault.Uncertain},
		{name: "too few", status: 201, answer: `{"issues":[{"id":"1","key":"SEC-1"}],"errors":[]}`, kind: fault.Uncertain},
		{name: "too many", status: 201, answer: `{"issues":[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4"}]}`, kind: fault.Uncertain},
		{name: "a number out of range", status: 201, answer: `{"issues":[],"errors":[` + fmt.Sprintf(assignee, 7) + `]}`, kind: fault.Uncertain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, base := site(t, exchange{"POST", "/rest/api/2/issue/bulk", three, tt.status, tt.answer})
			got, err := c.Create(t.Context(), []jira.Draft{full, least, least})
			if tt.keys == nil {
				if err == nil || fault.KindOf(err) != tt.kind || got != nil {
					t.Errorf("error %v is %s, want %s", err, fault.KindOf(err), tt.kind)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, g := range got {
				if g.Key != tt.keys[i] || (g.Err != nil) != (tt.keys[i] == "") || g.Key != "" && g.URL != base+"/browse/"+g.Key {
					t.Errorf("draft %d: %+v", i, g)
				}
				if diff := cmp.Diff(tt.fields[i], jira.Fields(g.Err)); diff != "" {
					t.Errorf("draft %d (-want +got):\n%s", i, diff)
				}
				if g.Err != nil && !fault.Is(g.Err, fault.Invalid) {
					t.Errorf("draft %d: %v is %s", i, g.Err, fault.KindOf(g.Err))
				}
			}
		})
	}
	c, _ := site(t)
	if _, err := c.Create(t.Context(), make([]jira.Draft, 51)); !fault.Is(err, fault.Invalid) {
		t.Errorf("51 drafts: %v", err)
	}
	if got, err := c.Create(t.Context(), nil); got != nil || err != nil {
		t.Errorf("no drafts: %v, %v", got, err)
	}
}

func TestAttach(t *testing.T) {
	c, _ := site(
		t,
		exchange{"POST", "/rest/api/2/issue/SEC-12/remotelink", `{"globalId":"throughline:1:T-1","relationship":"threat stated on",
			"application":{"type":"com.github.throughline","name":"Throughline"},"object":{"url":"https://x/wiki/1","title":"Payments","summary":"Forged tokens"}}`, 201, `{"id":10000,"self":"x"}`},
		exchange{"PUT", "/rest/api/2/issue/SEC-12/properties/throughline.threat", `{"id":"T-1"}`, 201, ``},
		exchange{"POST", "/rest/api/2/issue/SEC-12/comment", `{"body":"Hello"}`, 201, `{"id":"10100","body":"Hello"}`},
		exchange{"PUT", "/rest/api/2/issue/SEC-12/assignee", `{"accountId":"5b10"}`, 204, ``},
		exchange{"PUT", "/rest/api/2/issue/SEC-12/assignee", `{"accountId":null}`, 204, ``},
		exchange{"PUT", "/rest/api/2/issue/SEC-12/assignee", `{"accountId":"5b11"}`, 400, `{"errorMessages":[],"errors":{"assignee":"User '5b11' cannot be assigned issues."}}`},
	)
	ctx := t.Context()
	if err := c.Link(ctx, "SEC-12", jira.RemoteLink{
		GlobalID: "throughline:1:T-1", URL: "https://x/wiki/1", Title: "Payments", Relationship: "threat stated on", Summary: "Forged tokens",
	}); err != nil {
		t.Error(err)
	}
	if err := c.Link(ctx, "SEC-12", jira.RemoteLink{GlobalID: strings.Repeat("x", 256)}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a long global id: %v", err)
	}
	if err := c.SetProperty(ctx, "SEC-12", "throughline.threat", map[string]string{"id": "T-1"}); err != nil {
		t.Error(err)
	}
	if id, err := c.Comment(ctx, "SEC-12", "Hello"); id != "10100" || err != nil {
		t.Errorf("comment %q, %v", id, err)
	}
	if err := c.Assign(ctx, "SEC-12", "5b10"); err != nil {
		t.Error(err)
	}
	if err := c.Assign(ctx, "SEC-12", ""); err != nil {
		t.Error(err)
	}
	if err := c.Assign(ctx, "SEC-12", "5b11"); !fault.Is(err, fault.Invalid) || jira.Fields(err)["assignee"] == "" {
		t.Errorf("assign somebody who may not be: %v", err)
	}
}

func TestProject(t *testing.T) {
	c, _ := site(
		t,
		exchange{"GET", "/rest/api/2/project/SEC", "", 200, `{"id":"10000","key":"SEC","name":"Security","lead":{"accountId":"5b10","displayName":"Kim","active":true},
			"issueTypes":[{"id":"1","name":"Task","subtask":false},{"id":"2","name":"Sub-task","subtask":true}],"description":""}`},
		exchange{"GET", "/rest/api/2/project/SEC/components", "", 200, `[{"id":"1","name":"Login","lead":{"accountId":"5b10","displayName":"Kim","active":true}},{"id":"2","name":"Search"}]`},
		exchange{"GET", "/rest/api/2/user/assignable/search?maxResults=50&project=SEC&query=Kim+%C3%9C.", "", 200, `[{"accountId":"5b10","displayName":"Kim","active":true,"emailAddress":""}]`},
		exchange{"GET", "/rest/api/2/user/assignable/search?accountId=5b10&maxResults=50&project=SEC", "", 200, `[{"accountId":"5b10","displayName":"Kim","active":true}]`},
		exchange{"GET", "/rest/api/2/user/assignable/search?accountId=5b11&maxResults=50&project=SEC", "", 200, `[]`},
		exchange{"GET", "/rest/api/2/user/assignable/search?accountId=5b11&maxResults=50&project=NOPE", "", 404, `{"errorMessages":["No project could be found with key 'NOPE'."],"errors":{}}`},
	)
	ctx := t.Context()
	kim := jira.User{AccountID: "5b10", Name: "Kim", Active: true}
	project, err := c.Project(ctx, "SEC")
	if diff := cmp.Diff(jira.Project{
		ID: "10000", Key: "SEC", Name: "Security", Lead: kim,
		IssueTypes: []jira.IssueType{{ID: "1", Name: "Task"}, {ID: "2", Name: "Sub-task", Subtask: true}},
	}, project); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
	components, err := c.Components(ctx, "SEC")
	if diff := cmp.Diff([]jira.Component{{ID: "1", Name: "Login", Lead: kim}, {ID: "2", Name: "Search"}}, components); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
	users, err := c.Assignable(ctx, "SEC", "Kim Ü.")
	if diff := cmp.Diff([]jira.User{kim}, users); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
	if u, ok, err := c.CanAssign(ctx, "SEC", "5b10"); u != kim || !ok || err != nil {
		t.Errorf("5b10: %v %t %v", u, ok, err)
	}
	if _, ok, err := c.CanAssign(ctx, "SEC", "5b11"); ok || err != nil {
		t.Errorf("5b11: %t %v", ok, err)
	}
	if _, ok, err := c.CanAssign(ctx, "NOPE", "5b11"); ok || !fault.Is(err, fault.NotFound) {
		t.Errorf("no such project: %t %v", ok, err)
	}
}

// A connection that breaks after the request leaves a write uncertain, and a read or an upsert to be repeated.
func TestDropped(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	t.Cleanup(server.Close)
	for name, tt := range map[string]struct {
		call func(context.Context, *jira.Client) error
		want fault.Kind
	}{
		"create": {func(ctx context.Context, c *jira.Client) error {
			_, err := c.Create(ctx, []jira.Draft{{Project: "SEC"}})
			return err
		}, fault.Uncertain},
		"comment": {func(ctx context.Context, c *jira.Client) error { _, err := c.Comment(ctx, "SEC-1", "x"); return err }, fault.Uncertain},
		"issue":   {func(ctx context.Context, c *jira.Client) error { _, err := c.Issue(ctx, "SEC-1"); return err }, fault.Busy},
		"search": {func(ctx context.Context, c *jira.Client) error {
			_, err := c.FindByLabels(ctx, []string{"x"})
			return err
		}, fault.Busy},
		"link": {func(ctx context.Context, c *jira.Client) error {
			return c.Link(ctx, "SEC-1", jira.RemoteLink{GlobalID: "x"})
		}, fault.Busy},
		"assign": {func(ctx context.Context, c *jira.Client) error { return c.Assign(ctx, "SEC-1", "x") }, fault.Busy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			c, err := jira.New(server.URL, road(server.URL))
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.call(ctx, c); err == nil || fault.KindOf(err) != tt.want {
				t.Errorf("error %v is %s, want %s", err, fault.KindOf(err), tt.want)
			}
		})
	}
}

func TestCreateMeta(t *testing.T) {
	c, _ := site(
		t,
		exchange{"GET", "/rest/api/2/issue/createmeta/SEC/issuetypes?maxResults=200", "", 200, `{"issueTypes":[{"id":"1","name":"Task","subtask":false,"hierarchyLevel":0},{"id":"2","name":"Epic","subtask":false,"hierarchyLevel":1}]}`},
		exchange{"GET", "/rest/api/2/issue/createmeta/SEC/issuetypes/1?maxResults=200", "", 200, `{"fields":[
			{"fieldId":"summary","name":"Summary","required":true,"hasDefaultValue":false,"schema":{"type":"string","system":"summary"}},
			{"fieldId":"customfield_10042","name":"Risk class","required":true,"hasDefaultValue":false,
				"schema":{"type":"array","items":"option","custom":"x","customId":10042},"allowedValues":[{"id":"1","value":"A"},{"id":"2","value":"B"}]}]}`},
		exchange{"GET", "/rest/api/2/issue/SEC-9?fields=issuetype,project", "", 200, `{"id":"9","key":"SEC-9","fields":{"issuetype":{"id":"2","name":"Epic","hierarchyLevel":1},"project":{"key":"SEC"}}}`},
	)
	types, err := c.CreateTypes(t.Context(), "SEC")
	if diff := cmp.Diff([]jira.IssueType{{ID: "1", Name: "Task"}, {ID: "2", Name: "Epic", Level: 1}}, types); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
	fields, err := c.CreateFields(t.Context(), "SEC", "1")
	want := []jira.Field{
		{ID: "summary", Name: "Summary", Required: true, Type: "string"},
		{ID: "customfield_10042", Name: "Risk class", Required: true, Type: "array", Items: "option", Custom: "x", Allowed: []string{"A", "B"}},
	}
	if diff := cmp.Diff(want, fields); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
	place, err := c.Place(t.Context(), "SEC-9")
	if want := (jira.Place{Key: "SEC-9", Project: "SEC", Type: "Epic", Level: 1}); place != want || err != nil {
		t.Errorf("got %+v, %v; want %+v", place, err, want)
	}
}
