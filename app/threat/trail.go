package threat

import (
	"encoding/json"
	"slices"
	"time"
)

// Trail is how much of a ticket's history, and of what people said on it, was taken in: so that each step and each command counts
// once, however often and in whichever order it is told of. It is bookkeeping, and stands in no evidence.
type Trail struct {
	From  time.Time `json:"from,omitzero"`   // UTC: what is not later was there when the ticket became this threat's
	Base  int64     `json:"base,omitempty"`  // every step up to this id was taken in
	Since []int64   `json:"since,omitempty"` // and these after it, in order

	Swept     time.Time `json:"swept,omitzero"`      // UTC, by Jira's clock: all that happened up to then was looked through by a sweep
	Heard     []Heard   `json:"heard,omitempty"`     // comments that held commands, in order
	Forgotten int64     `json:"forgotten,omitempty"` // comments up to this id that held commands were heard too

	PutOff []json.RawMessage `json:"put_off,omitempty"` // events that came when the ticket was gone: they wait for those that happened before them

	Overdue string `json:"overdue,omitempty"` // the due date that was recorded as passed, ISO 8601
}

// Heard is a comment that held a command.
type Heard struct {
	Comment int64     `json:"comment"` // Jira's id
	Text    string    `json:"text"`    // as it was seen last; empty when it was deleted
	At      time.Time `json:"at"`      // UTC, by Jira's clock: since when it has read so
}

// How much a Trail remembers one by one. What is older is taken for known.
const (
	keptSteps = 64
	keptHeard = 64
)

// Follow begins or returns a threat's trail as a copy that may be changed.
func (t Threat) Follow() Trail {
	if t.Trail == nil {
		var from time.Time
		if t.Ticket != nil {
			from = t.Ticket.Updated
		}
		return Trail{From: from}
	}
	out := *t.Trail
	out.Since, out.Heard, out.PutOff = slices.Clone(out.Since), slices.Clone(out.Heard), slices.Clone(out.PutOff)
	return out
}

// Has reports whether a step was taken in.
func (tr Trail) Has(s Step) bool {
	return s.ID <= tr.Base || !tr.From.IsZero() && !s.At.After(tr.From) || slices.Contains(tr.Since, s.ID)
}

// Last is the id of the newest step that was taken in.
func (tr Trail) Last() int64 {
	if n := len(tr.Since); n > 0 {
		return tr.Since[n-1]
	}
	return tr.Base
}

// Take adds a step.
func (tr *Trail) Take(s Step) {
	at, found := slices.BinarySearch(tr.Since, s.ID)
	if found || s.ID <= tr.Base {
		return
	}
	tr.Since = slices.Insert(tr.Since, at, s.ID)
	if len(tr.Since) > keptSteps {
		tr.Base, tr.Since = tr.Since[0], tr.Since[1:]
	}
}

// Close says that the whole history up to the newest step was taken in.
func (tr *Trail) Close() { tr.Base, tr.Since = tr.Last(), nil }

// Knows reports whether a comment's commands were heard.
func (tr Trail) Knows(comment int64) bool {
	return comment <= tr.Forgotten || tr.find(comment) >= 0
}

// Hear adds a comment whose commands were heard.
func (tr *Trail) Hear(h Heard) {
	at, found := slices.BinarySearchFunc(tr.Heard, h.Comment, func(o Heard, id int64) int { return int(min(max(o.Comment-id, -1), 1)) })
	if found {
		return
	}
	tr.Heard = slices.Insert(tr.Heard, at, h)
	if len(tr.Heard) > keptHeard {
		tr.Forgotten, tr.Heard = tr.Heard[0].Comment, tr.Heard[1:]
	}
}

// Alter notes that a comment whose commands were heard reads otherwise now; an empty text means that it was deleted. It reports
// false when that is known or was overtaken by a later change, and for a comment that held no command.
func (tr *Trail) Alter(now Heard) bool {
	i := tr.find(now.Comment)
	if i < 0 || tr.Heard[i].Text == now.Text || now.At.Before(tr.Heard[i].At) {
		return false
	}
	tr.Heard[i] = now
	return true
}

// Says returns a heard comment as it was seen last; false when it is not among those that are remembered.
func (tr Trail) Says(comment int64) (Heard, bool) {
	if i := tr.find(comment); i >= 0 {
		return tr.Heard[i], true
	}
	return Heard{}, false
}

func (tr Trail) find(comment int64) int {
	return slices.IndexFunc(tr.Heard, func(h Heard) bool { return h.Comment == comment })
}
