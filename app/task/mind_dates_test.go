package task

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

func TestMind(t *testing.T) {
	late := time.Date(2026, 3, 1, 23, 59, 59, 0, time.FixedZone("", -3600)) // the 2nd already, in UTC
	tests := []struct {
		name   string
		change func(*threat.Threat)
		now    time.Time
		state  threat.State
		kinds  []ledger.Kind
		told   int
	}{
		{"nothing runs out", nil, noon, threat.Open, nil, 0},
		{"accepted until today", accepted("2026-03-01"), noon, threat.Accepted, nil, 0},
		{"accepted until yesterday", accepted("2026-02-28"), noon, threat.Open, []ledger.Kind{ledger.Moved}, 1},
		{"days end in UTC", accepted("2026-03-01"), late, threat.Open, []ledger.Kind{ledger.Moved}, 1},
		{"work goes on", func(t *threat.Threat) { accepted("2026-02-28")(t); t.Ticket.Category = threat.Doing }, noon, threat.InProgress, []ledger.Kind{ledger.Moved}, 1},
		{"its ticket is gone", func(t *threat.Threat) { accepted("2026-02-28")(t); t.Ticket.Deleted = true }, noon, threat.Open, []ledger.Kind{ledger.Moved}, 0},
		{"it is late too", func(t *threat.Threat) { accepted("2026-02-28")(t); t.Ticket.Due = "2026-01-31" }, noon, threat.Open, []ledger.Kind{ledger.Moved, ledger.Overdue}, 1},
		{"due today", due("2026-03-01"), noon, threat.Open, nil, 0},
		{"due yesterday", due("2026-02-28"), noon, threat.Open, []ledger.Kind{ledger.Overdue}, 0},
		{"due yesterday, and known", func(t *threat.Threat) { due("2026-02-28")(t); t.Trail = &threat.Trail{Overdue: "2026-02-28"} }, noon, threat.Open, nil, 0},
		{"another date passed", func(t *threat.Threat) { due("2026-02-28")(t); t.Trail = &threat.Trail{Overdue: "2026-01-31"} }, noon, threat.Open, []ledger.Kind{ledger.Overdue}, 0},
		{"done in time", func(t *threat.Threat) { due("2026-02-28")(t); t.State = threat.Mitigated }, noon, threat.Mitigated, nil, 0},
		{"accepted instead", func(t *threat.Threat) { accepted("2026-06-30")(t); due("2026-02-28")(t) }, noon, threat.Accepted, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			th := threat.Threat{ID: "T-A", Page: "42", State: threat.Open, Last: 3, Ticket: &threat.Ticket{ID: "10", Key: "SEC-1", Category: threat.ToDo}}
			if tt.change != nil {
				tt.change(&th)
			}
			c := DefaultPolicy().mind(trace.Record{Page: trace.Page{ID: "42", Title: "Login", URL: "https://x.test/42"}, Threats: []threat.Threat{th}}, tt.now)
			if err := trace.Legal(c); err != nil {
				t.Fatal(err)
			}
			var kinds []ledger.Kind
			for _, e := range c.Entries {
				kinds = append(kinds, e.Kind)
				if e.By != "" || e.Version != 3 || e.Occurred.After(tt.now) || e.Occurred.UTC().Format(time.TimeOnly) != "00:00:00" {
					t.Errorf("entry %+v", e)
				}
			}
			if diff := cmp.Diff(tt.kinds, kinds); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			if len(c.Jobs) != tt.told {
				t.Errorf("the ticket is told by %d jobs, want %d", len(c.Jobs), tt.told)
			}
			if len(c.Threats) == 0 {
				return
			}
			if c.Threats[0].State != tt.state {
				t.Errorf("it is %s, want %s", c.Threats[0].State, tt.state)
			}
			if again := DefaultPolicy().mind(trace.Record{Threats: c.Threats}, tt.now); len(again.Entries) > 0 {
				t.Errorf("minded twice: %+v", again.Entries)
			}
		})
	}
}

func accepted(until string) func(*threat.Threat) {
	return func(t *threat.Threat) {
		t.State, t.Acceptance = threat.Accepted, &threat.Acceptance{Until: until, Reason: "small"}
	}
}

func due(day string) func(*threat.Threat) { return func(t *threat.Threat) { t.Ticket.Due = day } }

// TestSweepMindsDates: a sweep looks for dates that passed once a day, also on a site that does not answer.
func TestSweepMindsDates(t *testing.T) {
	s := enter(t)
	s.settle()
	rec := s.record()
	rec.Threats[0].Ticket = &threat.Ticket{ID: "10", Key: "SEC-1", Category: threat.ToDo}
	rec.Threats[0].State, rec.Threats[0].Acceptance = threat.Accepted, &threat.Acceptance{Until: "2026-02-28"}
	if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Threats: rec.Threats}); err != nil {
		t.Fatal(err)
	}
	s.desk.Policy.Poll, s.desk.Policy.Gather = time.Hour, 0
	s.answers["GET /wiki/rest/api/search"] = func() string { return "" } // 403
	s.answers["POST /rest/api/2/issue/10/comment"] = saying(`{"id":"1"}`)
	s.accept(work.Job{Kind: work.Sweep})
	if got := s.record().Threats[0]; got.State != threat.Open || got.Moved.Why != "its acceptance ended with 2026-02-28" {
		t.Errorf("it is %s: %s", got.State, got.Moved.Why)
	}
}
