package task

import (
	"strings"
	"testing"

	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
)

func TestReassign(t *testing.T) {
	ours := threat.Owner{Account: "mira", Name: "Mira", Reason: "owns the page"}
	hand := threat.Owner{Account: "ann", Name: "Ann", Reason: inJira}
	kenji := threat.Owner{Account: "kenji", Name: "Kenji", Reason: "mentioned with the threat"}
	nobody := threat.Owner{Reason: `nobody assignable is called "The *team*"`}
	tests := []struct {
		name   string
		owner  threat.Owner // as known
		given  string       // whom Throughline assigned
		now    string       // who is assigned in Jira
		page   threat.Owner // whom the page's name resolves to
		assign bool
		say    string // part of it; empty: nothing
	}{
		{"nobody touched it", ours, "mira", "mira", kenji, true, ""},
		{"it is theirs already", hand, "mira", "kenji", kenji, false, ""},
		{"assigned by hand", hand, "mira", "ann", kenji, false, "names Kenji as the owner of this threat. The ticket was given to somebody else"},
		{"assigned by hand, and the event is under way", ours, "mira", "ann", kenji, false, "stays with them"},
		{"given away and back by hand", threat.Owner{Account: "mira", Reason: inJira}, "mira", "mira", kenji, false, "stays with them"},
		{"by a command, of which the owner knows and Jira not yet", threat.Owner{Account: "ann", Reason: "by command"}, "mira", "mira", kenji, false, "stays with them"},
		{"bound, with somebody assigned before", hand, "", "ann", kenji, false, "stays with them"},
		{"taken off by hand", threat.Owner{Reason: "unassigned in Jira"}, "mira", "", kenji, true, ""},
		{"nobody had it", threat.Owner{}, "", "", kenji, true, ""},
		{"whom the page names cannot take it", ours, "mira", "mira", nobody, false, `cannot be given to them: nobody assignable is called "The \*team\*"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			th := threat.Threat{
				ID: "T-A", Owner: tt.owner, Assigned: threat.Assignment{Account: tt.given}, Ticket: &threat.Ticket{ID: "10", Key: "SEC-1"},
				Text: threat.Text{Person: threat.Person{Name: "Kenji"}},
			}
			assign, say := reassign(th, tt.now, tt.page)
			if assign != tt.assign || (say == "") != (tt.say == "") || !strings.Contains(say, tt.say) {
				t.Errorf("assign %v, say %q; want %v, %q", assign, say, tt.assign, tt.say)
			}
		})
	}
}

// TestPageNamesNobodyAnyMore takes the ticket from nobody, and costs no call of Jira's.
func TestPageNamesNobodyAnyMore(t *testing.T) {
	s := enter(t)
	s.body = strings.Replace(threats, "<th>Mitigation</th>", "<th>Mitigation</th><th>Owner</th>", 1)
	s.body = strings.Replace(s.body, "failures</td>", "failures</td><td>Kenji</td>", 1)
	s.answers[components], s.answers[linkBack] = saying(`[]`), saying(`{}`)
	s.answers[assignable] = saying(`[{"accountId":"kenji","accountType":"atlassian","displayName":"Kenji","active":true}]`)
	s.answers[create] = saying(`{"issues":[{"id":"10","key":"SEC-1"}],"errors":[]}`)
	s.accept(work.Job{Kind: work.ReviewPage})
	if th := s.record().Threats[0]; th.Owner.Account != "kenji" || th.Assigned != (threat.Assignment{Account: "kenji", Named: "Kenji"}) {
		t.Fatalf("%+v, %+v", th.Owner, th.Assigned)
	}
	s.mu.Lock()
	s.version, s.body = s.version+1, strings.Replace(s.body, "<td>Kenji</td>", "<td></td>", 1)
	delete(s.answers, assignable) // any look-up would fail
	s.mu.Unlock()
	held := s.accept(work.Job{Kind: work.ReviewPage})
	if th := s.record().Threats[0]; th.Owner.Account != "kenji" || th.Assigned != (threat.Assignment{Account: "kenji"}) || len(held) > 0 {
		t.Errorf("%+v, %+v, held %+v", th.Owner, th.Assigned, held)
	}
}
