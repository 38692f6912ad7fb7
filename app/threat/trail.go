package threat

import (
	"slices"
	"time"
)

// Trail is how much of a ticket's history, and of what people said on it, was taken in: so that each step and each command counts
// once, however often and in whichever order it is told of. It is bookkeeping, and stands in no evidence.
type Trail struct {
	From  time.Time `json:"from,omitzero"`   // UTC: what is not later was there when the ticket became this threat's
	Base  int64     `json:"base,omitempty"`  // every step up to this id was taken in
	Since []int64   `json:"since,omitempty"` // and these after it, in order

	Said      time.Time `json:"said,omitzero"`       // UTC, by Jira's clock: the newest comment that was looked at
	Heard     []Heard   `json:"heard,omitempty"`     // comments that held commands, in order
	Forgotten int64     `json:"forgotten,omitempty"` // comments up to this id that held commands were heard too

	Overdue string `json:"overdue,omitempty"` // the due date that was recorded as passed, ISO 8601
}

// Heard is a comment that held a command.
type Heard struct {
	Comment int64  `json:"comment"` // Jira's id
	Text    string `json:"text"`    // as it was seen last; empty when it was deleted
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
	out.Since, out.Heard = slices.Clone(out.Since), slices.Clone(out.Heard)
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

// Alter notes that a comment whose commands were heard reads otherwise now; empty means that it was deleted. It reports false when
// that is known, and for a comment that held no command.
func (tr *Trail) Alter(comment int64, now string) bool {
	i := tr.find(comment)
	if i < 0 || tr.Heard[i].Text == now {
		return false
	}
	tr.Heard[i].Text = now
	return true
}

func (tr Trail) find(comment int64) int {
	return slices.IndexFunc(tr.Heard, func(h Heard) bool { return h.Comment == comment })
}
