package task

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// stumbling is a book one of whose commits is lost, as in a crash before it.
type stumbling struct {
	trace.Book
	commits, lost int
}

func (b *stumbling) Commit(ctx context.Context, c trace.Change) error {
	if b.commits++; b.commits == b.lost {
		return fault.New(fault.Internal, "commit %d is lost", b.lost)
	}
	return b.Book.Commit(ctx, c)
}

// tracker is a Jira of one project that makes an issue of each draft and finds it by its marker.
type tracker struct {
	marked []string // ids of the issues that were made
	hidden bool     // by the index
	linked int
}

// shows is an answer with the issues, which carry the markers of all threats that are known.
func (j *tracker) shows(s *scene) string {
	if len(j.marked) == 0 {
		return `{"issues":[],"isLast":true}`
	}
	rec, err := s.book.Page(s.Context(), site, "42")
	if err != nil {
		s.Error(err)
	}
	var labels []string
	for _, t := range rec.Threats {
		labels = append(labels, `"`+marker(t.ID)+`"`)
	}
	var issues []string
	for n, id := range j.marked {
		issues = append(issues, fmt.Sprintf(`{"id":"%s","key":"SEC-%d","fields":{"labels":[%s],"status":{"name":"To Do","statusCategory":{"key":"new"}}}}`,
			id, n+1, strings.Join(labels, ",")))
	}
	return `{"issues":[` + strings.Join(issues, ",") + `],"isLast":true}`
}

func (j *tracker) answer(s *scene) {
	s.answers[components], s.answers[assignable] = saying(`[]`), saying(`[]`)
	s.answers[create] = func() string {
		j.marked = append(j.marked, "10")
		return `{"issues":[{"id":"10","key":"SEC-1"}],"errors":[]}`
	}
	s.answers["POST /rest/api/2/search/jql"] = func() string {
		if j.hidden {
			return `{"issues":[],"isLast":true}`
		}
		return j.shows(s)
	}
	batches := 0
	s.answers["POST /rest/api/2/issue/bulkfetch"] = func() string {
		if batches++; batches > 1 {
			return `{"issues":[]}`
		}
		return j.shows(s)
	}
	s.answers[linkBack] = func() string { j.linked++; return `{}` }
}

// settle reviews the page and runs what waits then, due or not, until nothing does.
func (s *scene) settle() {
	s.Helper()
	s.accept(work.Job{Kind: work.ReviewPage})
	s.settleWaiting()
}

func (s *scene) settleWaiting() {
	s.Helper()
	for range 20 {
		waiting, err := s.book.Peek(s.Context(), work.Filter{State: work.Waiting})
		if err != nil {
			s.Fatal(err)
		}
		if len(waiting) == 0 {
			return
		}
		for _, job := range waiting {
			if err := s.book.Retry(s.Context(), job.ID); err != nil {
				s.Fatal(err)
			}
		}
		s.run()
	}
	s.Fatal("the jobs never come to an end")
}

func (s *scene) whole(j *tracker) {
	s.Helper()
	rec := s.record()
	if len(j.marked) != 1 || len(rec.Threats) != 1 || rec.Threats[0].Ticket == nil || !rec.Threats[0].Ticket.Linked || rec.Threats[0].State != threat.Open {
		s.Fatalf("%d tickets were made, and known is %+v", len(j.marked), rec.Threats)
	}
	if !strings.Contains(s.body, "SEC-1") || strings.Count(s.body, "Threat traceability") != 1 || !strings.HasPrefix(s.body, threats) {
		s.Errorf("the page is\n%s", s.body)
	}
	if diff := unproven(s.T, s.book, rec); diff != "" {
		s.Errorf("-ledger +store\n%s", diff)
	}
}

// TestEveryCommitMayBeLost loses each commit between an event and its panel in turn: one ticket is filed all the same, and
// everything comes to its end.
func TestEveryCommitMayBeLost(t *testing.T) {
	for lost, all := 1, 1; lost <= all; lost++ {
		t.Run(fmt.Sprint(lost), func(t *testing.T) {
			s, j := enter(t), &tracker{}
			s.desk.Policy.IndexWait = 0
			book := &stumbling{Book: s.book, lost: lost}
			s.desk.Book = book
			j.answer(s)
			s.settle()
			s.whole(j)
			all = max(all, book.commits-1)
		})
	}
}

// TestEveryAnswerMayBeLost lets each write at the site happen and answers it with an error of the site's own.
func TestEveryAnswerMayBeLost(t *testing.T) {
	for _, call := range []string{create, linkBack, "PUT /wiki/rest/api/content/42"} {
		t.Run(call, func(t *testing.T) {
			s, j := enter(t), &tracker{}
			s.desk.Policy.IndexWait = 0
			j.answer(s)
			s.lose = map[string]int{call: http.StatusInternalServerError}
			s.settle()
			s.whole(j)
			if len(s.lose) != 0 {
				t.Error("the call was never made: this test proves nothing")
			}
		})
	}
}

// pending puts on record a page whose call that files tickets had an unknown outcome a moment ago.
func (s *scene) pending(threats ...threat.Threat) {
	s.Helper()
	for i := range threats {
		threats[i].Page = "42"
		if threats[i].Text.Ticket == "" {
			threats[i].Intent = &threat.Intent{Marker: marker(threats[i].ID), At: s.desk.Now()}
		}
	}
	page := &trace.Page{ID: "42", Title: "Login", Hash: storage.HashOutside([]byte(s.body))}
	if err := s.book.Commit(s.Context(), trace.Change{Tenant: site, Page: page, Threats: threats}); err != nil {
		s.Fatal(err)
	}
}

// TestUnknownOutcomeIsNotHeld: a threat that a person must see to does not keep the others' tickets from being found.
func TestUnknownOutcomeIsNotHeld(t *testing.T) {
	s, j := enter(t), &tracker{}
	j.answer(s)
	s.pending(
		threat.Threat{ID: "T-A", State: threat.Open},
		threat.Threat{ID: "T-B", State: threat.Open, Text: threat.Text{Ticket: "GONE-1"}},
	)
	if held := s.accept(work.Job{Kind: work.FileTickets}); len(held) > 0 {
		t.Errorf("held is %+v, while it is unknown whether a ticket was made", held)
	}
	s.desk.Policy.IndexWait = 0
	j.marked = []string{"10"} // the index shows it now
	s.settleWaiting()
	held, err := s.book.Peek(t.Context(), work.Filter{State: work.Held})
	if err != nil || len(held) != 1 || !strings.Contains(held[0].Reason, "GONE-1") {
		t.Errorf("held is %+v (%v), want the threat whose key is wrong", held, err)
	}
	if th := find(t, s.record(), "T-A"); th.Ticket == nil || len(j.marked) != 1 {
		t.Errorf("ticket %+v, want the one that was found", th.Ticket)
	}
}

// TestWithdrawnWhileBeingFiled: the ticket that was made all the same is bound, and told; where none was made, none is.
func TestWithdrawnWhileBeingFiled(t *testing.T) {
	for _, made := range []bool{true, false} {
		s, j := enter(t), &tracker{}
		s.desk.Policy.IndexWait = 0
		j.answer(s)
		told := 0
		s.answers["POST /rest/api/2/issue/10/comment"] = func() string { told++; return `{"id":"1"}` }
		if made {
			j.marked = []string{"10"}
		}
		s.pending(threat.Threat{ID: "T-A", State: threat.Withdrawn, Was: threat.Open})
		s.accept(work.Job{Kind: work.FileTickets})
		th := find(t, s.record(), "T-A")
		if (th.Ticket != nil) != made || th.Intent != nil || th.State != threat.Withdrawn || (told == 1) != made || len(j.marked) == 1 != made {
			t.Errorf("made %v: ticket %+v, intent %+v, state %s, told %d times, %d tickets", made, th.Ticket, th.Intent, th.State, told, len(j.marked))
		}
	}
}

// TestIndexHidesATicket: a ticket that the index does not show when its time is over is found past the index, and none is made anew.
func TestIndexHidesATicket(t *testing.T) {
	s, j := enter(t), &tracker{marked: []string{"10"}, hidden: true}
	s.desk.Policy.IndexWait = 0
	j.answer(s)
	s.pending(threat.Threat{ID: "T-A", State: threat.Open})
	s.accept(work.Job{Kind: work.FileTickets})
	if th := find(t, s.record(), "T-A"); th.Ticket == nil || th.Ticket.Key != "SEC-1" || len(j.marked) != 1 {
		t.Errorf("ticket %+v of %d, want the one that is hidden", th.Ticket, len(j.marked))
	}
}

// TestTwoTicketsAreFound: the oldest is bound, and both are told.
func TestTwoTicketsAreFound(t *testing.T) {
	s, j := enter(t), &tracker{marked: []string{"10", "11"}}
	var log bytes.Buffer
	s.desk.Log = slog.New(slog.NewTextHandler(&log, nil))
	j.answer(s)
	s.pending(threat.Threat{ID: "T-A", State: threat.Open})
	s.accept(work.Job{Kind: work.FileTickets})
	if th := find(t, s.record(), "T-A"); th.Ticket == nil || th.Ticket.Key != "SEC-1" {
		t.Errorf("ticket %+v, want the oldest", th.Ticket)
	}
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "SEC-1, SEC-2") {
		t.Errorf("the log does not tell both:\n%s", log.String())
	}
}

// TestPageNamesAnotherTicketMeanwhile: what was made before comes first, so that no ticket is left that nobody knows.
func TestPageNamesAnotherTicketMeanwhile(t *testing.T) {
	s, j := enter(t), &tracker{marked: []string{"10"}}
	j.answer(s)
	s.pending(threat.Threat{ID: "T-A", State: threat.Open})
	th := find(t, s.record(), "T-A")
	th.Text.Ticket = "OPS-7"
	if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Threats: []threat.Threat{th}}); err != nil {
		t.Fatal(err)
	}
	s.accept(work.Job{Kind: work.FileTickets})
	if th = find(t, s.record(), "T-A"); th.Ticket == nil || th.Ticket.Key != "SEC-1" {
		t.Errorf("ticket %+v, want the one that was made", th.Ticket)
	}
}

// TestClockIsSetBack: an intent of the future is dated anew, so that it is neither asked for every second nor for longer than the index may lag.
func TestClockIsSetBack(t *testing.T) {
	s, j := enter(t), &tracker{}
	j.answer(s)
	clock := noon
	s.desk.Now = func() time.Time { return clock }
	s.pending(threat.Threat{ID: "T-A", State: threat.Open})
	clock = noon.Add(-time.Hour)
	s.accept(work.Job{Kind: work.FileTickets})
	if th := find(t, s.record(), "T-A"); th.Intent == nil || !th.Intent.At.Equal(clock) {
		t.Errorf("intent %+v, want it dated %s", th.Intent, clock)
	}
	clock = clock.Add(s.desk.Policy.IndexWait)
	s.settleWaiting()
	if th := find(t, s.record(), "T-A"); th.Ticket == nil || len(j.marked) != 1 {
		t.Errorf("ticket %+v of %d after the index had its time", th.Ticket, len(j.marked))
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
