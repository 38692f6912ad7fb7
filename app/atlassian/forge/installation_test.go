package forge

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

func (b *bench) kept(p tenant.Product) tenant.Installation {
	return b.registry.tenants[cloudID].Installations[p]
}

func TestInstallSpansProducts(t *testing.T) {
	b := newBench(t)
	b.install(t, installation, now.Add(2*time.Hour))
	for p, base := range map[tenant.Product]string{
		tenant.Jira:       "https://api.atlassian.com/ex/jira/" + cloudID,
		tenant.Confluence: "https://api.atlassian.com/ex/confluence/" + cloudID + "/wiki",
	} {
		in := b.kept(p)
		if in.BaseURL != base || in.ClientKey != installation+"/"+string(p) || in.Door != "forge" || !in.Enabled || in.Secret.Empty() {
			t.Errorf("%s: kept %+v", p, in)
		}
	}
}

// TestNewestToken holds the vault: the token that ends last is kept, whatever order they come in.
func TestNewestToken(t *testing.T) {
	b := newBench(t)
	b.install(t, installation, now.Add(time.Hour))
	for _, tt := range []struct {
		name        string
		until, want time.Time
	}{
		{"a newer one", now.Add(2 * time.Hour), now.Add(2 * time.Hour)},
		{"an older one that comes late", now.Add(90 * time.Minute), now.Add(2 * time.Hour)},
		{"hardly newer: not worth a write", now.Add(2*time.Hour + 30*time.Second), now.Add(2 * time.Hour)},
		{"a newer one again", now.Add(3 * time.Hour), now.Add(3 * time.Hour)},
	} {
		if w := b.call(b.Scheduled(), b.sign(fit()), b.access(tt.until), `{}`); w.Code != http.StatusNoContent {
			t.Fatalf("%s: answered %d", tt.name, w.Code)
		}
		for _, p := range []tenant.Product{tenant.Jira, tenant.Confluence} {
			if in := b.kept(p); !in.SecretUntil.Equal(tt.want) || in.Secret.Reveal() != b.access(tt.want) {
				t.Errorf("%s: %s's token is good until %s, want %s", tt.name, p, in.SecretUntil, tt.want)
			}
		}
	}
	for _, bad := range []string{"", "opaque", b.sign(jwt.MapClaims{"sub": "no exp"})} {
		if w := b.call(b.Scheduled(), b.sign(fit()), bad, `{}`); w.Code != http.StatusNoContent {
			t.Errorf("a token %q that says no end: answered %d", bad, w.Code)
		}
	}
	if in := b.kept(tenant.Jira); !in.SecretUntil.Equal(now.Add(3 * time.Hour)) {
		t.Errorf("a token without an end was kept: %v", in.SecretUntil)
	}
}

func TestStale(t *testing.T) {
	in := tenant.Installation{Product: tenant.Jira, Secret: tenant.NewSecret("token"), SecretUntil: now}
	for _, tt := range []struct {
		name  string
		in    tenant.Installation
		at    time.Time
		stale string
	}{
		{"good", in, now.Add(-31 * time.Second), ""},
		{"nearly over", in, now.Add(-30 * time.Second), "is stale since 2026-11-23T12:00:00Z"},
		{"over", in, now.Add(time.Hour), "is stale since 2026-11-23T12:00:00Z"},
		{"none yet", tenant.Installation{Product: tenant.Jira}, now, "no access token came"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Stale(tt.in, tt.at); (got == "") != (tt.stale == "") || !strings.Contains(got, tt.stale) {
				t.Errorf("got %q", got)
			}
			req := httptest.NewRequest(http.MethodGet, "https://api.atlassian.com/x", nil)
			err := NewSigner(tt.in, func() time.Time { return tt.at }).Sign(req)
			if tt.stale == "" {
				if err != nil || req.Header.Get("Authorization") != "Bearer token" {
					t.Errorf("signed %q, %v", req.Header.Get("Authorization"), err)
				}
			} else if !fault.Is(err, fault.Busy) || req.Header.Get("Authorization") != "" {
				t.Errorf("signed %q, %v; want Busy", req.Header.Get("Authorization"), err)
			}
		})
	}
}

// TestRevived holds that a fresh token after a stale one has the site looked through.
func TestRevived(t *testing.T) {
	b := newBench(t)
	b.install(t, installation, now.Add(10*time.Second))
	if w := b.call(b.Event(), b.sign(fit()), b.access(now.Add(2*time.Hour)), pageUpdated); w.Code != http.StatusNoContent {
		t.Fatalf("answered %d", w.Code)
	}
	if got := strings.Join(b.queue.kinds(), ", "); got != "sweep site, review-page 98307" {
		t.Errorf("jobs: %s", got)
	}
}

// TestLostInstall holds that an installation whose own event was lost is made up for by any other call.
func TestLostInstall(t *testing.T) {
	b := newBench(t)
	if w := b.call(b.Scheduled(), b.sign(fit()), b.access(now.Add(time.Hour)), `{}`); w.Code != http.StatusNoContent || !b.kept(tenant.Jira).Live() {
		t.Errorf("answered %d, kept %+v", w.Code, b.registry.tenants)
	}
}

// TestSecondInstallation holds that only its own install event lets another installation take a place.
func TestSecondInstallation(t *testing.T) {
	const second = "ari:cloud:ecosystem::installation/99999999-2222-4333-8444-555555555555"
	b := newBench(t)
	b.install(t, installation, now.Add(time.Hour))
	other := b.sign(fit(app("installationId", second), app("installation", nil)))
	if w := b.call(b.Event(), other, b.access(now.Add(2*time.Hour)), pageUpdated); w.Code != http.StatusNoContent {
		t.Errorf("answered %d", w.Code)
	}
	if in := b.kept(tenant.Confluence); !strings.HasPrefix(in.ClientKey, installation) || len(b.queue.got) > 0 {
		t.Errorf("kept %+v, jobs %v", in, b.queue.kinds())
	}
	b.install(t, second, now.Add(time.Hour))
	if in := b.kept(tenant.Confluence); !strings.HasPrefix(in.ClientKey, second) {
		t.Errorf("after its install event: %+v", in)
	}
}

func TestUninstall(t *testing.T) {
	b := newBench(t)
	b.install(t, installation, now.Add(time.Hour))
	if w := b.call(b.Uninstall(), b.sign(fit()), "", `{}`); w.Code != http.StatusNoContent {
		t.Fatalf("answered %d", w.Code)
	}
	for _, p := range []tenant.Product{tenant.Jira, tenant.Confluence} {
		if in := b.kept(p); in.Live() || !in.Secret.Empty() {
			t.Errorf("%s: kept %+v", p, in)
		}
	}
	// What was on its way comes late, and brings nothing back.
	for _, h := range []http.Handler{b.Event(), b.Scheduled()} {
		if w := b.call(h, b.sign(fit()), b.access(now.Add(3*time.Hour)), pageUpdated); w.Code != http.StatusNoContent {
			t.Errorf("answered %d", w.Code)
		}
	}
	if b.kept(tenant.Jira).Live() || len(b.queue.got) > 0 {
		t.Errorf("a late event revived it: %v", b.queue.kinds())
	}
	b.install(t, installation, now.Add(time.Hour))
	if !b.kept(tenant.Jira).Live() {
		t.Error("it cannot be installed again")
	}
}

func TestSiteURLNamesTheTenant(t *testing.T) {
	b := newBench(t)
	token := b.sign(fit(set("context", map[string]any{"siteUrl": "https://Acme.atlassian.net"})))
	b.call(b.Scheduled(), token, b.access(now.Add(time.Hour)), `{}`)
	b.call(b.Scheduled(), b.sign(fit()), b.access(now.Add(3*time.Hour)), `{}`)
	if len(b.registry.tenants) != 1 || !b.registry.tenants["acme.atlassian.net"].Installations[tenant.Jira].SecretUntil.Equal(now.Add(3*time.Hour)) {
		t.Errorf("kept %+v", b.registry.tenants)
	}
}
