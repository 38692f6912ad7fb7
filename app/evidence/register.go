// Package evidence tells auditors what the ledger proves: which risks were known in a window of time, what was decided, who was
// answerable, and when each of it happened. It reads the ledger and nothing else, so that it can say nothing that was not
// recorded then.
package evidence

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
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

// Threat is one threat as the ledger knew it at the end of a window.
type Threat struct {
	Page     Page               `json:"page"`
	Version  int                `json:"page_version"` // that stated it, or last changed what it says
	ID       string             `json:"threat"`
	Text     threat.Text        `json:"text"`
	Criteria []threat.Criterion `json:"criteria"`
	Owner    threat.Owner       `json:"owner"`
	Ticket   *threat.Ticket     `json:"ticket"` // null while none was filed
	State    threat.State       `json:"state"`
	Stale    bool               `json:"stale,omitempty"`

	Verification *threat.Verification `json:"verification"` // the newest; null while there was none
	Acceptance   *threat.Acceptance   `json:"acceptance"`   // the newest

	States []Step `json:"states"` // all moves up to the window's end, oldest first
}

// Page is the design page of a threat.
type Page struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Space string `json:"space"`
	URL   string `json:"url"`
}

// Step is one move of a threat's state, with its three times, UTC.
type Step struct {
	State    threat.State `json:"state"`
	Stale    bool         `json:"stale,omitempty"`
	Why      string       `json:"why"`
	By       string       `json:"by,omitempty"` // account id; empty for Throughline itself
	Version  int          `json:"page_version"`
	Occurred time.Time    `json:"occurred"`
	Observed time.Time    `json:"observed"`
	Recorded time.Time    `json:"recorded"`
	Entry    uint64       `json:"entry"` // its number in the ledger
}

// Replay reads a tenant's ledger up to an instant and returns every threat that had been stated by then, ordered by page and
// place in it. It fails with fault.Internal when an entry cannot be read: evidence with a hole in it is none.
func Replay(ctx context.Context, log ledger.Log, id tenant.ID, until time.Time) ([]Threat, error) {
	r := replay{pages: map[string]Page{}, threats: map[string]*Threat{}}
	var failed error
	err := log.Entries(ctx, id, 0, func(e ledger.Entry) bool {
		if !e.Recorded.Before(until) {
			return false
		}
		failed = fault.Wrap(r.apply(e), "replaying entry %d of %s", e.Seq, id)
		return failed == nil
	})
	if err = cmp.Or(err, failed); err != nil {
		return nil, err
	}
	out := make([]Threat, 0, len(r.threats))
	for _, t := range r.threats {
		t.Page = r.pages[t.Page.ID]
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b Threat) int {
		return cmp.Or(cmp.Compare(a.Page.ID, b.Page.ID), cmp.Compare(a.Text.At.Start, b.Text.At.Start), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// Population is what an audit of a window is about: every threat that counted at some instant in it, exceptions included. Left
// out are only those that were withdrawn or dismissed before it began.
func Population(all []Threat, w Window) []Threat {
	out := []Threat{}
	for _, t := range all {
		if counted(t, w.From) {
			out = append(out, t)
		}
	}
	return out
}

// counted reports whether a threat counts at an instant or does so by a later move.
func counted(t Threat, at time.Time) bool {
	for i, s := range t.States {
		lasts := i+1 == len(t.States) || t.States[i+1].Recorded.After(at)
		if lasts && s.State != threat.Withdrawn && s.State != threat.Dismissed {
			return true
		}
	}
	return false
}

type replay struct {
	pages   map[string]Page
	threats map[string]*Threat
}

func (r *replay) apply(e ledger.Entry) error {
	t := r.threats[e.Threat]
	switch e.Kind {
	case ledger.Stated:
		t = &Threat{ID: e.Threat, Page: Page{ID: e.Page}}
		r.threats[e.Threat] = t
	case ledger.Changed, ledger.Moved, ledger.Owned, ledger.Filed, ledger.Bound, ledger.Ticketed,
		ledger.Verified, ledger.RiskAccepted, ledger.Weighed, ledger.Commanded, ledger.Altered, ledger.Overdue, ledger.Drifted:
		if t == nil {
			return fault.New(fault.Internal, "%s of threat %q, which no entry before states: the ledger has a hole", e.Kind, e.Threat)
		}
	}
	switch e.Kind {
	case ledger.Reviewed, ledger.ReviewFailed, ledger.PageRemoved:
		f, err := read[ledger.PageFact](e)
		r.pages[e.Page] = Page{ID: e.Page, Title: f.Title, Space: f.Space, URL: f.URL}
		return err
	case ledger.PanelWritten, ledger.Exported, ledger.Erased, ledger.Commanded, ledger.Altered, ledger.Overdue, ledger.Drifted:
		return nil // they say nothing that the register shows
	case ledger.Stated, ledger.Changed:
		f, err := read[ledger.TextFact](e)
		t.Text, t.Criteria, t.Version = f.Text, f.Criteria, e.Version
		return err
	case ledger.Verified:
		f, err := read[ledger.VerifiedFact](e)
		t.Verification = &f.Verification
		return err
	case ledger.RiskAccepted:
		f, err := read[ledger.AcceptedFact](e)
		t.Acceptance = &f.Acceptance
		return err
	case ledger.Weighed:
		f, err := read[ledger.CriteriaFact](e)
		t.Criteria = f.Criteria
		return err
	case ledger.Moved:
		f, err := read[ledger.MoveFact](e)
		t.State, t.Stale = f.To, f.Stale
		t.States = append(t.States, Step{
			State: f.To, Stale: f.Stale, Why: f.Why, By: e.By, Version: e.Version,
			Occurred: e.Occurred, Observed: e.Observed, Recorded: e.Recorded, Entry: e.Seq,
		})
		return err
	case ledger.Owned:
		f, err := read[ledger.OwnerFact](e)
		t.Owner = f.Owner
		return err
	case ledger.Filed, ledger.Bound, ledger.Ticketed:
		f, err := read[ledger.TicketFact](e)
		t.Ticket = &f.Ticket
		return err
	}
	return fault.New(fault.Internal, "unknown kind %q: this ledger was written by a newer version", e.Kind)
}

func read[F any](e ledger.Entry) (F, error) {
	var f F
	if err := json.Unmarshal(e.Data, &f); err != nil {
		return f, fault.As(fault.Internal, err, "reading a %s entry", e.Kind)
	}
	return f, nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
