package confluence_test

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

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// exchange is one request that a site saw and what it answers.
type exchange struct {
	method, target string // target: path and query
	body           string // as JSON, compared by value; empty for none
	status         int
	answer         string
}

// site plays the exchanges in order and reports any other request. BASE in an answer stands for the site's URL.
func site(t *testing.T, exchanges ...exchange) (*confluence.Client, string) {
	t.Helper()
	n := 0
	var base string
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
		_, _ = io.WriteString(w, strings.ReplaceAll(e.answer, "BASE", base))
	}))
	base = server.URL + "/wiki"
	t.Cleanup(func() {
		server.Close()
		if n < len(exchanges) && !t.Skipped() {
			t.Errorf("%d requests were made, want %d", n, len(exchanges))
		}
	})
	return confluence.New(base+"/", road(base)), base
}

func road(base string) *http.Client {
	return outbound.New(outbound.Options{Dev: true, Log: slog.New(slog.DiscardHandler)}).Client(tenant.Tenant{
		ID:            "acme.atlassian.net",
		Installations: map[tenant.Product]tenant.Installation{tenant.Confluence: {ClientKey: "c", BaseURL: base}},
	}, tenant.Confluence, nil)
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

const pageTarget = "/wiki/api/v2/pages/98765?body-format=storage&include-labels=true"

const page = `{"id":"98765","status":"current","title":"Payments API design","spaceId":"65540","parentId":"65541","parentType":"page","position":57,
	"authorId":"5b10","ownerId":"5b11","lastOwnerId":null,"createdAt":"2026-11-01T09:00:00.000Z",
	"version":{"createdAt":"2026-11-23T11:59:58.123Z","message":"wording","number":4,"minorEdit":true,"authorId":"5b12"},
	"body":{"storage":{"value":"<h1>Threats &amp; more</h1>","representation":"storage"}},
	"labels":{"results":[{"id":"1","name":"threat-model","prefix":"global"},{"id":"2","name":"design","prefix":"global"}],"meta":{"hasMore":false}},
	"_links":{"webui":"/spaces/SEC/pages/98765/Payments+API+design","editui":"/pages/resumedraft.action?draftId=98765","tinyui":"/x/zYEB","base":"BASE"}}`

func TestPage(t *testing.T) {
	c, base := site(t, exchange{"GET", pageTarget, "", 200, page})
	got, err := c.Page(t.Context(), "98765")
	want := confluence.Page{
		ID: "98765", Title: "Payments API design", Status: "current", SpaceID: "65540", SpaceKey: "SEC", OwnerID: "5b11", AuthorID: "5b10",
		ParentID: "65541",
		Version: confluence.Version{
			Number: 4, At: time.Date(2026, 11, 23, 11, 59, 58, 123e6, time.UTC), By: "5b12", Message: "wording", Minor: true,
		},
		Labels: []string{"threat-model", "design"}, Body: "<h1>Threats &amp; more</h1>", URL: base + "/spaces/SEC/pages/98765/Payments+API+design",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

func TestPageRefused(t *testing.T) {
	tests := []struct {
		name   string
		status int
		answer string
		want   fault.Kind
		text   string
	}{
		{"missing", 404, `{"errors":[{"status":404,"code":"NOT_FOUND","title":"Not Found","detail":null}]}`, fault.NotFound, "read page 98765: confluence: GET /wiki/api/v2/pages/98765: 404 Not Found: Not Found"},
		{"hidden", 403, `{"errors":[{"status":403,"code":"FORBIDDEN","title":"You may not"}]}`, fault.Denied, "You may not"},
		{"unauthorised", 401, ``, fault.Unverified, "401 Unauthorized"},
		{"gone", 410, ``, fault.Gone, "410 Gone"},
		{"no JSON", 200, `<html>`, fault.Busy, "could not be read"},
		{"a version that is none", 200, `{"version":{"number":"four"}}`, fault.Busy, "could not be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := site(t, exchange{"GET", pageTarget, "", tt.status, tt.answer})
			if _, err := c.Page(t.Context(), "98765"); err == nil || fault.KindOf(err) != tt.want || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v is %s, want %s", err, fault.KindOf(err), tt.want)
			}
		})
	}
	c, _ := site(t)
	for _, bad := range []string{"", ".", "..", strings.Repeat("1", 300)} {
		if _, err := c.Page(t.Context(), bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("page %q: %v", bad, err)
		}
	}
}

const (
	minorTarget = "/wiki/rest/api/content/98765"
	minorSent   = `{"type":"page","status":"current","title":"Payments","body":{"storage":{"representation":"storage","value":"<p>a</p>"}},
		"version":{"number":5,"message":"Threat panel: 1 new","minorEdit":true}}`
	updateTarget = "/wiki/api/v2/pages/98765"
	updateSent   = `{"id":"98765","status":"current","title":"Payments","body":{"representation":"storage","value":"<p>a</p>"},
		"version":{"number":5,"message":"Threat panel: 1 new"}}`
)

func TestUpdate(t *testing.T) {
	tests := []struct {
		name    string
		status  int
		answer  string
		version int
		want    fault.Kind
	}{
		{"written", 200, strings.Replace(page, `"number":4`, `"number":5`, 1), 5, 0},
		{"written, nothing said", 200, `{}`, 5, 0},
		{"somebody else was first", 409, `{"errors":[{"status":409,"code":"CONFLICT","title":"Version must be incremented when updating a page. Current Version: [5]. Provided version: [5]"}]}`, 0, fault.Conflict},
		{"not well-formed", 400, `{"errors":[{"status":400,"code":"INVALID_REQUEST_PARAMETER","title":"Error parsing xhtml"}]}`, 0, fault.Invalid},
		{"too large", 413, ``, 0, fault.Invalid},
		{"not allowed", 403, ``, 0, fault.Denied},
		{"failed", 500, ``, 0, fault.Uncertain},
		{"limited", 429, ``, 0, fault.Busy},
		{"an answer that is none", 200, `<html>`, 0, fault.Uncertain},
	}
	for _, tt := range tests {
		for _, minor := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, minor %t", tt.name, minor), func(t *testing.T) {
				expected := exchange{"PUT", updateTarget, updateSent, tt.status, tt.answer}
				if minor {
					expected.target, expected.body = minorTarget, minorSent
				}
				c, _ := site(t, expected)
				got, err := c.Update(t.Context(), update(minor))
				if got != tt.version || (err != nil) != (tt.version == 0) || err != nil && fault.KindOf(err) != tt.want {
					t.Errorf("version %d, error %v is %s; want %d, %s", got, err, fault.KindOf(err), tt.version, tt.want)
				}
			})
		}
	}
}

func update(minor bool) confluence.Update {
	return confluence.Update{Page: "98765", Title: "Payments", Body: "<p>a</p>", Version: 5, Message: "Threat panel: 1 new", Minor: minor}
}

func TestUpdateWhereV1IsGone(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		c, _ := site(
			t, exchange{"PUT", minorTarget, minorSent, status, ``},
			exchange{"PUT", updateTarget, updateSent, 200, `{"version":{"number":5}}`},
		)
		if got, err := c.Update(t.Context(), update(true)); got != 5 || err != nil {
			t.Errorf("after %d: version %d, error %v; want 5 by API v2", status, got, err)
		}
	}
}

func TestSpace(t *testing.T) {
	c, base := site(
		t, exchange{"GET", "/wiki/api/v2/spaces/65540", "", 200, `{"id":"65540","key":"SEC","name":"Security","type":"global","status":"current","homepageId":"65541","_links":{"webui":"/spaces/SEC","base":"BASE"}}`},
	)
	got, err := c.Space(t.Context(), "65540")
	if diff := cmp.Diff(confluence.Space{ID: "65540", Key: "SEC", Name: "Security", HomepageID: "65541", URL: base + "/spaces/SEC"}, got); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

func TestSearch(t *testing.T) {
	const first = "/wiki/rest/api/search?cql=type+%3D+page+and+label+in+%28%22design%22%29&expand=content.version%2Ccontent.space&limit=100"
	c, _ := site(
		t,
		exchange{"GET", first, "", 200, `{"results":[
			{"content":{"id":"1","type":"page","status":"current","title":"A","space":{"key":"SEC"},"version":{"number":7}},"lastModified":"2026-11-23T13:00:00.000+01:00"},
			{"space":{"key":"SEC"},"title":"a space"},
			{"content":{"id":"2","type":"page","status":"current","title":"B"},"lastModified":"?","resultGlobalContainer":{"displayUrl":"/spaces/OPS"}}],
			"start":0,"limit":100,"size":3,"_links":{"base":"BASE","context":"/wiki","next":"/rest/api/search?next=true&cursor=abc&limit=100&cql=x"}}`},
		// The next page's path is not followed, wherever it leads.
		exchange{"GET", "/wiki/rest/api/search?cql=x&cursor=abc&limit=100&next=true", "", 200, `{"results":[{"content":{"id":"3","type":"page","title":"C"}}],"_links":{"next":"https://evil.example.com/?cursor=def"}}`},
		exchange{"GET", "/wiki/rest/api/search?cursor=def", "", 200, `{"results":[],"_links":{"next":"/x?cursor=ghi"}}`},
	)
	var got []confluence.Hit
	err := c.Search(t.Context(), `type = page and label in ("design")`, func(h confluence.Hit) bool {
		got = append(got, h)
		return true
	})
	want := []confluence.Hit{
		{ID: "1", Type: "page", Title: "A", Status: "current", SpaceKey: "SEC", Version: 7, Modified: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)},
		{ID: "2", Type: "page", Title: "B", Status: "current", SpaceKey: "OPS"},
		{ID: "3", Type: "page", Title: "C"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

// A caller that has seen enough makes no further call, and a query that the site refuses says why.
func TestSearchEnds(t *testing.T) {
	const target = "/wiki/rest/api/search?cql=x&expand=content.version%2Ccontent.space&limit=100"
	c, _ := site(
		t,
		exchange{"GET", target, "", 200, `{"results":[{"content":{"id":"1"}},{"content":{"id":"2"}}],"_links":{"next":"/x?cursor=abc"}}`},
		exchange{"GET", target, "", 400, `{"statusCode":400,"message":"Could not parse cql : x"}`},
	)
	n := 0
	if err := c.Search(t.Context(), "x", func(confluence.Hit) bool { n++; return false }); n != 1 || err != nil {
		t.Errorf("%d hits, error %v", n, err)
	}
	if err := c.Search(t.Context(), "x", func(confluence.Hit) bool { return true }); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "Could not parse") {
		t.Errorf("error %v", err)
	}
}

// A connection that breaks after the request leaves a write uncertain, and a read to be repeated.
func TestDropped(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	defer server.Close()
	c := confluence.New(server.URL, road(server.URL))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := c.Update(ctx, confluence.Update{Page: "1", Version: 2}); !fault.Is(err, fault.Uncertain) {
		t.Errorf("a write: %v", err)
	}
	if _, err := c.Page(ctx, "1"); !fault.Is(err, fault.Busy) {
		t.Errorf("a read: %v", err)
	}
}
