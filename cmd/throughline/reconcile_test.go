package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/sandbox/chaos"
)

// reconciled exports a pack and returns how its reconciliation with Jira ended, and what the command said.
func reconciled(t *testing.T, d *demo, path string) (evidence.Reconciliation, string) {
	t.Helper()
	_, said := does(t, "export", "--data", d.dir, "--out", path)
	var s struct{ Reconciliation evidence.Reconciliation }
	if err := json.Unmarshal(inPack(t, path, "summary.json"), &s); err != nil {
		t.Fatal(err)
	}
	return s.Reconciliation, said
}

// TestReconciledWithDataCenter: Data Center has no call that counts; the total of its search is the count.
func TestReconciledWithDataCenter(t *testing.T) {
	d := startTest(t, byDataCenter)
	reviewed(t, d)
	pack := filepath.Join(t.TempDir(), "p.zip")
	r, said := reconciled(t, d, pack)
	if !r.Agrees() || r.Jira == 0 || strings.Contains(said, "reconciled") {
		t.Errorf("%+v; it says %s", r, said)
	}
	succeeds(t, []string{"Verifies", "Made again from the disclosed entries"}, "verify", pack)
}

// TestPackOfASlowSite: Jira takes the question and never answers, or fails in the middle of its list. The pack is made all the same,
// says that it is not reconciled and why, and the next one is once Jira answers.
func TestPackOfASlowSite(t *testing.T) {
	tests := []struct {
		name string
		rule chaos.Rule
	}{
		{"its count stalls", chaos.Rule{Kind: chaos.Stall, Path: "/search/approximate-count$", Delay: chaos.Duration(5 * time.Minute)}},
		{"its list stalls", chaos.Rule{Kind: chaos.Stall, Path: "/search/jql$", Delay: chaos.Duration(5 * time.Minute)}},
		{"its list fails", chaos.Rule{Kind: chaos.ErrorBefore, Path: "/search/jql$"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := startTest(t, nil)
			reviewed(t, d)
			settled(t, d)
			if err := d.site.Faults(chaos.Plan{Rules: []chaos.Rule{tt.rule}}); err != nil {
				t.Fatal(err)
			}
			pack := filepath.Join(t.TempDir(), "p.zip")
			r, said := reconciled(t, d, pack)
			if r.Done || !strings.HasPrefix(r.Why, "Jira could not be asked: ") || !strings.Contains(said, "NOT RECONCILED. Jira could not be asked: ") {
				t.Errorf("%+v; it says %s", r, said)
			}
			if !strings.Contains(string(inPack(t, pack, "exceptions.csv")), "not reconciled,") {
				t.Error("its exceptions do not tell of it")
			}
			succeeds(t, []string{"Verifies", "Made again from the disclosed entries"}, "verify", pack)
			if err := d.site.Faults(chaos.Plan{}); err != nil {
				t.Fatal(err)
			}
			within(t, "the next pack is reconciled", func() bool { r, _ := reconciled(t, d, pack); return r.Agrees() })
		})
	}
}
