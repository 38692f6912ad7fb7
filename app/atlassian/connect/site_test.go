package connect_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
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

	otherSecret = "a-shared-secret-of-another-site" // globex's
	otherClient = "b2c3d4e5-client-key"
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
	return s
}

// installOther puts another tenant beside it.
func (s *site) installOther() {
	s.t.Helper()
	in := tenant.Installation{Product: tenant.Confluence, ClientKey: otherClient, Secret: tenant.NewSecret(otherSecret), Enabled: true}
	if _, err := s.store.Install(s.t.Context(), "globex.atlassian.net", in); err != nil {
		s.t.Fatal(err)
	}
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
	for _, private := range []string{secret, otherSecret, token} {
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
	t.Installations[in.Product] = in.Replacing(t.Installations[in.Product])
	r.tenants[id] = t
	return t, nil
}

func (r *registry) change(clientKey string, apply func(*tenant.Installation)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.tenants {
		for p, in := range t.Installations {
			if in.ClientKey == clientKey && r.err == nil {
				apply(&in)
				t.Installations[p] = in
				return nil
			}
		}
	}
	if r.err != nil {
		return r.err
	}
	return fault.New(fault.NotFound, "no installation")
}

func (r *registry) Enable(_ context.Context, clientKey string, enabled bool) error {
	return r.change(clientKey, func(in *tenant.Installation) { in.Enabled = enabled })
}

func (r *registry) Confirm(_ context.Context, clientKey string, used tenant.Secret) error {
	return r.change(clientKey, func(in *tenant.Installation) { *in = in.Confirmed(used) })
}

func (r *registry) Restore(_ context.Context, clientKey string, took tenant.Secret, at time.Time) error {
	return r.change(clientKey, func(in *tenant.Installation) { *in = in.Restored(took, at) })
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
