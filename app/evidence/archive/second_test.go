package archive_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/stamp/stamptest"
)

// TestSecondVerifier runs a verifier that was written from VERIFY.md alone, in another language and without this program.
func TestSecondVerifier(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the second verifier was not run")
	}
	script, err := os.ReadFile(filepath.Join("testdata", "verify.py"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(script), "\n"); lines > 150 {
		t.Errorf("verify.py has %d lines: VERIFY.md promises that little is needed", lines)
	}
	s := logOf(t, 40)
	former := pack(t, s, 20, 0)
	if _, _, err := ledger.Erase(t.Context(), s, s, site, "5b10a1-account", nil, ledger.Erasure{Why: "asked for", By: "root"}); err == nil {
		t.Fatal("erased somebody whom no entry names")
	}
	if _, _, err := ledger.Erase(t.Context(), s, s, site, erasable, nil, ledger.Erasure{Why: "asked for", By: "root"}); err != nil {
		t.Fatal(err)
	}
	record(t, s, 41, 60)
	tsa := stamptest.New(t)
	stamp := stamped(t, s, tsa, 30, lately())
	whole := pack(t, s, 60, 20, stamp, stamped(t, s, tsa, 60, lately()))
	report, err := verify(t, whole, archive.Expect{})
	if err != nil || report.Erased == 0 {
		t.Fatalf("verify says %+v, %v; want erased entries in a pack that verifies", report, err)
	}
	withheld := pack(t, s, 40, 20) // as of before the erasure
	if report, err := verify(t, withheld, archive.Expect{}); err != nil || report.Withheld == 0 {
		t.Fatalf("as of before the erasure: %+v, %v; want bodies withheld", report, err)
	}
	earlier, err := s.Checkpoint(t.Context(), site, 33)
	if err != nil {
		t.Fatal(err)
	}
	other := logOf(t, 33)
	parts := takeApart(t, whole)
	rewritten := func(name string, edit func(string) string) []byte {
		return zipped(t, restated(t, edited(t, parts, name, edit), nil, s), "")
	}
	const entries, leaves = "ledger/entries.jsonl", "ledger/leaves.bin"
	tests := []struct {
		name      string
		pack      []byte
		key       string
		earlier   []byte
		wantsFlaw bool
	}{
		{"whole", whole, earlier.Key, earlier.Note, false},
		{"the first", former, earlier.Key, nil, false},
		{"with withheld bodies", withheld, earlier.Key, nil, false},
		{"of an empty ledger", pack(t, s, 0, 0), earlier.Key, nil, false},
		{"another key", pack(t, other, 33, 0), earlier.Key, nil, true},
		{"a row changed", zipped(t, edited(t, parts, "threats.csv", replace("second", "secund")), ""), earlier.Key, nil, true},
		{"the manifest restated", zipped(t, restated(t, edited(t, parts, "threats.csv", replace("second", "secund")), nil, nil), ""), earlier.Key, nil, true},
		{"inside: a row removed", rewritten("threats.csv", replace("T-2,second\r\n", "")), earlier.Key, nil, true},
		{"inside: an entry re-dated", rewritten(entries, replace(`"recorded":"2026-03-01T12:00:00Z"`, `"recorded":"2026-02-01T12:00:00Z"`)), earlier.Key, nil, true},
		{"inside: entries swapped", rewritten(entries, swapped), earlier.Key, nil, true},
		{"inside: a body changed", rewritten(entries, replace(`"by":"5b10a0"`, `"by":"5b10a9"`)), earlier.Key, nil, true},
		{"inside: a hash changed", rewritten(leaves, flipped(40)), earlier.Key, nil, true},
		{"inside: a token of something else", rewritten("ledger/stamped-30.tsr", func(string) string { return string(tsa.Token(t, []byte("x"), stamp.Time)) }), earlier.Key, nil, true},
		{"inside: another stamped checkpoint", rewritten("ledger/stamped-30", func(string) string { return string(earlier.Note) }), earlier.Key, nil, true},
		{"inside: an entry of the window said to be before it", zipped(t, restated(t, parts, func(m *archive.Manifest) {
			m.Entries.Before, m.Entries.After = m.Entries.After, m.Entries.Before
		}, s), ""), earlier.Key, nil, true},
		{"inside: a file added", zipped(t, append([]part{{"x.csv", nil}}, parts...), ""), earlier.Key, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "pack.zip")
			if err := os.WriteFile(path, tt.pack, 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{filepath.Join("testdata", "verify.py"), path, tt.key}
			if tt.earlier != nil {
				args = append(args, filepath.Join(dir, "earlier"))
				if err := os.WriteFile(args[3], tt.earlier, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := exec.CommandContext(t.Context(), python, args...).CombinedOutput()
			var exit *exec.ExitError
			if found := errors.As(err, &exit) && strings.HasPrefix(string(out), "does not verify: "); found != tt.wantsFlaw || err != nil && !found {
				t.Errorf("%v: %s", err, out)
			}
			if _, err := verify(t, tt.pack, archive.Expect{Key: tt.key}); (err != nil) != tt.wantsFlaw {
				t.Errorf("the first verifier says %v", err)
			}
		})
	}
}
