package evidence

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

// Summary is what a pack's cover tells: counts, and the first of what an auditor asks about.
type Summary struct {
	Stated       int                     `json:"stated"`       // threats stated up to the instant of knowledge, of the whole site
	Outside      int                     `json:"out_of_scope"` // of them, those that counted in the window but are outside of the query's scope
	Ended        int                     `json:"not_in_window"`
	Population   int                     `json:"population"`
	States       map[threat.State]int    `json:"states"`
	Severities   map[string]int          `json:"severities"` // "unstated" for none
	Tickets      int                     `json:"tickets"`
	Filed        int                     `json:"tickets_filed"`         // of them, by Throughline
	There        int                     `json:"tickets_filed_there"`   // of these, those that the register has: neither deleted nor replaced by another
	Deleted      int                     `json:"tickets_filed_deleted"` // of those filed
	Pages        int                     `json:"pages"`                 // with a threat of the population
	Bare         int                     `json:"pages_without"`         // read in the window and scope, without a threat of the population
	Exceptions   map[string]int          `json:"exceptions"`
	Excepted     int                     `json:"threats_with_exceptions"`
	Reviews      map[string]*ReviewTally `json:"reviews"` // by month, "2026-01"
	Verified     int                     `json:"verifications_in_window"`
	VerifiedHold int                     `json:"verifications_in_window_that_hold"` // at the instant of knowledge
	Accepted     int                     `json:"acceptances_in_window"`
	AcceptedHold int                     `json:"acceptances_in_window_that_hold"`
	Begins       time.Time               `json:"log_begins,omitzero"` // UTC, recorded: the first entry of the site's log
	Entries      int                     `json:"ledger_entries"`      // read
	Spread       archive.Spread          `json:"ledger_entries_by_window"`

	Reconciled Reconciliation `json:"reconciliation"`

	criteria map[string]*Bearing
	first    []told    // exceptions
	signed   []signOff // verifications and acceptances in the window
}

// ReviewTally counts the reviews of a month.
type ReviewTally struct {
	Reviewed int `json:"reviewed"`
	Failed   int `json:"failed"`
	Removed  int `json:"removed"`
}

// Bearing counts the threats that bear on a criterion.
type Bearing struct {
	control.Listed
	Threats   int `json:"threats"`
	Open      int `json:"open"` // or in progress
	Mitigated int `json:"mitigated"`
	Verified  int `json:"verified"`
	Accepted  int `json:"accepted"`
	Other     int `json:"other"`  // proposed, dismissed or withdrawn
	Chosen    int `json:"chosen"` // by a person
	Excepted  int `json:"with_exceptions"`
}

// told is an exception as the cover tells it; signOff a verification or an acceptance.
type (
	told struct {
		Exception
		threat, title, page string
	}
	signOff struct {
		what, threat, title, by, note string
		at                            time.Time
	}
)

// The cover tells so many of each; the sheets have all.
const (
	coverExceptions = 60
	coverSignOffs   = 40
)

func newSummary(c *control.Catalogue) *Summary {
	s := &Summary{
		States: map[threat.State]int{}, Severities: map[string]int{}, Exceptions: map[string]int{}, Reviews: map[string]*ReviewTally{}, criteria: map[string]*Bearing{},
	}
	for _, e := range c.Entries {
		s.criteria[e.ID] = &Bearing{Listed: e}
	}
	return s
}

// bear counts a threat under a criterion.
func (s *Summary) bear(id string, t Threat, byPerson, excepted bool) {
	b := s.criteria[id]
	if b == nil {
		b = &Bearing{Listed: control.Listed{ID: id, Words: "not of this catalogue"}}
		s.criteria[id] = b
	}
	b.Threats++
	switch t.State {
	case threat.Open, threat.InProgress:
		b.Open++
	case threat.Mitigated:
		b.Mitigated++
	case threat.Verified:
		b.Verified++
	case threat.Accepted:
		b.Accepted++
	default:
		b.Other++
	}
	if byPerson {
		b.Chosen++
	}
	if excepted {
		b.Excepted++
	}
}

// Bearings lists the criteria in the catalogue's order.
func (s *Summary) bearings(c *control.Catalogue) []*Bearing {
	out := make([]*Bearing, 0, len(s.criteria))
	for _, b := range s.criteria {
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b *Bearing) int { return c.Order(a.ID, b.ID) })
	return out
}

// ticketWords say what the population's tickets add up from, and how they lead to the register that is reconciled.
func (s *Summary) ticketWords() string {
	checked := "reconciled with Jira"
	if !s.Reconciled.Done {
		checked = "not reconciled with Jira"
	}
	var parts []string
	if s.There > 0 {
		if s.There < s.Filed {
			checked = thousands(s.There) + " " + checked
		}
		parts = append(parts, checked)
	}
	if s.Deleted > 0 {
		parts = append(parts, thousands(s.Deleted)+" deleted in Jira")
	}
	if former := s.Filed - s.There - s.Deleted; former > 0 {
		parts = append(parts, thousands(former)+" replaced by another")
	}
	words := fmt.Sprintf("%s = %s filed by Throughline", thousands(s.Tickets), thousands(s.Filed))
	if len(parts) > 0 {
		words += " (" + strings.Join(parts, ", ") + ")"
	}
	words += " + " + thousands(s.Tickets-s.Filed) + " named by pages"
	if outside := s.Reconciled.AsOf - s.There; outside > 0 {
		words += fmt.Sprintf(". The register's %s at the instant of knowledge are those %s and %s of threats outside of this population", thousands(s.Reconciled.AsOf), thousands(s.There), thousands(outside))
	}
	return words
}

func (s *Summary) write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return fault.As(fault.Internal, enc.Encode(s), "writing the summary")
}
