package task

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestApply(t *testing.T) {
	ticket := threat.Ticket{ID: "10", Key: "SEC-1", URL: "https://x.test/browse/SEC-1", Status: "To Do", Category: threat.ToDo, Assignee: "mira", Updated: noon}
	issue := event.Issue{ID: "10", Key: "SEC-1", Status: "To Do", Category: threat.ToDo, Assignee: "mira", Updated: noon.Add(time.Minute), At: noon.Add(time.Minute), By: "ann"}
	with := func(change func(*event.Issue)) event.Issue { is := issue; change(&is); return is }
	tests := []struct {
		name  string
		from  threat.State
		issue event.Issue
		want  threat.State
		kinds []ledger.Kind // nil: nothing is committed
		owner string
	}{
		{"work begins", threat.Open, with(func(i *event.Issue) { i.Status, i.Category = "In Arbeit", threat.Doing }), threat.InProgress, []ledger.Kind{ledger.Ticketed, ledger.Moved}, "mira"},
		{"done is mitigated", threat.InProgress, with(func(i *event.Issue) { i.Status, i.Category = "Done", threat.Done }), threat.Mitigated, []ledger.Kind{ledger.Ticketed, ledger.Moved}, "mira"},
		{"closed as won't do is open", threat.InProgress, with(func(i *event.Issue) { i.Status, i.Category, i.Resolution = "Done", threat.Done, "Won't Do" }), threat.Open, []ledger.Kind{ledger.Ticketed, ledger.Moved}, "mira"},
		{"verified is reopened", threat.Verified, with(func(i *event.Issue) { i.Status = "Reopened" }), threat.Open, []ledger.Kind{ledger.Ticketed, ledger.Moved}, "mira"},
		{"another assignee is the owner", threat.Open, with(func(i *event.Issue) { i.Assignee, i.AssigneeName = "ann", "Ann" }), threat.Open, []ledger.Kind{ledger.Ticketed, ledger.Owned}, "ann"},
		{"nobody assigned, nobody owns", threat.Open, with(func(i *event.Issue) { i.Assignee = "" }), threat.Open, []ledger.Kind{ledger.Ticketed, ledger.Owned}, ""},
		{"late news", threat.InProgress, with(func(i *event.Issue) { i.Updated = noon.Add(-time.Minute); i.Category = threat.Done }), threat.InProgress, nil, "mira"},
		{"the same again", threat.Open, with(func(i *event.Issue) { i.Updated = noon }), threat.Open, nil, "mira"},
		{"nothing that matters", threat.Open, issue, threat.Open, []ledger.Kind{}, "mira"},
		{"deleted", threat.InProgress, event.Issue{ID: "10", Key: "SEC-1", Deleted: true, Updated: noon, At: noon}, threat.InProgress, []ledger.Kind{ledger.Ticketed}, "mira"},
		{"moved to another project", threat.Open, with(func(i *event.Issue) { i.Key = "OPS-7" }), threat.Open, []ledger.Kind{ledger.Ticketed}, "mira"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			was := ticket
			th := threat.Threat{ID: "T-A", Page: "42", State: tt.from, Ticket: &was, Owner: threat.Owner{Account: "mira", Reason: "mentioned"}, Last: 3}
			c, ok := DefaultPolicy().apply(trace.Page{ID: "42", Version: 5}, th, tt.issue, noon, noon)
			if ok != (tt.kinds != nil) {
				t.Fatalf("applied %v, want %v", ok, tt.kinds != nil)
			}
			if diff := cmp.Diff(ticket, was); diff != "" {
				t.Errorf("the threat that was read changed:\n%s", diff)
			}
			if !ok {
				return
			}
			got := c.Threats[0]
			if got.State != tt.want || got.Owner.Account != tt.owner || got.Ticket.Deleted != tt.issue.Deleted || !tt.issue.Deleted && got.Ticket.Key != tt.issue.Key {
				t.Errorf("state %s, owner %q, ticket %+v", got.State, got.Owner.Account, got.Ticket)
			}
			kinds := []ledger.Kind{}
			for _, e := range c.Entries {
				kinds = append(kinds, e.Kind)
				if e.Version != 3 || e.Page != "42" || e.By != tt.issue.By || !e.Occurred.Equal(tt.issue.At) {
					t.Errorf("entry %+v does not say what it is about", e)
				}
			}
			if diff := cmp.Diff(tt.kinds, kinds); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUndecided(t *testing.T) {
	known := threat.Ticket{ID: "10", Key: "SEC-1", Status: "Doing", StatusID: "3", Category: threat.Doing, Updated: noon}
	later := noon.Add(time.Millisecond)
	done := event.Issue{Key: "SEC-1", Status: "Done", StatusID: "5", Category: threat.Done, Updated: later}
	step := threat.Step{ID: 7, At: later, Category: threat.Done, Changes: []threat.Change{{Field: threat.FieldStatus, From: "3", FromName: "Doing", To: "5", ToName: "Done"}}}
	with := func(change func(*event.Issue)) event.Issue { is := done; change(&is); return is }
	tests := []struct {
		name  string
		known func(*threat.Threat)
		e     event.Issue
		want  bool
	}{
		{"the next step", nil, with(func(i *event.Issue) { i.Steps = []threat.Step{step} }), false},
		{"a step that begins elsewhere", nil, with(func(i *event.Issue) {
			s := step
			s.Changes = []threat.Change{{Field: threat.FieldStatus, From: "4", FromName: "Review", To: "5", ToName: "Done"}}
			i.Steps = []threat.Step{s}
		}), true},
		{"the next step, and more changed since", nil, with(func(i *event.Issue) { i.Steps, i.Assignee = []threat.Step{step}, "ann" }), true},
		{"the first step of a ticket whose status nobody told", func(t *threat.Threat) { t.Ticket.Status, t.Ticket.StatusID = "", "" }, with(func(i *event.Issue) { i.Steps = []threat.Step{step} }), true},
		{"a step that later ones overtook", func(t *threat.Threat) { t.Trail = &threat.Trail{Since: []int64{9}} }, with(func(i *event.Issue) { i.Steps = []threat.Step{step} }), true},
		{"a step that was taken in", func(t *threat.Threat) {
			t.Trail = &threat.Trail{Since: []int64{7}}
			t.Ticket.Updated = later.Add(time.Hour)
		}, with(func(i *event.Issue) { i.Steps = []threat.Step{step} }), false},
		{"later, and nobody says how it came to it", nil, done, true},
		{"later, and nothing changed that matters", nil, event.Issue{Key: "SEC-1", Status: "Doing", StatusID: "3", Category: threat.Doing, Updated: later}, false},
		{"what its status is called", func(t *threat.Threat) { t.Ticket.Status, t.Ticket.StatusID = "", "" }, event.Issue{Key: "SEC-1", Status: "Doing", StatusID: "3", Category: threat.Doing, Updated: later}, false},
		{"the same again", nil, event.Issue{Key: "SEC-1", Status: "Doing", StatusID: "3", Category: threat.Doing, Updated: noon}, false},
		{"of the same millisecond, and different", nil, with(func(i *event.Issue) { i.Updated = noon }), true},
		{"older", nil, with(func(i *event.Issue) { i.Updated = noon.Add(-time.Second) }), false},
		{"without a category", nil, event.Issue{Key: "SEC-1", Updated: later}, true},
		{"of one that may be restricted now", func(*threat.Threat) {}, event.Issue{Key: "SEC-1", Status: "Doing", StatusID: "3", Category: threat.Doing, Updated: noon, Look: true}, true},
		{"of one that was not visible", func(t *threat.Threat) { t.Ticket.Hidden = true }, event.Issue{Key: "SEC-1", Status: "Doing", StatusID: "3", Category: threat.Doing, Updated: noon}, true},
		{"deleted", nil, event.Issue{Key: "SEC-1", Updated: noon, Deleted: true}, false},
		{"read whole", nil, with(func(i *event.Issue) { i.Whole = true }), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := known
			th := threat.Threat{Ticket: &is, Trail: &threat.Trail{}}
			if tt.known != nil {
				tt.known(&th)
			}
			if got := DefaultPolicy().undecided(th, tt.e); got != tt.want {
				t.Errorf("undecided = %v, want %v", got, tt.want)
			}
		})
	}
}

// TestSyncTicketReachesEveryThreatOfAnIssue: pages may name one issue for several threats, and several pages may.
func TestSyncTicketReachesEveryThreatOfAnIssue(t *testing.T) {
	books := shelf(t)
	ticket := &threat.Ticket{ID: "10", Key: "SEC-1", URL: "https://x.test/browse/SEC-1", Status: "To Do", StatusID: "1", Category: threat.ToDo, ByPage: true}
	other := &threat.Ticket{ID: "11", Key: "SEC-2", Category: threat.ToDo}
	for page, threats := range map[string][]threat.Threat{
		"42": {{ID: "T-A", Ticket: ticket}, {ID: "T-B", Ticket: ticket}, {ID: "T-C", Ticket: other}},
		"43": {{ID: "T-D", Ticket: ticket}},
	} {
		for i := range threats {
			threats[i].Page, threats[i].State = page, threat.Open
		}
		if err := books.Commit(t.Context(), trace.Change{Tenant: site, Page: &trace.Page{ID: page}, Threats: threats}); err != nil {
			t.Fatal(err)
		}
	}
	desk := &Desk{Book: books, Policy: DefaultPolicy(), Now: time.Now, Log: slog.New(slog.DiscardHandler), Count: uncounted{}}
	done := event.Issue{
		ID: "10", Key: "SEC-1", Status: "Done", StatusID: "5", Category: threat.Done, Updated: noon, At: noon,
		Steps: []threat.Step{{ID: 1, At: noon, Category: threat.Done, Changes: []threat.Change{{Field: threat.FieldStatus, From: "1", FromName: "To Do", To: "5", ToName: "Done"}}}},
	}
	first := work.Job{Tenant: site, Kind: work.SyncTicket, Subject: "10", Args: ledger.Encode(done), Occurred: noon, Observed: noon}
	if out := desk.Handlers()[work.SyncTicket](t.Context(), first); out != (work.Outcome{}) {
		t.Fatalf("outcome %+v", out)
	}
	handed, err := books.Peek(t.Context(), work.Filter{Kind: work.SyncTicket})
	if err != nil || len(handed) != 2 {
		t.Fatalf("handed over to %+v (%v), want a job a page", handed, err)
	}
	for _, job := range handed {
		if out := desk.Handlers()[work.SyncTicket](t.Context(), job); out != (work.Outcome{}) {
			t.Fatalf("outcome %+v of %s", out, job.Subject)
		}
	}
	got := map[threat.ID]threat.State{}
	for _, page := range []string{"42", "43"} {
		rec, err := books.Page(t.Context(), site, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, th := range rec.Threats {
			got[th.ID] = th.State
		}
	}
	want := map[threat.ID]threat.State{"T-A": threat.Mitigated, "T-B": threat.Mitigated, "T-C": threat.Open, "T-D": threat.Mitigated}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}
