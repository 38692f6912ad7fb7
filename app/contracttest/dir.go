// Package contracttest finds what others published and the project is held against: API specs, vectors, documents with labels.
// It lies beside a checkout, not in it; where it is absent, tests that need it are skipped and say so.
package contracttest

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of a file or folder below ../shared, seen from the top of the checkout, and skips the test where
// it is absent.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{Root(t), "..", "shared"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs %s, which this checkout has not beside it", filepath.Join(elem...))
	}
	return path
}

// Root is the top of the checkout: the nearest folder above the test's with a go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = up
	}
}
