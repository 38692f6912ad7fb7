package connect_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/connect"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/descriptor"
)

const (
	appURL    = "https://throughline.example.com"
	keyID     = "1f4d2a30-6a9b-4c50-9a58-55f3c9f5a001"
	secret    = "a-shared-secret-of-some-length"
	clientKey = "7a1f0c9e-client-key"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func hash(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return hex.EncodeToString(sum[:])
}

// atlassianKey is the key that all tests' Atlassian signs installs with; making one takes long.
var atlassianKey = sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// site is Atlassian and the store around a door: it signs as both do and keeps what the door hands on.
type site struct {
	t     *testing.T
	door  *connect.Door
	store *registry
	sink  *sink
	now   time.Time
	key   *rsa.PrivateKey
	cdn   *httptest.Server
	asked atomic.Int32 // times that a key was fetched
	log   bytes.Buffer
}

func newSite(t *testing.T, change ...func(*connect.Options)) *site {
	t.Helper()
	key := atlassianKey()
	s := &site{t: t, store: newRegistry(), sink: &sink{}, now: start, key: key}
	s.cdn = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if r.URL.Path != "/"+keyID {
			http.NotFound(w, r)
			return
		}
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			t.Error(err)
		}
		_ = pem.Encode(w, &pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}))
	t.Cleanup(s.cdn.Close)
	clock := func() time.Time { return s.now }
	o := connect.Options{
		Registry: s.store, Sink: s.sink, BaseURL: appURL + "/",
		AppKey: func(p tenant.Product) string { return descriptor.App{}.ProductKey(string(p)) },
		Keys:   connect.NewKeys(connect.KeyOptions{URLs: []string{s.cdn.URL}, Clock: clock}),
		Clock:  clock,
		Log:    slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&o)
	}
	s.door = connect.New(o)
	return s
}

// installed is a site where Confluence of acme has the app already.
func installed(t *testing.T) *site {
	s := newSite(t)
	if got := s.install(nil, nil); got != http.StatusNoContent {
		t.Fatalf("install answered %d", got)
	}
	if len(s.sink.got) != 1 || s.sink.got[0].Jobs[0].Kind != work.Sweep || s.sink.got[0].Tenant != "acme.atlassian.net" {
		t.Fatalf("an install led to %+v", s.sink.got)
	}
	s.sink.got = nil
	return s
}

func (s *site) claims(method, target string) jwt.MapClaims {
	u, err := url.Parse(target)
	if err != nil {
		s.t.Fatal(err)
	}
	return jwt.MapClaims{
		"iss": clientKey, "iat": s.now.Unix(), "exp": s.now.Add(3 * time.Minute).Unix(),
		"qsh": connect.QSH(method, u, ""),
	}
}

func (s *site) rs256(c jwt.MapClaims) string {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	token.Header["kid"] = keyID
	return sign(s.t, token, s.key)
}

func hs256(t *testing.T, c jwt.MapClaims, key string) string {
	return sign(t, jwt.NewWithClaims(jwt.SigningMethodHS256, c), []byte(key))
}

func sign(t *testing.T, token *jwt.Token, key any) string {
	t.Helper()
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const (
	installPath = "/confluence/connect/installed"
	hookPath    = "/confluence/connect/webhook/page_updated"
)

func installBody() map[string]any {
	return map[string]any{
		"key": "throughline-confluence", "clientKey": clientKey, "sharedSecret": secret, "publicKey": "", "serverVersion": "1",
		"baseUrl": "https://acme.atlassian.net/wiki", "productType": "confluence", "eventType": "installed", "description": "x",
		"cloudId": "0b1", "displayUrl": "https://wiki.acme.com",
	}
}

// install sends a signed install with changes to token and body, and returns the status.
func (s *site) install(claims func(jwt.MapClaims), body func(map[string]any)) int {
	s.t.Helper()
	c, b := s.claims("POST", installPath), installBody()
	c["aud"] = []string{appURL}
	if claims != nil {
		claims(c)
	}
	if body != nil {
		body(b)
	}
	return s.post(s.door.Installed(tenant.Confluence), installPath, s.rs256(c), encode(s.t, b)).Code
}

func (s *site) post(h http.Handler, target, token, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, target, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "JWT "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Body.Len() != 0 {
		s.t.Errorf("the answer has a body: %q", w.Body)
	}
	for _, private := range []string{secret, token} {
		if private != "" && strings.Contains(s.log.String(), private) {
			s.t.Errorf("the log shows %q", private)
		}
	}
	return w
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const pageUpdated = `{"userAccountId":"5b10","timestamp":1795435200000,"page":{"id":98765,"spaceKey":"SEC","version":4,"contentType":"page"}}`

func TestInstall(t *testing.T) {
	s := installed(t)
	got, in, err := s.store.ByClientKey(t.Context(), clientKey)
	if err != nil {
		t.Fatal(err)
	}
	if in.Secret.Reveal() != secret {
		t.Error("another secret was kept")
	}
	in.Secret = tenant.Secret{}
	want := tenant.Installation{
		Product: tenant.Confluence, Door: "connect", ClientKey: clientKey, AppKey: "throughline-confluence",
		BaseURL: "https://acme.atlassian.net/wiki", Enabled: true, InstalledAt: start,
	}
	if diff := cmp.Diff(want, in, cmp.AllowUnexported(tenant.Secret{})); diff != "" {
		t.Errorf("installation (-want +got):\n%s", diff)
	}
	if got.ID != "acme.atlassian.net" {
		t.Errorf("tenant %q", got.ID)
	}
}

// Both products of a site are one tenant, each with its own secret.
func TestInstallBothProducts(t *testing.T) {
	s := installed(t)
	const target = "/jira/connect/installed"
	c, b := s.claims("POST", target), installBody()
	c["aud"], c["iss"] = appURL, "jira-client"
	b["key"], b["clientKey"], b["baseUrl"], b["productType"] = "throughline-jira", "jira-client", "https://acme.atlassian.net", "jira"
	if got := s.post(s.door.Installed(tenant.Jira), target, s.rs256(c), encode(t, b)).Code; got != http.StatusNoContent {
		t.Fatalf("answered %d", got)
	}
	got, _, err := s.store.ByClientKey(t.Context(), "jira-client")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Missing()) != 0 || got.ID != "acme.atlassian.net" {
		t.Errorf("tenant %s lacks %v", got.ID, got.Missing())
	}
	// The token of the one is none for the other, even with the right secret.
	jiraToken := s.claims("POST", hookPath)
	jiraToken["iss"] = "jira-client"
	if got := s.post(s.door.Webhook(tenant.Confluence, "page_updated"), hookPath, hs256(t, jiraToken, secret), pageUpdated).Code; got != http.StatusUnauthorized {
		t.Errorf("Jira's token at Confluence's door answered %d", got)
	}
}

// A reinstall rotates the secret, but only after all checks.
func TestReinstall(t *testing.T) {
	const second = "another-secret-of-some-length"
	s := installed(t)
	if got := s.install(func(c jwt.MapClaims) { delete(c, "exp") }, func(b map[string]any) { b["sharedSecret"] = second }); got != http.StatusUnauthorized {
		t.Errorf("a bad reinstall answered %d", got)
	}
	hook := s.door.Webhook(tenant.Confluence, "page_updated")
	if got := s.post(hook, hookPath, hs256(t, s.claims("POST", hookPath), secret), pageUpdated).Code; got != http.StatusNoContent {
		t.Errorf("after a bad reinstall the old secret answered %d", got)
	}
	if got := s.install(nil, func(b map[string]any) { b["sharedSecret"] = second }); got != http.StatusNoContent {
		t.Errorf("a good reinstall answered %d", got)
	}
	if got := s.post(hook, hookPath, hs256(t, s.claims("POST", hookPath), secret), pageUpdated).Code; got != http.StatusUnauthorized {
		t.Errorf("after a good reinstall the old secret answered %d", got)
	}
	if got := s.post(hook, hookPath, hs256(t, s.claims("POST", hookPath), second), pageUpdated).Code; got != http.StatusNoContent {
		t.Errorf("after a good reinstall the new secret answered %d", got)
	}
}

func TestInstallRefused(t *testing.T) {
	tests := []struct {
		name   string
		claims func(jwt.MapClaims)
		body   func(map[string]any)
		want   int
	}{
		{name: "without aud", claims: func(c jwt.MapClaims) { delete(c, "aud") }, want: 401},
		{name: "for another app", claims: func(c jwt.MapClaims) { c["aud"] = "https://evil.example.com" }, want: 401},
		{name: "for several", claims: func(c jwt.MapClaims) { c["aud"] = []string{"https://evil.example.com", appURL} }, want: 401},
		{name: "aud a number", claims: func(c jwt.MapClaims) { c["aud"] = 7 }, want: 401},
		{name: "aud a list of lists", claims: func(c jwt.MapClaims) { c["aud"] = []any{[]string{appURL}} }, want: 401},
		{name: "without iss", claims: func(c jwt.MapClaims) { delete(c, "iss") }, want: 401},
		{name: "iss an object", claims: func(c jwt.MapClaims) { c["iss"] = map[string]any{"a": 1} }, want: 401},
		{name: "without exp", claims: func(c jwt.MapClaims) { delete(c, "exp") }, want: 401},
		{name: "exp null", claims: func(c jwt.MapClaims) { c["exp"] = nil }, want: 401},
		{name: "exp as text", claims: func(c jwt.MapClaims) { c["exp"] = fmt.Sprint(start.Unix() + 60) }, want: 401},
		{name: "exp over", claims: func(c jwt.MapClaims) { c["exp"] = start.Unix() - 61 }, want: 401},
		{name: "exp over within leeway", claims: func(c jwt.MapClaims) { c["exp"] = start.Unix() - 50 }, want: 204},
		{name: "exp in a year", claims: func(c jwt.MapClaims) { c["exp"] = start.AddDate(1, 0, 0).Unix() }, want: 401},
		{name: "exp beyond all", claims: func(c jwt.MapClaims) { c["exp"] = 1e300 }, want: 401},
		{name: "exp negative", claims: func(c jwt.MapClaims) { c["exp"] = -1 }, want: 401},
		{name: "without iat", claims: func(c jwt.MapClaims) { delete(c, "iat") }, want: 401},
		{name: "iat to come", claims: func(c jwt.MapClaims) { c["iat"] = start.Unix() + 120 }, want: 401},
		{name: "nbf to come", claims: func(c jwt.MapClaims) { c["nbf"] = start.Unix() + 120 }, want: 401},
		{name: "without qsh", claims: func(c jwt.MapClaims) { delete(c, "qsh") }, want: 401},
		{name: "qsh of another route", claims: func(c jwt.MapClaims) { c["qsh"] = hash("POST&/jira/connect/installed&") }, want: 401},
		{name: "qsh of a context", claims: func(c jwt.MapClaims) { c["qsh"] = "context-qsh" }, want: 401},
		{name: "qsh a list", claims: func(c jwt.MapClaims) { c["qsh"] = []string{hash("POST&" + installPath + "&")} }, want: 401},
		{name: "another client in the body", body: func(b map[string]any) { b["clientKey"] = "someone-else" }, want: 401},
		{name: "no client in the body", body: func(b map[string]any) { delete(b, "clientKey") }, want: 401},
		{name: "another app in the body", body: func(b map[string]any) { b["key"] = "throughline-jira" }, want: 401},
		{name: "another product in the body", body: func(b map[string]any) { b["productType"] = "jira" }, want: 401},
		{name: "another event in the body", body: func(b map[string]any) { b["eventType"] = "uninstalled" }, want: 401},
		{name: "no secret", body: func(b map[string]any) { delete(b, "sharedSecret") }, want: 400},
		{name: "secret a number", body: func(b map[string]any) { b["sharedSecret"] = 12345678901234567 }, want: 400},
		{name: "site by http", body: func(b map[string]any) { b["baseUrl"] = "http://acme.atlassian.net/wiki" }, want: 403},
		{name: "site elsewhere", body: func(b map[string]any) { b["baseUrl"] = "https://acme.evil.com/wiki" }, want: 403},
		{name: "site that ends alike", body: func(b map[string]any) { b["baseUrl"] = "https://evilatlassian.net" }, want: 403},
		{name: "site on a port", body: func(b map[string]any) { b["baseUrl"] = "https://acme.atlassian.net:8443" }, want: 403},
		{name: "site with a user", body: func(b map[string]any) { b["baseUrl"] = "https://acme.atlassian.net@evil.com/" }, want: 400},
		{name: "site on the loopback", body: func(b map[string]any) { b["baseUrl"] = "http://127.0.0.1:2990/wiki" }, want: 403},
		{name: "site with an odd path", body: func(b map[string]any) { b["baseUrl"] = "https://acme.atlassian.net/wiki/../x" }, want: 400},
		{name: "no site", body: func(b map[string]any) { delete(b, "baseUrl") }, want: 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			if got := s.install(tt.claims, tt.body); got != tt.want {
				t.Errorf("answered %d, want %d", got, tt.want)
			}
			if kept := len(s.store.tenants); (kept > 0) != (tt.want == 204) {
				t.Errorf("%d tenants are kept", kept)
			}
		})
	}
}

// Tokens that are wrong in their form, at both kinds of route.
func TestHostileTokens(t *testing.T) {
	other := newKey()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw := func(header, payload, signature string) string {
		enc := base64.RawURLEncoding.EncodeToString
		return enc([]byte(header)) + "." + enc([]byte(payload)) + "." + enc([]byte(signature))
	}
	payload := func(s *site, c jwt.MapClaims) string { return encode(s.t, c) }
	tests := []struct {
		name  string
		token func(s *site, c jwt.MapClaims, good string) string
	}{
		{"none at all", func(*site, jwt.MapClaims, string) string { return "" }},
		{"a word", func(*site, jwt.MapClaims, string) string { return "x" }},
		{"dots", func(*site, jwt.MapClaims, string) string { return ".." }},
		{"many dots", func(*site, jwt.MapClaims, string) string { return strings.Repeat(".", 4000) }},
		{"oversize", func(_ *site, _ jwt.MapClaims, good string) string { return good + strings.Repeat("A", 9000) }},
		{"algorithm none", func(s *site, c jwt.MapClaims, _ string) string {
			return sign(s.t, jwt.NewWithClaims(jwt.SigningMethodNone, c), jwt.UnsafeAllowNoneSignatureType)
		}},
		{"algorithm None", func(s *site, c jwt.MapClaims, _ string) string {
			return raw(`{"alg":"None","typ":"JWT"}`, payload(s, c), "")
		}},
		{"no algorithm", func(s *site, c jwt.MapClaims, _ string) string { return raw(`{"typ":"JWT"}`, payload(s, c), "") }},
		{"algorithm a number", func(s *site, c jwt.MapClaims, _ string) string { return raw(`{"alg":1}`, payload(s, c), "") }},
		{"header no object", func(s *site, c jwt.MapClaims, _ string) string { return raw(`[]`, payload(s, c), "") }},
		{"header null", func(s *site, c jwt.MapClaims, _ string) string { return raw(`null`, payload(s, c), "") }},
		{"payload no object", func(*site, jwt.MapClaims, string) string { return raw(`{"alg":"HS256"}`, `[]`, "x") }},
		{"payload null", func(*site, jwt.MapClaims, string) string { return raw(`{"alg":"HS256"}`, `null`, "x") }},
		{"payload deep", func(*site, jwt.MapClaims, string) string {
			return raw(`{"alg":"HS256"}`, `{"context":`+strings.Repeat("[", 2500)+strings.Repeat("]", 2500)+`}`, "x")
		}},
		{"HS384", func(s *site, c jwt.MapClaims, _ string) string {
			return sign(s.t, jwt.NewWithClaims(jwt.SigningMethodHS384, c), []byte(secret))
		}},
		{"HS512", func(s *site, c jwt.MapClaims, _ string) string {
			return sign(s.t, jwt.NewWithClaims(jwt.SigningMethodHS512, c), []byte(secret))
		}},
		{"ES256", func(s *site, c jwt.MapClaims, _ string) string {
			return sign(s.t, jwt.NewWithClaims(jwt.SigningMethodES256, c), curve)
		}},
		{"PS256", func(s *site, c jwt.MapClaims, _ string) string {
			token := jwt.NewWithClaims(jwt.SigningMethodPS256, c)
			token.Header["kid"] = keyID
			return sign(s.t, token, s.key)
		}},
		{"RS256 with a key of one's own", func(s *site, c jwt.MapClaims, _ string) string {
			token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
			token.Header["kid"] = keyID
			return sign(s.t, token, other)
		}},
		{"HS256 with the empty secret", func(s *site, c jwt.MapClaims, _ string) string { return hs256(s.t, c, "") }},
		{"HS256 with the public key for secret", func(s *site, c jwt.MapClaims, _ string) string {
			der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
			if err != nil {
				s.t.Fatal(err)
			}
			token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
			token.Header["kid"] = keyID
			return sign(s.t, token, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		}},
		{"signature cut", func(_ *site, _ jwt.MapClaims, good string) string { return good[:len(good)-4] }},
		{"signature gone", func(_ *site, _ jwt.MapClaims, good string) string { return good[:strings.LastIndexByte(good, '.')+1] }},
		{"payload changed", func(_ *site, c jwt.MapClaims, good string) string {
			parts := strings.Split(good, ".")
			c["sub"] = "an-admin"
			parts[1] = base64.RawURLEncoding.EncodeToString([]byte(encode(t, c)))
			return strings.Join(parts, ".")
		}},
		{"critical header", func(s *site, c jwt.MapClaims, _ string) string {
			token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
			token.Header["crit"] = []string{"exp"}
			return sign(s.t, token, []byte(secret))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := installed(t)
			hook := s.claims("POST", hookPath)
			if got := s.post(s.door.Webhook(tenant.Confluence, "page_updated"), hookPath, tt.token(s, hook, hs256(t, hook, secret)), pageUpdated).Code; got != 401 {
				t.Errorf("the webhook route answered %d", got)
			}
			again := s.claims("POST", installPath)
			again["aud"] = appURL
			if got := s.post(s.door.Installed(tenant.Confluence), installPath, tt.token(s, again, s.rs256(again)), encode(t, installBody())).Code; got != 401 {
				t.Errorf("the install route answered %d", got)
			}
			if len(s.sink.got) > 0 {
				t.Error("an event was accepted")
			}
		})
	}
	// Each kind of token at the other's route.
	s := installed(t)
	hook := s.claims("POST", hookPath)
	if got := s.post(s.door.Webhook(tenant.Confluence, "page_updated"), hookPath, s.rs256(hook), pageUpdated).Code; got != 401 {
		t.Errorf("Atlassian's signature on a webhook answered %d", got)
	}
	again := s.claims("POST", installPath)
	again["aud"] = appURL
	if got := s.post(s.door.Installed(tenant.Confluence), installPath, hs256(t, again, secret), encode(t, installBody())).Code; got != 401 {
		t.Errorf("the site's signature on an install answered %d", got)
	}
}

func TestWebhookRefused(t *testing.T) {
	tests := []struct {
		name   string
		claims func(jwt.MapClaims)
		key    string
		want   int
	}{
		{name: "good", want: 204},
		{name: "good for an hour", claims: func(c jwt.MapClaims) { c["exp"] = start.Unix() + 3600 }, want: 204},
		{name: "another's secret", key: "the-secret-of-another-tenant", want: 401},
		{name: "unknown client", claims: func(c jwt.MapClaims) { c["iss"] = "nobody" }, want: 401},
		{name: "our own key as issuer", claims: func(c jwt.MapClaims) { c["iss"] = "throughline-confluence" }, want: 401},
		{name: "our own key as issuer, the client as audience", claims: func(c jwt.MapClaims) {
			c["iss"], c["aud"] = "throughline-confluence", []string{clientKey}
		}, want: 401},
		{name: "without exp", claims: func(c jwt.MapClaims) { delete(c, "exp") }, want: 401},
		{name: "for a day", claims: func(c jwt.MapClaims) { c["exp"] = start.Unix() + 86400 }, want: 401},
		{name: "made long ago", claims: func(c jwt.MapClaims) { c["iat"] = start.Unix() - 86400 }, want: 401},
		{name: "without iat", claims: func(c jwt.MapClaims) { delete(c, "iat") }, want: 401},
		{name: "iat to come", claims: func(c jwt.MapClaims) { c["iat"] = start.Unix() + 3600 }, want: 401},
		{name: "without qsh", claims: func(c jwt.MapClaims) { delete(c, "qsh") }, want: 401},
		{name: "context qsh", claims: func(c jwt.MapClaims) { c["qsh"] = "context-qsh" }, want: 401},
		{name: "qsh of another query", claims: func(c jwt.MapClaims) { c["qsh"] = hash("POST&" + hookPath + "&a=b") }, want: 401},
		{name: "qsh of another method", claims: func(c jwt.MapClaims) { c["qsh"] = hash("GET&" + hookPath + "&") }, want: 401},
		{name: "sub a number", claims: func(c jwt.MapClaims) { c["sub"] = 5 }, want: 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := installed(t)
			c := s.claims("POST", hookPath)
			if tt.claims != nil {
				tt.claims(c)
			}
			key := secret
			if tt.key != "" {
				key = tt.key
			}
			if got := s.post(s.door.Webhook(tenant.Confluence, "page_updated"), hookPath, hs256(t, c, key), pageUpdated).Code; got != tt.want {
				t.Errorf("answered %d, want %d", got, tt.want)
			}
			if accepted := len(s.sink.got); (accepted == 1) != (tt.want == 204) {
				t.Errorf("%d events were accepted", accepted)
			}
		})
	}
}

func TestWebhook(t *testing.T) {
	tests := []struct {
		name, event, body string
		sink              error
		want              int
		retryAfter        string
		accepted          int
	}{
		{name: "an event", event: "page_updated", body: pageUpdated, want: 204, accepted: 1},
		{name: "an event by its path", event: "", body: pageUpdated, want: 204, accepted: 1},
		{name: "an unknown event", event: "space_logo_updated", body: "{}", want: 204},
		{name: "no page in it", event: "page_updated", body: "{}", want: 400},
		{name: "no JSON", event: "page_updated", body: "<page/>", want: 400},
		{name: "too long", event: "page_updated", body: strings.Repeat(" ", 10<<20) + "{}", want: 413},
		{name: "store busy", event: "page_updated", body: pageUpdated, sink: fault.BusyFor(1500*time.Millisecond, "full"), want: 503, retryAfter: "2"},
		{name: "store broken", event: "page_updated", body: pageUpdated, sink: fault.New(fault.Internal, "disk"), want: 503, retryAfter: "10"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := installed(t)
			s.sink.err = tt.sink
			w := s.post(s.door.Webhook(tenant.Confluence, tt.event), hookPath, hs256(t, s.claims("POST", hookPath), secret), tt.body)
			if w.Code != tt.want || w.Header().Get("Retry-After") != tt.retryAfter {
				t.Errorf("answered %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
			}
			if len(s.sink.got) != tt.accepted {
				t.Fatalf("%d events were accepted, want %d", len(s.sink.got), tt.accepted)
			}
			if tt.accepted > 0 {
				d := s.sink.got[0]
				if d.Tenant != "acme.atlassian.net" || d.Key != "confluence/page_updated/98765/4/1795435200000/" || len(d.Jobs) != 1 || d.Jobs[0].Kind != work.ReviewPage {
					t.Errorf("accepted %+v", d)
				}
			}
		})
	}
}

func TestStoreOutage(t *testing.T) {
	s := installed(t)
	s.store.err = fault.New(fault.Internal, "the disk is gone")
	if got := s.install(nil, nil); got != http.StatusServiceUnavailable {
		t.Errorf("an install answered %d", got)
	}
	w := s.post(s.door.Webhook(tenant.Confluence, "page_updated"), hookPath, hs256(t, s.claims("POST", hookPath), secret), pageUpdated)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("a webhook answered %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
}

func TestLifecycle(t *testing.T) {
	s := installed(t)
	body := func(event string, change func(map[string]any)) string {
		b := installBody()
		delete(b, "sharedSecret")
		b["eventType"] = event
		if change != nil {
			change(b)
		}
		return encode(t, b)
	}
	other := func(b map[string]any) { b["clientKey"] = "someone-else" }
	for _, step := range []struct {
		name    string
		handler http.Handler
		path    string
		token   func(c jwt.MapClaims) string
		body    string
		want    int
		enabled bool
		live    bool
	}{
		{"disabled", s.door.Disabled(tenant.Confluence), "disabled", func(c jwt.MapClaims) string { return hs256(t, c, secret) }, body("disabled", nil), 204, false, true},
		{"enabled about another", s.door.Enabled(tenant.Confluence), "enabled", func(c jwt.MapClaims) string { return hs256(t, c, secret) }, body("enabled", other), 401, false, true},
		{"enabled", s.door.Enabled(tenant.Confluence), "enabled", func(c jwt.MapClaims) string { return hs256(t, c, secret) }, body("enabled", nil), 204, true, true},
		{"uninstalled by the site's secret", s.door.Uninstalled(tenant.Confluence), "uninstalled", func(c jwt.MapClaims) string { return hs256(t, c, secret) }, body("uninstalled", nil), 401, true, true},
		{"uninstalled about another", s.door.Uninstalled(tenant.Confluence), "uninstalled", func(c jwt.MapClaims) string { return s.rs256(c) }, body("uninstalled", other), 401, true, true},
		{"uninstalled", s.door.Uninstalled(tenant.Confluence), "uninstalled", func(c jwt.MapClaims) string { return s.rs256(c) }, body("uninstalled", nil), 204, true, false},
		{"uninstalled again", s.door.Uninstalled(tenant.Confluence), "uninstalled", func(c jwt.MapClaims) string { return s.rs256(c) }, body("uninstalled", nil), 204, true, false},
		{"enabled after that", s.door.Enabled(tenant.Confluence), "enabled", func(c jwt.MapClaims) string { return hs256(t, c, secret) }, body("enabled", nil), 401, true, false},
	} {
		target := "/confluence/connect/" + step.path
		c := s.claims("POST", target)
		c["aud"] = appURL
		if got := s.post(step.handler, target, step.token(c), step.body).Code; got != step.want {
			t.Errorf("%s: answered %d, want %d", step.name, got, step.want)
		}
		_, in, err := s.store.ByClientKey(t.Context(), clientKey)
		if err != nil || in.Enabled != step.enabled || in.Live() != step.live {
			t.Errorf("%s: enabled %t, live %t, error %v", step.name, in.Enabled, in.Live(), err)
		}
	}
}

func TestContext(t *testing.T) {
	s := installed(t)
	for _, tt := range []struct {
		name   string
		claims func(jwt.MapClaims)
		want   fault.Kind
	}{
		{"a page's token", func(c jwt.MapClaims) { c["qsh"], c["sub"] = "context-qsh", "5b10" }, fault.Internal},
		{"a session's token", func(c jwt.MapClaims) {
			c["qsh"], c["sub"], c["iss"], c["aud"] = "context-qsh", "5b10", "throughline-confluence", []string{clientKey}
		}, fault.Internal},
		{"a request's token", func(jwt.MapClaims) {}, fault.Unverified},
		{"without qsh", func(c jwt.MapClaims) { delete(c, "qsh") }, fault.Unverified},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := s.claims("GET", "/confluence/panel")
			tt.claims(c)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/confluence/panel?jwt="+hs256(t, c, secret), nil)
			caller, err := s.door.Context(r, tenant.Confluence)
			if tt.want == fault.Unverified {
				if !fault.Is(err, fault.Unverified) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || caller.Account != "5b10" || caller.Tenant.ID != "acme.atlassian.net" {
				t.Errorf("caller %+v, error %v", caller.Account, err)
			}
		})
	}
}

func TestDevInstall(t *testing.T) {
	s := newSite(t, func(o *connect.Options) { o.Dev = true })
	if got := s.install(nil, func(b map[string]any) { b["baseUrl"] = "http://127.0.0.1:2990/wiki/" }); got != http.StatusNoContent {
		t.Fatalf("answered %d", got)
	}
	got, in, err := s.store.ByClientKey(t.Context(), clientKey)
	if err != nil || got.ID != "127.0.0.1:2990" || in.BaseURL != "http://127.0.0.1:2990/wiki" {
		t.Errorf("tenant %q, base %q, error %v", got.ID, in.BaseURL, err)
	}
	if got := s.install(nil, func(b map[string]any) { b["baseUrl"] = "http://10.0.0.1/wiki" }); got != http.StatusForbidden {
		t.Errorf("a private host answered %d", got)
	}
}

// Every route of the descriptors has an event that is known, and a handler that turns the unsigned away.
func TestRoutes(t *testing.T) {
	s := newSite(t)
	for _, r := range descriptor.Routes() {
		var h http.Handler
		switch product := tenant.Product(r.Product); r.Purpose {
		case descriptor.Document:
			continue
		case descriptor.Installed:
			h = s.door.Installed(product)
		case descriptor.Uninstalled:
			h = s.door.Uninstalled(product)
		case descriptor.Enabled:
			h = s.door.Enabled(product)
		case descriptor.Disabled:
			h = s.door.Disabled(product)
		case descriptor.Webhook:
			h = s.door.Webhook(product, r.Event)
		}
		if got := s.post(h, r.Path, "", "{}").Code; got != http.StatusUnauthorized {
			t.Errorf("%s answered %d", r.Path, got)
		}
	}
}

// registry is a tenant.Registry in memory, for the door's part of it.
type registry struct {
	mu      sync.Mutex
	tenants map[tenant.ID]tenant.Tenant
	err     error
}

func newRegistry() *registry { return &registry{tenants: map[tenant.ID]tenant.Tenant{}} }

func (r *registry) Install(_ context.Context, id tenant.ID, in tenant.Installation) (tenant.Tenant, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return tenant.Tenant{}, r.err
	}
	t := r.tenants[id]
	if t.Installations == nil {
		t = tenant.Tenant{ID: id, Installations: map[tenant.Product]tenant.Installation{}}
	}
	t.Installations[in.Product] = in
	r.tenants[id] = t
	return t, nil
}

func (r *registry) change(clientKey string, apply func(*tenant.Installation)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.tenants {
		for p, in := range t.Installations {
			if in.ClientKey == clientKey {
				apply(&in)
				t.Installations[p] = in
				return r.err
			}
		}
	}
	return fault.New(fault.NotFound, "no installation")
}

func (r *registry) Enable(_ context.Context, clientKey string, enabled bool) error {
	return r.change(clientKey, func(in *tenant.Installation) { in.Enabled = enabled })
}

func (r *registry) Uninstall(_ context.Context, clientKey string, at time.Time) error {
	return r.change(clientKey, func(in *tenant.Installation) { in.RemovedAt, in.Secret = at, tenant.Secret{} })
}

func (r *registry) ByClientKey(_ context.Context, clientKey string) (tenant.Tenant, tenant.Installation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return tenant.Tenant{}, tenant.Installation{}, r.err
	}
	for _, t := range r.tenants {
		for _, in := range t.Installations {
			if in.ClientKey == clientKey {
				return t, in, nil
			}
		}
	}
	return tenant.Tenant{}, tenant.Installation{}, fault.New(fault.NotFound, "no installation")
}

// sink keeps deliveries.
type sink struct {
	got []work.Delivery
	err error
}

func (s *sink) Accept(_ context.Context, d work.Delivery) (bool, error) {
	if s.err != nil {
		return false, s.err
	}
	s.got = append(s.got, d)
	return true, nil
}
