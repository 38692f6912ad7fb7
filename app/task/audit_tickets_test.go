package task

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// twice keeps what an audit found.
type twice struct {
	uncounted
	found map[tenant.ID]int
}

func (c twice) Duplicates(id tenant.ID, n int) { c.found[id] = n }

// audited is a scene with one bound ticket of T-A, and the issues that the site shows beside it.
func audited(t *testing.T, issues ...string) (s *scene, count twice, log *bytes.Buffer) {
	s, count, log = enter(t), twice{found: map[tenant.ID]int{}}, &bytes.Buffer{}
	s.desk.Count, s.desk.Log = count, slog.New(slog.NewTextHandler(log, nil))
	s.pending(threat.Threat{ID: "T-A", State: threat.Open})
	th := find(t, s.record(), "T-A")
	th.Intent, th.Ticket = nil, &threat.Ticket{ID: "10", Key: "SEC-1"}
	if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Threats: []threat.Threat{th}}); err != nil {
		t.Fatal(err)
	}
	all := saying(`{"issues":[` + strings.Join(issues, ",") + `],"isLast":true}`)
	s.answers["POST /rest/api/2/search/jql"], s.answers["POST /rest/api/2/issue/bulkfetch"] = all, all
	return s, count, log
}

func issueOf(id int, labels string) string {
	return fmt.Sprintf(`{"id":"%d","key":"SEC-%d","fields":{"labels":[%s]}}`, id, id-9, labels)
}

// TestAudit: two issues with one threat's marker are counted and told; one is not, nor is an issue without a marker.
func TestAudit(t *testing.T) {
	first := issueOf(10, `"throughline","throughline-T-A"`)
	tests := []struct {
		name   string
		issues []string
		want   int
		told   string
	}{
		{"one ticket", []string{first}, 0, ""},
		{"an issue that somebody labelled", []string{first, issueOf(11, `"throughline"`)}, 0, ""},
		{"another threat's, being filed", []string{first, issueOf(11, `"throughline","throughline-T-B"`)}, 0, ""},
		{"two", []string{first, issueOf(11, `"throughline","throughline-T-A"`)}, 1, "SEC-1, SEC-2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, count, log := audited(t, tt.issues...)
			s.answers["DELETE /rest/api/2/issue/11"] = func() string { t.Error("an issue is deleted"); return `{}` }
			s.accept(work.Job{Kind: work.AuditTickets})
			if n, ok := count.found[site]; !ok || n != tt.want {
				t.Errorf("%d threats with two tickets are counted (%v), want %d", n, ok, tt.want)
			}
			if told := strings.Contains(log.String(), "level=ERROR"); told != (tt.want > 0) || !strings.Contains(log.String(), tt.told) {
				t.Errorf("the log is\n%s", log.String())
			}
			waiting, err := s.book.Peek(t.Context(), work.Filter{Kind: work.AuditTickets, State: work.Waiting})
			if err != nil || len(waiting) != 1 || !waiting[0].Ahead(time.Now()) {
				t.Errorf("the next audit waits as %+v, %v", waiting, err)
			}
		})
	}
}

// TestAuditFails: it is tried again, and never held.
func TestAuditFails(t *testing.T) {
	s, count, _ := audited(t)
	s.answers["POST /rest/api/2/search/jql"] = saying("") // 403
	if held := s.accept(work.Job{Kind: work.AuditTickets}); len(held) > 0 || len(count.found) > 0 {
		t.Errorf("held %+v, counted %v", held, count.found)
	}
}

// TestAuditRevivesIntents: an unknown outcome whose job somebody discarded is found out all the same, even on a page that was removed.
func TestAuditRevivesIntents(t *testing.T) {
	s := enter(t)
	j := &tracker{marked: []string{"10"}}
	j.answer(s)
	s.pending(threat.Threat{ID: "T-A", State: threat.Withdrawn, Was: threat.Open})
	page := s.record().Page
	page.Removed = true
	if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Page: &page}); err != nil {
		t.Fatal(err)
	}
	s.accept(work.Job{Kind: work.AuditTickets})
	s.answers["POST /rest/api/2/issue/10/comment"] = saying(`{"id":"1"}`)
	waiting, err := s.book.Peek(t.Context(), work.Filter{Kind: work.FileTickets, State: work.Waiting})
	if err != nil || len(waiting) != 1 {
		t.Fatalf("waiting %+v, %v", waiting, err)
	}
	if err := s.book.Retry(t.Context(), waiting[0].ID); err != nil {
		t.Fatal(err)
	}
	s.run()
	if th := find(t, s.record(), "T-A"); th.Ticket == nil || th.Intent != nil {
		t.Errorf("ticket %+v, intent %+v", th.Ticket, th.Intent)
	}
}

func TestNextAudit(t *testing.T) {
	for _, id := range []tenant.ID{"acme.atlassian.net", "x.test", "y.test"} {
		for _, now := range []time.Time{noon, noon.Truncate(24 * time.Hour), noon.Truncate(24 * time.Hour).Add(150 * time.Minute)} {
			at := nextAudit(id, now).RunAt
			if !at.After(now) || at.Sub(now) > 24*time.Hour || at.Hour() < 2 || at.Hour() > 3 {
				t.Errorf("after %s the next audit of %s is at %s", now, id, at)
			}
		}
	}
}
