package bolt

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// TestManyThreats holds single operations among 100,000 threats to what one threat costs.
func TestManyThreats(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a large store")
	}
	s := openTest(t, Options{})
	fill(t, s, 100, 1000)
	for name, do := range map[string]func() error{
		"ByIssue": func() error { _, err := s.ByIssue(t.Context(), "acme", "issue-50-500"); return err },
		"Commit": func() error {
			found, err := s.ByIssue(t.Context(), "acme", "issue-51-501")
			if err != nil {
				return err
			}
			return s.Commit(t.Context(), trace.Change{Tenant: "acme", Threats: found})
		},
	} {
		before := s.db.Stats().TxStats
		best := time.Hour
		for range 20 {
			began := time.Now()
			if err := do(); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(began))
		}
		after := s.db.Stats().TxStats
		pages := (after.GetPageCount() - before.GetPageCount()) / 20
		t.Logf("%s among 100,000 threats: %v at best of 20, the disk's sync included; %d pages of the file", name, best, pages)
		if pages > 40 {
			t.Errorf("%s wrote %d pages: want those of one threat", name, pages)
		}
	}
}

// fill commits so many pages with so many threats each, every one with a ticket.
func fill(t testing.TB, s *Store, pages, each int) {
	t.Helper()
	quote := strings.Repeat("An attacker who holds a stolen session replays it. ", 10)
	for p := range pages {
		page := fmt.Sprint("page-", p)
		c := trace.Change{Tenant: "acme", Page: &trace.Page{ID: page}}
		for i := range each {
			c.Threats = append(c.Threats, threat.Threat{
				ID: threat.ID(fmt.Sprintf("T-%08d", i)), Page: page, State: threat.Open,
				Text:   threat.Text{Title: "Session replay", Quote: quote, At: document.Span{Start: i * 600, End: i*600 + 500}},
				Ticket: &threat.Ticket{ID: fmt.Sprintf("issue-%d-%d", p, i)},
			})
			c.Entries = append(c.Entries, ledger.Entry{Kind: ledger.Stated, Page: page})
		}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}
