package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/host"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
)

// TestHook sets webhooks up as an administrator does: they come signed, and Confluence's name their event in the payload.
func TestHook(t *testing.T) {
	const secret = "known to both"
	type call struct{ path, body, signature string }
	got := make(chan call, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- call{r.URL.Path, string(body), r.Header.Get("X-Hub-Signature")}
	}))
	defer server.Close()
	s, err := sandbox.New(sandbox.Options{Pages: seed.Demo(), Issues: seed.Issues()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, product := range []string{host.Jira, host.Confluence} {
		if err := s.Host().AddHook(host.Hook{Product: product, URL: server.URL + "/" + product, Secret: secret}); err != nil {
			t.Fatal(err)
		}
	}
	page := s.Confluence().Pages()[0]
	if err := s.Confluence().Trash(site.Dana, page.ID); err != nil {
		t.Fatal(err)
	}
	trashed := <-got
	if err := s.Jira().Assign(site.Dana, s.Jira().Issues()[0].Key, site.Kenji); err != nil {
		t.Fatal(err)
	}
	assigned := <-got
	for _, c := range []struct {
		call
		path, event string
	}{{trashed, "/confluence", `"event":"page_trashed"`}, {assigned, "/jira", `"webhookEvent":"jira:issue_updated"`}} {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(c.body))
		if c.call.path != c.path || !strings.Contains(c.body, c.event) || c.signature != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
			t.Errorf("%s signed %s: %s", c.call.path, c.signature, c.body)
		}
	}
	if err := s.Host().AddHook(host.Hook{Product: "bamboo", URL: server.URL, Secret: secret}); err == nil {
		t.Error("a product that is none was taken")
	}
}

// TestBearer signs in with personal access tokens: of Data Center's products, each of which takes its own and nothing else.
func TestBearer(t *testing.T) {
	cloud, dc := open(t, sandbox.Options{}), open(t, sandbox.Options{DataCenter: true})
	who := dc.Credentials()[0]
	tests := []struct {
		name, url, header string
		want              int
	}{
		{"Cloud knows none", cloud.BaseURL() + "/rest/api/3/myself", "Bearer " + cloud.Credentials()[0].JiraPAT, 401},
		{"Jira's", dc.JiraURL() + "/rest/api/2/myself", "Bearer " + who.JiraPAT, 200},
		{"Confluence's at Jira", dc.JiraURL() + "/rest/api/2/myself", "Bearer " + who.WikiPAT, 401},
		{"Confluence's", dc.ConfluenceURL() + "/rest/api/user/current", "Bearer " + who.WikiPAT, 200},
		{"Jira's at Confluence", dc.ConfluenceURL() + "/rest/api/user/current", "Bearer " + who.JiraPAT, 401},
		{"an API token", dc.JiraURL() + "/rest/api/2/myself", "Bearer " + who.Token, 401},
		{"an empty one", dc.JiraURL() + "/rest/api/2/myself", "Bearer ", 401},
		{"nothing", dc.ConfluenceURL() + "/rest/api/user/current", "", 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", tt.header)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != tt.want {
				t.Errorf("%d, want %d", resp.StatusCode, tt.want)
			}
		})
	}
}
