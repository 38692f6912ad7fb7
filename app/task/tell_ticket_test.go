package task

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// talking gives a scene's Jira an issue that is commented on. Its comments are what was posted.
func (s *scene) talking() *[]string {
	var bodies []string
	s.answers["POST /rest/api/2/issue/10/comment"] = saying(`{"id":"1"}`)
	s.bodies = map[string]*[]string{"POST /rest/api/2/issue/10/comment": &bodies}
	s.answers["GET /rest/api/2/issue/10/comment"] = func() string {
		type comment struct {
			ID   string `json:"id"`
			Body string `json:"body"`
		}
		var all []comment
		for _, b := range bodies {
			var c comment
			if err := json.Unmarshal([]byte(b), &c); err != nil {
				s.Error(err)
			}
			all = append(all, c)
		}
		out, err := json.Marshal(map[string]any{"comments": all, "total": len(all)})
		if err != nil {
			s.Error(err)
		}
		return string(out)
	}
	s.answers["GET /rest/api/2/myself"] = saying(`{"accountId":"throughline"}`)
	return &bodies
}

// ticketed gives the scene's one threat a ticket.
func (s *scene) ticketed() {
	s.Helper()
	s.settle()
	rec := s.record()
	rec.Threats[0].Ticket = &threat.Ticket{ID: "10", Key: "SEC-1", Status: "Done", StatusID: "5", Category: threat.Done, Assignee: "mira", Linked: true}
	rec.Threats[0].State = threat.Mitigated
	if err := s.book.Commit(s.Context(), trace.Change{Tenant: site, Threats: rec.Threats}); err != nil {
		s.Fatal(err)
	}
}

// TestToldOnce: whether the answer to a comment call is lost or the call never came through, the ticket is told once.
func TestToldOnce(t *testing.T) {
	for name, lost := range map[string]int{"nothing fails": 0, "the answer is lost": 502, "the site is down": 503} {
		t.Run(name, func(t *testing.T) {
			s := enter(t)
			s.ticketed()
			posted := s.talking()
			if lost > 0 {
				s.lose = map[string]int{"POST /rest/api/2/issue/10/comment": lost}
			}
			say := tale{Issue: "10", Page: "Login", URL: "https://x.test/42", Version: 3, What: "The page changed."}
			s.accept(work.Job{Kind: work.TellTicket, Args: ledger.Encode(say)})
			s.settleWaiting()
			if len(*posted) != 1 || !strings.Contains((*posted)[0], "The page changed.") {
				t.Errorf("told %q", *posted)
			}
		})
	}
}

// TestHeardOnce loses each commit, and each answer, on the way of a command in turn: it is obeyed once, and answered once.
func TestHeardOnce(t *testing.T) {
	said := event.Comment{ID: "10100", Issue: "10", Author: "sofia", AuthorName: "Sofia", AuthorType: "atlassian", Text: "/verify tried it", Created: noon, Updated: noon, By: "sofia", At: noon}
	job := work.Job{Kind: work.HeedComment, Subject: "10/10100", Lane: "10", Args: ledger.Encode(said), Occurred: noon, Observed: noon}
	for lost := range 6 {
		s := enter(t)
		s.ticketed()
		posted := s.talking()
		if lost > 0 {
			s.desk.Book = &stumbling{Book: s.book, lost: lost}
		}
		if lost%2 == 1 {
			s.lose = map[string]int{"POST /rest/api/2/issue/10/comment": 502}
		}
		// It is told of twice, and once more after all is done.
		for range 3 {
			if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Jobs: []work.Job{job}}); err != nil {
				t.Fatal(err)
			}
			s.run()
			s.settleWaiting()
		}
		var commands, verifications int
		err := s.book.Entries(t.Context(), site, 0, func(e ledger.Entry) bool {
			switch e.Kind {
			case ledger.Commanded:
				commands++
			case ledger.Verified:
				verifications++
			}
			return true
		})
		if err != nil || commands != 1 || verifications != 1 || s.record().Threats[0].State != threat.Verified {
			t.Errorf("commit %d lost: %d commands, %d verifications, %v", lost, commands, verifications, err)
		}
		if len(*posted) != 1 || !strings.Contains((*posted)[0], "[~accountid:sofia]") {
			t.Errorf("commit %d lost: answered %q", lost, *posted)
		}
	}
}

// TestAnswerHoldsNoCommand: what Throughline writes begins no line with a slash, whatever it quotes.
func TestAnswerHoldsNoCommand(t *testing.T) {
	say := tale{Answer: "1", To: "sofia", Replies: []string{"/verify x", "“/dismiss” was refused:\n/dismiss y"}}
	other := tale{What: "/verify x", Quote: "/dismiss it", Asked: []string{"/reopen it"}, Page: "/verify p", Version: 1}
	for _, text := range []string{say.wiki("m"), other.wiki("m")} {
		h := hears(text, nil)
		if got := h.commands(); len(got) > 0 {
			t.Errorf("%q commands %+v", text, got)
		}
	}
}

// TestRefile: a ticket that is gone is filed anew by a person's word alone.
func TestRefile(t *testing.T) {
	s := enter(t)
	j := &tracker{}
	j.answer(s)
	s.settle()
	th := s.record().Threats[0]
	if th.Ticket == nil || len(j.marked) != 1 {
		t.Fatalf("%d tickets, %+v", len(j.marked), th.Ticket)
	}
	order := work.Job{Kind: work.Refile, Subject: string(th.ID) + "@42", Lane: "42", Args: ledger.Encode(RefileOrder{By: "root"}), Occurred: noon, Observed: noon}
	if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Jobs: []work.Job{order}}); err != nil {
		t.Fatal(err)
	}
	s.run()
	if got := s.record().Threats[0].Ticket; got == nil || len(j.marked) != 1 {
		t.Fatalf("a ticket that is there was taken off: %+v", got)
	}
	th = s.record().Threats[0]
	th.Ticket.Hidden = true
	if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Threats: []threat.Threat{th}}); err != nil {
		t.Fatal(err)
	}
	s.settle()
	if len(j.marked) != 1 {
		t.Fatal("it was filed anew without a word")
	}
	if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Jobs: []work.Job{order}}); err != nil {
		t.Fatal(err)
	}
	s.run()
	s.settleWaiting()
	if got := s.record().Threats[0].Ticket; got == nil || got.Hidden || len(j.marked) != 2 {
		t.Errorf("%d tickets, %+v", len(j.marked), got)
	}
	if err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Jobs: []work.Job{{Kind: work.Refile, Subject: "T-NONE@43", Lane: "43"}}}); err != nil {
		t.Fatal(err)
	}
	if held := s.run(); len(held) != 1 || !strings.Contains(held[0].Reason, "T-NONE") {
		t.Errorf("held: %+v", held)
	}
}

// TestIllegalMoveIsNotWritten: the store refuses what threat.CanMove forbids, and keeps what it knows.
func TestIllegalMoveIsNotWritten(t *testing.T) {
	s := enter(t)
	s.settle()
	rec := s.record()
	at := sighting{page: rec.Page, occurred: noon, observed: noon, now: noon}
	th := rec.Threats[0]
	move := at.move(&th, threat.Verified, "by mistake")
	err := s.book.Commit(t.Context(), trace.Change{Tenant: site, Threats: []threat.Threat{th}, Entries: []ledger.Entry{move}})
	if !fault.Is(err, fault.Internal) {
		t.Errorf("error %v", err)
	}
	if got := s.record().Threats[0]; got.State != threat.Open || got.Rev != rec.Threats[0].Rev {
		t.Errorf("it is %s, rev %d", got.State, got.Rev)
	}
}
