package connect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

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
		{name: "exp as text", claims: func(c jwt.MapClaims) { c["exp"] = fmt.Sprint(start.Unix() + 60) }, want: 401},
		{name: "exp a list", claims: func(c jwt.MapClaims) { c["exp"] = []int64{start.Unix() + 60} }, want: 401},
		{name: "exp null", claims: func(c jwt.MapClaims) { c["exp"] = nil }, want: 401},
		{name: "exp over", claims: func(c jwt.MapClaims) { c["iat"], c["exp"] = start.Unix()-300, start.Unix()-61 }, want: 401},
		{name: "exp negative", claims: func(c jwt.MapClaims) { c["exp"] = -1 }, want: 401},
		{name: "exp beyond all", claims: func(c jwt.MapClaims) { c["exp"] = 1e300 }, want: 401},
		{name: "iat as text", claims: func(c jwt.MapClaims) { c["iat"] = "now" }, want: 401},
		{name: "nbf to come", claims: func(c jwt.MapClaims) { c["nbf"] = start.Unix() + 120 }, want: 401},
		{name: "nbf an object", claims: func(c jwt.MapClaims) { c["nbf"] = map[string]any{} }, want: 401},
		{name: "iss a list", claims: func(c jwt.MapClaims) { c["iss"] = []string{clientKey} }, want: 401},
		{name: "iss an object", claims: func(c jwt.MapClaims) { c["iss"] = map[string]any{"a": clientKey} }, want: 401},
		{name: "iss null", claims: func(c jwt.MapClaims) { c["iss"] = nil }, want: 401},
		{name: "iss of two", claims: func(c jwt.MapClaims) { c["iss"] = clientKey + "," + otherClient }, want: 401},
		{name: "iss without end", claims: func(c jwt.MapClaims) { c["iss"] = strings.Repeat("a", 300) }, want: 401},
		{name: "aud a number", claims: func(c jwt.MapClaims) { c["aud"] = 7 }, want: 401},
		{name: "aud a list of lists", claims: func(c jwt.MapClaims) { c["aud"] = []any{[]string{appURL}} }, want: 401},
		{name: "qsh a list", claims: func(c jwt.MapClaims) { c["qsh"] = []string{hash("POST&" + hookPath + "&")} }, want: 401},
		{name: "qsh null", claims: func(c jwt.MapClaims) { c["qsh"] = nil }, want: 401},
		{name: "another tenant in our name", key: otherSecret, want: 401},
		{name: "we in another tenant's name", claims: func(c jwt.MapClaims) { c["iss"] = otherClient }, want: 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := installed(t)
			s.installOther()
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

// TestAnotherTenant: an event is the token's tenant's, whatever its body says.
func TestAnotherTenant(t *testing.T) {
	s := installed(t)
	s.installOther()
	body := strings.Replace(pageUpdated, `{"userAccountId"`, `{"clientKey":"`+clientKey+`","baseUrl":"https://acme.atlassian.net/wiki","userAccountId"`, 1)
	c := s.claims("POST", hookPath)
	c["iss"] = otherClient
	if got := s.post(s.door.Webhook(tenant.Confluence, "page_updated"), hookPath, hs256(t, c, otherSecret), body).Code; got != http.StatusNoContent {
		t.Fatalf("answered %d", got)
	}
	if len(s.sink.got) != 1 || s.sink.got[0].Tenant != "globex.atlassian.net" {
		t.Errorf("accepted %+v, want one of the tenant that signed", s.sink.got)
	}
}

// TestOneToken: a request that brings two tokens is not asked which it means.
func TestOneToken(t *testing.T) {
	s := installed(t)
	good := "JWT " + hs256(t, s.claims("POST", hookPath), secret)
	for name, headers := range map[string][]string{
		"the same twice": {good, good}, "a bad one first": {"JWT x", good}, "a bad one last": {good, "JWT x"},
		"another scheme": {"Bearer " + good[4:]}, "no scheme": {good[4:]},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, hookPath, strings.NewReader(pageUpdated))
		r.Header["Authorization"] = headers
		w := httptest.NewRecorder()
		s.door.Webhook(tenant.Confluence, "page_updated").ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized || w.Body.Len() > 0 || len(s.sink.got) > 0 {
			t.Errorf("%s: answered %d %q", name, w.Code, w.Body)
		}
	}
}

// TestStoreOutage: a store that cannot tell is answered for with 503 and a time to come back, on every route. Nobody is taken for
// new, for removed or for a liar because of it, and what was known before holds after it.
func TestStoreOutage(t *testing.T) {
	lifecycle := func(event string) string {
		b := installBody()
		b["eventType"] = event
		return encode(t, b)
	}
	const second = "another-secret-of-some-length"
	tests := []struct {
		name, path string
		handler    func(*site) http.Handler
		site       bool // signed by the site, else by Atlassian
		body       string
	}{
		{"install", installPath, func(s *site) http.Handler { return s.door.Installed(tenant.Confluence) }, false, strings.Replace(lifecycle("installed"), secret, second, 1)},
		{"uninstall", "/confluence/connect/uninstalled", func(s *site) http.Handler { return s.door.Uninstalled(tenant.Confluence) }, false, lifecycle("uninstalled")},
		{"enable", "/confluence/connect/enabled", func(s *site) http.Handler { return s.door.Enabled(tenant.Confluence) }, true, lifecycle("enabled")},
		{"disable", "/confluence/connect/disabled", func(s *site) http.Handler { return s.door.Disabled(tenant.Confluence) }, true, lifecycle("disabled")},
		{"webhook", hookPath, func(s *site) http.Handler { return s.door.Webhook(tenant.Confluence, "page_updated") }, true, pageUpdated},
	}
	for _, tt := range tests {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, known before: %t", tt.name, known), func(t *testing.T) {
				s := newSite(t)
				if known {
					s = installed(t)
				}
				s.store.err = fault.New(fault.Internal, "the disk is gone")
				c := s.claims("POST", tt.path)
				token := hs256(t, c, secret)
				if !tt.site {
					c["aud"] = []string{appURL}
					token = s.rs256(c)
				}
				w := s.post(tt.handler(s), tt.path, token, tt.body)
				if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
					t.Errorf("answered %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
				}
				s.store.err = nil
				_, in, err := s.store.ByClientKey(t.Context(), clientKey)
				switch {
				case !known && !fault.Is(err, fault.NotFound):
					t.Errorf("somebody was taken for new: %v", err)
				case known && (err != nil || !in.Live() || !in.Enabled || in.Secret.Reveal() != secret):
					t.Errorf("after it: live %t, enabled %t, its secret %t, %v", in.Live(), in.Enabled, in.Secret.Reveal() == secret, err)
				}
				if len(s.sink.got) > 0 {
					t.Errorf("accepted %+v", s.sink.got)
				}
			})
		}
	}
}
