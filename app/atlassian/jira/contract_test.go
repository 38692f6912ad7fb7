package jira_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/contracttest"
)

// contract is a transport that holds requests against Atlassian's published description, and this test's answers with them: what the
// client is tested to read is what the site is documented to say. The description is of REST v3, whose paths are those of v2; what
// differs, rich text, it leaves open.
type contract struct {
	t    *testing.T
	spec *openapi3.T
}

// load reads a description and keeps the paths in use, with the site's own URL for server.
func load(t *testing.T, file, server string, paths ...string) *openapi3.T {
	t.Helper()
	// Jira's times have no colon in their zone, which the document's format does not allow for.
	openapi3.DefineStringFormatValidator("date-time", openapi3.NewRegexpFormatValidator(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$`))
	doc, err := openapi3.NewLoader().LoadFromFile(contracttest.Path(t, "contracts", file))
	if err != nil {
		t.Fatal(err)
	}
	used := openapi3.NewPaths()
	for _, p := range paths {
		item := doc.Paths.Value(p)
		if item == nil {
			t.Fatalf("%s has no path %s", file, p)
		}
		used.Set(p, item)
	}
	// Nor for fields without a value.
	doc.Components.Schemas["IssueBean"].Value.Properties["fields"].Value.AdditionalProperties.Schema.Value.Nullable = true
	doc.Paths, doc.Servers = used, openapi3.Servers{{URL: server}}
	return doc
}

func (c contract) RoundTrip(req *http.Request) (*http.Response, error) {
	router, err := gorillamux.NewRouter(c.spec)
	if err != nil {
		return nil, err
	}
	var sent []byte
	if req.Body != nil {
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(got))
	again := req.Clone(context.Background())
	again.URL.Path = strings.Replace(req.URL.Path, "/rest/api/2/", "/rest/api/3/", 1)
	again.Body = io.NopCloser(bytes.NewReader(sent))
	route, params, err := router.FindRoute(again)
	if err != nil {
		c.t.Errorf("%s %s is not documented: %v", req.Method, req.URL, err)
		return resp, nil
	}
	in := &openapi3filter.RequestValidationInput{
		Request: again, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
		c.t.Errorf("%s %s: the request breaks the contract: %v", req.Method, req.URL, err)
	}
	if resp.StatusCode == http.StatusNoContent { // the document gives some of these a body, which HTTP forbids
		return resp, nil
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Options: in.Options}
	out.SetBodyBytes(got)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		c.t.Errorf("%s %s: this test's answer breaks the contract: %v", req.Method, req.URL, err)
	}
	return resp, nil
}

func TestContract(t *testing.T) {
	const draft = `{"fields":{"project":{"key":"SEC"},"issuetype":{"name":"Task"},"summary":"S","labels":["throughline"],"duedate":"2026-12-01",
		"assignee":{"accountId":"5b10"}},"properties":[{"key":"throughline.threat","value":{"id":"T-1"}}]}`
	_, base := site(
		t,
		exchange{"GET", "/rest/api/2/issue/SEC-12?fields=" + issueFields, "", 200, sec12},
		exchange{"POST", "/rest/api/2/search/jql", `{"jql":"project = SEC","fields":["` + strings.ReplaceAll(issueFields, ",", `","`) + `"],"maxResults":100}`, 200, `{"issues":[` + sec12 + `],"isLast":true}`},
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
		exchange{"GET", "/rest/api/2/project/SEC", "", 200, `{"id":"1","key":"SEC","name":"Security","lead":{"accountId":"5b10","displayName":"Kim","active":true},"issueTypes":[{"id":"1","name":"Task","subtask":false}]}`},
		exchange{"GET", "/rest/api/2/project/SEC/components", "", 200, `[{"id":"1","name":"Login","lead":{"accountId":"5b10","displayName":"Kim","active":true}}]`},
		exchange{"GET", "/rest/api/2/user/assignable/search?maxResults=50&project=SEC&query=Kim", "", 200, `[{"accountId":"5b10","displayName":"Kim","active":true}]`},
	)
	const issue, project = "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/project/{projectIdOrKey}"
	spec := load(t, "jira-cloud-v3.openapi.json", base, issue, "/rest/api/3/issue/bulk", issue+"/remotelink", issue+"/properties/{propertyKey}",
		issue+"/comment", issue+"/assignee", "/rest/api/3/search/jql", project, project+"/components", "/rest/api/3/user/assignable/search")
	c, err := jira.New(base, &http.Client{Transport: contract{t, spec}})
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
		func() error { _, err := c.Create(ctx, []jira.Draft{d, d}); return err },
		func() error {
			return c.Link(ctx, "SEC-1", jira.RemoteLink{GlobalID: "g", URL: "https://x", Title: "t", Relationship: "r", Summary: "s"})
		},
		func() error { return c.SetProperty(ctx, "SEC-1", "throughline.threat", map[string]string{"id": "T-1"}) },
		func() error { _, err := c.Comment(ctx, "SEC-1", "b"); return err },
		func() error { return c.Assign(ctx, "SEC-1", "5b10") },
		func() error { _, err := c.Project(ctx, "SEC"); return err },
		func() error { _, err := c.Components(ctx, "SEC"); return err },
		func() error { _, err := c.Assignable(ctx, "SEC", "Kim"); return err },
	} {
		if err := call(); err != nil {
			t.Error(err)
		}
	}
}
