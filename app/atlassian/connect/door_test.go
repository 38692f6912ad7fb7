package connect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/descriptor"
)

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
