package bolt

import (
	"fmt"
	"testing"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// TestTenantsAreReadAnew changes a tenant in every way there is after it was read, and reads it again.
func TestTenantsAreReadAnew(t *testing.T) {
	s := openTest(t, Options{})
	at := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	install := func(secret string) error {
		_, err := s.Install(t.Context(), "acme", tenant.Installation{Product: tenant.Jira, ClientKey: "j", Secret: tenant.NewSecret(secret), InstalledAt: at, Enabled: true})
		return err
	}
	steps := []struct {
		name string
		do   func() error
		want string
	}{
		{"install", func() error { return install("first") }, "first true true"},
		{"reinstall", func() error { return install("second") }, "second true true"},
		{"disable", func() error { return s.Enable(t.Context(), "j", false) }, "second false true"},
		{"renew", func() error { return s.Renew(t.Context(), "j", tenant.NewSecret("third"), at.Add(time.Hour)) }, "third false true"},
		{"uninstall", func() error { return s.Uninstall(t.Context(), "j", at) }, " false false"},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		for range 2 { // read, and kept
			_, in, err := s.ByClientKey(t.Context(), "j")
			if err != nil {
				t.Fatal(err)
			}
			of, err := s.Get(t.Context(), "acme")
			if err != nil {
				t.Fatal(err)
			}
			for _, got := range []tenant.Installation{in, of.Installations[tenant.Jira]} {
				if got := fmt.Sprint(got.Secret.Reveal(), " ", got.Enabled, " ", got.Live()); got != step.want {
					t.Errorf("after %s: got %q, want %q", step.name, got, step.want)
				}
			}
			of.Installations[tenant.Jira] = tenant.Installation{} // the caller's own
		}
	}
	if _, err := s.Purge(t.Context(), "acme", at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.ByClientKey(t.Context(), "j"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v, want the purged clientKey unknown", err)
	}
	if _, err := s.Get(t.Context(), "acme"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v, want the purged tenant unknown", err)
	}
}

// TestKnownKeepsNothingOld has a change come between a read and its keeping.
func TestKnownKeepsNothingOld(t *testing.T) {
	var k known
	_, _, changes := k.tenant("acme")
	k.forget()
	k.keep(changes, tenant.Tenant{ID: "acme"})
	if _, found, _ := k.tenant("acme"); found {
		t.Error("what was read before the change is kept after it")
	}
	for i := range knownAtMost + 1 {
		k.keep(1, tenant.Tenant{ID: tenant.ID(fmt.Sprint(i))})
	}
	if n := len(k.tenants); n > knownAtMost {
		t.Errorf("%d tenants are kept", n)
	}
}
