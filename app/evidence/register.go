// Package evidence tells auditors what the ledger proves: which risks were known in a window of time, what was decided, who was
// answerable, and when each of it happened. It reads the ledger and nothing else, so that it can say nothing that was not
// recorded then.
package evidence

import (
	"time"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
)

// Threat is one threat as the ledger knew it at an instant, with how it came there.
type Threat struct {
	Page     Page               `json:"page"`
	Version  int                `json:"page_version"` // that stated it, or last changed what it says
	ID       string             `json:"threat"`
	Entry    uint64             `json:"entry"` // of the ledger, that stated it first
	Text     threat.Text        `json:"text"`
	Criteria []threat.Criterion `json:"criteria"`
	Owner    threat.Owner       `json:"owner"`
	Ticket   *threat.Ticket     `json:"ticket"` // null while none was filed
	State    threat.State       `json:"state"`
	Stale    bool               `json:"stale,omitempty"`

	Verification *threat.Verification `json:"verification"` // the newest, whether or not it holds; null while there was none
	Acceptance   *threat.Acceptance   `json:"acceptance"`   // the newest

	States []Step `json:"states"` // all moves up to the instant, oldest first

	Reassessed    int            `json:"reassessed,omitempty"` // how often its text changed
	Tickets       []TicketStep   `json:"tickets,omitempty"`
	Verifications []Verification `json:"verifications,omitempty"`
	Acceptances   []Acceptance   `json:"acceptances,omitempty"`
	Decisions     []Decision     `json:"decisions,omitempty"`

	entries [archive.After + 1]int // of the ledger, by the walk's window
}

// Page is the design page of a threat.
type Page struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	Space  string   `json:"space"`
	URL    string   `json:"url"`
	Labels []string `json:"labels,omitempty"`
}

// Times are one fact's three times, UTC, who caused it and its number in the ledger.
type Times struct {
	By       string    `json:"by,omitempty"` // account id; empty for Throughline itself
	Version  int       `json:"page_version"`
	Occurred time.Time `json:"occurred"`
	Observed time.Time `json:"observed"`
	Recorded time.Time `json:"recorded"`
	Entry    uint64    `json:"entry"`
}

// Step is one move of a threat's state.
type Step struct {
	From  threat.State `json:"-"`
	State threat.State `json:"state"`
	Stale bool         `json:"stale,omitempty"`
	Why   string       `json:"why"`
	Times
}

// TicketStep is a ticket as a change left it.
type TicketStep struct {
	threat.Ticket
	Kind ledger.Kind `json:"kind"`
	Why  string      `json:"why,omitempty"`
	Times
}

// Verification is evidence that was given.
type Verification struct {
	Given    threat.Verification `json:"given"`
	Holds    bool                `json:"holds"`              // it is the newest, and its threat is verified by it at the instant of knowledge
	Assignee string              `json:"assignee,omitempty"` // of the ticket at that time
	DoneBy   string              `json:"done_by,omitempty"`  // account id of who had moved the ticket to done, as known then
	Done     time.Time           `json:"done,omitzero"`      // UTC, by Jira's clock: when that was
	Times
}

// Acceptance is a residual risk that was taken on.
type Acceptance struct {
	Given    threat.Acceptance `json:"given"`
	Assignee string            `json:"assignee,omitempty"`
	Times
}

// Decision is what a person decided or said by command, or what was found amiss with the ticket.
type Decision struct {
	Kind ledger.Kind `json:"kind"`
	What string      `json:"what"`
	Why  string      `json:"why,omitempty"` // of the criteria; of a refusal
	Times
}

// Counted reports whether a threat counts at some instant from at on, up to the instant it is known for: it was stated, and neither
// withdrawn nor dismissed by then.
func (t Threat) Counted(at time.Time) bool {
	for i, s := range t.States {
		lasts := i+1 == len(t.States) || t.States[i+1].Recorded.After(at)
		if lasts && s.State != threat.Withdrawn && s.State != threat.Dismissed {
			return true
		}
	}
	return false
}

// bear adds the threat's criteria in a framework as they were chosen.
func (t Threat) chosen(framework string) []threat.Criterion {
	var out []threat.Criterion
	for _, c := range t.Criteria {
		if c.Framework == framework {
			out = append(out, c)
		}
	}
	return out
}
