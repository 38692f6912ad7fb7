package task

import (
	"net/http"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
)

// TestWhatJiraRefusesIsShown: whatever a person must mend, the panel is written and says so, and the job is held.
func TestWhatJiraRefusesIsShown(t *testing.T) {
	const made = `{"issues":[{"id":"10","key":"SEC-1"}],"errors":[]}`
	tests := []struct {
		name    string
		answers map[string]string // beside 404; empty means 403
		filed   bool
	}{
		{"no such project", nil, false},
		{"no right to look people up", map[string]string{components: `[]`, assignable: ""}, false},
		{"no right to create", map[string]string{components: `[]`, assignable: `[]`, create: ""}, false},
		{"no right to link", map[string]string{components: `[]`, assignable: `[]`, create: made, linkBack: ""}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := enter(t)
			s.desk.Policy.DefaultOwner = "mira"
			for call, text := range tt.answers {
				s.answers[call] = saying(text)
			}
			held := s.accept(work.Job{Kind: work.ReviewPage})
			if len(held) != 1 || held[0].Kind != work.FileTickets || held[0].Reason == "" {
				t.Errorf("held: %+v, want the job that files tickets, with its reason", held)
			}
			th := s.record().Threats[0]
			if !s.panel() || (th.Ticket != nil) != tt.filed || (th.Blocked == "") != tt.filed || th.Intent != nil {
				t.Errorf("panel written: %v; ticket %+v, blocked %q, intent %+v", s.panel(), th.Ticket, th.Blocked, th.Intent)
			}
		})
	}
}

// TestPanelIsTakenOut: a panel that somebody removes comes back while the page is a design page, and stays away when its label
// was taken off first.
func TestPanelIsTakenOut(t *testing.T) {
	for _, labelled := range []bool{true, false} {
		s := enter(t)
		s.accept(work.Job{Kind: work.ReviewPage})
		if !s.panel() {
			t.Fatal("no panel was written")
		}
		s.body, s.version = threats, s.version+1
		if !labelled {
			s.labels = nil
		}
		s.accept(work.Job{Kind: work.ReviewPage})
		s.accept(work.Job{Kind: work.WritePanel})
		if s.panel() != labelled {
			t.Errorf("labelled %v: panel there %v", labelled, s.panel())
		}
	}
}

// TestPanelWaitsForTickets: a page that is edited elsewhere, or only looked at again, while its first tickets wait gets its panel once, with
// them in it.
func TestPanelWaitsForTickets(t *testing.T) {
	s := enter(t)
	s.answers[components], s.answers[assignable] = saying(`[]`), saying(`[]`)
	s.answers[create], s.answers[linkBack] = saying(`{"issues":[{"id":"10","key":"SEC-1"}],"errors":[]}`), saying(`{}`)
	s.lose = map[string]int{components: http.StatusServiceUnavailable}
	s.accept(work.Job{Kind: work.ReviewPage})
	if s.panel() || len(s.record().Threats) != 1 {
		t.Fatalf("reviewed as %+v, panel written: %v; want its tickets to wait", s.record(), s.panel())
	}
	s.version++ // of which nothing is a threat
	s.accept(work.Job{Kind: work.ReviewPage})
	if s.version != 3 || !strings.Contains(s.body, "SEC-1") {
		t.Errorf("version %d, with the ticket in the panel: %v; want one write", s.version, strings.Contains(s.body, "SEC-1"))
	}
}

// TestSweepMissesAPage: that a known page went while nobody listened is found out, and a search that lags withdraws nothing.
func TestSweepMissesAPage(t *testing.T) {
	s := enter(t)
	s.accept(work.Job{Kind: work.ReviewPage})
	s.listed = false
	s.accept(work.Job{Kind: work.Sweep})
	if rec := s.record(); rec.Page.Removed || rec.Threats[0].State != threat.Open {
		t.Errorf("the search did not list the page, and it is taken for removed: %+v", rec.Page)
	}
	s.status = "trashed"
	s.accept(work.Job{Kind: work.Sweep})
	if rec := s.record(); !rec.Page.Removed || rec.Threats[0].State != threat.Withdrawn {
		t.Errorf("the page is in the trash, and still known as %+v", rec.Page)
	}
}

// TestPageIsPutBack: coming out of the trash makes no version, and still happened after going in.
func TestPageIsPutBack(t *testing.T) {
	s := enter(t)
	s.accept(work.Job{Kind: work.ReviewPage})
	went, back := noon.AddDate(0, 0, 1), noon.AddDate(0, 0, 2)
	s.status = "trashed"
	s.accept(work.Job{Kind: work.ReviewPage, Occurred: went, Observed: went, Args: []byte(`{"removed":true,"at":"` + went.Format("2006-01-02T15:04:05Z") + `"}`)})
	if th := s.record().Threats[0]; th.State != threat.Withdrawn || !th.Moved.Occurred.Equal(went) {
		t.Errorf("after it went: %s since %s", th.State, th.Moved.Occurred)
	}
	s.status = "current"
	s.accept(work.Job{Kind: work.ReviewPage, Occurred: back, Observed: back})
	if th := s.record().Threats[0]; th.State != threat.Open || !th.Moved.Occurred.Equal(back) {
		t.Errorf("after it was put back: %s since %s, want open since %s", th.State, th.Moved.Occurred, back)
	}
}

// TestPanelNamesTheVersionThatWasRead: our own writes make versions too, which nobody reviewed.
func TestPanelNamesTheVersionThatWasRead(t *testing.T) {
	s := enter(t)
	s.version = 7
	s.accept(work.Job{Kind: work.ReviewPage}) // its panel, without a ticket yet, is version 8
	s.answers[components], s.answers[assignable] = saying(`[]`), saying(`[]`)
	s.answers[create], s.answers[linkBack] = saying(`{"issues":[{"id":"10","key":"SEC-1"}],"errors":[]}`), saying(`{}`)
	s.accept(work.Job{Kind: work.FileTickets})
	if s.version != 9 || !strings.Contains(s.body, "SEC-1") || !strings.Contains(s.body, "page version 7") {
		t.Errorf("version %d does not name version 7 as the one reviewed:\n%s", s.version, s.body)
	}
}
