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
