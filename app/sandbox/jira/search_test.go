package jira_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/sandbox/site/sitetest"
)

// raw serves one request; body is sent as it is, "" is none.
func raw(t *testing.T, j *jira.Jira, method, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	j.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// call is raw, with the answer read where it is an object.
func call(t *testing.T, j *jira.Jira, method, path, body string) (int, map[string]any) {
	t.Helper()
	status, text := raw(t, j, method, path, body)
	var out map[string]any
	if strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return status, out
}

func find(t *testing.T, j *jira.Jira, query string) (keys []string, status int, messages string) {
	t.Helper()
	status, out := call(t, j, "GET", "/rest/api/3/search/jql?fields=key&jql="+url.QueryEscape(query), "")
	if status != http.StatusOK {
		return nil, status, fmt.Sprint(out["errorMessages"])
	}
	keys = []string{}
	for _, i := range out["issues"].([]any) {
		keys = append(keys, strings.TrimPrefix(i.(map[string]any)["key"].(string), "SEC-"))
	}
	return keys, status, ""
}

// shelf is a Jira of six issues, made an hour apart from 2026-11-02 09:00 on; it is 15:00 then.
func shelf(t *testing.T) (*jira.Jira, *sitetest.Site) {
	j, s := open(t)
	for i, f := range []map[string]any{
		{"summary": "Spoofed tokens at login", "labels": []string{"throughline", "T-1"}, "components": []map[string]string{{"name": "Identity"}}},
		{"summary": "Plain passwords in logs", "labels": []string{"throughline"}, "assignee": map[string]string{"accountId": site.Kenji}, "duedate": "2026-11-05"},
		{"summary": "Login page without CSP", "issuetype": map[string]string{"name": "Bug"}, "priority": map[string]string{"name": "High"}},
		{"summary": "Backups unencrypted", "assignee": map[string]string{"accountId": site.Lucia}},
		{"summary": "Old tokens accepted", "labels": []string{"T-2"}, "description": "the verifier *ignores* exp"},
		{"project": map[string]string{"key": "PAY"}, "summary": "Ledger"},
	} {
		key := create(t, j, f)
		if i == 0 {
			if status, out := call(t, j, "PUT", "/rest/api/2/issue/"+key+"/properties/throughline.threat", `{"id":"T-1","page":{"id":7},"states":["open","stale"]}`); status != 201 {
				t.Fatal(out)
			}
		}
		if i == 3 {
			for _, step := range []string{"11", "21", "31"} {
				if err := j.Transition(site.Lucia, key, step, ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.Advance(time.Hour)
	}
	return j, s
}

func TestSearch(t *testing.T) {
	j, _ := shelf(t)
	for _, tc := range []struct {
		name, jql string
		want      []string
	}{
		{"project", "project = SEC order by key", []string{"1", "2", "3", "4", "5"}},
		{"project by name", "project = Payments", []string{"PAY-1"}},
		{"several projects", "project in (SEC, PAY) order by created desc", []string{"PAY-1", "5", "4", "3", "2", "1"}},
		{"newest first without an order", "project = SEC", []string{"5", "4", "3", "2", "1"}},
		{"keys", "key in (SEC-2, SEC-4) order by key", []string{"2", "4"}},
		{"a key range", "key >= SEC-4 and project = SEC order by key", []string{"4", "5"}},
		{"a key that is gone", "key = SEC-999", []string{}},
		{"label", "labels = throughline order by key", []string{"1", "2"}},
		{"labels other than leave out those without", "labels != throughline", []string{"5"}},
		{"negation is carried inward", "not labels = throughline", []string{"5"}},
		{"no label", "project = SEC and labels is empty order by key", []string{"3", "4"}},
		{"de Morgan", "not (labels = throughline or labels is empty)", []string{"5"}},
		{"status", `status = Done`, []string{"4"}},
		{"status category", "statusCategory != Done and project = SEC order by key", []string{"1", "2", "3", "5"}},
		{"status category by key", "statusCategory = new and project = PAY", []string{"PAY-1"}},
		{"assignee", "assignee = " + site.Kenji, []string{"2"}},
		{"assignee by quoted id", fmt.Sprintf("assignee = %q", site.Lucia), []string{"4"}},
		{"nobody", "assignee is EMPTY and project = SEC order by key", []string{"1", "3", "5"}},
		{"oneself", "reporter = currentUser() and project = PAY", []string{"PAY-1"}},
		{"type", "issuetype = Bug", []string{"3"}},
		{"priority and component", "priority = High or component = Identity order by key", []string{"1", "3"}},
		{"resolved", "resolution = Done", []string{"4"}},
		{"unresolved", "resolution = Unresolved and project = SEC order by key", []string{"1", "2", "3", "5"}},
		{"a property", `issue.property[throughline.threat].id = "T-1"`, []string{"1"}},
		{"a number in a property", "issue.property[throughline.threat].page.id >= 7", []string{"1"}},
		{"a list in a property", "issue.property[throughline.threat].states = stale", []string{"1"}},
		{"no such property", "issue.property[other].id = 1", []string{}},
		{"words", `summary ~ "login tokens"`, []string{"1"}},
		{"the beginning of a word", `summary ~ "log*" order by key`, []string{"1", "2", "3"}},
		{"a phrase", `summary ~ "\"old tokens\""`, []string{"5"}},
		{"text", "text ~ ignores", []string{"5"}},
		{"relative", "updated >= -2h order by key", []string{"PAY-1", "5"}},
		{"absolute", `created >= "2026-11-02 10:00" and created < "2026/11/02 12:00" order by key`, []string{"2", "3"}},
		{"start of a day", "created >= startOfDay() and project = PAY", []string{"PAY-1"}},
		{"due", "due <= 2026-11-30", []string{"2"}},
		{"the order of two", "project = SEC order by priority, created desc", []string{"3", "5", "4", "2", "1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, status, messages := find(t, j, tc.jql)
			if status != http.StatusOK {
				t.Fatalf("%d %s", status, messages)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.jql, diff)
			}
		})
	}
}

func TestSearchRefuses(t *testing.T) {
	j, _ := shelf(t)
	for _, tc := range []struct{ name, jql, want string }{
		{"nothing", "", "Unbounded"},
		{"an order alone", "order by key", "Unbounded"},
		{"syntax", "project = ", "Error in the JQL Query"},
		{"an unknown field", "colour = red", "Field 'colour' does not exist"},
		{"an unknown project", "project = NONE", "The value 'NONE' does not exist for the field 'project'"},
		{"an unknown status", "status = Sleeping", "The value 'Sleeping' does not exist"},
		{"a word that is no date", "updated >= yesterday", "Date value 'yesterday'"},
		{"an unknown function", "assignee in membersOf(x)", "Unable to find JQL function"},
		{"an operator that does not fit", "status ~ Do", "not supported"},
		{"an unknown order", "project = SEC order by colour", "Field 'colour' does not exist"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, status, messages := find(t, j, tc.jql); status != http.StatusBadRequest || !strings.Contains(messages, tc.want) {
				t.Errorf("got %d %s, want %s", status, messages, tc.want)
			}
		})
	}
}

func TestRemovedSearch(t *testing.T) {
	j, _ := open(t)
	for _, v := range []string{"2", "3"} {
		for _, method := range []string{"GET", "POST"} {
			if status, out := call(t, j, method, "/rest/api/"+v+"/search?jql=project=SEC", ""); status != http.StatusGone || !strings.Contains(fmt.Sprint(out), "CHANGE-2046") {
				t.Errorf("%s v%s: %d %v", method, v, status, out)
			}
		}
	}
}

func TestSearchPages(t *testing.T) {
	j, _ := open(t)
	var want []string
	for range 23 {
		want = append(want, create(t, j, nil))
	}
	slices.Reverse(want)
	var got []string
	token, pages := "", 0
	for {
		pages++
		status, out := call(t, j, "POST", "/rest/api/2/search/jql", fmt.Sprintf(`{"jql":"project = SEC","fields":["summary"],"maxResults":10,"nextPageToken":%q}`, token))
		if status != http.StatusOK {
			t.Fatal(out)
		}
		for _, i := range out["issues"].([]any) {
			got = append(got, i.(map[string]any)["key"].(string))
		}
		token, _ = out["nextPageToken"].(string)
		if last := out["isLast"].(bool); last != (token == "") {
			t.Errorf("page %d: isLast %t with token %q", pages, last, token)
		}
		if token == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || pages != 3 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	if status, _ := call(t, j, "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","nextPageToken":"bm90aGluZw"}`); status != http.StatusBadRequest {
		t.Errorf("a foreign token answers %d", status)
	}
	if _, out := call(t, j, "POST", "/rest/api/3/search/jql", `{"jql":"key = SEC-1"}`); fmt.Sprint(out["issues"]) != "[map[id:10000]]" {
		t.Errorf("without fields: %v", out["issues"])
	}
	if _, out := call(t, j, "POST", "/rest/api/3/search/approximate-count", `{"jql":"project = SEC"}`); fmt.Sprint(out["count"]) != "23" {
		t.Errorf("count: %v", out)
	}
}

func TestSearchLagsBehind(t *testing.T) {
	j, s := open(t)
	s.SetLag(5 * time.Second)
	old := create(t, j, map[string]any{"labels": []string{"a"}})
	s.Advance(10 * time.Second)
	if err := j.Edit(site.Dana, old, map[string]any{"labels": []string{"b"}}); err != nil {
		t.Fatal(err)
	}
	fresh := create(t, j, map[string]any{"labels": []string{"b"}})
	v, _ := j.Issue(fresh)
	see := func(query string, want ...string) {
		t.Helper()
		got, status, messages := find(t, j, query)
		if status != http.StatusOK || !slices.Equal(got, want) {
			t.Errorf("%s: got %v %s, want %v", query, got, messages, want)
		}
	}
	see("labels = a", "1")
	see("labels = b")
	if _, out := call(t, j, "POST", "/rest/api/3/search/jql", fmt.Sprintf(`{"jql":"labels = b","reconcileIssues":[%s]}`, v.ID)); len(out["issues"].([]any)) != 1 {
		t.Errorf("reconcileIssues reads past the index, but: %v", out)
	}
	if status, _ := call(t, j, "GET", "/rest/api/3/issue/"+fresh, ""); status != http.StatusOK {
		t.Errorf("an issue is read past the index, but: %d", status)
	}
	s.Advance(5 * time.Second)
	see("labels = a")
	see("labels = b order by key", "1", "2")
	if err := j.Delete(site.Dana, old); err != nil {
		t.Fatal(err)
	}
	see("labels = b order by key", "1", "2")
	s.Advance(5 * time.Second)
	see("labels = b", "2")
}
