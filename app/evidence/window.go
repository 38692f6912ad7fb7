package evidence

import (
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// Window is a half-open span of time, UTC: From is in it, To is not. A fact lies in it by the time it was recorded.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Valid checks that a window can hold anything by now.
func (w Window) Valid(now time.Time) error {
	switch {
	case !w.From.Before(w.To):
		return fault.New(fault.Invalid, "the window from %s to %s is empty: --from must be earlier than --to", stamp(w.From), stamp(w.To))
	case w.From.After(now):
		return fault.New(fault.Invalid, "the window begins at %s, in the future: nothing can be recorded in it yet", stamp(w.From))
	}
	return nil
}

// Scope narrows a population to what some pages or tickets are about. The zero Scope is everything.
type Scope struct {
	Space   string `json:"space,omitempty"`   // key of the page's space
	Project string `json:"project,omitempty"` // key of the ticket's project; threats without a ticket are outside
	Label   string `json:"label,omitempty"`   // that the page carried at its newest review
}

func (s Scope) zero() bool { return s == Scope{} }

// page reports whether a page lies in the scope, as far as pages decide.
func (s Scope) page(p Page) bool {
	return (s.Space == "" || strings.EqualFold(s.Space, p.Space)) &&
		(s.Label == "" || slices.ContainsFunc(p.Labels, func(l string) bool { return strings.EqualFold(l, s.Label) }))
}

func (s Scope) threat(t Threat) bool {
	if !s.page(t.Page) {
		return false
	}
	if s.Project == "" {
		return true
	}
	if t.Ticket == nil {
		return false
	}
	project, _, _ := strings.Cut(t.Ticket.Key, "-")
	return strings.EqualFold(project, s.Project)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
