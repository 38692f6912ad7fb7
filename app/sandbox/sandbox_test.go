package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/seed"
)

// open starts a site that is closed with the test.
func open(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatalf("opening a sandbox: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the sandbox: %v", err)
		}
	})
	return s
}

// client calls a site as one of its people.
type client struct {
	t    *testing.T
	site *sandbox.Sandbox
	who  int // index of the credential; below 0: nobody
	http *http.Client
}

func text(n int64) string { return strconv.FormatInt(n, 10) }

// call sends JSON and returns status, headers and body; an answer of JSON is decoded into out.
func (c client) call(method, path string, body, out any) (int, http.Header, string) {
	c.t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.site.BaseURL()+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.do(req, out)
}

// attach sends a small file as a form.
func (c client) attach(path, name string, out any) (int, http.Header, string) {
	c.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = file.Write([]byte("found nothing"))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.site.BaseURL()+path, &body)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("X-Atlassian-Token", "no-check")
	return c.do(req, out)
}

func (c client) do(req *http.Request, out any) (int, http.Header, string) {
	c.t.Helper()
	req.Header.Set("Accept", "application/json")
	if c.who >= 0 {
		cred := c.site.Credentials()[c.who]
		req.SetBasicAuth(cred.Email, cred.Token)
	}
	if c.http == nil {
		c.http = http.DefaultClient
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, err.Error()
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			c.t.Fatalf("%s %s answered %s, no JSON: %s", req.Method, req.URL.Path, resp.Status, raw)
		}
	}
	return resp.StatusCode, resp.Header, string(raw)
}

// file makes an issue and returns its key.
func (c client) file(fields map[string]any) string {
	c.t.Helper()
	all := map[string]any{"project": map[string]any{"key": "SEC"}, "issuetype": map[string]any{"name": "Task"}, "summary": "An issue"}
	for k, v := range fields {
		all[k] = v
	}
	var made struct{ Key string }
	if status, _, body := c.call("POST", "/rest/api/2/issue", map[string]any{"fields": all}, &made); status != http.StatusCreated {
		c.t.Fatalf("creating an issue: %d %s", status, body)
	}
	return made.Key
}

func TestOnlyTheLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "example.com:0", "[::]:0"} {
		if s, err := sandbox.New(sandbox.Options{Addr: addr}); err == nil {
			t.Errorf("listens on %s", addr)
			_ = s.Close()
		}
	}
}

func TestForeignNamesAreRefused(t *testing.T) {
	s := open(t, sandbox.Options{})
	for _, tc := range []struct {
		host string
		want int
	}{
		{"evil.example", http.StatusMisdirectedRequest},
		{"127.0.0.1.evil.example", http.StatusMisdirectedRequest},
		{"localhost", http.StatusOK},
		{"[::1]:80", http.StatusOK},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.BaseURL()+"/sandbox/state", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = tc.host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tc.want {
			t.Errorf("Host: %s answered %d, want %d", tc.host, resp.StatusCode, tc.want)
		}
	}
}

func TestAuthentication(t *testing.T) {
	s := open(t, sandbox.Options{})
	for _, path := range []string{"/rest/api/3/myself", "/wiki/api/v2/spaces"} {
		if status, _, body := (client{t: t, site: s, who: -1}).call("GET", path, nil, nil); status != http.StatusUnauthorized {
			t.Errorf("%s without credentials: %d %s", path, status, body)
		}
		if status, _, body := (client{t: t, site: s}).call("GET", path, nil, nil); status != http.StatusOK {
			t.Errorf("%s with credentials: %d %s", path, status, body)
		}
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	o := sandbox.Options{Dir: dir, Pages: seed.Demo(), Issues: seed.Issues()}
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	c := client{t: t, site: s}
	key := c.file(map[string]any{"labels": []string{"kept"}})
	if status, _, body := c.call("PUT", "/rest/api/3/issue/"+key+"/properties/mark", map[string]int{"n": 1}, nil); status != http.StatusCreated {
		t.Fatalf("setting a property: %d %s", status, body)
	}
	before, address, cred := s.State(), s.BaseURL(), s.Credentials()[0]
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, o)
	after := again.State()
	if after.Pages != before.Pages || after.Issues != before.Issues || after.Labels["kept"] != 1 || after.Pages == 0 {
		t.Errorf("got %d pages, %d issues, %v; want %d, %d", after.Pages, after.Issues, after.Labels, before.Pages, before.Issues)
	}
	if again.BaseURL() != address || again.Credentials()[0] != cred {
		t.Error("the address or the credentials have changed")
	}
	if _, _, body := (client{t: t, site: again}).call("GET", "/rest/api/3/issue/"+key+"/properties/mark", nil, nil); !strings.Contains(body, `"n":1`) {
		t.Errorf("the property is lost: %s", body)
	}
}

func TestPoints(t *testing.T) {
	s := open(t, sandbox.Options{})
	c := client{t: t, site: s}
	key := c.file(nil)
	for _, tc := range []struct {
		name, method, path string
		body               any
		want               int64
	}{
		{"a read of one issue", "GET", "/rest/api/2/issue/" + key, nil, 2},
		{"a write", "PUT", "/rest/api/2/issue/" + key, map[string]any{"fields": map[string]any{"labels": []string{"a"}}}, 1},
		{"a search with one hit", "POST", "/rest/api/3/search/jql", map[string]any{"jql": "project = SEC"}, 2},
		{"oneself", "GET", "/rest/api/3/myself", nil, 3},
	} {
		before := s.State().Points
		if status, _, body := c.call(tc.method, tc.path, tc.body, nil); status >= 300 {
			t.Fatalf("%s: %d %s", tc.name, status, body)
		}
		if got := s.State().Points - before; got != tc.want {
			t.Errorf("%s costs %d points, want %d", tc.name, got, tc.want)
		}
	}
	if n := s.State().Calls.Endpoints["GET /rest/api/2/issue/{issueIdOrKey}"]; n != 1 {
		t.Errorf("calls by endpoint: %v", s.State().Calls.Endpoints)
	}
}

func TestABrokenStateIsToldNotOverwritten(t *testing.T) {
	for _, name := range []string{"jira", "connect", "people", "confluence"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name+".json")
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sandbox.New(sandbox.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", name, err)
		}
		if raw, err := os.ReadFile(path); err != nil || string(raw) != "{" {
			t.Errorf("%s was overwritten: %s %v", name, raw, err)
		}
	}
}

func TestOtherSitesCannotAct(t *testing.T) {
	s := open(t, sandbox.Options{})
	for _, tc := range []struct{ method, path string }{{"PUT", "/sandbox/faults"}, {"POST", "/sandbox/apps"}, {"DELETE", "/sandbox/faults"}} {
		req, err := http.NewRequestWithContext(t.Context(), tc.method, s.BaseURL()+tc.path, strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "http://evil.example")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s from another site: %d", tc.method, tc.path, resp.StatusCode)
		}
	}
}
