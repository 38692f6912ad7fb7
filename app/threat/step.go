package threat

import (
	"strings"
	"time"
)

// Step is one entry of a ticket's history: what somebody changed at once.
type Step struct {
	ID       int64     `json:"id"`             // Jira's; a later entry has a higher one
	By       string    `json:"by,omitempty"`   // account id
	At       time.Time `json:"at"`             // UTC, by Jira's clock
	Changes  []Change  `json:"changes"`        // of fields that a Ticket holds, as Jira tells them; others may be left out
	Category Category  `json:"cat,omitempty"`  // of the status that it leads to; empty when it changes none, or nobody knows
	Name     string    `json:"name,omitempty"` // of the new assignee
}

// Change is what a Step did to one field: ids where the field has some, and names as the site shows them.
type Change struct {
	Field    string `json:"field"` // one of the constants below
	From     string `json:"from,omitempty"`
	FromName string `json:"from_name,omitempty"`
	To       string `json:"to,omitempty"`
	ToName   string `json:"to_name,omitempty"`
}

// The fields that a Ticket follows, by the names that Jira's histories have for them in every language.
const (
	FieldStatus     = "status"
	FieldResolution = "resolution"
	FieldAssignee   = "assignee"
	FieldDue        = "duedate"
	FieldKey        = "Key" // when it moves to another project
)

// Followed reports whether a Ticket holds a field of Jira's.
func Followed(field string) bool {
	switch field {
	case FieldStatus, FieldResolution, FieldAssignee, FieldDue, FieldKey:
		return true
	}
	return false
}

// Status is the id of the status that a step leads to; empty when it changes none.
func (s Step) Status() string {
	for _, c := range s.Changes {
		if c.Field == FieldStatus {
			return c.To
		}
	}
	return ""
}

// After is a ticket as a step leaves it. Whether its resolution means that nobody did the work is the caller's to say.
func (t Ticket) After(s Step) Ticket {
	for _, c := range s.Changes {
		switch c.Field {
		case FieldStatus:
			t.StatusID, t.Status = c.To, c.ToName
			t = t.In(s.Category, s.By, s.At)
		case FieldResolution:
			t.Resolution = c.ToName
		case FieldAssignee:
			t.Assignee = c.To
		case FieldDue:
			t.Due = day(c)
		case FieldKey:
			t.URL, t.Key = strings.Replace(t.URL, t.Key, c.ToName, 1), c.ToName
		}
	}
	if s.At.After(t.Updated) {
		t.Updated = s.At
	}
	return t
}

// In is a ticket in a status category, into which somebody moved it unless it was in it; an empty category changes nothing.
func (t Ticket) In(c Category, by string, at time.Time) Ticket {
	switch {
	case c == "":
		return t // nobody knows: it stays where it was, and what is read next corrects it
	case c != Done:
		t.DoneBy, t.DoneAt = "", time.Time{}
	case t.Category != Done:
		t.DoneBy, t.DoneAt = by, at
	}
	t.Category = c
	return t
}

// Follows reports whether a step begins where a ticket stands, so that no step can be missing before it but some that led away
// from there and back.
func (t Ticket) Follows(s Step) bool {
	for _, c := range s.Changes {
		switch c.Field {
		case FieldStatus:
			if t.Status == "" {
				return false // as it was created: nobody told its status yet
			}
			if t.StatusID != "" && c.From != "" && t.StatusID != c.From || t.StatusID == "" && t.Status != c.FromName {
				return false
			}
		case FieldResolution:
			if t.Resolution != c.FromName {
				return false
			}
		case FieldAssignee:
			if t.Assignee != c.From {
				return false
			}
		case FieldKey:
			if t.Key != c.FromName {
				return false
			}
		}
	}
	return true
}

// day is a due date as histories tell it: an ISO date, or with a time after it.
func day(c Change) string {
	for _, text := range []string{c.To, c.ToName} {
		if len(text) >= len(time.DateOnly) {
			if _, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)]); err == nil {
				return text[:len(time.DateOnly)]
			}
		}
	}
	return ""
}
