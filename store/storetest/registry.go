package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/store"
)

var installed = time.Date(2026, 11, 2, 9, 30, 0, 0, time.FixedZone("CET", 3600))

func installation(p tenant.Product, clientKey, secret string) tenant.Installation {
	return tenant.Installation{
		Product: p, Door: "connect", ClientKey: clientKey, AppKey: "throughline", BaseURL: "https://acme.atlassian.net",
		Secret: tenant.NewSecret(secret), Enabled: true, InstalledAt: installed,
	}
}

func exerciseRegistry(t *testing.T, open Open) {
	t.Run("install both products", func(t *testing.T) {
		s := start(t, open, store.Options{})
		_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "j", "secret of jira"))
		wantNone(t, err)
		made, err := s.Install(t.Context(), acme, installation(tenant.Confluence, "c", "secret of confluence"))
		wantNone(t, err)
		wantNone(t, s.Close())

		s = start(t, open, store.Options{})
		read, in, err := s.ByClientKey(t.Context(), "c")
		wantNone(t, err)
		got, err := s.Get(t.Context(), acme)
		wantNone(t, err)
		for name, of := range map[string]tenant.Tenant{"Install": made, "ByClientKey": read, "Get": got} {
			if len(of.Missing()) != 0 || of.ID != acme {
				t.Errorf("%s: got %+v, want both products of %s", name, of, acme)
			}
			if secret := of.Installations[tenant.Jira].Secret.Reveal(); secret != "secret of jira" {
				t.Errorf("%s: secret of jira came back as %q", name, secret)
			}
		}
		if in.Product != tenant.Confluence || in.Secret.Reveal() != "secret of confluence" {
			t.Errorf("got installation %+v", in)
		}
		if !in.InstalledAt.Equal(installed) || in.InstalledAt.Location() != time.UTC {
			t.Errorf("got installed at %v, want %v in UTC", in.InstalledAt, installed)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		s := start(t, open, store.Options{})
		_, _, err := s.ByClientKey(t.Context(), "nobody")
		wantKind(t, err, fault.NotFound)
		_, err = s.Get(t.Context(), acme)
		wantKind(t, err, fault.NotFound)
		wantKind(t, s.Enable(t.Context(), "nobody", true), fault.NotFound)
		wantKind(t, s.Uninstall(t.Context(), "nobody", installed), fault.NotFound)
		all, err := s.All(t.Context())
		wantNone(t, err)
		if len(all) != 0 {
			t.Errorf("got %v, want no tenants", all)
		}
	})
	t.Run("reinstall rotates the secret", func(t *testing.T) {
		s := start(t, open, store.Options{})
		for _, secret := range []string{"first", "second"} {
			_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "j", secret))
			wantNone(t, err)
		}
		_, in, err := s.ByClientKey(t.Context(), "j")
		wantNone(t, err)
		if in.Secret.Reveal() != "second" {
			t.Errorf("got %q, want the second secret", in.Secret.Reveal())
		}
	})
	t.Run("a reinstall keeps the former secrets until one is used", func(t *testing.T) {
		for _, tt := range []struct {
			name string
			do   func(s store.Store) error
			want []string
		}{
			{"nothing is heard", func(store.Store) error { return nil }, []string{"third", "second", "first"}},
			{"the newest is used", func(s store.Store) error { return s.Confirm(t.Context(), "j", tenant.NewSecret("third")) }, []string{"third"}},
			{"one between is used", func(s store.Store) error { return s.Confirm(t.Context(), "j", tenant.NewSecret("second")) }, []string{"third", "second"}},
			{"only the first is taken", func(s store.Store) error {
				return s.Restore(t.Context(), "j", tenant.NewSecret("first"), installed.Add(time.Hour))
			}, []string{"first"}},
			{"only the first is taken, too early to tell", func(s store.Store) error {
				return s.Restore(t.Context(), "j", tenant.NewSecret("first"), installed.Add(time.Minute))
			}, []string{"third", "second", "first"}},
			{"none of them", func(s store.Store) error { return s.Confirm(t.Context(), "j", tenant.NewSecret("none")) }, []string{"third", "second", "first"}},
			{"switched off and on", func(s store.Store) error { return s.Enable(t.Context(), "j", true) }, []string{"third", "second", "first"}},
			{"uninstalled", func(s store.Store) error { return s.Uninstall(t.Context(), "j", installed) }, []string{""}},
			{"uninstalled and installed", func(s store.Store) error {
				gone := s.Uninstall(t.Context(), "j", installed)
				_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "j", "fourth"))
				return errors.Join(gone, err)
			}, []string{"fourth"}},
			{"another client", func(s store.Store) error {
				_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "j2", "fourth"))
				return err
			}, []string{"fourth"}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				s := start(t, open, store.Options{})
				for _, secret := range []string{"first", "second", "third"} {
					_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "j", secret))
					wantNone(t, err)
				}
				wantNone(t, tt.do(s))
				wantNone(t, s.Close())
				s = start(t, open, store.Options{})
				got, err := s.Get(t.Context(), acme)
				wantNone(t, err)
				var values []string
				for _, secret := range got.Installations[tenant.Jira].Secrets(installed) {
					values = append(values, secret.Reveal())
				}
				if diff := cmp.Diff(tt.want, values); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		}
		s := start(t, open, store.Options{})
		wantKind(t, s.Confirm(t.Context(), "nobody", tenant.NewSecret("x")), fault.NotFound)
		wantKind(t, s.Restore(t.Context(), "nobody", tenant.NewSecret("x"), installed), fault.NotFound)
	})
	t.Run("a new clientKey replaces the old one", func(t *testing.T) {
		s := start(t, open, store.Options{})
		for _, clientKey := range []string{"old", "new"} {
			_, err := s.Install(t.Context(), acme, installation(tenant.Jira, clientKey, "s"))
			wantNone(t, err)
		}
		_, _, err := s.ByClientKey(t.Context(), "old")
		wantKind(t, err, fault.NotFound)
		_, _, err = s.ByClientKey(t.Context(), "new")
		wantNone(t, err)
	})
	t.Run("a clientKey of another", func(t *testing.T) {
		s := start(t, open, store.Options{})
		_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "j", "s"))
		wantNone(t, err)
		_, err = s.Install(t.Context(), globex, installation(tenant.Jira, "j", "stolen"))
		wantKind(t, err, fault.Conflict)
		_, err = s.Install(t.Context(), acme, installation(tenant.Confluence, "j", "stolen"))
		wantKind(t, err, fault.Conflict)
		who, in, err := s.ByClientKey(t.Context(), "j")
		wantNone(t, err)
		if who.ID != acme || in.Secret.Reveal() != "s" || len(who.Installations) != 1 {
			t.Errorf("got %v with %q: the refused installs left a trace", who, in.Secret.Reveal())
		}
		if _, err := s.Get(t.Context(), globex); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want no tenant made by a refused install", err)
		}
	})
	t.Run("enable", func(t *testing.T) {
		s := start(t, open, store.Options{})
		_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "j", "s"))
		wantNone(t, err)
		wantNone(t, s.Enable(t.Context(), "j", false))
		_, in, err := s.ByClientKey(t.Context(), "j")
		wantNone(t, err)
		if in.Enabled || !in.Live() || in.Secret.Reveal() != "s" {
			t.Errorf("got %+v, want it off and otherwise as it was", in)
		}
	})
	t.Run("uninstall forgets the secret", func(t *testing.T) {
		s := start(t, open, store.Options{})
		_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "j", "s"))
		wantNone(t, err)
		_, err = s.Install(t.Context(), acme, installation(tenant.Confluence, "c", "kept"))
		wantNone(t, err)
		at := installed.Add(time.Hour)
		wantNone(t, s.Uninstall(t.Context(), "j", at))
		who, in, err := s.ByClientKey(t.Context(), "j")
		wantNone(t, err)
		if in.Live() || !in.Secret.Empty() || !in.RemovedAt.Equal(at) {
			t.Errorf("got %+v, want it removed at %v without secret", in, at)
		}
		if who.Installations[tenant.Confluence].Secret.Reveal() != "kept" {
			t.Error("the other product's secret is gone too")
		}
		again, err := s.Install(t.Context(), acme, installation(tenant.Jira, "j", "anew"))
		wantNone(t, err)
		if !again.Installations[tenant.Jira].Live() {
			t.Error("it could not come back")
		}
	})
	t.Run("renew keeps the secret that is good for longest", func(t *testing.T) {
		s := start(t, open, store.Options{})
		until := installed.Add(2 * time.Hour)
		wantKind(t, s.Renew(t.Context(), "j", tenant.NewSecret("x"), until), fault.NotFound)
		_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "j", "first"))
		wantNone(t, err)
		for _, renewal := range []struct {
			secret string
			until  time.Time
		}{{"second", until}, {"late", until.Add(-time.Hour)}, {"the same", until}} {
			wantNone(t, s.Renew(t.Context(), "j", tenant.NewSecret(renewal.secret), renewal.until))
		}
		wantNone(t, s.Close())
		s = start(t, open, store.Options{})
		_, in, err := s.ByClientKey(t.Context(), "j")
		wantNone(t, err)
		if in.Secret.Reveal() != "second" || !in.SecretUntil.Equal(until) || in.SecretUntil.Location() != time.UTC || !in.Enabled {
			t.Errorf("got %q until %v, want the second until %v in UTC", in.Secret.Reveal(), in.SecretUntil, until)
		}
		wantNone(t, s.Uninstall(t.Context(), "j", until))
		wantKind(t, s.Renew(t.Context(), "j", tenant.NewSecret("x"), until.Add(time.Hour)), fault.NotFound)
		if _, in, err = s.ByClientKey(t.Context(), "j"); err != nil || !in.Secret.Empty() || !in.SecretUntil.IsZero() {
			t.Errorf("a removed installation got a secret: %+v, %v", in, err)
		}
	})
	t.Run("all by id", func(t *testing.T) {
		s := start(t, open, store.Options{})
		for clientKey, id := range map[string]tenant.ID{"1": globex, "2": acme, "3": "a.example:8443"} {
			_, err := s.Install(t.Context(), id, installation(tenant.Jira, clientKey, "s"))
			wantNone(t, err)
		}
		all, err := s.All(t.Context())
		wantNone(t, err)
		var ids []tenant.ID
		for _, one := range all {
			ids = append(ids, one.ID)
		}
		if diff := cmp.Diff([]tenant.ID{"a.example:8443", acme, globex}, ids); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
	t.Run("names that would run together", func(t *testing.T) {
		s := start(t, open, store.Options{})
		_, err := s.Install(t.Context(), "acme\x00jira", installation(tenant.Jira, "j", "s"))
		wantKind(t, err, fault.Invalid)
		_, err = s.Install(t.Context(), acme, installation(tenant.Jira, "", "s"))
		wantKind(t, err, fault.Invalid)
	})
}
