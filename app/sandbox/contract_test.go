package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/site"
)

// loadSpec reads Jira's OpenAPI document once for all tests: it takes seconds.
var loadSpec = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(specPath)
	if err != nil {
		return nil, err
	}
	mend(doc)
	return doc, nil
})

// mend rights slips of the document, by which it forbids what Jira takes and answers: times that have no colon in their zone, null in
// changelogs and in fields without a value, and a form of files that is said to be a list of Java objects.
func mend(doc *openapi3.T) {
	contracttest.AllowZonesWithoutColon()
	for _, name := range []string{"from", "fromString", "to", "toString"} {
		doc.Components.Schemas["ChangeDetails"].Value.Properties[name].Value.Nullable = true
	}
	doc.Components.Schemas["IssueBean"].Value.Properties["fields"].Value.AdditionalProperties.Schema.Value.Nullable = true
	files := openapi3.NewObjectSchema().WithProperty("file", openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema().WithFormat("binary"))).WithRequired([]string{"file"})
	doc.Paths.Value("/rest/api/3/issue/{issueIdOrKey}/attachments").Post.RequestBody.Value.Content["multipart/form-data"].Schema = files.NewRef()
}

var specPath string

// jiraContract is Atlassian's published description of Jira Cloud's REST v3, cut down to the paths in use.
func jiraContract(t *testing.T, base string, used ...string) routers.Router {
	t.Helper()
	specPath = contracttest.Path(t, "contracts", "jira-cloud-v3.openapi.json")
	whole, err := loadSpec()
	if err != nil {
		t.Fatal(err)
	}
	paths := make([]string, len(used))
	for i, path := range used {
		paths[i] = "/rest/api/3" + path
	}
	return contracttest.API(t, whole, base, paths...)
}

func TestJiraKeepsAtlassiansContract(t *testing.T) {
	s := open(t, sandbox.Options{})
	const issue = "/issue/{issueIdOrKey}"
	used := []string{
		"/issue", "/issue/bulk", issue, issue + "/assignee", issue + "/transitions", issue + "/changelog", issue + "/comment", issue + "/comment/{id}",
		issue + "/properties", issue + "/properties/{propertyKey}", issue + "/remotelink", issue + "/remotelink/{linkId}",
		"/issue/createmeta", "/issue/createmeta/{projectIdOrKey}/issuetypes", "/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}",
		"/search/jql", "/search/approximate-count", "/user", "/user/search", "/user/assignable/search", "/user/assignable/multiProjectSearch",
		"/myself", "/mypermissions", "/serverInfo", "/project", "/project/search", "/project/{projectIdOrKey}", "/project/{projectIdOrKey}/components",
		"/project/{projectIdOrKey}/statuses", "/component/{id}", "/issuetype", "/status", "/statuscategory", "/priority", "/resolution", "/field",
		"/issue/bulkfetch", issue + "/editmeta", "/user/bulk", "/project/{projectIdOrKey}/component", "/label",
		issue + "/attachments", "/attachment/{id}", "/attachment/content/{id}", "/project/{projectKeyOrId}/securitylevel",
	}
	check := contracttest.Transport{T: t, API: jiraContract(t, s.BaseURL(), used...), Calls: map[string]int{}}
	c := client{t: t, site: s, http: &http.Client{Transport: check}}
	must := func(want int, method, path string, body, out any) {
		t.Helper()
		if status, _, text := c.call(method, "/rest/api/3"+path, body, out); status != want {
			t.Errorf("%s %s: got %d, want %d: %s", method, path, status, want, text)
		}
	}
	type o = map[string]any
	doc := func(text string) o {
		return o{"type": "doc", "version": 1, "content": []o{{"type": "paragraph", "content": []o{{"type": "text", "text": text}}}}}
	}
	fields := func(summary string) o {
		return o{"project": o{"key": "SEC"}, "issuetype": o{"id": "10001"}, "summary": summary}
	}
	full := fields("All fields")
	full["description"], full["labels"], full["components"] = doc("What is to be done."), []string{"throughline"}, []o{{"name": "Identity"}}
	full["assignee"], full["priority"], full["duedate"] = o{"accountId": site.Kenji}, o{"name": "High"}, "2026-12-24"
	var made struct{ ID, Key string }
	must(201, "POST", "/issue", o{"fields": full, "properties": []o{{"key": "throughline.threat", "value": o{"id": "T-1"}}}}, &made)
	must(400, "POST", "/issue", o{"fields": o{"project": o{"key": "SEC"}}}, nil)
	must(201, "POST", "/issue/bulk", o{"issueUpdates": []o{{"fields": fields("one")}, {"fields": o{"summary": "no project"}}}}, nil)
	must(400, "POST", "/issue/bulk", o{"issueUpdates": []o{{"fields": o{"summary": "no project"}}}}, nil)
	at := "/issue/" + made.Key
	must(204, "PUT", at, o{"fields": o{"summary": "Renamed"}, "update": o{"labels": []o{{"add": "more"}}}}, nil)
	must(204, "PUT", at+"/assignee", o{"accountId": site.Lucia}, nil)
	must(200, "GET", at+"/transitions?expand=transitions.fields", nil, nil)
	must(204, "POST", at+"/transitions", o{"transition": o{"id": "11"}, "update": o{"comment": []o{{"add": o{"body": doc("Begun.")}}}}}, nil)
	var said struct{ ID string }
	must(201, "POST", at+"/comment", o{"body": doc("Looks right.")}, &said)
	must(200, "GET", at+"/comment/"+said.ID, nil, nil)
	must(200, "PUT", at+"/comment/"+said.ID, o{"body": doc("Looks wrong.")}, nil)
	must(200, "GET", at+"/comment?orderBy=-created", nil, nil)
	must(204, "DELETE", at+"/comment/"+said.ID, nil, nil)
	must(200, "GET", at+"/changelog", nil, nil)
	must(200, "PUT", at+"/properties/throughline.threat", o{"id": "T-1", "state": "open"}, nil)
	must(201, "PUT", at+"/properties/other", 5, nil)
	must(200, "GET", at+"/properties", nil, nil)
	must(200, "GET", at+"/properties/throughline.threat", nil, nil)
	must(204, "DELETE", at+"/properties/other", nil, nil)
	link := o{"globalId": "throughline:1:2", "relationship": "is stated on", "application": o{"type": "app", "name": "Throughline"}, "object": o{"url": "http://127.0.0.1/x", "title": "Checkout"}}
	var linked struct{ ID int64 }
	must(201, "POST", at+"/remotelink", link, &linked)
	must(200, "POST", at+"/remotelink", link, nil)
	must(200, "GET", at+"/remotelink", nil, nil)
	must(200, "GET", at+"/remotelink?globalId="+url.QueryEscape("throughline:1:2"), nil, nil)
	must(200, "GET", at+"/remotelink/"+text(linked.ID), nil, nil)
	must(204, "PUT", at+"/remotelink/"+text(linked.ID), link, nil)
	must(204, "DELETE", at+"/remotelink?globalId="+url.QueryEscape("throughline:1:2"), nil, nil)
	must(404, "GET", at+"/remotelink/"+text(linked.ID), nil, nil)
	must(200, "GET", at+"?expand=changelog,transitions,names,renderedFields&properties=*all", nil, nil)
	must(404, "GET", "/issue/SEC-9999", nil, nil)
	must(200, "GET", "/search/jql?jql="+url.QueryEscape("project = SEC")+"&fields=*all&maxResults=1", nil, nil)
	must(200, "POST", "/search/jql", o{"jql": "project = SEC order by created", "fields": []string{"summary", "status"}, "properties": []string{"throughline.threat"}}, nil)
	must(400, "POST", "/search/jql", o{"jql": "order by created"}, nil)
	must(200, "POST", "/search/approximate-count", o{"jql": "project = SEC"}, nil)
	must(200, "GET", "/user?accountId="+url.QueryEscape(site.Sofia), nil, nil)
	must(200, "GET", "/user/search?query=a", nil, nil)
	must(200, "GET", "/user/assignable/search?project=SEC", nil, nil)
	must(200, "GET", "/user/assignable/search?issueKey="+made.Key+"&query=ken", nil, nil)
	must(200, "GET", "/user/assignable/multiProjectSearch?projectKeys=SEC,PAY", nil, nil)
	must(200, "GET", "/myself", nil, nil)
	must(200, "GET", "/mypermissions?projectKey=SEC&permissions=ASSIGN_ISSUES,ADMINISTER", nil, nil)
	must(200, "GET", "/serverInfo", nil, nil)
	must(200, "GET", "/project", nil, nil)
	must(200, "GET", "/project/search?query=sec", nil, nil)
	must(200, "GET", "/project/SEC", nil, nil)
	must(404, "GET", "/project/NONE", nil, nil)
	must(200, "GET", "/project/SEC/components", nil, nil)
	must(200, "GET", "/project/SEC/statuses", nil, nil)
	must(200, "GET", "/component/10000", nil, nil)
	must(200, "GET", "/issue/createmeta?projectKeys=SEC&expand=projects.issuetypes.fields", nil, nil)
	must(200, "GET", "/issue/createmeta/SEC/issuetypes", nil, nil)
	must(200, "GET", "/issue/createmeta/SEC/issuetypes/10001", nil, nil)
	must(200, "POST", "/issue/bulkfetch", o{"issueIdsOrKeys": []string{made.Key, made.ID, "SEC-9999"}, "fields": []string{"summary", "status"}}, nil)
	must(200, "GET", at+"/editmeta", nil, nil)
	must(200, "GET", "/user/bulk?accountId="+url.QueryEscape(site.Kenji)+"&accountId=none", nil, nil)
	must(200, "GET", "/project/SEC/component", nil, nil)
	must(200, "GET", "/label", nil, nil)
	for _, list := range []string{"/issuetype", "/status", "/statuscategory", "/priority", "/resolution", "/field"} {
		must(200, "GET", list, nil, nil)
	}
	ops := o{"project": o{"key": "OPS"}, "issuetype": o{"id": "10001"}, "summary": "Its own fields"}
	must(400, "POST", "/issue", o{"fields": ops}, nil) // without the class that OPS requires
	ops["customfield_10042"], ops["customfield_10043"] = o{"value": "A"}, []o{{"value": "Production"}, {"id": "100431"}}
	ops["customfield_10044"], ops["customfield_10045"], ops["customfield_10046"], ops["customfield_10047"] = 2.5, o{"accountId": site.Kenji}, "2026-12-24", "RFC 12"
	must(201, "POST", "/issue", o{"fields": ops}, &made)
	must(200, "GET", "/issue/"+made.Key+"?expand=names,transitions", nil, nil)
	must(200, "GET", "/issue/createmeta/OPS/issuetypes/10001", nil, nil)
	team := o{"project": o{"key": "TEAM"}, "issuetype": o{"name": "Task"}, "summary": "The team's"}
	must(400, "POST", "/issue", o{"fields": team}, nil) // the name is looked up over all of the site, and found first elsewhere
	team["issuetype"] = o{"id": "10301"}
	must(201, "POST", "/issue", o{"fields": team}, &made)
	must(204, "POST", "/issue/"+made.Key+"/transitions", o{"transition": o{"id": "31"}}, nil)
	must(200, "GET", "/issue/"+made.Key+"?expand=changelog", nil, nil)
	for _, key := range []string{"DEU", "OPS", "TEAM"} {
		must(200, "GET", "/project/"+key, nil, nil)
		must(200, "GET", "/project/"+key+"/statuses", nil, nil)
		must(200, "GET", "/issue/createmeta/"+key+"/issuetypes", nil, nil)
	}
	must(200, "GET", "/issue/createmeta/TEAM/issuetypes/10301", nil, nil)
	var files []struct{ ID string }
	if status, _, text := c.attach("/rest/api/3"+at+"/attachments", "report.pdf", &files); status != http.StatusOK || len(files) != 1 {
		t.Fatalf("attaching: %d %s", status, text)
	}
	must(200, "GET", "/attachment/"+files[0].ID, nil, nil)
	must(404, "GET", "/attachment/1", nil, nil)
	must(200, "GET", "/attachment/content/"+files[0].ID+"?redirect=false", nil, nil)
	must(200, "GET", at, nil, nil)
	must(204, "DELETE", "/attachment/"+files[0].ID, nil, nil)
	must(200, "GET", at+"/changelog", nil, nil)
	must(200, "GET", "/project/SEC/securitylevel", nil, nil)
	key := strings.TrimPrefix(at, "/issue/")
	if err := s.Jira().Edit(site.Sofia, key, map[string]any{"security": map[string]string{"name": "Security team"}}); err != nil {
		t.Fatal(err)
	}
	must(404, "GET", at, nil, nil)
	must(200, "POST", "/issue/bulkfetch", o{"issueIdsOrKeys": []string{key}, "fields": []string{"summary"}}, nil)
	if err := s.Jira().Edit(site.Sofia, key, map[string]any{"security": nil}); err != nil {
		t.Fatal(err)
	}
	must(204, "DELETE", at, nil, nil)
	for _, path := range used {
		called := false
		for call := range check.Calls {
			called = called || strings.HasSuffix(call, " /rest/api/3"+path)
		}
		if !called {
			t.Errorf("%s was never called", path)
		}
	}
}
