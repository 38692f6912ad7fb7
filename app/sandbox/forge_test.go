package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/forge"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
)

const forgeApp = "ari:cloud:ecosystem::app/8c1b2f3e-0a4d-4f6e-9b7a-1c2d3e4f5a6b"

// remote is the backend of a Forge app. It answers as it is told, then with 204.
type remote struct {
	*httptest.Server
	mu      sync.Mutex
	answers []int
	got     []received
}

type received struct {
	Path, Invocation, Access string
	Body                     map[string]any
}

func newRemote(t *testing.T) *remote {
	t.Helper()
	r := &remote{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		in := received{
			Path: req.URL.Path, Invocation: strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "), Access: req.Header.Get("X-Forge-Oauth-System"),
		}
		_ = json.NewDecoder(req.Body).Decode(&in.Body)
		r.got = append(r.got, in)
		status := http.StatusNoContent
		if len(r.answers) > 0 {
			status, r.answers = r.answers[0], r.answers[1:]
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

// wait returns what came, once it is as many as wanted.
func (r *remote) wait(t *testing.T, want int) []received {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		r.mu.Lock()
		got := append([]received(nil), r.got...)
		r.mu.Unlock()
		if len(got) >= want {
			return got
		}
	}
	t.Fatalf("never got %d calls", want)
	return nil
}

func newForgeSite(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	short := []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond}
	s, err := sandbox.New(sandbox.Options{Pages: seed.Demo(), Issues: seed.Issues(), ForgeRetry: short})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestForgeInstall(t *testing.T) {
	s, r := newForgeSite(t), newRemote(t)
	in, err := s.Forge().Install(forge.Order{Remote: r.URL, AppID: forgeApp})
	if err != nil {
		t.Fatal(err)
	}
	got := r.wait(t, 1)[0]
	if got.Path != "/forge/event" || got.Body["eventType"] != "avi:forge:installed:app" {
		t.Errorf("the app was told %s %v", got.Path, got.Body)
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(got.Invocation, claims); err != nil {
		t.Fatal(err)
	}
	about, _ := claims["app"].(map[string]any)
	want := map[string]any{"iss": "forge/invocation-token", "aud": forgeApp, "installation": in.InstallationID, "life": 25.0}
	have := map[string]any{"iss": claims["iss"], "aud": claims["aud"], "installation": about["installationId"], "life": claims["exp"].(float64) - claims["iat"].(float64)}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("invocation token (-want +got):\n%s", diff)
	}
	if again, err := s.Forge().Install(forge.Order{Remote: r.URL, AppID: forgeApp}); err != nil || again.InstallationID != in.InstallationID {
		t.Errorf("an upgrade made %+v, %v", again, err)
	}
	if got := r.wait(t, 2)[1]; got.Body["eventType"] != "avi:forge:upgraded:app" {
		t.Errorf("an upgrade told %v", got.Body)
	}
	for _, bad := range []forge.Order{{}, {Remote: r.URL, AppID: "mine"}, {Remote: "nowhere", AppID: forgeApp}} {
		if _, err := s.Forge().Install(bad); err == nil {
			t.Errorf("installed %+v", bad)
		}
	}
}

// TestForgeRetries: an event is sent again four times, each time with why.
func TestForgeRetries(t *testing.T) {
	s, r := newForgeSite(t), newRemote(t)
	if _, err := s.Forge().Install(forge.Order{Remote: r.URL, AppID: forgeApp}); err != nil {
		t.Fatal(err)
	}
	r.wait(t, 1)
	r.mu.Lock()
	r.answers = []int{503, 401, 500, 503, 503}
	r.mu.Unlock()
	page := s.Confluence().Pages()[0]
	if _, err := s.Confluence().Edit(site.Amir, page.ID, confluence.Edit{Version: 2, Title: page.Title, Body: "<p>x</p>"}); err != nil {
		t.Fatal(err)
	}
	var reasons []any
	for _, got := range r.wait(t, 6)[1:] {
		again, _ := got.Body["retryContext"].(map[string]any)
		reasons = append(reasons, again["retryReason"])
	}
	want := []any{nil, "INVALID_REMOTE_INVOCATION_ERROR", "INVALID_FORGE_INVOCATION_TOKEN", "INVALID_REMOTE_INVOCATION_ERROR", "INVALID_REMOTE_INVOCATION_ERROR"}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	for end := time.Now().Add(5 * time.Second); s.Forge().Tally().Failed != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("tally %+v, want one given up", s.Forge().Tally())
		}
	}
	tokens := map[string]bool{}
	for _, got := range r.wait(t, 6) {
		tokens[got.Invocation] = true
	}
	if len(tokens) != 6 {
		t.Errorf("%d invocation tokens for 6 calls", len(tokens))
	}
}

// TestForgeGateway calls the products by access token.
func TestForgeGateway(t *testing.T) {
	s, r := newForgeSite(t), newRemote(t)
	scopes := []string{"read:app-system-token", "read:page:confluence", "read:jira-work", "write:jira-work"}
	if _, err := s.Forge().Install(forge.Order{Remote: r.URL, AppID: forgeApp, Scopes: scopes}); err != nil {
		t.Fatal(err)
	}
	token := r.wait(t, 1)[0].Access
	cloud, page := s.Forge().CloudID(), s.Confluence().Pages()[0].ID
	call := func(method, path, auth, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, s.BaseURL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", auth)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(raw)
	}
	wiki := "/ex/confluence/" + cloud + "/wiki/api/v2/pages/" + page
	tests := []struct {
		name, method, path, auth string
		want                     int
	}{
		{"a page", "GET", wiki, "Bearer " + token, 200},
		{"Jira", "GET", "/ex/jira/" + cloud + "/rest/api/2/myself", "Bearer " + token, 200},
		{"a write without its scope", "PUT", wiki, "Bearer " + token, 403},
		{"another site", "GET", "/ex/jira/another/rest/api/2/myself", "Bearer " + token, 401},
		{"no token", "GET", wiki, "", 401},
		{"an invocation token", "GET", wiki, "Bearer " + r.wait(t, 1)[0].Invocation, 401},
		{"past the gateway", "GET", "/wiki/api/v2/pages/" + page, "Bearer " + token, 401},
		{"a person's password at the gateway", "GET", wiki, "Basic eDp5", 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, body := call(tt.method, tt.path, tt.auth, "{}"); got != tt.want {
				t.Errorf("answered %d, want %d: %s", got, tt.want, body)
			}
		})
	}
	if err := s.Forge().Uninstall(t.Context(), forgeApp); err != nil {
		t.Fatal(err)
	}
	if got := r.wait(t, 2)[1].Path; got != "/forge/uninstall" {
		t.Errorf("the uninstall was told to %s", got)
	}
	if got, _ := call("GET", wiki, "Bearer "+token, ""); got != 401 {
		t.Errorf("a token of a removed app: %d", got)
	}
}

// TestForgeKept closes a site and opens it again: the app, the key and the site's id are the same.
func TestForgeKept(t *testing.T) {
	dir, r := t.TempDir(), newRemote(t)
	open := func() *sandbox.Sandbox {
		s, err := sandbox.New(sandbox.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	in, err := s.Forge().Install(forge.Order{Remote: r.URL, AppID: forgeApp})
	if err != nil {
		t.Fatal(err)
	}
	r.wait(t, 1)
	cloud := s.Forge().CloudID()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	defer s.Close()
	if kept, ok := s.Forge().App(forgeApp); !ok || kept.InstallationID != in.InstallationID || s.Forge().CloudID() != cloud {
		t.Errorf("after a restart: %+v at %s", kept, s.Forge().CloudID())
	}
}
