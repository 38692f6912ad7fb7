package sandbox_test

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/host"
)

// addon is a small Connect app below a path of its own: it checks what it is sent and remembers it.
type addon struct {
	t      *testing.T
	site   *sandbox.Sandbox
	server *httptest.Server

	mu      sync.Mutex
	secret  string
	client  string
	refuse  []int // statuses to answer the next webhooks with
	events  []hook
	life    []string
	noted   chan struct{}
	install int // status to answer installs with
}

type hook struct {
	event, id, retry, user string
	number                 int // what the payload's label says, for order
}

func newAddon(t *testing.T, s *sandbox.Sandbox) *addon {
	a := &addon{t: t, site: s, noted: make(chan struct{}, 1), install: http.StatusNoContent}
	a.server = httptest.NewServer(a)
	t.Cleanup(a.server.Close)
	return a
}

func (a *addon) base() string { return a.server.URL + "/connect" }

func (a *addon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Error(err)
		return
	}
	switch path := strings.TrimPrefix(r.URL.Path, "/connect"); path {
	case "/jira.json":
		fmt.Fprintf(w, `{"key":"test.app","name":"Test app","baseUrl":%q,"authentication":{"type":"jwt"},"apiMigrations":{"signed-install":true},
			"lifecycle":{"installed":"/installed","enabled":"/enabled","uninstalled":"/uninstalled"},"scopes":["READ","WRITE"],
			"modules":{"webhooks":[{"event":"jira:issue_created","url":"/hook?key=${issue.key}"},{"event":"jira:issue_updated","url":"/hook","filter":"project = SEC"},{"event":"jira:issue_deleted","url":"/hook"}],
			"generalPages":[{"key":"register","name":{"value":"Register"},"url":"/register"}]}}`, a.base())
	case "/confluence.json":
		fmt.Fprintf(w, `{"key":"test.app","name":"Test app","baseUrl":%q,"authentication":{"type":"jwt"},"lifecycle":{"installed":"/installed"},
			"scopes":["READ"],"modules":{"webhooks":[{"event":"page_updated","url":"/hook"}],"contentBylineItems":[{"key":"byline","name":{"value":"Threats"},"url":"/byline"}]}}`, a.base())
	case "/bad.json":
		fmt.Fprint(w, `{"key":"bad key","name":"x","baseUrl":"ftp://x","authentication":{"type":"none"},"scopes":["ROOT"],"modules":{"webhooks":[{"event":"page_updated","url":"x"}]}}`)
	case "/installed", "/uninstalled":
		a.signedInstall(r, body)
		a.mu.Lock()
		a.life = append(a.life, path)
		status := a.install
		a.mu.Unlock()
		w.WriteHeader(status)
	case "/enabled":
		a.claims(r)
		a.mu.Lock()
		a.life = append(a.life, path)
		a.mu.Unlock()
	case "/hook":
		w.WriteHeader(a.hook(r, body))
	default:
		http.NotFound(w, r)
	}
}

// signedInstall checks what Atlassian says an app must check of an install.
func (a *addon) signedInstall(r *http.Request, body []byte) {
	var in struct{ ClientKey, SharedSecret, EventType, ProductType, BaseURL string }
	if err := json.Unmarshal(body, &in); err != nil {
		a.t.Error(err)
	}
	claims := jwt.MapClaims{}
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(a.base()), jwt.WithIssuer(in.ClientKey), jwt.WithExpirationRequired()).
		ParseWithClaims(strings.TrimPrefix(r.Header.Get("Authorization"), "JWT "), claims, func(token *jwt.Token) (any, error) {
			return a.publicKey(token.Header["kid"])
		})
	if err != nil {
		a.t.Errorf("%s: %v", r.URL.Path, err)
	}
	if want := host.QSH(r.Method, r.URL, a.base()); claims["qsh"] != want {
		a.t.Errorf("%s: qsh %v, want %s", r.URL.Path, claims["qsh"], want)
	}
	if want := map[string]string{"jira": a.site.BaseURL(), "confluence": a.site.BaseURL() + "/wiki"}[in.ProductType]; in.BaseURL != want {
		a.t.Errorf("%s: %+v", r.URL.Path, in)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if (in.SharedSecret != "") != (in.EventType == "installed") {
		a.t.Errorf("%s tells a secret: %t", in.EventType, in.SharedSecret != "")
	}
	if in.EventType == "installed" && a.install < 300 {
		a.secret, a.client = in.SharedSecret, in.ClientKey
	}
}

func (a *addon) publicKey(kid any) (*rsa.PublicKey, error) {
	resp, err := http.Get(fmt.Sprintf("%s/%v", a.site.KeysURL(), kid))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	pem, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return jwt.ParseRSAPublicKeyFromPEM(pem)
}

func (a *addon) claims(r *http.Request) jwt.MapClaims {
	a.mu.Lock()
	secret, issuer := a.secret, a.client
	a.mu.Unlock()
	claims := jwt.MapClaims{}
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer(issuer), jwt.WithExpirationRequired()).
		ParseWithClaims(strings.TrimPrefix(r.Header.Get("Authorization"), "JWT "), claims, func(*jwt.Token) (any, error) { return []byte(secret), nil })
	if err != nil {
		a.t.Errorf("%s: %v", r.URL.Path, err)
	}
	if want := host.QSH(r.Method, r.URL, a.base()); claims["qsh"] != want {
		a.t.Errorf("%s: qsh %v, want %s", r.URL, claims["qsh"], want)
	}
	return claims
}

func (a *addon) hook(r *http.Request, body []byte) int {
	a.claims(r)
	var payload struct {
		WebhookEvent string
		Page         struct{ Version int }
		Issue        struct {
			Key    string
			Fields struct{ Summary string }
		}
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		a.t.Error(err)
	}
	if key, given := r.URL.Query()["key"]; given && key[0] != payload.Issue.Key {
		a.t.Errorf("the address names %q, the payload %q", key, payload.Issue.Key)
	}
	h := hook{
		event: payload.WebhookEvent, id: r.Header.Get("X-Atlassian-Webhook-Identifier"), retry: r.Header.Get("X-Atlassian-Webhook-Retry"),
		user: r.URL.Query().Get("user_id"),
	}
	h.number = payload.Page.Version
	_, _ = fmt.Sscanf(payload.Issue.Fields.Summary, "issue %d", &h.number) // only where order is looked at
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = append(a.events, h)
	select {
	case a.noted <- struct{}{}:
	default:
	}
	if len(a.refuse) == 0 {
		return http.StatusNoContent
	}
	status := a.refuse[0]
	a.refuse = a.refuse[1:]
	return status
}

// await returns the webhooks once there are n of them.
func (a *addon) await(n int) []hook {
	a.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		a.mu.Lock()
		got := slices.Clone(a.events)
		a.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-a.noted:
		case <-deadline:
			a.t.Fatalf("got %d webhooks in 10 s, want %d: %+v", len(got), n, got)
		}
	}
}

// settle waits until no webhook is on its way.
func (a *addon) settle() host.Tally {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 10*time.Second)
	defer cancel()
	if err := a.site.Host().Settle(ctx); err != nil {
		a.t.Fatal(err)
	}
	return a.site.State().Webhooks
}

// call calls the site's REST interface as the app.
func (a *addon) call(method, path string, issuer, secret string, change func(jwt.MapClaims)) int {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.site.BaseURL()+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	now := time.Now()
	claims := jwt.MapClaims{"iss": issuer, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "qsh": host.QSH(method, req.URL, a.site.BaseURL())}
	if change != nil {
		change(claims)
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "JWT "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
