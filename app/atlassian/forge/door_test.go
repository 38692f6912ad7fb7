package forge

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/tenant"
)

const pageUpdated = `{"eventType":"avi:confluence:updated:page","atlassianId":"712020:a","eventCreatedDate":"2026-11-23T12:00:00.000Z",
	"content":{"id":"98307","type":"page","space":{"key":"ARC"},"version":{"number":3,"by":"712020:a"}}}`

// TestHostileTokens holds that none of these gets in: 401 without a word, nothing kept, nothing of the token in the log.
func TestHostileTokens(t *testing.T) {
	api := "https://api.atlassian.com/ex/confluence/" + cloudID
	signed := func(change ...func(jwt.MapClaims)) func(*bench) string {
		return func(b *bench) string { return b.sign(fit(change...)) }
	}
	header := func(name string, value any) func(*bench) string {
		return func(b *bench) string {
			token := jwt.NewWithClaims(jwt.SigningMethodRS256, fit())
			token.Header["kid"] = keyID
			if token.Header[name] = value; value == nil {
				delete(token.Header, name)
			}
			s, err := token.SignedString(b.key)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	contexts := func(entries ...any) func(jwt.MapClaims) {
		return app("installation", map[string]any{"id": installation, "contexts": entries})
	}
	tests := []struct {
		name  string
		token func(*bench) string
	}{
		{"none at all", func(*bench) string { return "" }},
		{"no token", func(*bench) string { return "x" }},
		{"two parts", func(*bench) string { return "a.b" }},
		{"oversize", func(*bench) string { return strings.Repeat("a", maxToken+1) }},
		{"unsigned", func(*bench) string {
			token := jwt.NewWithClaims(jwt.SigningMethodNone, fit())
			token.Header["kid"] = keyID
			s, _ := token.SignedString(jwt.UnsafeAllowNoneSignatureType)
			return s
		}},
		{"HS256 with the public key as secret", func(b *bench) string {
			der, _ := x509.MarshalPKIXPublicKey(&b.key.PublicKey)
			token := jwt.NewWithClaims(jwt.SigningMethodHS256, fit())
			token.Header["kid"] = keyID
			s, _ := token.SignedString(der)
			return s
		}},
		{"RS512", func(b *bench) string {
			token := jwt.NewWithClaims(jwt.SigningMethodRS512, fit())
			token.Header["kid"] = keyID
			s, _ := token.SignedString(b.key)
			return s
		}},
		{"another key under the same id", func(*bench) string {
			key, _ := rsa.GenerateKey(rand.Reader, 2048)
			token := jwt.NewWithClaims(jwt.SigningMethodRS256, fit())
			token.Header["kid"] = keyID
			s, _ := token.SignedString(key)
			return s
		}},
		{"claims changed after signing", func(b *bench) string {
			parts := strings.Split(b.sign(fit()), ".")
			forged, _ := json.Marshal(fit(app("installationId", installation+"0")))
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString(forged) + "." + parts[2]
		}},
		{"unknown key id", header("kid", "nobody")},
		{"no key id", header("kid", nil)},
		{"a key id that is a number", header("kid", 7)},
		{"a critical header", header("crit", []string{"b64"})},
		{"no issuer", signed(set("iss", nil))},
		{"another issuer", signed(set("iss", "forge/other"))},
		{"no audience", signed(set("aud", nil))},
		{"another app's audience", signed(set("aud", otherApp))},
		{"another app's audience and id", signed(set("aud", otherApp), app("id", otherApp))},
		{"an audience of numbers", signed(set("aud", []int{1}))},
		{"another app's id", signed(app("id", otherApp))},
		{"no app", signed(set("app", nil))},
		{"an app that is a text", signed(set("app", appID))},
		{"an audience of other apps", signed(set("aud", []string{otherApp, "x"}))},
		{"an audience that is an object", signed(set("aud", map[string]any{"id": appID}))},
		{"an empty audience", signed(set("aud", []string{}))},
		{"an issuer that is a list", signed(set("iss", []string{issuer}))},
		{"an iat that is a text", signed(set("iat", "now"))},
		{"an nbf that is an object", signed(set("nbf", map[string]any{}))},
		{"an exp beyond all", signed(set("exp", 1e300))},
		{"a negative exp", signed(set("exp", -1))},
		{"a jti that is a number", signed(set("jti", 7))},
		{"an installation that is a list", signed(app("installation", []string{installation}))},
		{"an installation id that is a number", signed(app("installationId", 7))},
		{"an API address that is a list", signed(app("apiBaseUrl", []string{api}))},
		{"contexts that are an object", signed(app("installation", map[string]any{"id": installation, "contexts": map[string]any{"name": "jira"}}))},
		{"no exp", signed(set("exp", nil))},
		{"exp as a text", signed(set("exp", "tomorrow"))},
		{"over", signed(set("iat", now.Add(-2*time.Minute).Unix()), set("exp", now.Add(-61*time.Second).Unix()))},
		{"far-future exp", signed(set("exp", now.Add(time.Hour).Unix()))},
		{"a long life that is nearly over", signed(set("iat", now.Add(-time.Hour).Unix()), set("nbf", now.Add(-time.Hour).Unix()))},
		{"not valid yet", signed(set("nbf", now.Add(61*time.Second).Unix()))},
		{"made in the future", signed(set("iat", now.Add(61*time.Second).Unix()))},
		{"no iat", signed(set("iat", nil))},
		{"no jti", signed(set("jti", nil))},
		{"a long jti", signed(set("jti", strings.Repeat("j", maxID+1)))},
		{"no installation", signed(app("installationId", ""))},
		{"an installation that is none", signed(app("installationId", "ari:cloud:ecosystem::app/1"))},
		{"two installations in one", signed(app("installation", map[string]any{"id": installation + "0"}))},
		{"no API address", signed(app("apiBaseUrl", ""))},
		{"an API address elsewhere", signed(app("apiBaseUrl", "https://evil.example/ex/confluence/"+cloudID))},
		{"an API address with a like name", signed(app("apiBaseUrl", "https://api.atlassian.com.evil.example/ex/confluence/"+cloudID))},
		{"an API address with a user", signed(app("apiBaseUrl", "https://api.atlassian.com@evil.example/ex/confluence/"+cloudID))},
		{"an API address by http", signed(app("apiBaseUrl", "http://api.atlassian.com/ex/confluence/"+cloudID))},
		{"an API address with a port", signed(app("apiBaseUrl", "https://api.atlassian.com:8443/ex/confluence/"+cloudID))},
		{"an API address on the loopback", signed(app("apiBaseUrl", "http://127.0.0.1/ex/confluence/"+cloudID))},
		{"an API address with a query", signed(app("apiBaseUrl", api+"?a=b"))},
		{"an API address that climbs", signed(app("apiBaseUrl", "https://api.atlassian.com/ex/confluence/.."))},
		{"an API address with more path", signed(app("apiBaseUrl", api+"/wiki"))},
		{"an API address of another product", signed(app("apiBaseUrl", "https://api.atlassian.com/ex/bamboo/"+cloudID))},
		{"a context of another site", signed(contexts(map[string]any{"name": "jira", "apiBaseUrl": "https://api.atlassian.com/ex/jira/another"}))},
		{"a context elsewhere", signed(contexts(map[string]any{"name": "jira", "apiBaseUrl": "https://evil.example/ex/jira/" + cloudID}))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			token := tt.token(b)
			for route, h := range map[string]http.Handler{"event": b.Event(), "scheduled": b.Scheduled(), "uninstall": b.Uninstall()} {
				w := b.call(h, token, b.access(now.Add(2*time.Hour)), pageUpdated)
				if w.Code != http.StatusUnauthorized || w.Body.Len() > 0 {
					t.Errorf("%s answered %d %q, want 401 without a word", route, w.Code, w.Body)
				}
			}
			if len(b.registry.tenants) > 0 || len(b.queue.got) > 0 {
				t.Errorf("kept %v and %v", b.registry.tenants, b.queue.got)
			}
			if len(token) > 3 && strings.Contains(b.log.String(), token) {
				t.Error("the token is in the log")
			}
		})
	}
	t.Run("another scheme", func(t *testing.T) {
		b := newBench(t)
		r := httptest.NewRequest(http.MethodPost, "/forge", strings.NewReader(pageUpdated))
		r.Header.Set("Authorization", "JWT "+b.sign(fit()))
		w := httptest.NewRecorder()
		if b.Event().ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
			t.Errorf("answered %d", w.Code)
		}
	})
}

func TestGenuineTokens(t *testing.T) {
	tests := []struct {
		name   string
		change []func(jwt.MapClaims)
	}{
		{"as Atlassian shows it", nil},
		{"audience as a list", []func(jwt.MapClaims){set("aud", []string{otherApp, appID})}},
		{"within the leeway", []func(jwt.MapClaims){set("iat", now.Add(-80*time.Second).Unix()), set("nbf", now.Add(50*time.Second).Unix()), set("exp", now.Add(-50*time.Second).Unix())}},
		{"one product, as older tokens have it", []func(jwt.MapClaims){app("installation", nil)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			if w := b.call(b.Event(), b.sign(fit(tt.change...)), b.access(now.Add(2*time.Hour)), pageUpdated); w.Code != http.StatusNoContent {
				t.Fatalf("answered %d; log: %s", w.Code, b.log.String())
			}
			in := b.registry.tenants[cloudID].Installations[tenant.Confluence]
			if want := "https://api.atlassian.com/ex/confluence/" + cloudID + "/wiki"; in.BaseURL != want || in.Door != "forge" || !in.Live() {
				t.Errorf("kept %+v", in)
			}
		})
	}
}

// TestAnotherTenant: an event is the token's site's, whatever its body says.
func TestAnotherTenant(t *testing.T) {
	b := newBench(t)
	b.install(t, installation, now.Add(2*time.Hour))
	body := strings.Replace(pageUpdated, `"eventType"`, `"installationId":"`+installation+`0","cloudId":"another","context":{"cloudId":"another","installationId":"x"},"eventType"`, 1)
	if w := b.call(b.Event(), b.sign(fit()), "", body); w.Code != http.StatusNoContent {
		t.Fatalf("answered %d", w.Code)
	}
	if len(b.queue.got) != 1 || b.queue.got[0].Tenant != cloudID || len(b.registry.tenants) != 1 {
		t.Errorf("accepted %+v, want one of the token's site", b.queue.got)
	}
}

func TestReplay(t *testing.T) {
	b := newBench(t)
	token := b.sign(fit())
	for n, want := range []int{http.StatusNoContent, http.StatusUnauthorized, http.StatusUnauthorized} {
		if w := b.call(b.Event(), token, "", pageUpdated); w.Code != want {
			t.Errorf("call %d with the same token answered %d, want %d", n+1, w.Code, want)
		}
	}
	// What the store could not take may come again with the same token.
	b.queue.down = true
	token = b.sign(fit())
	w := b.call(b.Event(), token, "", pageUpdated)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("without a store it answered %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	b.queue.down = false
	if w := b.call(b.Event(), token, "", pageUpdated); w.Code != http.StatusNoContent {
		t.Errorf("the repetition answered %d", w.Code)
	}
}

func TestWindowIsBounded(t *testing.T) {
	w := newWindow(time.Minute, 100)
	at := now
	for n := range 1000 {
		if !w.take(string(rune(n+1)), at) {
			t.Fatalf("id %d was taken for a repetition", n)
		}
		if size := len(w.young) + len(w.old); size > 200 {
			t.Fatalf("the window holds %d", size)
		}
	}
	if w.take(string(rune(1000)), at) {
		t.Error("the newest id was forgotten")
	}
	w.take("x", at)
	if at = at.Add(59 * time.Second); w.take("x", at) {
		t.Error("forgotten within its span")
	}
	at = at.Add(2 * time.Minute)
	w.take("y", at)
	if at = at.Add(2 * time.Minute); !w.take("x", at) {
		t.Error("remembered for ever")
	}
}

func TestStoreDown(t *testing.T) {
	for _, lifecycle := range []string{`{"eventType":"avi:forge:installed:app"}`, pageUpdated} {
		b := newBench(t)
		b.registry.down = true
		if w := b.call(b.Event(), b.sign(fit()), b.access(now.Add(time.Hour)), lifecycle); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: answered %d, want 503", lifecycle, w.Code)
		}
	}
}

// TestAnswersInTime holds that a store that hangs is answered for before Forge gives up after 5 s.
func TestAnswersInTime(t *testing.T) {
	b := newBench(t)
	token := b.sign(fit())
	b.call(b.Event(), b.sign(fit()), "", pageUpdated) // the keys are known from here on
	b.queue.stall = true
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		w := b.call(b.Event(), token, "", pageUpdated)
		if took := time.Since(begun); w.Code != http.StatusServiceUnavailable || took >= 5*time.Second {
			t.Errorf("answered %d after %s, want 503 within 5 s", w.Code, took)
		}
	})
}

func TestKeysDown(t *testing.T) {
	b := newBench(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	keys, err := NewKeys(t.Context(), gone.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	b.keys = keys
	if w := b.call(b.Event(), b.sign(fit()), "", pageUpdated); w.Code != http.StatusServiceUnavailable {
		t.Errorf("without keys it answered %d, want 503: the token may be good", w.Code)
	}
}

func TestBodies(t *testing.T) {
	tests := []struct {
		name, body string
		want       int
		jobs       []string
	}{
		{"at the root", pageUpdated, http.StatusNoContent, []string{"review-page 98307"}},
		{"below payload", `{"payload":` + pageUpdated + `}`, http.StatusNoContent, []string{"review-page 98307"}},
		{"sent again", `{"payload":` + pageUpdated + `,"retryContext":{"retryCount":2,"retryReason":"TIMEOUT_ERROR","retryData":null}}`, http.StatusNoContent, []string{"review-page 98307"}},
		{"unknown event", `{"eventType":"avi:confluence:liked:page"}`, http.StatusNoContent, nil},
		{"no event", `{}`, http.StatusNoContent, nil},
		{"no page", `{"eventType":"avi:confluence:updated:page"}`, http.StatusBadRequest, nil},
		{"no JSON", `<xml/>`, http.StatusBadRequest, nil},
		{"empty", ``, http.StatusBadRequest, nil},
		{"oversize", strings.Repeat(" ", maxBody+1), http.StatusRequestEntityTooLarge, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			b.install(t, installation, now.Add(2*time.Hour))
			if w := b.call(b.Event(), b.sign(fit()), "", tt.body); w.Code != tt.want {
				t.Errorf("answered %d, want %d", w.Code, tt.want)
			}
			if diff := cmp.Diff(tt.jobs, b.queue.kinds()); diff != "" {
				t.Errorf("jobs (-want +got):\n%s", diff)
			}
		})
	}
}

// install installs by the event, and forgets the jobs that this led to.
func (b *bench) install(t *testing.T, id string, until time.Time) {
	t.Helper()
	token := b.sign(fit(app("installationId", id), app("installation", map[string]any{"id": id, "contexts": []any{
		map[string]any{"name": "jira", "apiBaseUrl": "https://api.atlassian.com/ex/jira/" + cloudID},
	}})))
	if w := b.call(b.Event(), token, b.access(until), `{"eventType":"avi:forge:installed:app"}`); w.Code != http.StatusNoContent {
		t.Fatalf("the install answered %d: %s", w.Code, b.log.String())
	}
	if got := b.queue.kinds(); len(got) == 0 || got[0] != "sweep site" {
		t.Errorf("an install leads to %v, want a sweep", got)
	}
	b.queue.got = nil
}

func TestMethod(t *testing.T) {
	b := newBench(t)
	w := httptest.NewRecorder()
	b.Event().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/forge", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodPost {
		t.Errorf("GET answered %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}
