// Package ledger is the append-only record of what happened to threats, one log a tenant. An entry is written in the same
// transaction as the change it records, so neither exists without the other.
package ledger

import (
	"context"
	"encoding/json"
	"time"

	"github.com/throughline/throughline/app/tenant"
)

// Kind names what an entry records.
type Kind string

// The kinds.
const (
	Reviewed     Kind = "page.reviewed"
	ReviewFailed Kind = "page.review-failed"
	PageRemoved  Kind = "page.removed"
	Stated       Kind = "threat.stated"
	Changed      Kind = "threat.changed"
	Moved        Kind = "threat.moved" // its state
	Owned        Kind = "threat.owned"
	Filed        Kind = "ticket.filed"
	Bound        Kind = "ticket.bound" // to an issue that existed
	Ticketed     Kind = "ticket.changed"
	PanelWritten Kind = "panel.written"
	Verified     Kind = "threat.verified" // evidence was given; the move follows it
	RiskAccepted Kind = "threat.accepted"
	Weighed      Kind = "threat.criteria" // a person chose its criteria
	Commanded    Kind = "command.given"   // by a comment: obeyed, or refused with the reason
	Altered      Kind = "command.altered" // its comment was edited or deleted later, which changes nothing
	Overdue      Kind = "ticket.overdue"  // its due date passed before it was done
	Drifted      Kind = "ticket.drifted"  // what Throughline keeps on it was taken off by hand
	Exported     Kind = "evidence.exported"
	Erased       Kind = "ledger.erased" // what was personal in entries before it
)

// Entry is one fact. It is never changed or removed.
type Entry struct {
	Seq      uint64          `json:"seq"` // from 0, without gaps, per tenant; given by the store
	Kind     Kind            `json:"kind"`
	Page     string          `json:"page,omitempty"`
	Threat   string          `json:"threat,omitempty"`
	Version  int             `json:"version,omitempty"` // page version it refers to
	By       string          `json:"by,omitempty"`      // account id; empty for the app itself
	Occurred time.Time       `json:"occurred"`          // UTC, by the source's clock
	Observed time.Time       `json:"observed"`          // UTC, when the event or poll reached us
	Recorded time.Time       `json:"recorded"`          // UTC, given by the store at the commit; never earlier than the entry before
	Data     json.RawMessage `json:"data,omitempty"`    // what the kind says; an object
}

// Log reads a tenant's entries.
type Log interface {
	// Entries calls yield for each entry from seq on, in order, until yield returns false. An error of yield's making is the
	// caller's to keep.
	Entries(ctx context.Context, id tenant.ID, from uint64, yield func(Entry) bool) error
}
