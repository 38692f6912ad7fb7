package score_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/extract/score"
)

// A small case of every rule: a match by title, by another wording, a repeat, an extra, a near-miss taken, an ambiguous
// passage, a suggestion that does not count, mitigations and fields, a page that states none, one without findings.
var small = map[string][2]string{
	"orders": {
		`{"threats":[
		{"id":"T1","quote":"An attacker replays an order","also":["orders can be replayed"],"mitigations":["use idempotency keys","sign requests"],"owner":"Dana","severity":"high","ticket":"SEC-1"},
		{"id":"T2","quote":"Card numbers leak into [logs](http://x)","mitigations":["mask digits"]},
		{"id":"T3","quote":"The queue overflows under load"}],
		"not_threats":["Orders are kept for ninety days in the archive"],"ambiguous":["clocks may drift apart"]}`,
		`{"threats":[
		{"origin":"stated","title":"Replay","quote":"An attacker replays an order.","owner":"Dana Whitfield","severity":"high","ticket":"SEC-2","mitigations":[{"quote":"Use idempotency keys"}]},
		{"origin":"stated","title":"Orders can be replayed quickly by others","quote":"x y z"},
		{"origin":"stated","title":"Card numbers leak into logs","quote":"PAN in logs"},
		{"origin":"stated","title":"Archive","quote":"Orders are kept for ninety days in the archive"},
		{"origin":"stated","title":"Clocks","quote":"Clocks may drift apart."},
		{"origin":"inferred","title":"The queue overflows under load","quote":"The queue overflows under load"}]}`,
	},
	"quiet":   {`{"threats":[],"not_threats":["The keys are rotated"]}`, `{"threats":[]}`},
	"unread":  {`{"threats":[{"id":"T1","quote":"A node is impersonated"}]}`, ""},
	"nothing": {`{"threats":[{"id":"T1","quote":"Tokens never expire"}]}`, `{"threats":null}`},
}

func write(t *testing.T) (labels, found string) {
	t.Helper()
	labels, found = t.TempDir(), t.TempDir()
	for name, pair := range small {
		for i, dir := range []string{labels, found} {
			if pair[i] == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name+".json"), []byte(pair[i]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return labels, found
}

func TestDirectory(t *testing.T) {
	labels, found := write(t)
	sheet, err := score.Directory(labels, found)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := sheet.Write(&got, true); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"document                               labels  found   hit      P      R     F1   mitig.",
		"nothing                                     1      0     0   0.00   0.00   0.00    0/0",
		"    missed   Tokens never expire",
		"orders                                      3      4     2   0.50   0.67   0.57    1/3",
		"    missed   The queue overflows under load",
		"    extra    Orders are kept for ninety days in the archive",
		"    repeated x y z",
		"quiet                                       0      0     0   0.00   0.00   0.00    0/0",
		"unread                                      1      0     0   0.00   0.00   0.00    0/0",
		"    missed   A node is impersonated",
		"no findings file for: unread",
		"TOTAL precision 0.500 recall 0.400 F1 0.444 macro-F1 0.190 | mitigations 1/3 | owners 1/1 tickets 1/1 severities 1/1 | near-misses taken 1/2",
		"",
	}, "\n")
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("sheet (-want +got):\n%s", diff)
	}
}

func TestDirectoryWithoutLabels(t *testing.T) {
	if _, err := score.Directory(t.TempDir(), t.TempDir()); err == nil {
		t.Error("no error for a directory without labels")
	}
}

// TestSameAsReference holds the rules together with the script that others measure with.
func TestSameAsReference(t *testing.T) {
	script := contracttest.Path(t, "tools", "score.py")
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	labels, found := write(t)
	want, err := exec.Command(python, script, labels, found).Output()
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := score.Directory(labels, found)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := sheet.Write(&got, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("sheet (-reference +ours):\n%s", diff)
	}
}
