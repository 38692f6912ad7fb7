package evidence_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/evidence"
)

func TestReconciliation(t *testing.T) {
	s := filled(t, 100)
	_, made := build(t, s, half(), nil)
	ours := made.Summary.Reconciled.AsOf
	keys := map[string]string{}
	for _, row := range records(t, files(t, first(build(t, s, half(), nil)))["tickets.csv"]) {
		if row["deleted"] == "no" {
			keys[row["ticket_id"]] = row["ticket"]
		}
	}
	if len(keys) != ours || ours == 0 {
		t.Fatalf("%d tickets in the table, %d to reconcile", len(keys), ours)
	}
	other := map[string]string{"99": "SEC-999"}
	for id, key := range keys {
		if key != "SEC-1" {
			other[id] = key
		}
	}
	tests := []struct {
		name   string
		jira   evidence.Reconciler
		agrees bool
		words  string
		rows   []string // what the exceptions say
	}{
		{"agrees", jira{answer: evidence.Answer{Question: "q", Count: ours, Keys: keys}}, true, "agrees", nil},
		{"a count alone", jira{answer: evidence.Answer{Question: "q", Count: ours}}, true, "agrees", nil},
		{"another count", jira{answer: evidence.Answer{Question: "q", Count: ours + 3}}, false, "DIFFERS", []string{"too many to list"}},
		{"other tickets", jira{answer: evidence.Answer{Question: "q", Count: ours, Keys: other}}, false, "DIFFERS", []string{"SEC-1: in the register", "SEC-999: in Jira"}},
		{"unreachable", jira{err: errors.New("dial tcp: connection refused")}, false, "NOT RECONCILED", []string{"connection refused"}},
		{"not asked", nil, false, "NOT RECONCILED", []string{"Jira was not asked"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pack, made := build(t, s, half(), tt.jira)
			r := made.Summary.Reconciled
			if r.Agrees() != tt.agrees || !strings.Contains(r.Words(), tt.words) {
				t.Errorf("agrees %v, %q", r.Agrees(), r.Words())
			}
			var got []string
			for _, row := range records(t, files(t, pack)["exceptions.csv"]) {
				if row["kind"] == "not reconciled" {
					got = append(got, row["what"])
				}
			}
			if len(got) != len(tt.rows) {
				t.Fatalf("exceptions %q, want %q", got, tt.rows)
			}
			for i, part := range tt.rows {
				if !strings.Contains(got[i], part) {
					t.Errorf("exception %q, want one of %q", got[i], part)
				}
			}
		})
	}
}

// TestReconciliationGoesOnToNow: Jira tells of now, so what was filed and deleted after the instant of knowledge is counted in.
func TestReconciliationGoesOnToNow(t *testing.T) {
	s := filled(t, 100)
	q := half()
	q.AsOf = date(3, 1)
	keys := map[string]string{}
	for _, row := range records(t, files(t, first(build(t, s, half(), nil)))["tickets.csv"]) {
		if row["deleted"] == "no" {
			keys[row["ticket_id"]] = row["ticket"]
		}
	}
	_, made := build(t, s, q, jira{answer: evidence.Answer{Question: "q", Count: len(keys), Keys: keys}})
	r := made.Summary.Reconciled
	if !r.Agrees() || r.AsOf == 0 || r.Later == 0 || r.AsOf+r.Later-r.Gone != r.Ours {
		t.Errorf("%+v: %s", r, r.Words())
	}
}
