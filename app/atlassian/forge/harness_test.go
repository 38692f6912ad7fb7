package forge

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

const (
	appID        = "ari:cloud:ecosystem::app/8c1b2f3e-0a4d-4f6e-9b7a-1c2d3e4f5a6b"
	otherApp     = "ari:cloud:ecosystem::app/00000000-0a4d-4f6e-9b7a-1c2d3e4f5a6b"
	installation = "ari:cloud:ecosystem::installation/11111111-2222-4333-8444-555555555555"
	cloudID      = "c10d0000-1111-4222-8333-444444444444"
	keyID        = "forge/key-1"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// bench is a door with Atlassian's side of it: a key, a key server, and a registry and a queue in memory.
type bench struct {
	*Door
	key      *rsa.PrivateKey
	registry *registry
	queue    *queue
	clock    time.Time
	log      strings.Builder
}

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{key: testKey(), registry: &registry{tenants: map[tenant.ID]tenant.Tenant{}}, queue: &queue{}, clock: now}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{jwk(keyID, &b.key.PublicKey)}})
	}))
	t.Cleanup(served.Close)
	keys, err := NewKeys(t.Context(), served.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	b.Door = New(Options{
		Registry: b.registry, Sink: b.queue, AppID: appID, Keys: keys, Clock: func() time.Time { return b.clock },
		Log: slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return b
}

func jwk(id string, key *rsa.PublicKey) map[string]string {
	b64 := base64.RawURLEncoding.EncodeToString
	return map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id, "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
}

// fit are the claims of a genuine invocation token; each has an id of its own.
func fit(change ...func(jwt.MapClaims)) jwt.MapClaims {
	api := "https://api.atlassian.com/ex/"
	c := jwt.MapClaims{
		"iss": issuer, "aud": appID, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(25 * time.Second).Unix(), "jti": rand.Text(),
		"app": map[string]any{
			"id": appID, "installationId": installation, "apiBaseUrl": api + "confluence/" + cloudID, "appVersion": "1.0.0",
			"installation": map[string]any{"id": installation, "contexts": []any{
				map[string]any{"name": "confluence", "apiBaseUrl": api + "confluence/" + cloudID},
				map[string]any{"name": "jira", "apiBaseUrl": api + "jira/" + cloudID},
				map[string]any{"name": "compass", "apiBaseUrl": "whatever"},
			}},
		},
	}
	for _, do := range change {
		do(c)
	}
	return c
}

// app changes the claim "app".
func app(name string, value any) func(jwt.MapClaims) {
	return func(c jwt.MapClaims) {
		in := maps.Clone(c["app"].(map[string]any))
		in[name] = value
		c["app"] = in
	}
}

func set(name string, value any) func(jwt.MapClaims) {
	return func(c jwt.MapClaims) {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
}

func (b *bench) sign(claims jwt.Claims) string {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = keyID
	signed, err := token.SignedString(b.key)
	if err != nil {
		panic(err)
	}
	return signed
}

// access is an access token that ends at a time.
func (b *bench) access(until time.Time) string {
	return b.sign(jwt.MapClaims{"exp": until.Unix(), "sub": until.String()})
}

// call posts a body with tokens; an empty access token is left out.
func (b *bench) call(h http.Handler, invocation, access, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/forge", strings.NewReader(body))
	if invocation != "" {
		r.Header.Set("Authorization", "Bearer "+invocation)
	}
	if access != "" {
		r.Header.Set("X-Forge-Oauth-System", access)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	_, _ = io.Copy(io.Discard, w.Result().Body)
	return w
}

// registry is a tenant.Registry in memory, for the door's part of it.
type registry struct {
	mu      sync.Mutex
	tenants map[tenant.ID]tenant.Tenant
	down    bool
}

func (r *registry) err() error {
	if r.down {
		return fault.New(fault.Internal, "the disk is gone")
	}
	return nil
}

func (r *registry) Install(_ context.Context, id tenant.ID, in tenant.Installation) (tenant.Tenant, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[id]
	t.ID = id
	if t.Installations == nil {
		t.Installations = map[tenant.Product]tenant.Installation{}
	}
	t.Installations[in.Product] = in
	r.tenants[id] = t
	return t, r.err()
}

func (r *registry) change(clientKey string, do func(*tenant.Installation) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.tenants {
		for p, in := range t.Installations {
			if in.ClientKey == clientKey {
				err := do(&in)
				t.Installations[p] = in
				return err
			}
		}
	}
	return fault.New(fault.NotFound, "nobody")
}

func (r *registry) Renew(_ context.Context, clientKey string, secret tenant.Secret, until time.Time) error {
	return r.change(clientKey, func(in *tenant.Installation) error {
		if !in.Live() {
			return fault.New(fault.NotFound, "removed")
		}
		if until.After(in.SecretUntil) {
			in.Secret, in.SecretUntil = secret, until
		}
		return r.err()
	})
}

func (r *registry) Uninstall(_ context.Context, clientKey string, at time.Time) error {
	return r.change(clientKey, func(in *tenant.Installation) error {
		in.RemovedAt, in.Secret, in.Enabled = at, tenant.Secret{}, false
		return r.err()
	})
}

func (r *registry) ByClientKey(_ context.Context, clientKey string) (tenant.Tenant, tenant.Installation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.err(); err != nil {
		return tenant.Tenant{}, tenant.Installation{}, err
	}
	for _, t := range r.tenants {
		for _, in := range t.Installations {
			if in.ClientKey == clientKey {
				return t, in, nil
			}
		}
	}
	return tenant.Tenant{}, tenant.Installation{}, fault.New(fault.NotFound, "nobody")
}

func (r *registry) Get(_ context.Context, id tenant.ID) (tenant.Tenant, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t, ok := r.tenants[id]; ok {
		return t, r.err()
	}
	return tenant.Tenant{}, fault.New(fault.NotFound, "nobody")
}

// queue remembers deliveries.
type queue struct {
	mu    sync.Mutex
	got   []work.Delivery
	down  bool
	stall bool // until the caller gives up
}

func (q *queue) Accept(ctx context.Context, d work.Delivery) (bool, error) {
	if q.stall {
		<-ctx.Done()
		return false, ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.down {
		return false, fault.New(fault.Internal, "the disk is full")
	}
	for _, known := range q.got {
		if known.Tenant == d.Tenant && known.Key == d.Key {
			return false, nil
		}
	}
	q.got = append(q.got, d)
	return true, nil
}

// kinds lists the jobs that were accepted.
func (q *queue) kinds() []string {
	var out []string
	for _, d := range q.got {
		for _, j := range d.Jobs {
			out = append(out, string(j.Kind)+" "+j.Subject)
		}
	}
	return out
}
