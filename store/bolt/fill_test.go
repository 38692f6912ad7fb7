package bolt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

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
