package anchor_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/anchor"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/stamp"
	"github.com/throughline/throughline/app/stamp/stamptest"
	"github.com/throughline/throughline/app/tenant"
)

// TestStampedOnce: a checkpoint is stamped once, and lies beside its token, as other programs want it.
func TestStampedOnce(t *testing.T) {
	tsa := stamptest.New(t)
	server := httptest.NewServer(tsa)
	defer server.Close()
	a := stamp.Authority{URL: server.URL, Roots: tsa.Pool(), Client: server.Client()}
	folder := anchor.Folder{Path: filepath.Join(t.TempDir(), "checkpoints")}
	c := ledger.Checkpoint{Size: 12, Note: []byte("acme/throughline\n12\n…\n")}
	for range 2 {
		if err := folder.Stamped(t.Context(), a, "127.0.0.1:8091", c); err != nil {
			t.Fatal(err)
		}
	}
	if tsa.Asked() != 1 {
		t.Errorf("asked %d times", tsa.Asked())
	}
	defer func() { // at the end: what is kept of one site is forgotten, what is kept of another whose name begins alike is not
		beside := filepath.Join(folder.Path, "127.0.0.1:80912")
		if err := os.WriteFile(beside, nil, 0o600); err != nil {
			t.Error(err)
		}
		if err := folder.Forget("127.0.0.1:8091"); err != nil {
			t.Error(err)
		}
		if left, err := filepath.Glob(filepath.Join(folder.Path, "*")); err != nil || len(left) != 1 || left[0] != beside {
			t.Errorf("left: %v, %v", left, err)
		}
	}()
	found, err := filepath.Glob(filepath.Join(folder.Path, "*.tsr"))
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v", found, err)
	}
	token, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stamp.Verify(token, c.Note, tsa.Pool()); err != nil {
		t.Error(err)
	}
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed: it was not asked what it thinks of the token")
	}
	trusted := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(trusted, tsa.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), openssl, "ts", "-verify", "-data", strings.TrimSuffix(found[0], ".tsr"), "-in", found[0], "-token_in", "-CAfile", trusted).CombinedOutput()
	if err != nil {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

// TestStampOfAPack: a pack carries the newest stamp of its tree that was there at its instant of knowledge, and what is damaged is named.
func TestStampOfAPack(t *testing.T) {
	const site tenant.ID = "acme.atlassian.net"
	tsa := stamptest.New(t)
	folder := anchor.Folder{Path: t.TempDir()}
	noon := time.Now().UTC().Truncate(time.Second).Add(-10 * time.Hour)
	keep := func(name string, at time.Time) {
		note := []byte("checkpoint " + name)
		for suffix, content := range map[string][]byte{"": note, ".tsr": tsa.Token(t, note, at)} {
			if err := os.WriteFile(filepath.Join(folder.Path, name+suffix), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	keep("acme.atlassian.net,9", noon)
	keep("acme.atlassian.net,10", noon.Add(time.Hour))
	keep("acme.atlassian.net,200", noon.Add(2*time.Hour))
	keep("other.atlassian.net,11", noon)
	tests := []struct {
		name   string
		size   uint64
		before time.Time
		want   string
	}{
		{"none so early", 9, noon, ""},
		{"none so small", 8, noon.Add(9 * time.Hour), ""},
		{"exactly as large", 9, noon.Add(time.Second), "checkpoint acme.atlassian.net,9"},
		{"by number, not by name", 10, noon.Add(9 * time.Hour), "checkpoint acme.atlassian.net,10"},
		{"a later one does not count yet", 500, noon.Add(time.Hour), "checkpoint acme.atlassian.net,9"},
		{"the newest", 500, noon.Add(9 * time.Hour), "checkpoint acme.atlassian.net,200"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := folder.Stamp(t.Context(), site, tt.size, tt.before)
			if err != nil {
				t.Fatal(err)
			}
			if (got == nil) != (tt.want == "") || got != nil && string(got.Note) != tt.want {
				t.Errorf("got %+v, want %q", got, tt.want)
			}
		})
	}
	if err := os.WriteFile(filepath.Join(folder.Path, "acme.atlassian.net,200"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Stamp(t.Context(), site, 500, noon.Add(9*time.Hour)); !fault.Is(err, fault.Internal) || !strings.Contains(err.Error(), "acme.atlassian.net,200.tsr") {
		t.Errorf("a token of something else: %v", err)
	}
}
