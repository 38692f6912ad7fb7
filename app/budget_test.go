package app

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/tenant"
)

// TestSpentOverARestart: what one process wrote down another one reads; a damaged file is said and counts for nothing.
func TestSpentOverARestart(t *testing.T) {
	dir := t.TempDir()
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	if got := spentBefore(dir, log); !got.Begins.IsZero() || said.Len() > 0 {
		t.Errorf("of a new folder: %v, %s", got, &said)
	}
	want := outbound.Hour{Begins: time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC), By: map[tenant.ID]int{"acme.atlassian.net": 7}}
	if err := writeSpent(dir, want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, spentBefore(dir, log)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(dir, spentFile), []byte(`{"begins":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := spentBefore(dir, log); got.By != nil || said.Len() == 0 {
		t.Errorf("of a damaged file: %v, %q", got, &said)
	}
}
