package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/host"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
)

// dcClient calls the products of a Data Center site as its first person.
type dcClient struct {
	t    *testing.T
	site *sandbox.Sandbox
	http http.Client
}

// do sends JSON below a product's base URL, decodes the answer into out unless that is nil, and returns its status and text.
func (c dcClient) do(method, base, path string, body, out any) (int, string) {
	c.t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, base+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	token := c.site.Credentials()[0].WikiPAT
	if base == c.site.JiraURL() {
		token = c.site.Credentials()[0].JiraPAT
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if strings.Contains(string(raw), "accountId") || strings.Contains(string(raw), "712020:") {
		c.t.Errorf("%s %s: Data Center knows no account ids: %s", method, path, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			c.t.Fatalf("%s %s answered %s, no JSON: %s", method, path, resp.Status, raw)
		}
	}
	return resp.StatusCode, string(raw)
}

func dataCenter(t *testing.T) *sandbox.Sandbox {
	return open(t, sandbox.Options{DataCenter: true, Pages: seed.Demo(), Issues: seed.Issues()})
}

type object = map[string]any

// TestDataCenterKeepsWhatCloudSays holds the calls that both editions have to the descriptions of Cloud, the only ones at hand.
func TestDataCenterKeepsWhatCloudSays(t *testing.T) {
	s := dataCenter(t)
	const issue = "/issue/{issueIdOrKey}"
	tracker := contracttest.Transport{
		T: t, API: jiraContract(t, s.BaseURL(), "/issue/bulk", issue, issue+"/assignee", issue+"/transitions", issue+"/properties/{propertyKey}",
			issue+"/remotelink", "/myself", "/mypermissions", "/project/{projectIdOrKey}", "/project/{projectIdOrKey}/components", "/priority", "/status"),
		Path: func(p string) string { return strings.Replace(p, "/jira/rest/api/2/", "/rest/api/3/", 1) },
	}
	c := dcClient{t, s, http.Client{Transport: tracker}}
	must := func(want int, method, base, path string, body, out any) {
		t.Helper()
		if status, text := c.do(method, base, path, body, out); status != want {
			t.Errorf("%s %s: %d, want %d: %s", method, path, status, want, text)
		}
	}
	const rest = "/rest/api/2"
	fields := object{"project": object{"key": "SEC"}, "issuetype": object{"name": "Task"}, "summary": "One", "assignee": object{"name": "kenji"}}
	var made struct{ Issues []struct{ Key string } }
	must(201, "POST", s.JiraURL(), rest+"/issue/bulk", object{"issueUpdates": []object{{"fields": fields, "properties": []object{{"key": "k", "value": 1}}}}}, &made)
	at := rest + "/issue/" + made.Issues[0].Key
	must(200, "GET", s.JiraURL(), at+"?fields=summary,assignee,status", nil, nil)
	must(204, "PUT", s.JiraURL(), at+"/assignee", object{"name": "lucia"}, nil)
	must(200, "GET", s.JiraURL(), at+"/transitions", nil, nil)
	must(200, "GET", s.JiraURL(), at+"/properties/k", nil, nil)
	must(201, "POST", s.JiraURL(), at+"/remotelink", object{"globalId": "g", "object": object{"url": "http://127.0.0.1/x", "title": "x"}}, nil)
	for _, path := range []string{"/myself", "/mypermissions?projectKey=SEC&permissions=CREATE_ISSUES", "/project/SEC", "/project/SEC/components", "/priority", "/status"} {
		must(200, "GET", s.JiraURL(), rest+path, nil, nil)
	}

	doc := contracttest.Load(t, "confluence-cloud-v1.openapi.yml")
	for _, p := range doc.Paths.Value("/wiki/rest/api/content/{id}").Get.Parameters {
		if p.Value.Schema.Value.Type.Is("array") {
			p.Value.Schema.Value.Enum = nil // declared for a list's values, and written as if for the list
		}
	}
	wiki := contracttest.Transport{
		T: t, API: contracttest.API(t, doc, s.ConfluenceURL(), "/wiki/rest/api/content/search",
			"/wiki/rest/api/content/{id}", "/wiki/rest/api/user/current", "/wiki/rest/api/space/{spaceKey}", "/wiki/rest/api/search"),
		Path: func(p string) string { return "/wiki" + p },
	}
	c.http.Transport = wiki
	var found struct{ Results []struct{ ID string } }
	cql := "cql=" + url.QueryEscape(`type = page and label in ("threat-model","design") order by lastmodified`)
	must(200, "GET", s.ConfluenceURL(), "/rest/api/content/search?limit=2&"+cql, nil, &found)
	page := "/rest/api/content/" + found.Results[0].ID
	must(200, "GET", s.ConfluenceURL(), page+"?expand=body.storage,version,space,history,metadata.labels", nil, nil)
	must(200, "PUT", s.ConfluenceURL(), page, object{
		"type": "page", "title": "Renamed", "version": object{"number": 2, "minorEdit": true, "message": "m"},
		"body": object{"storage": object{"value": "<p>x</p>", "representation": "storage"}},
	}, nil)
	must(200, "GET", s.ConfluenceURL(), "/rest/api/user/current", nil, nil)
	must(200, "GET", s.ConfluenceURL(), "/rest/api/space/"+seed.SpaceKey, nil, nil)
	must(200, "GET", s.ConfluenceURL(), "/rest/api/search?"+cql, nil, nil)
}

// TestDataCenterIsNotCloud goes through what the editions differ in.
func TestDataCenterIsNotCloud(t *testing.T) {
	s := dataCenter(t)
	c := dcClient{t: t, site: s}
	page := s.Confluence().Pages()[0]
	issue := s.Jira().Issues()[0]
	kenji, _ := site.WithUsername(site.People(), "kenji")
	const newer = `{"type":"page","title":"T","version":{"number":2},"body":{"storage":{"representation":"storage","value":"<ac:link><ri:user ri:account-id=\"x\" /></ac:link>"}}}`
	tests := []struct {
		name, method, base, path, body string
		status                         int
		want                           string
	}{
		{"no v2 of Confluence", "GET", s.ConfluenceURL(), "/api/v2/pages/" + page.ID, "", 404, ""},
		{"no /wiki", "GET", s.ConfluenceURL(), "/wiki/rest/api/content/" + page.ID, "", 404, ""},
		{"no permission check", "POST", s.ConfluenceURL(), "/rest/api/content/" + page.ID + "/permission/check", "{}", 404, ""},
		{"a page", "GET", s.ConfluenceURL(), "/rest/api/content/" + page.ID + "?expand=body.storage,history,operations", "", 200, `{"operation":"update","targetType":"page"}`},
		{"mentions by user key", "GET", s.ConfluenceURL(), "/rest/api/content/" + page.ID + "?expand=body.storage", "", 200, `ri:userkey=`},
		{"a mention by account id", "PUT", s.ConfluenceURL(), "/rest/api/content/" + page.ID, newer, 400, "ri:userkey"},
		{"a user by key", "GET", s.ConfluenceURL(), "/rest/api/user?key=" + kenji.WikiKey(), "", 200, `"username":"kenji"`},
		{"a user by name", "GET", s.ConfluenceURL(), "/rest/api/user?username=kenji", "", 200, `"userKey":"` + kenji.WikiKey() + `"`},
		{"no such user", "GET", s.ConfluenceURL(), "/rest/api/user?username=nobody", "", 404, ""},
		{"pages by start", "GET", s.ConfluenceURL(), "/rest/api/content/search?limit=1&cql=type%3Dpage", "", 200, `start=1`},
		{"no v3 of Jira", "GET", s.JiraURL(), "/rest/api/3/myself", "", 404, ""},
		{"no search by token", "POST", s.JiraURL(), "/rest/api/2/search/jql", `{"jql":"project = SEC"}`, 404, ""},
		{"no bulk fetch", "POST", s.JiraURL(), "/rest/api/2/issue/bulkfetch", `{"issueIdsOrKeys":["1"]}`, 404, ""},
		{"a search", "POST", s.JiraURL(), "/rest/api/2/search", `{"jql":"project = SEC","startAt":1,"maxResults":1}`, 200, `"startAt":1`},
		{"a search for what is gone", "POST", s.JiraURL(), "/rest/api/2/search", `{"jql":"id in (1, ` + issue.ID + `)"}`, 400, "does not exist"},
		{"the same unchecked", "POST", s.JiraURL(), "/rest/api/2/search", `{"jql":"id in (1, ` + issue.ID + `)","validateQuery":false}`, 200, `"total":1`},
		{"all permissions", "GET", s.JiraURL(), "/rest/api/2/mypermissions?projectKey=SEC", "", 200, `"LINK_ISSUES"`},
		{"people by name", "GET", s.JiraURL(), "/rest/api/2/user/assignable/search?project=SEC&username=kenj", "", 200, `"name":"kenji"`},
		{"nobody by account id", "PUT", s.JiraURL(), "/rest/api/2/issue/" + issue.Key, `{"fields":{"assignee":{"name":"nobody"}}}`, 400, "cannot be assigned"},
		{"a parent of what is no subtask", "PUT", s.JiraURL(), "/rest/api/2/issue/" + issue.Key, `{"fields":{"parent":{"key":"` + issue.Key + `"}}}`, 400, "'parent' cannot be set"},
		{"an epic that is none", "PUT", s.JiraURL(), "/rest/api/2/issue/" + issue.Key, `{"fields":{"customfield_10008":"` + issue.Key + `"}}`, 400, "is not an epic"},
		{"the link to an epic", "GET", s.JiraURL(), "/rest/api/2/issue/createmeta/SEC/issuetypes/10001", "", 200, `"custom":"com.pyxis.greenhopper.jira:gh-epic-link"`},
		{"fields below values", "GET", s.JiraURL(), "/rest/api/2/issue/createmeta/SEC/issuetypes/10001", "", 200, `"values":[`},
		{"the edition", "GET", s.JiraURL(), "/rest/api/2/serverInfo", "", 200, `"deploymentType":"Server"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c.t = t
			var body any
			if tt.body != "" {
				body = json.RawMessage(tt.body)
			}
			if status, text := c.do(tt.method, tt.base, tt.path, body, nil); status != tt.status || !strings.Contains(text, tt.want) {
				t.Errorf("%d: %s\nwant %d with %s", status, text, tt.status, tt.want)
			}
		})
	}
}

// TestDataCenterHooks sends webhooks as Data Center does: Confluence's say of a page its id alone, Jira's name people by name.
func TestDataCenterHooks(t *testing.T) {
	got := make(chan object, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body object
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		got <- body
	}))
	defer server.Close()
	s := dataCenter(t)
	for _, product := range []string{host.Jira, host.Confluence} {
		if err := s.Host().AddHook(host.Hook{Product: product, URL: server.URL, Secret: "known to both"}); err != nil {
			t.Fatal(err)
		}
	}
	page := s.Confluence().Pages()[0]
	if err := s.Confluence().Trash(site.Dana, page.ID); err != nil {
		t.Fatal(err)
	}
	trashed := <-got
	if what, ok := trashed["page"].(object); !ok || len(what) != 1 || trashed["event"] != "page_trashed" || trashed["userKey"] == "" {
		t.Errorf("got %v", trashed)
	}
	if err := s.Jira().Assign(site.Dana, s.Jira().Issues()[0].Key, site.Kenji); err != nil {
		t.Fatal(err)
	}
	assigned, err := json.Marshal(<-got)
	if err != nil || !strings.Contains(string(assigned), `"name":"kenji"`) || strings.Contains(string(assigned), `"accountId"`) {
		t.Errorf("%v: %s", err, assigned)
	}
}

// TestEditionOfAFolder keeps a site: its addresses are the same again, and it is not opened as the other edition.
func TestEditionOfAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site")
	s, err := sandbox.New(sandbox.Options{DataCenter: true, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	jira, wiki := s.JiraURL(), s.ConfluenceURL()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if other, err := sandbox.New(sandbox.Options{Dir: dir}); err == nil {
		_ = other.Close()
		t.Error("a site of Data Center was opened as one of Cloud")
	}
	s = open(t, sandbox.Options{DataCenter: true, Dir: dir})
	if s.JiraURL() != jira || s.ConfluenceURL() != wiki {
		t.Errorf("%s and %s were %s and %s", s.JiraURL(), s.ConfluenceURL(), jira, wiki)
	}
}
