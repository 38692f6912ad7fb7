package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/stamp"
	"github.com/throughline/throughline/app/stamp/stamptest"
)

// journal is a log that tests read while it is written.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(b)
}

func (j *journal) has(text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Contains(j.buf.String(), text)
}

// stampedBy starts site and app with a time-stamp authority whose answers pass through reply.
func stampedBy(t *testing.T, tsa *stamptest.Authority, roots []byte, log *journal) *demo {
	t.Helper()
	server := httptest.NewServer(tsa)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, roots, 0o600); err != nil {
		t.Fatal(err)
	}
	return startTest(t, func(o *demoOptions) {
		o.log = log
		o.config = func(c *app.Config) { c.TSAURL, c.TSARoots, c.Checkpoint = server.URL, file, time.Second }
	})
}

func tokens(t *testing.T, d *demo) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(d.dir, app.CheckpointFolder, "*.tsr"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTimeStamps: the authority is down at first. The server goes on, asks again, and has a checkpoint stamped once it answers; packs
// carry the stamp, and whoever trusts the authority's root can check it offline, with this program and with another.
func TestTimeStamps(t *testing.T) {
	tsa, log := stamptest.New(t), &journal{}
	var up atomic.Bool
	tsa.Reply = func(w http.ResponseWriter, response []byte) {
		if !up.Load() {
			http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(response)
	}
	d := stampedBy(t, tsa, tsa.PEM(), log)
	if r := reviewed(t, d); r.Tickets != 27 {
		t.Errorf("the review suffers from an authority that is down: %+v", r)
	}
	within(t, "it is asked again", func() bool { return tsa.Asked() >= 2 })
	if left := tokens(t, d); len(left) > 0 || !log.has("503") {
		t.Errorf("tokens %v; the log must tell of the failure", left)
	}
	before := filepath.Join(t.TempDir(), "before.zip")
	does(t, "export", "--data", d.dir, "--out", before)
	said, _ := does(t, "verify", before)
	if !strings.Contains(said, "No time stamp") || !bytes.Contains(inPack(t, before, "manifest.json"), []byte(`"entries"`)) {
		t.Errorf("a pack of before: %s", said)
	}

	up.Store(true)
	within(t, "a token is kept", func() bool { return len(tokens(t, d)) == 1 })
	// Tokens tell seconds: the pack's instant of knowledge comes after the one of this token.
	within(t, "its second is over", func() bool {
		note, err := os.ReadFile(strings.TrimSuffix(tokens(t, d)[0], ".tsr"))
		if err != nil {
			t.Fatal(err)
		}
		token, err := os.ReadFile(tokens(t, d)[0])
		if err != nil {
			t.Fatal(err)
		}
		at, err := stamp.Verify(token, note, tsa.Pool())
		if err != nil {
			t.Fatal(err)
		}
		return time.Now().After(at.Add(time.Second))
	})
	now := time.Now().UTC().Format(time.RFC3339Nano)
	one, two := filepath.Join(t.TempDir(), "1.zip"), filepath.Join(t.TempDir(), "2.zip")
	for _, path := range []string{one, two} {
		does(t, "export", "--data", d.dir, "--to", now, "--as-of", now, "--out", path)
	}
	a, errA := os.ReadFile(one)
	b, errB := os.ReadFile(two)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("the same question got other bytes: %v, %v", errA, errB)
	}
	var m archive.Manifest
	if err := json.Unmarshal(inPack(t, one, "manifest.json"), &m); err != nil || len(m.Ledger.Stamps) != 1 {
		t.Fatalf("stamps %+v, %v", m.Ledger.Stamps, err)
	}
	size := m.Ledger.Stamps[0].Size
	note, token := writeFile(t, "note", inPack(t, one, archive.StampedName(size))), writeFile(t, "token", inPack(t, one, archive.TokenName(size)))

	roots, others := writeFile(t, "roots.pem", tsa.PEM()), writeFile(t, "others.pem", stamptest.New(t).PEM())
	succeeds(t, []string{"existed at " + m.Ledger.Stamps[0].Time.Format("2006-01-02 15:04:05"), "your root certificates vouch for"}, "verify", one, "--tsa-roots", roots)
	succeeds(t, []string{"was not checked (give its root certificates with --tsa-roots)"}, "verify", one)
	ends(t, 1, []string{"DOES NOT VERIFY (time stamp)", archive.TokenName(size)}, "verify", one, "--tsa-roots", others)
	ends(t, 2, []string{"--tsa-roots", "holds no certificate in PEM"}, "verify", one, "--tsa-roots", note)
	ends(t, 2, []string{"--tsa-roots"}, "verify", one, "--tsa-roots", filepath.Join(t.TempDir(), "none"))

	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed: it was not asked what it thinks of the pack's token")
	}
	for file, ok := range map[string]bool{roots: true, others: false} {
		out, err := exec.CommandContext(t.Context(), openssl, "ts", "-verify", "-data", note, "-in", token, "-token_in", "-CAfile", file).CombinedOutput()
		if (err == nil) != ok {
			t.Errorf("openssl, trusted %v: %v\n%s", ok, err, out)
		}
	}
}

// TestTimeStampsOfAStranger: a token by an authority whose root is not the configured one is not kept, and the log says why.
func TestTimeStampsOfAStranger(t *testing.T) {
	tsa, log := stamptest.New(t), &journal{}
	d := stampedBy(t, tsa, stamptest.New(t).PEM(), log)
	within(t, "it is asked twice", func() bool { return tsa.Asked() >= 2 })
	within(t, "the log tells of it", func() bool { return log.has("the time stamp: ") && log.has("could not be signed and kept everywhere") })
	if kept := tokens(t, d); len(kept) > 0 {
		t.Errorf("kept %v", kept)
	}
	reviewed(t, d) // nothing else suffers
}
