package confluence_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/sandbox/site"
)

// contract is Atlassian's published description of one version of the API, cut down to the paths that are in use.
func contract(t *testing.T, file, server string, used ...string) routers.Router {
	t.Helper()
	doc := contracttest.Load(t, file)
	for _, path := range used {
		if item := doc.Paths.Value(path); item != nil {
			mend(item)
		}
	}
	return contracttest.API(t, doc, server, used...)
}

// mend rights two slips in the contracts by which they forbid their own examples: alternatives of a page's body that are not
// exclusive though they are declared so, and a list's values declared as if they were the list's.
func mend(item *openapi3.PathItem) {
	for _, op := range item.Operations() {
		if op.RequestBody != nil {
			for _, media := range op.RequestBody.Value.Content {
				if body := media.Schema.Value.Properties["body"]; body != nil {
					body.Value.AnyOf, body.Value.OneOf = body.Value.OneOf, nil
				}
			}
		}
		for _, p := range op.Parameters {
			if s := p.Value.Schema; s != nil && s.Value.Type.Is("array") {
				s.Value.Enum = nil
			}
		}
	}
}

// checkAgainst makes d hold every request and answer against the contracts.
func (d *desk) checkAgainst(apis ...routers.Router) {
	d.check = func(r *http.Request, sent []byte, res *http.Response, got []byte) {
		d.t.Helper()
		for _, api := range apis {
			route := contracttest.Check(d.t, api, contracttest.Call{Request: r, Sent: sent, Response: res, Got: got})
			if route == nil {
				continue
			}
			if scope, ok := route.Operation.Extensions["x-atlassian-connect-scope"].(string); ok && !d.allows(r, scope) {
				d.t.Errorf("%s %s is refused to an app with the scope %s, which the contract says is enough", r.Method, r.URL, scope)
			}
			return
		}
		d.t.Errorf("%s %s is in no contract", r.Method, r.URL)
	}
}

func TestAnswersKeepAtlassiansContract(t *testing.T) {
	d := newDesk(t)
	d.checkAgainst(
		contract(t, "confluence-cloud-v2.openapi.json", "http://127.0.0.1:8091/wiki/api/v2",
			"/pages", "/pages/{id}", "/pages/{id}/labels", "/pages/{id}/versions", "/pages/{page-id}/versions/{version-number}",
			"/pages/{page-id}/properties", "/pages/{page-id}/properties/{property-id}", "/spaces", "/spaces/{id}", "/spaces/{id}/pages",
			"/labels/{id}/pages", "/users-bulk", "/pages/{id}/children", "/pages/{id}/attachments", "/pages/{id}/footer-comments"),
		contract(t, "confluence-cloud-v1.openapi.yml", "http://127.0.0.1:8091",
			"/wiki/rest/api/search", "/wiki/rest/api/content/search", "/wiki/rest/api/content", "/wiki/rest/api/content/{id}",
			"/wiki/rest/api/content/{id}/label", "/wiki/rest/api/content/{id}/label/{label}", "/wiki/rest/api/content/{id}/permission/check",
			"/wiki/rest/api/user", "/wiki/rest/api/user/current", "/wiki/rest/api/user/bulk", "/wiki/rest/api/space", "/wiki/rest/api/space/{spaceKey}",
			"/wiki/rest/api/content/{id}/property", "/wiki/rest/api/content/{id}/property/{key}", "/wiki/rest/api/content/{id}/history",
			"/wiki/rest/api/content/{id}/child/attachment", "/wiki/rest/api/content/{id}/child/comment", "/wiki/rest/api/content/{id}/child/{type}"),
	)
	parent := d.create("Parent", "<p>p</p>")
	p, err := d.Edit(jon, parent.ID, edit(2, "Parent", "<p>now</p>"))
	if err != nil {
		t.Fatal(err)
	}
	const everything = "body.storage,version,space,history,ancestors,metadata.labels,metadata.properties"
	status, made := d.do("POST", "/wiki/api/v2/pages", mustJSON(map[string]any{
		"spaceId": d.space.ID, "status": "current", "title": "Made", "parentId": p.ID,
		"body": map[string]any{"representation": "storage", "value": "<p>x</p>"},
	}))
	if status != 200 {
		t.Fatalf("create: %d %v", status, made)
	}
	id := made["id"].(string)
	must := func(want int, method, path, body string) map[string]any {
		t.Helper()
		status, out := d.do(method, path, body)
		if status != want {
			t.Errorf("%s %s: status %d, want %d: %v", method, path, status, want, out)
		}
		return out
	}
	v2, v1 := "/wiki/api/v2/pages/"+id, "/wiki/rest/api/content/"+id
	must(200, "POST", v1+"/label", `[{"prefix":"global","name":"design"},{"prefix":"global","name":"spare"}]`)
	must(200, "GET", v1+"/label", "")
	must(204, "DELETE", v1+"/label?name=spare", "")
	property := must(200, "POST", v2+"/properties", `{"key":"throughline","value":{"n":1}}`)["id"].(string)
	must(200, "GET", v2+"/properties", "")
	must(200, "GET", v2+"/properties/"+property, "")
	must(200, "PUT", v2+"/properties/"+property, `{"key":"throughline","value":{"n":2},"version":{"number":2,"message":"m"}}`)
	must(200, "PUT", v2, mustJSON(map[string]any{
		"id": id, "status": "current", "title": "Made", "body": map[string]any{"representation": "storage", "value": "<p>y</p>"},
		"version": map[string]any{"number": 2, "message": "again"},
	}))
	must(200, "PUT", v1, mustJSON(map[string]any{
		"type": "page", "title": "Made", "version": map[string]any{"number": 3, "minorEdit": true},
		"body": map[string]any{"storage": map[string]any{"value": "<p>z</p>", "representation": "storage"}},
	}))
	must(200, "GET", v2+"?body-format=storage&include-labels=true&include-properties=true&include-versions=true", "")
	must(200, "GET", v2+"?version=1&body-format=storage", "")
	must(200, "GET", v2+"/labels", "")
	must(200, "GET", v2+"/versions?body-format=storage&limit=1", "")
	must(200, "GET", v2+"/versions/2", "")
	must(200, "GET", "/wiki/api/v2/pages?body-format=storage&limit=1&sort=-modified-date", "")
	must(200, "GET", "/wiki/api/v2/spaces?keys=PAY", "")
	must(200, "GET", "/wiki/api/v2/spaces/"+d.space.ID, "")
	must(200, "GET", "/wiki/api/v2/spaces/"+d.space.ID+"/pages", "")
	must(200, "POST", "/wiki/api/v2/users-bulk", mustJSON(map[string]any{"accountIds": []string{mira, "nobody"}}))
	must(200, "GET", v1+"?expand="+everything, "")
	must(200, "GET", "/wiki/rest/api/content?spaceKey=PAY&expand="+everything, "")
	cql := url.QueryEscape(`type = page and label = design order by lastmodified`)
	must(200, "GET", "/wiki/rest/api/search?cql="+cql+"&expand="+strings.ReplaceAll("content."+everything, ",", ",content."), "")
	must(200, "GET", "/wiki/rest/api/content/search?cql="+cql+"&expand="+everything, "")
	must(200, "POST", v1+"/permission/check", `{"subject":{"type":"user","identifier":"`+jon+`"},"operation":"update"}`)
	must(200, "GET", "/wiki/rest/api/user?accountId="+url.QueryEscape(mira), "")
	must(200, "GET", "/wiki/rest/api/user/current", "")
	must(200, "GET", "/wiki/rest/api/user/bulk?accountId="+url.QueryEscape(mira+","+jon), "")
	must(200, "GET", "/wiki/rest/api/space", "")
	must(200, "GET", "/wiki/rest/api/space/PAY", "")
	must(200, "POST", "/wiki/rest/api/content", mustJSON(map[string]any{
		"type": "page", "title": "By v1", "space": map[string]any{"key": "PAY"}, "ancestors": []any{map[string]any{"id": p.ID}},
		"body": map[string]any{"storage": map[string]any{"value": "<p>z</p>", "representation": "storage"}},
	}))
	must(200, "POST", v1+"/property", `{"key":"one","value":{"n":1}}`)
	must(200, "GET", v1+"/property", "")
	must(200, "GET", v1+"/property/one", "")
	must(409, "PUT", v1+"/property/one", `{"key":"one","value":{"n":2},"version":{"number":1}}`)
	must(200, "PUT", v1+"/property/one", `{"key":"one","value":{"n":2},"version":{"number":2}}`)
	must(204, "DELETE", v1+"/property/one", "")
	must(404, "GET", v1+"/property/one", "")
	must(200, "GET", v1+"/history", "")
	must(200, "GET", "/wiki/rest/api/content/"+p.ID+"/child/page?expand=version", "")
	must(200, "GET", v1+"/child/attachment", "")
	must(200, "GET", v1+"/child/comment", "")
	must(200, "GET", "/wiki/api/v2/pages/"+p.ID+"/children", "")
	must(200, "GET", v2+"/attachments", "")
	must(200, "GET", v2+"/footer-comments", "")
	must(404, "GET", "/wiki/api/v2/pages/1", "")
	must(204, "DELETE", v2+"/properties/"+property, "")
	must(204, "DELETE", v2, "")
	must(204, "DELETE", v2+"?purge=true", "")
}

// allows reports whether an app with that scope gets as far as the call itself, which is asked for a page that does not exist.
func (d *desk) allows(r *http.Request, scope string) bool {
	again := r.Clone(site.WithScopes(r.Context(), []string{scope}))
	again.URL.Path = nowhere.ReplaceAllString(again.URL.Path, "/7")
	again.Body = io.NopCloser(bytes.NewReader(nil))
	w := httptest.NewRecorder()
	d.ServeHTTP(w, again)
	return w.Code != http.StatusForbidden
}

var nowhere = regexp.MustCompile(`/\d+`)
