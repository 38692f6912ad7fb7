package task

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

const searchIssues = "POST /rest/api/2/search/jql"

// issues is what Jira's search answers: an issue of each key, with our labels of a threat.
func issues(id threat.ID, keys ...string) string {
	var all []string
	for i, key := range keys {
		all = append(all, fmt.Sprintf(`{"id":"1%d","key":%q,"fields":{"labels":[%q,%q],"status":{"name":"To Do","statusCategory":{"key":"new"}}}}`, i, key, Label, marker(id)))
	}
	return `{"issues":[` + strings.Join(all, ",") + `],"isLast":true}`
}

// TestClockSetBack: an intent that lies ahead of the clock neither waits until the clock comes to it nor is given up at once.
func TestClockSetBack(t *testing.T) {
	s, j := enter(t), &tracker{}
	j.answer(s)
	now := noon
	s.desk.Now = func() time.Time { return now.Add(time.Hour) }
	s.pending(threat.Threat{ID: "T-A", State: threat.Open})
	s.desk.Now = func() time.Time { return now }
	file := func() work.Outcome {
		return s.desk.Handlers()[work.FileTickets](t.Context(), work.Job{Tenant: site, Kind: work.FileTickets, Subject: "42"})
	}
	if out := file(); out.Verdict != work.Snooze || out.After > s.desk.Policy.IndexWait {
		t.Errorf("outcome %+v, want a wait of at most %s", out, s.desk.Policy.IndexWait)
	}
	now = now.Add(s.desk.Policy.IndexWait - time.Second)
	if out := file(); out.Verdict != work.Snooze || len(j.marked) != 0 {
		t.Errorf("outcome %+v and %d tickets before the index had its time", out, len(j.marked))
	}
	now = now.Add(time.Second)
	if out := file(); out.Verdict != work.Done || len(j.marked) != 1 {
		t.Errorf("outcome %+v and %d tickets after that, want one", out, len(j.marked))
	}
}

// TestSlowSearch: what a search shows is as old as its beginning, however late its answer comes.
func TestSlowSearch(t *testing.T) {
	s, j := enter(t), &tracker{}
	j.answer(s)
	now := noon
	s.desk.Now = func() time.Time { return now }
	s.pending(threat.Threat{ID: "T-A", State: threat.Open})
	now = now.Add(s.desk.Policy.IndexWait - time.Second)
	s.answers[searchIssues] = func() string { now = now.Add(time.Minute); return issues("T-A") }
	out := s.desk.Handlers()[work.FileTickets](t.Context(), work.Job{Tenant: site, Kind: work.FileTickets, Subject: "42"})
	if out.Verdict != work.Snooze || len(j.marked) != 0 {
		t.Errorf("outcome %+v and %d tickets, although the search began before the index had its time", out, len(j.marked))
	}
}

// TestTwoTicketsOfOneMarker: the oldest is the threat's, and people are told of the other.
func TestTwoTicketsOfOneMarker(t *testing.T) {
	s, j := enter(t), &tracker{}
	j.answer(s)
	var log bytes.Buffer
	s.desk.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
	s.answers[searchIssues] = saying(issues("T-A", "SEC-1", "SEC-2"))
	s.pending(threat.Threat{ID: "T-A", State: threat.Open})
	s.accept(work.Job{Kind: work.FileTickets})
	if th := find(t, s.record(), "T-A"); th.Ticket == nil || th.Ticket.Key != "SEC-1" {
		t.Errorf("ticket %+v, want the oldest", th.Ticket)
	}
	if !strings.Contains(log.String(), "SEC-1, SEC-2") {
		t.Errorf("the log says %q", log.String())
	}
}

// TestRefusedAfterOthersWereFiled: what Jira took of a call is not said to be refused, because the rest was.
func TestRefusedAfterOthersWereFiled(t *testing.T) {
	s, j := enter(t), &tracker{}
	j.answer(s)
	calls := 0
	s.answers[create] = func() string {
		if calls++; calls > 1 {
			return "" // 403
		}
		return `{"issues":[{"id":"10","key":"SEC-1"}],"errors":[{"status":400,"elementErrors":{"errorMessages":[],"errors":{"priority":"no such field"}},"failedElementNumber":1}]}`
	}
	var all []threat.Threat
	for _, id := range []threat.ID{"T-A", "T-B"} {
		all = append(all, threat.Threat{ID: id, Page: "42", State: threat.Open, Text: threat.Text{Severity: threat.High, Title: string(id)}})
	}
	if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Page: &trace.Page{ID: "42", Title: "Login", Hash: storage.HashOutside([]byte(s.body))}, Threats: all}); err != nil {
		t.Fatal(err)
	}
	s.accept(work.Job{Kind: work.FileTickets})
	filed, refused := find(t, s.record(), "T-A"), find(t, s.record(), "T-B")
	if filed.Ticket == nil || filed.Blocked != "" {
		t.Errorf("filed: ticket %+v, blocked %q", filed.Ticket, filed.Blocked)
	}
	if refused.Ticket != nil || refused.Blocked == "" || calls != 2 {
		t.Errorf("refused: ticket %+v, blocked %q, in %d calls", refused.Ticket, refused.Blocked, calls)
	}
}

// counted keeps what Twice was told.
type counted struct {
	uncounted
	twice *[]int
}

func (c counted) Twice(_ tenant.ID, n int) { *c.twice = append(*c.twice, n) }

// TestProof counts tickets once a day, some at a time, and tells what is one too many until a later round finds it mended.
func TestProof(t *testing.T) {
	s := enter(t)
	now := noon
	var told []int
	var log bytes.Buffer
	s.desk.Now, s.desk.Count = func() time.Time { return now }, counted{twice: &told}
	s.desk.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
	const pages, each = 3, 300 // two pages fill a sweep
	for p := range pages {
		var all []threat.Threat
		for i := range each {
			all = append(all, threat.Threat{ID: threat.ID(fmt.Sprintf("T-%d-%d", p, i)), Page: fmt.Sprint(p), State: threat.Open})
		}
		if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Page: &trace.Page{ID: fmt.Sprint(p)}, Threats: all}); err != nil {
			t.Fatal(err)
		}
	}
	searches, twice := 0, true
	s.answers[searchIssues] = func() string { // a search that does not ask for this threat, of the last page, takes no notice of it
		if searches++; twice {
			return issues("T-2-150", "SEC-7", "SEC-8", "SEC-9")
		}
		return issues("none")
	}
	known, err := s.book.Pages(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	var p proof
	sweep := func(want int, gauge ...int) {
		t.Helper()
		searches, told = 0, nil
		sw := &sweeping{Desk: s.desk, job: work.Job{Tenant: site}, now: now}
		// What is kept between sweeps goes through the job's Args.
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		p = proof{}
		if err := json.Unmarshal(raw, &p); err != nil {
			t.Fatal(err)
		}
		if p, err = sw.prove(t.Context(), known, p); err != nil {
			t.Fatal(err)
		}
		if searches != want || fmt.Sprint(told) != fmt.Sprint(gauge) {
			t.Errorf("%d searches and told %v, want %d and %v", searches, told, want, gauge)
		}
		now = now.Add(5 * time.Minute)
	}
	sweep(6, 0)
	sweep(3, 2)
	if !strings.Contains(log.String(), "SEC-7, SEC-8, SEC-9") || !strings.Contains(log.String(), "T-2-150") {
		t.Errorf("the log says %q", log.String())
	}
	sweep(0, 2)
	now = now.Add(proofEvery)
	twice = false
	sweep(6, 2) // not yet known to be mended
	sweep(3, 0)
	sweep(0, 0)
	now = noon // the clock was set back: begun in the future
	sweep(6, 0)
}
