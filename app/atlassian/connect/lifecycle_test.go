package connect_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/connect"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

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

// A reinstall rotates the secret, but only after all checks, and the former one is good until the site uses the new one.
func TestReinstall(t *testing.T) {
	const second = "another-secret-of-some-length"
	s := installed(t)
	if got := s.install(func(c jwt.MapClaims) { delete(c, "exp") }, func(b map[string]any) { b["sharedSecret"] = second }); got != http.StatusUnauthorized {
		t.Errorf("a bad reinstall answered %d", got)
	}
	hook := s.door.Webhook(tenant.Confluence, "page_updated")
	send := func(when, key string, want int) {
		t.Helper()
		if got := s.post(hook, hookPath, hs256(t, s.claims("POST", hookPath), key), pageUpdated).Code; got != want {
			t.Errorf("%s: answered %d, want %d", when, got, want)
		}
	}
	send("the old secret after a bad reinstall", secret, http.StatusNoContent)
	send("the new secret after a bad reinstall", second, http.StatusUnauthorized)
	if got := s.install(nil, func(b map[string]any) { b["sharedSecret"] = second }); got != http.StatusNoContent {
		t.Errorf("a good reinstall answered %d", got)
	}
	send("the old secret until the new one is used", secret, http.StatusNoContent)
	send("a third", otherSecret, http.StatusUnauthorized)
	s.store.err = fault.New(fault.Internal, "the disk is full")
	send("the new secret while that cannot be kept", second, http.StatusServiceUnavailable)
	s.store.err = nil
	send("the new secret", second, http.StatusNoContent)
	send("the old secret after the new one", secret, http.StatusUnauthorized)
}

// A former secret that nobody used, and that nobody is asked about, ends by itself.
func TestFormerSecretEnds(t *testing.T) {
	const second = "another-secret-of-some-length"
	s := installed(t)
	if got := s.install(nil, func(b map[string]any) { b["sharedSecret"] = second }); got != http.StatusNoContent {
		t.Fatalf("a good reinstall answered %d", got)
	}
	hook := s.door.Webhook(tenant.Confluence, "page_updated")
	for _, tt := range []struct {
		name  string
		after time.Duration
		want  int
	}{
		{"just before", tenant.FormerKept - time.Second, http.StatusNoContent},
		{"then", tenant.FormerKept, http.StatusUnauthorized},
	} {
		s.now = start.Add(tt.after)
		if got := s.post(hook, hookPath, hs256(t, s.claims("POST", hookPath), secret), pageUpdated).Code; got != tt.want {
			t.Errorf("%s: answered %d, want %d", tt.name, got, tt.want)
		}
	}
}

// What the site says to our own calls decides which secret is kept.
func TestSignersRecord(t *testing.T) {
	const second = "another-secret-of-some-length"
	for _, tt := range []struct {
		name  string
		taken int // which signer's call the site did
		after time.Duration
		want  []string // secrets kept
	}{
		{"the new one", 0, time.Second, []string{second}},
		{"the former one, while the site may not have heard our answer yet", 1, 9 * time.Minute, []string{second, secret}},
		{"the former one", 1, 10 * time.Minute, []string{secret}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := installed(t)
			s.now = start.Add(time.Hour)
			if got := s.install(nil, func(b map[string]any) { b["sharedSecret"] = second }); got != http.StatusNoContent {
				t.Fatalf("the reinstall answered %d", got)
			}
			s.now = s.now.Add(tt.after)
			kept := func() (in tenant.Installation, values []string) {
				_, in, err := s.store.ByClientKey(t.Context(), clientKey)
				if err != nil {
					t.Fatal(err)
				}
				for _, one := range in.Secrets(s.now) {
					values = append(values, one.Reveal())
				}
				return in, values
			}
			in, _ := kept()
			signers := connect.NewSigners(in, func() time.Time { return s.now }, s.store)
			if len(signers) != 2 {
				t.Fatalf("%d signers, want one for each secret", len(signers))
			}
			if err := signers[tt.taken].Took(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, got := kept(); !cmp.Equal(tt.want, got) {
				t.Errorf("kept (-want +got):\n%s", cmp.Diff(tt.want, got))
			}
		})
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
	// What the site held before is looked through once: when the app was switched on, and for that site.
	if len(s.sink.got) != 1 || s.sink.got[0].Jobs[0].Kind != work.Sweep || s.sink.got[0].Tenant != "acme.atlassian.net" {
		t.Errorf("switching it on led to %+v", s.sink.got)
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
