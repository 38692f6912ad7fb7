package bolt_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/store"
	"github.com/throughline/throughline/store/bolt"
)

// edit changes a closed store's file behind its back.
func edit(t *testing.T, path string, do func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(do); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func shut(t *testing.T, s store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func install(t *testing.T, s store.Store, id tenant.ID, clientKey, secret string) {
	t.Helper()
	in := tenant.Installation{Product: tenant.Jira, ClientKey: clientKey, Secret: tenant.NewSecret(secret), InstalledAt: time.Now()}
	if _, err := s.Install(t.Context(), id, in); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	made := filepath.Join(dir, "made.db")
	s := open(t, made, store.Options{})
	t.Run("a file in use", func(t *testing.T) {
		for _, readOnly := range []bool{false, true} {
			began := time.Now()
			_, err := store.Open(t.Context(), "bolt://"+made, store.Options{Key: masterKey, ReadOnly: readOnly})
			if !fault.Is(err, fault.Busy) || !strings.Contains(err.Error(), "running server") {
				t.Errorf("read-only %v: got %v, want it busy, saying what to do", readOnly, err)
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("it took %v to say so", took)
			}
		}
	})
	shut(t, s)
	t.Run("many readers do not disturb each other", func(t *testing.T) {
		open(t, made, store.Options{ReadOnly: true})
		open(t, made, store.Options{ReadOnly: true})
	})
	t.Run("a newer schema", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "newer.db")
		shut(t, open(t, path, store.Options{}))
		edit(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte("4")) })
		_, err := store.Open(t.Context(), "bolt://"+path, store.Options{Key: masterKey})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "newer program") {
			t.Errorf("got %v, want it refused, saying what to do", err)
		}
	})
	t.Run("something else", func(t *testing.T) {
		path := filepath.Join(dir, "notes.txt")
		if err := os.WriteFile(path, bytes.Repeat([]byte("notes "), 4000), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(t.Context(), "bolt://"+path, store.Options{Key: masterKey})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v, want it refused as invalid", err)
		}
	})
}

func TestSecretsAreSealed(t *testing.T) {
	const canary = "canary-secret-9f2c41d7"
	path := filepath.Join(t.TempDir(), "sealed.db")
	s := open(t, path, store.Options{})
	install(t, s, "acme.atlassian.net", "j", canary)
	install(t, s, "acme.atlassian.net", "j", canary+"!")
	shut(t, s)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range []string{canary, string(masterKey)} {
		if bytes.Contains(raw, []byte(plain)) {
			t.Errorf("the file shows %q", plain)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v; want 0600", info.Mode(), err)
	}
}

func TestSealedSecretCannotBeMoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "moved.db")
	s := open(t, path, store.Options{})
	install(t, s, "acme.atlassian.net", "a", "secret of acme")
	install(t, s, "globex.atlassian.net", "g", "secret of globex")
	shut(t, s)
	edit(t, path, func(tx *bbolt.Tx) error {
		tenants := tx.Bucket([]byte("tenants"))
		stolen := tenants.Bucket([]byte("acme.atlassian.net")).Bucket([]byte("secrets")).Get([]byte("jira"))
		return tenants.Bucket([]byte("globex.atlassian.net")).Bucket([]byte("secrets")).Put([]byte("jira"), bytes.Clone(stolen))
	})
	s = open(t, path, store.Options{})
	if _, in, err := s.ByClientKey(t.Context(), "g"); !fault.Is(err, fault.Internal) {
		t.Errorf("got %v, %v; want a moved secret refused, and not as not found", in, err)
	}
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "live.db"), store.Options{})
	install(t, s, "acme.atlassian.net", "j", "secret of acme")
	file, err := os.OpenFile(filepath.Join(dir, "copy.db"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.(*bolt.Store).Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, file.Name(), store.Options{}) // beside the live one
	if _, in, err := s.ByClientKey(t.Context(), "j"); err != nil || in.Secret.Reveal() != "secret of acme" {
		t.Errorf("got %v, %v from the copy", in, err)
	}
}
