package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/store"
	"github.com/throughline/throughline/store/storetest"
)

func TestOpen(t *testing.T) {
	t.Chdir(t.TempDir())
	absolute := filepath.Join(t.TempDir(), "data", "absolute.db")
	for _, row := range []struct {
		name, dsn string
		file      string // that must be there; empty when it must not open
	}{
		{"an absolute path", "bolt://" + absolute, absolute},
		{"a relative path", "bolt://here/relative.db", filepath.Join("here", "relative.db")},
		{"a name with what URLs escape", "bolt://a b%20#c?.db", "a b%20#c?.db"},
		{"nothing", "", ""},
		{"no path", "bolt://", ""},
		{"no scheme", "throughline.db", ""},
		{"another scheme", "mysql://user:hunter2@host/db", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := store.Open(t.Context(), row.dsn, store.Options{Key: storetest.Key()})
			if row.file == "" {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "bolt://") || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %v, want what is allowed, without the password", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(row.file); err != nil {
				t.Error(err)
			}
		})
	}
}
