package evidence

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
)

// TestVerificationsThatHold: one that was taken back, or given anew, does not, and what became of it is said.
func TestVerificationsThatHold(t *testing.T) {
	verify := ledger.Entry{Kind: ledger.Verified, Data: ledger.Encode(ledger.VerifiedFact{})}
	move := func(from, to threat.State, isStale bool) ledger.Entry {
		return ledger.Entry{Kind: ledger.Moved, Data: ledger.Encode(ledger.MoveFact{From: from, To: to, Stale: isStale})}
	}
	begin := []ledger.Entry{
		{Kind: ledger.Stated, Data: ledger.Encode(ledger.TextFact{})},
		move("", threat.Open, false), move(threat.Open, threat.Mitigated, false), verify, move(threat.Mitigated, threat.Verified, false),
	}
	type fate struct {
		Holds bool
		Words string
	}
	tests := []struct {
		name string
		then []ledger.Entry
		want []fate
	}{
		{"nothing more", nil, []fate{{true, ""}}},
		{"taken back", []ledger.Entry{move(threat.Verified, threat.Mitigated, false)}, []fate{{false, "withdrawn 2026-01-06"}}},
		{"its ticket was reopened", []ledger.Entry{move(threat.Verified, threat.InProgress, false)}, []fate{{false, "reopened 2026-01-06"}}},
		{"taken back and given again", []ledger.Entry{
			move(threat.Verified, threat.Mitigated, false), verify, move(threat.Mitigated, threat.Verified, false),
		}, []fate{{false, "withdrawn 2026-01-06"}, {true, ""}}},
		{"given again", []ledger.Entry{verify}, []fate{{false, "anew 2026-01-06"}, {true, ""}}},
		{"its text changed", []ledger.Entry{move(threat.Verified, threat.Verified, true)}, []fate{{true, "stale"}}},
		{"its text is gone", []ledger.Entry{move(threat.Verified, threat.Withdrawn, false)}, []fate{{false, "text gone 2026-01-06"}}},
		{"its text was gone", []ledger.Entry{
			move(threat.Verified, threat.Withdrawn, false), move(threat.Withdrawn, threat.Verified, false),
		}, []fate{{true, ""}}},
		{"its ticket was reopened while its text was gone", []ledger.Entry{
			move(threat.Verified, threat.Withdrawn, false), move(threat.Withdrawn, threat.Open, false),
		}, []fate{{false, "reopened 2026-01-07"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := replay{threats: map[string]*Threat{}}
			for i, e := range append(begin[:len(begin):len(begin)], tt.then...) {
				e.Threat, e.Seq, e.Occurred, e.Recorded = "T-A", uint64(i), day(i+1), day(i+1)
				if err := r.apply(e); err != nil {
					t.Fatal(err)
				}
			}
			var got []fate
			th := r.threats["T-A"]
			for i, v := range th.Verifications {
				got = append(got, fate{v.Holds, th.fate(i)})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("verifications (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSignOffsSayWhatBecameOfThem: the cover's list does not leave a verification standing that was taken back.
func TestSignOffsSayWhatBecameOfThem(t *testing.T) {
	log := life()
	for i, fact := range []any{
		ledger.MoveFact{From: threat.Open, To: threat.Mitigated},
		ledger.VerifiedFact{Verification: threat.Verification{By: "Sofia", Note: "tried it"}},
		ledger.MoveFact{From: threat.Mitigated, To: threat.Verified},
		ledger.MoveFact{From: threat.Verified, To: threat.Mitigated, Why: "reopened: it came back"},
		ledger.AcceptedFact{Acceptance: threat.Acceptance{Until: "2026-02-01", Reason: "rare"}},
		ledger.MoveFact{From: threat.Mitigated, To: threat.Accepted},
	} {
		kind := ledger.Moved
		switch fact.(type) {
		case ledger.VerifiedFact:
			kind = ledger.Verified
		case ledger.AcceptedFact:
			kind = ledger.RiskAccepted
		}
		at := day(10 + i)
		log = append(log, ledger.Entry{Seq: uint64(len(log)), Kind: kind, Page: "42", Threat: "T-A", By: "acc-9", Occurred: at, Observed: at, Recorded: at, Data: ledger.Encode(fact)})
	}
	tests := []struct {
		name  string
		known int
		want  []string
		holds [2]int // of verifications, and of acceptances
	}{
		{"while it holds", 13, []string{"verified by Sofia"}, [2]int{1, 0}},
		{"taken back", 14, []string{"verified (withdrawn 2026-01-13) by Sofia"}, [2]int{0, 0}},
		{"and the risk accepted", 20, []string{"verified (withdrawn 2026-01-13) by Sofia", "accepted until 2026-02-01 by acc-9"}, [2]int{0, 1}},
		{"and that is over", 40, []string{"verified (withdrawn 2026-01-13) by Sofia", "accepted until 2026-02-01 (holds no more) by acc-9"}, [2]int{0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := Query{Window: Window{day(1), day(31)}, AsOf: day(tt.known)}
			if err := q.Check(day(60)); err != nil {
				t.Fatal(err)
			}
			c, err := collect(t.Context(), &Walk{Log: log, Tenant: "x.test", Until: q.AsOf}, q, func(*collection) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			var got []string
			for _, s := range c.summary.signed {
				got = append(got, s.what+" by "+s.by)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("sign-offs (-want +got):\n%s", diff)
			}
			if holds := [2]int{c.summary.VerifiedHold, c.summary.AcceptedHold}; holds != tt.holds {
				t.Errorf("%v hold, want %v", holds, tt.holds)
			}
		})
	}
}

// TestDoneThen: a verification keeps who had moved its ticket to done by then, whatever becomes of the ticket later.
func TestDoneThen(t *testing.T) {
	ticket := func(id string, c threat.Category, by string, at time.Time) ledger.Entry {
		return ledger.Entry{Kind: ledger.Ticketed, By: "jira", Data: ledger.Encode(ledger.TicketFact{
			Ticket: threat.Ticket{ID: id, Category: c, DoneBy: by, DoneAt: at, Assignee: "mira"},
		})}
	}
	verify := ledger.Entry{Kind: ledger.Verified, By: "sofia", Data: ledger.Encode(ledger.VerifiedFact{Verification: threat.Verification{By: "Sofia"}})}
	at := day(1).Add(-time.Hour)
	tests := []struct {
		name string
		log  []ledger.Entry
		by   string
		done time.Time
	}{
		{"by Jira's history", []ledger.Entry{ticket("1", threat.ToDo, "", time.Time{}), ticket("1", threat.Done, "ben", at), verify}, "ben", at},
		{"nobody told when", []ledger.Entry{ticket("1", threat.Done, "ben", time.Time{}), verify}, "ben", day(2)},
		{"done anew by another later", []ledger.Entry{
			ticket("1", threat.Done, "ben", at), verify, ticket("1", threat.ToDo, "", time.Time{}), ticket("1", threat.Done, "amir", day(9)),
		}, "ben", at},
		{"another ticket was done before", []ledger.Entry{ticket("1", threat.Done, "amir", at), ticket("2", threat.ToDo, "", time.Time{}), verify}, "", time.Time{}},
		{"no ticket", []ledger.Entry{verify}, "", time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := replay{threats: map[string]*Threat{}}
			for i, e := range append([]ledger.Entry{{Kind: ledger.Stated, Data: ledger.Encode(ledger.TextFact{})}}, tt.log...) {
				e.Threat, e.Seq, e.Occurred, e.Recorded = "T-A", uint64(i), day(i+1), day(i+1)
				if err := r.apply(e); err != nil {
					t.Fatal(err)
				}
			}
			v := r.threats["T-A"].Verifications[0]
			if v.DoneBy != tt.by || !v.Done.Equal(tt.done) || v.By != "sofia" || v.Given.By != "Sofia" {
				t.Errorf("done by %q at %s, verified by %q (%q), want done by %q at %s", v.DoneBy, v.Done, v.By, v.Given.By, tt.by, tt.done)
			}
		})
	}
}
