package main

import (
	"strings"
	"testing"

	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/threat"
)

// TestVerificationTakenBackIsTold verifies a threat and takes that back by /reopen, its ticket staying done: the next pack says so wherever it told
// of the verification, and still who had done the work and who looked.
func TestVerificationTakenBackIsTold(t *testing.T) {
	t.Parallel()
	d := startTest(t, nil)
	reviewed(t, d)
	l := lives(t, d)[0]
	l.done(site.Kenji)
	l.state(threat.Mitigated)
	l.says(site.Sofia, "/verify the old token is refused")
	l.state(threat.Verified)
	var name string
	for _, u := range site.People() {
		if u.AccountID == site.Sofia {
			name = u.Name
		}
	}
	columns := []string{"threat", "holds", "done_by", "by", "by_name"}
	row := func(holds string) [][]string {
		return [][]string{{holds, l.account(site.Kenji), l.account(site.Sofia), name}}
	}
	l.same("while it holds", row("yes"), rowsOf(t, l.pack(), "verifications.csv"), columns...)

	_, answer := l.says(site.Grace, "/reopen it is accepted again")
	if !strings.Contains(answer, "was verified and is mitigated again") || !strings.Contains(answer, "reopen the ticket too") {
		t.Errorf("/reopen was answered %q", answer)
	}
	l.state(threat.Mitigated)
	pack := l.pack()
	l.same("taken back", row("no"), rowsOf(t, pack, "verifications.csv"), columns...)
	l.same("the threat", [][]string{{"mitigated", "", ""}}, rowsOf(t, pack, "threats.csv"), "threat", "state", "verified_by", "verified")
	var told []string
	rows := rowsOf(t, pack, "exceptions.csv")
	for _, r := range rows[1:] {
		if r[0] == "verification withdrawn" && r[1] == string(l.id) {
			told = append(told, strings.Join(r, " "))
		}
	}
	if len(told) != 1 || !strings.Contains(told[0], "by "+l.account(site.Grace)) || !strings.Contains(told[0], "it is accepted again") {
		t.Errorf("the exceptions tell %q, want once by whom and why", told)
	}
	succeeds(t, []string{"Verifies"}, "verify", pack)
}
