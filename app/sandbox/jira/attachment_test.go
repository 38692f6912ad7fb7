package jira_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/sandbox/site/sitetest"
)

// form is a form with a file in its part.
func form(t *testing.T, part, name string, content []byte) (body *bytes.Buffer, kind string) {
	t.Helper()
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	f, err := w.CreateFormFile(part, name)
	if err == nil {
		_, err = f.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return body, w.FormDataContentType()
}

func TestAttach(t *testing.T) {
	const path = "/rest/api/3/issue/SEC-1/attachments"
	tests := []struct {
		name             string
		path, part, file string
		size             int
		token, kind      string // of the request; kind is the form's own where empty
		caller           string
		status           int
		want             string
	}{
		{name: "a file", file: "report.pdf", size: 3, status: 200, want: `"filename":"report.pdf"`},
		{name: "in REST 2", path: "/rest/api/2/issue/SEC-1/attachments", file: "report.pdf", status: 200, want: `/rest/api/2/attachment/content/`},
		{name: "a path for a name", file: `..\..\etc/passwd`, status: 200, want: `"filename":"passwd"`},
		{name: "without the token against forgery", token: "none", file: "a", status: 403, want: "XSRF check failed"},
		{name: "a part of another name", part: "attachment", file: "a", status: 400, want: "must be called file"},
		{name: "no form", kind: "application/json", file: "a", status: 415, want: "multipart/form-data"},
		{name: "too large", file: "a", size: 10<<20 + 1, status: 413, want: "larger than"},
		{name: "a reader", caller: site.Grace, file: "a", status: 403, want: "permission to create attachments"},
		{name: "no such issue", path: "/rest/api/3/issue/SEC-99/attachments", file: "a", status: 404, want: "Issue does not exist"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j, s := open(t)
			create(t, j, nil)
			if tt.caller != "" {
				s.Call(tt.caller)
			}
			part := tt.part
			if part == "" {
				part = "file"
			}
			body, kind := form(t, part, tt.file, bytes.Repeat([]byte("x"), tt.size))
			address := tt.path
			if address == "" {
				address = path
			}
			r := httptest.NewRequest(http.MethodPost, address, body)
			r.Header.Set("Content-Type", kind)
			if tt.kind != "" {
				r.Header.Set("Content-Type", tt.kind)
			}
			if tt.token == "" {
				r.Header.Set("X-Atlassian-Token", "no-check")
			}
			w := httptest.NewRecorder()
			j.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%d: %s\nwant %d with %s", w.Code, w.Body, tt.status, tt.want)
			}
			v, _ := j.Issue("SEC-1")
			if n := len(v.Attachments); n != len(v.History) || (n == 1) != (tt.status == 200) {
				t.Errorf("it has %d attachments, and a history of %d", n, len(v.History))
			}
		})
	}
}

// TestAttachmentsAreTold: what was attached and deleted stands in the history, in the webhook and in the issue, and can be fetched.
func TestAttachmentsAreTold(t *testing.T) {
	for _, edition := range []struct {
		name, content string // of the address; the id goes between
		make          func(site.Site, []jira.Project) (*jira.Jira, error)
	}{
		{"Cloud", "http://127.0.0.1:8091/rest/api/2/attachment/content/%s", jira.New},
		{"Data Center", "http://127.0.0.1:8091/secure/attachment/%s/report%%201.pdf", jira.NewDataCenter},
	} {
		t.Run(edition.name, func(t *testing.T) {
			s := sitetest.New()
			j, err := edition.make(s, jira.Demo())
			if err != nil {
				t.Fatal(err)
			}
			key := create(t, j, nil)
			if err := j.Attach(site.Kenji, key, "report 1.pdf", []byte("%PDF")); err != nil {
				t.Fatal(err)
			}
			_, out := call(t, j, "GET", "/rest/api/2/issue/"+key+"?fields=attachment", "")
			file := out["fields"].(map[string]any)["attachment"].([]any)[0].(map[string]any)
			id := file["id"].(string)
			author := file["author"].(map[string]any)["displayName"]
			got := []any{file["filename"], file["size"], file["mimeType"], file["created"], file["content"], author}
			want := []any{"report 1.pdf", 4.0, "application/pdf", "2026-11-02T09:00:00.000+0000", fmt.Sprintf(edition.content, id), "Kenji Mori"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the attachment (-want +got):\n%s", diff)
			}
			if _, content, err := j.File(site.Dana, id); err != nil || string(content) != "%PDF" {
				t.Errorf("its content is %q, %v", content, err)
			}
			if err := j.Detach(site.Lucia, id); err == nil {
				t.Error("another's attachment was deleted")
			}
			if err := j.Detach(site.Kenji, id); err != nil {
				t.Fatal(err)
			}
			if _, _, err := j.File(site.Dana, id); err == nil {
				t.Error("a deleted attachment can be fetched")
			}
			events := s.Events()
			var items []map[string]any
			for _, e := range events[len(events)-2:] {
				var body struct {
					Kind      string `json:"issue_event_type_name"`
					Changelog struct{ Items []map[string]any }
				}
				if err := json.Unmarshal(e.Body, &body); err != nil || e.Name != "jira:issue_updated" || body.Kind != "issue_updated" {
					t.Fatalf("%s %s, %v", e.Name, e.Body, err)
				}
				items = append(items, body.Changelog.Items...)
			}
			added := map[string]any{"field": "Attachment", "fieldtype": "jira", "fieldId": "attachment", "from": nil, "fromString": nil, "to": id, "toString": "report 1.pdf"}
			taken := map[string]any{"field": "Attachment", "fieldtype": "jira", "fieldId": "attachment", "from": id, "fromString": "report 1.pdf", "to": nil, "toString": nil}
			if diff := cmp.Diff([]map[string]any{added, taken}, items); diff != "" {
				t.Errorf("webhooks tell (-want +got):\n%s", diff)
			}
		})
	}
}
