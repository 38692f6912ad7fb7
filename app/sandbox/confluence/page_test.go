package confluence_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
)

func TestUpdateNeedsTheNextVersion(t *testing.T) {
	tests := []struct {
		name    string
		number  int
		body    string
		status  int
		message string
	}{
		{name: "next", number: 2, body: "<p>two</p>", status: 200},
		{name: "same again", number: 1, body: "<p>two</p>", status: 409, message: "Version must be incremented"},
		{name: "one too far", number: 3, body: "<p>two</p>", status: 409, message: "Version must be incremented"},
		{name: "not well-formed", number: 2, body: "<p>two", status: 400, message: "Error parsing xhtml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			p := d.create("A design", "<p>one</p>")
			write := func(nested bool) string {
				body := any(map[string]any{"representation": "storage", "value": tt.body})
				if nested {
					body = map[string]any{"storage": body}
				}
				return mustJSON(map[string]any{
					"id": p.ID, "status": "current", "title": p.Title, "body": body,
					"version": map[string]any{"number": tt.number, "message": "why", "minorEdit": true},
				})
			}
			status, out := d.do("PUT", "/wiki/api/v2/pages/"+p.ID, write(tt.number == 2))
			if status != tt.status {
				t.Fatalf("v2 status = %d, want %d: %v", status, tt.status, out)
			}
			if title, _ := dig(out, "errors", 0, "title").(string); !strings.Contains(title, tt.message) {
				t.Errorf("v2 title = %q, want it to contain %q", title, tt.message)
			}

			d = newDesk(t)
			p = d.create("A design", "<p>one</p>")
			status, out = d.do("PUT", "/wiki/rest/api/content/"+p.ID, mustJSON(map[string]any{
				"type": "page", "title": p.Title, "version": map[string]any{"number": tt.number},
				"body": map[string]any{"storage": map[string]any{"value": tt.body, "representation": "storage"}},
			}))
			if status != tt.status {
				t.Fatalf("v1 status = %d, want %d: %v", status, tt.status, out)
			}
			if message, _ := out["message"].(string); !strings.Contains(message, tt.message) {
				t.Errorf("v1 message = %q, want it to contain %q", message, tt.message)
			}
		})
	}
}

func TestMinorEditsMailNobody(t *testing.T) {
	d := newDesk(t)
	p, err := d.Create(mira, confluence.Draft{SpaceID: d.space.ID, Title: "A design", Watchers: []string{jon}})
	if err != nil {
		t.Fatal(err)
	}
	put := func(number int, minor bool) {
		t.Helper()
		status, out := d.as(app, "PUT", "/wiki/rest/api/content/"+p.ID, mustJSON(map[string]any{
			"type": "page", "title": p.Title,
			"version": map[string]any{"number": number, "minorEdit": minor, "message": "panel"},
			"body":    map[string]any{"storage": map[string]any{"value": fmt.Sprintf("<p>%d</p>", number), "representation": "storage"}},
		}))
		if status != http.StatusOK || dig(out, "version", "minorEdit") != minor {
			t.Fatalf("status = %d, answer %v", status, out)
		}
	}
	put(2, true)
	if got := d.Mails(); len(got) != 0 {
		t.Errorf("a minor edit mailed %v", got)
	}
	put(3, false)
	want := []confluence.Mail{{To: mira, PageID: p.ID, Version: 3}, {To: jon, PageID: p.ID, Version: 3}}
	if diff := cmp.Diff(want, d.Mails()); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	if now, _ := d.Page(p.ID); slices.Contains(now.Watchers, app) {
		t.Error("the app watches the page that it edited")
	}
}

func TestEventsTellWhatHappened(t *testing.T) {
	d := newDesk(t)
	p := d.create("A design", "<p>one</p>", "design")
	steps := []struct {
		name string
		do   func() error
		want []string
	}{
		{"create", func() error { return nil }, []string{"page_created"}},
		{"edit", func() error {
			_, err := d.Edit(jon, p.ID, confluence.Edit{Version: 2, Title: p.Title, Body: "<p>2</p>", Minor: true})
			return err
		}, []string{"page_updated"}},
		{"label", func() error { return d.SetLabels(jon, p.ID, []string{"architecture"}) }, []string{"label_removed", "label_added"}},
		{"trash", func() error { return d.Trash(jon, p.ID) }, []string{"page_trashed"}},
		{"restore", func() error { return d.Restore(jon, p.ID) }, []string{"page_restored"}},
		{"trash again", func() error { return d.Trash(jon, p.ID) }, []string{"page_trashed"}},
		{"remove", func() error { return d.Delete(jon, p.ID) }, []string{"page_removed"}},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if step.name == "edit" {
			e := d.site.events[len(d.site.events)-1]
			want := fmt.Sprintf(`{"accountType":"atlassian","page":{"contentType":"page","creationDate":1795429805000,"creatorAccountId":"712020:mira",`+
				`"id":%[1]s,"lastModifierAccountId":"712020:jon","modificationDate":1795429805000,`+
				`"self":"http://127.0.0.1:8091/wiki/spaces/PAY/pages/%[1]s/A+design","spaceKey":"PAY","title":"A design","version":2},`+
				`"suppressNotifications":true,"timestamp":1795429805000,"updateTrigger":"edit_page","userAccountId":"712020:jon"}`, p.ID)
			if diff := cmp.Diff(want, string(e.Body)); diff != "" {
				t.Errorf("payload (-want +got):\n%s", diff)
			}
		}
		if diff := cmp.Diff(step.want, d.site.names()); diff != "" {
			t.Errorf("events of %s (-want +got):\n%s", step.name, diff)
		}
	}
	if _, ok := d.Page(p.ID); ok {
		t.Error("a removed page is still there")
	}
}

func TestStateOutlivesTheProcess(t *testing.T) {
	d := newDesk(t)
	p := d.create("A design", "<p>one</p>", "design")
	if _, err := d.CreateProperty(app, p.ID, "throughline", []byte(`{"n":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Edit(mira, p.ID, confluence.Edit{Version: 2, Title: "New", Body: "<p>2</p>"}); err != nil {
		t.Fatal(err)
	}
	again := openDesk(t, d.site)
	if diff := cmp.Diff(d.Pages(), again.Pages(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("pages after a restart (-before +after):\n%s", diff)
	}
	q := again.create("Another", "")
	if q.ID == p.ID {
		t.Errorf("id %s was given twice", q.ID)
	}
}

func TestSearchLags(t *testing.T) {
	d := newDesk(t)
	d.site.lag = time.Minute
	d.create("A design", "", "design")
	search := func() any {
		t.Helper()
		status, out := d.do("GET", "/wiki/rest/api/search?cql="+url.QueryEscape(`label = "design"`), "")
		if status != http.StatusOK {
			t.Fatalf("status %d: %v", status, out)
		}
		return out["totalSize"]
	}
	if got := search(); got != 0.0 {
		t.Errorf("found %v before the index saw the page, want none", got)
	}
	d.site.advance(time.Minute)
	if got := search(); got != 1.0 {
		t.Errorf("found %v after the lag, want 1", got)
	}
}

func TestListsArePaged(t *testing.T) {
	d := newDesk(t)
	var want []string
	for i := range 7 {
		want = append(want, d.create(fmt.Sprintf("Page %d", i), "").ID)
	}
	for _, first := range []string{"/wiki/api/v2/pages?limit=3", "/wiki/rest/api/search?limit=3&cql=type%3Dpage"} {
		var got []string
		for path := first; path != ""; {
			status, out := d.do("GET", path, "")
			if status != http.StatusOK {
				t.Fatalf("GET %s: %d %v", path, status, out)
			}
			for _, r := range out["results"].([]any) {
				id := dig(r, "id")
				if id == nil {
					id = dig(r, "content", "id")
				}
				got = append(got, id.(string))
			}
			path, _ = dig(out, "_links", "next").(string)
			if strings.HasPrefix(path, "/rest/") {
				path = "/wiki" + path
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", first, diff)
		}
	}
}

func TestRefusals(t *testing.T) {
	d := newDesk(t)
	p := d.create("A design", "")
	tests := []struct {
		name, method, path, body string
		status                   int
	}{
		{"unknown page", "GET", "/wiki/api/v2/pages/1", "", 404},
		{"id that is none", "GET", "/wiki/api/v2/pages/abc", "", 400},
		{"format not kept", "GET", "/wiki/api/v2/pages/" + p.ID + "?body-format=atlas_doc_format", "", 400},
		{"bad cursor", "GET", "/wiki/api/v2/pages?cursor=%21", "", 400},
		{"title taken", "POST", "/wiki/api/v2/pages", `{"spaceId":"` + d.space.ID + `","status":"current","title":"a DESIGN"}`, 400},
		{"no title", "POST", "/wiki/api/v2/pages", `{"spaceId":"` + d.space.ID + `","status":"current","title":" "}`, 400},
		{"unknown space", "POST", "/wiki/api/v2/pages", `{"spaceId":"1","status":"current","title":"x"}`, 404},
		{"no JSON", "POST", "/wiki/api/v2/pages", `{`, 400},
		{"purge of a current page", "DELETE", "/wiki/api/v2/pages/" + p.ID + "?purge=true", "", 404},
		{"no JSON by its own word", "POST", "/wiki/api/v2/pages?kind=text", `{}`, 415},
		{"bad CQL", "GET", "/wiki/rest/api/search?cql=colour%3Dred", "", 400},
		{"no CQL", "GET", "/wiki/rest/api/search", "", 400},
		{"unknown user", "GET", "/wiki/rest/api/user?accountId=x", "", 404},
		{"unknown path", "GET", "/wiki/api/v2/whiteboards", "", 404},
		{"unknown path of v1", "GET", "/wiki/rest/api/longtask", "", 404},
		{"label with a space", "POST", "/wiki/rest/api/content/" + p.ID + "/label", `[{"prefix":"global","name":"a b"}]`, 400},
		{"change by a reader", "DELETE", "/wiki/api/v2/pages/" + p.ID + "?as=reader", "", 403},
		{"label by a reader", "POST", "/wiki/rest/api/content/" + p.ID + "/label?as=reader", `[{"prefix":"global","name":"a"}]`, 403},
		{"label that is not there", "DELETE", "/wiki/rest/api/content/" + p.ID + "/label?name=x", "", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			who := mira
			if strings.HasSuffix(tt.path, "?as=reader") {
				who = reader
			}
			status, out := d.as(who, tt.method, tt.path, tt.body)
			if status != tt.status {
				t.Fatalf("status = %d, want %d: %v", status, tt.status, out)
			}
			if strings.HasPrefix(tt.path, "/wiki/api") {
				if got := dig(out, "errors", 0, "status"); got != float64(tt.status) {
					t.Errorf("errors[0].status = %v, want %d", got, tt.status)
				}
			} else if out["statusCode"] != float64(tt.status) || out["message"] == "" {
				t.Errorf("not the shape of v1: %v", out)
			}
		})
	}
}

func TestProperties(t *testing.T) {
	d := newDesk(t)
	p := d.create("A design", "")
	base := "/wiki/api/v2/pages/" + p.ID + "/properties"
	status, made := d.do("POST", base, `{"key":"throughline","value":{"n":1}}`)
	if status != 200 || dig(made, "version", "number") != 1.0 {
		t.Fatalf("create: %d %v", status, made)
	}
	if status, _ := d.do("POST", base, `{"key":"throughline","value":2}`); status != 409 {
		t.Errorf("the same key again: status %d, want 409", status)
	}
	one := base + "/" + made["id"].(string)
	if status, out := d.do("PUT", one, `{"key":"throughline","value":{"n":2},"version":{"number":1}}`); status != 409 {
		t.Errorf("stale update: %d %v", status, out)
	}
	if status, out := d.do("PUT", one, `{"key":"throughline","value":{"n":2},"version":{"number":2}}`); status != 200 || dig(out, "value", "n") != 2.0 {
		t.Errorf("update: %d %v", status, out)
	}
	if status, out := d.do("GET", base+"?key=throughline", ""); status != 200 || dig(out, "results", 0, "version", "number") != 2.0 {
		t.Errorf("list: %d %v", status, out)
	}
	large := `{"key":"large","value":"` + strings.Repeat("x", 33<<10) + `"}`
	if status, _ := d.do("POST", base, large); status != 400 {
		t.Errorf("33 KB: status %d, want 400", status)
	}
	if status, _ := d.do("DELETE", one, ""); status != 204 {
		t.Errorf("delete: status %d, want 204", status)
	}
	if got := len(d.Pages()[0].Properties); got != 0 {
		t.Errorf("%d properties left, want none", got)
	}
}

func edit(number int, title, body string) confluence.Edit {
	return confluence.Edit{Version: number, Title: title, Body: body}
}

func TestReadsAreMetered(t *testing.T) {
	d := newDesk(t)
	for i := range 3 {
		d.create(fmt.Sprintf("Page %d", i), "", "design")
	}
	id := d.Pages()[0].ID
	tests := []struct {
		path string
		want int64 // points: 1, and 1 for each page or 2 for each user that was read
	}{
		{"/wiki/api/v2/pages/" + id + "?body-format=storage", 2},
		{"/wiki/api/v2/pages?limit=2", 3},
		{"/wiki/rest/api/content/" + id + "?expand=body.storage", 2},
		{"/wiki/rest/api/search?cql=label%3Ddesign", 4},
		{"/wiki/rest/api/user/current", 3},
	}
	for _, tt := range tests {
		var m site.Meter
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8091"+tt.path, nil)
		d.ServeHTTP(httptest.NewRecorder(), r.WithContext(site.WithMeter(r.Context(), &m)))
		if got := m.Points(true); got != tt.want {
			t.Errorf("GET %s cost %d points, want %d", tt.path, got, tt.want)
		}
	}
}

func TestAppsNeedTheirScopes(t *testing.T) {
	d := newDesk(t)
	p := d.create("A design", "")
	tests := []struct {
		name, method, path, body string
		scopes                   []string
		status                   int
	}{
		{"read", "GET", "/wiki/api/v2/pages/" + p.ID, "", []string{"READ"}, 200},
		{"read by who may write", "GET", "/wiki/rest/api/content/" + p.ID, "", []string{"WRITE"}, 200},
		{"no scope", "GET", "/wiki/api/v2/pages/" + p.ID, "", []string{}, 403},
		{"label without WRITE", "POST", "/wiki/rest/api/content/" + p.ID + "/label", `[{"prefix":"global","name":"a"}]`, []string{"READ"}, 403},
		{"delete without DELETE", "DELETE", "/wiki/api/v2/pages/" + p.ID, "", []string{"WRITE"}, 403},
		{"delete", "DELETE", "/wiki/api/v2/pages/" + p.ID, "", []string{"DELETE"}, 204},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), tt.method, "http://127.0.0.1:8091"+tt.path, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/json")
			u, _ := d.site.User(app)
			r = r.WithContext(site.WithScopes(context.WithValue(r.Context(), callerKey{}, u), tt.scopes))
			w := httptest.NewRecorder()
			d.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status = %d, want %d: %s", w.Code, tt.status, w.Body)
			}
		})
	}
}
