package connect_test

import (
	"net/http"
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
