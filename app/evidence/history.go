package evidence

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
)

// History is what became of a page or a threat up to an instant, and what was known of it then.
type History struct {
	Of      string    `json:"of"`
	AsOf    time.Time `json:"as_of"`
	Events  []Event   `json:"events"`  // in the ledger's order
	Threats []Threat  `json:"threats"` // as known at the instant, as their page states them
}

// Event is one entry in words.
type Event struct {
	Kind   ledger.Kind `json:"kind"`
	Page   string      `json:"page,omitempty"`
	Threat string      `json:"threat,omitempty"`
	What   string      `json:"what"`
	Times
}

// Trace reads the history of a page (its id) or of a threat up to an instant: what was recorded from it on is not known. fault.NotFound
// when nothing was recorded of either by then.
func Trace(ctx context.Context, log ledger.Log, id tenant.ID, of string, until time.Time) (History, error) {
	out := History{Of: of, AsOf: until, Events: []Event{}, Threats: []Threat{}}
	r := replay{threats: map[string]*Threat{}}
	pages := map[string]Page{}
	var failed error
	err := log.Entries(ctx, id, 0, func(e ledger.Entry) bool {
		if !e.Recorded.Before(until) {
			return false
		}
		failed = fault.Wrap(out.take(e, &r, pages), "replaying entry %d of %s", e.Seq, id)
		return failed == nil
	})
	if err = cmp.Or(err, failed); err != nil {
		return out, err
	}
	if len(out.Events) == 0 {
		return out, fault.New(fault.NotFound, "nothing of a page or threat %q was recorded before %s: give a page's id or a threat's, such as T-3K7QX2ZD", of, stamp(until))
	}
	for _, t := range r.threats {
		t.Page = pages[t.Page.ID]
		out.Threats = append(out.Threats, *t)
	}
	slices.SortFunc(out.Threats, func(a, b Threat) int {
		return cmp.Or(cmp.Compare(a.Page.ID, b.Page.ID), cmp.Compare(a.Text.At.Start, b.Text.At.Start), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (h *History) take(e ledger.Entry, r *replay, pages map[string]Page) error {
	if ofPage(e.Kind) {
		f, err := read[ledger.PageFact](e)
		if err != nil {
			return err
		}
		pages[e.Page] = Page{ID: e.Page, Title: f.Title, Space: f.Space, URL: f.URL, Labels: f.Labels}
	}
	if e.Page != h.Of && e.Threat != h.Of {
		return nil
	}
	what, err := tell(e)
	if err != nil {
		return err
	}
	h.Events = append(h.Events, Event{e.Kind, e.Page, e.Threat, what, times(e)})
	if e.Threat == "" {
		return nil
	}
	return r.apply(e)
}

// tell says in words what an entry records.
func tell(e ledger.Entry) (string, error) {
	switch e.Kind {
	case ledger.Reviewed:
		f, err := read[ledger.PageFact](e)
		return "reviewed version " + strconv.Itoa(e.Version) + " of " + strconv.Quote(f.Title) + ": " + strconv.Itoa(f.Found) + " threats, " +
			strconv.Itoa(f.New) + " new, " + strconv.Itoa(f.Changed) + " changed, " + strconv.Itoa(f.Gone) + " gone, " + strconv.Itoa(f.Back) + " back", err
	case ledger.ReviewFailed:
		f, err := read[ledger.PageFact](e)
		return "could not review version " + strconv.Itoa(e.Version) + ": " + f.Failed, err
	case ledger.PageRemoved:
		return "the page was removed", nil
	case ledger.PanelWritten:
		f, err := read[ledger.PanelFact](e)
		return "wrote the panel, version " + strconv.Itoa(f.Version) + ": " + f.Message, err
	case ledger.Stated:
		f, err := read[ledger.TextFact](e)
		return "stated: " + f.Text.Title + " (" + listed(f.Criteria) + ")", err
	case ledger.Changed:
		f, err := read[ledger.TextFact](e)
		return "changed its " + strings.Join(f.Changed, ", ") + ": " + f.Text.Title, err
	case ledger.Moved:
		f, err := read[ledger.MoveFact](e)
		return or(string(f.From), "new") + " → " + string(f.To) + stalely(f.Stale) + ": " + f.Why, err
	case ledger.Owned:
		f, err := read[ledger.OwnerFact](e)
		return "owner " + or(or(f.Owner.Name, f.Owner.Account), "nobody") + ": " + f.Owner.Reason, err
	case ledger.Filed, ledger.Bound, ledger.Ticketed:
		f, err := read[ledger.TicketFact](e)
		what := strings.TrimSpace("ticket " + f.Ticket.Key + " " + ticketWords(f.Ticket))
		if f.Why != "" {
			what += ": " + f.Why
		}
		return what, err
	case ledger.Verified:
		f, err := read[ledger.VerifiedFact](e)
		return "verified: " + f.Verification.Note, err
	case ledger.RiskAccepted:
		f, err := read[ledger.AcceptedFact](e)
		return "risk accepted until " + f.Acceptance.Until + ": " + f.Acceptance.Reason, err
	}
	return decided(e)
}

// decided says in words what an entry of a decision records, by the same means as the tables.
func decided(e ledger.Entry) (string, error) {
	if e.Threat == "" {
		return string(e.Kind), nil
	}
	t := Threat{}
	if err := t.decide(e); err != nil {
		return "", err
	}
	d := t.Decisions[len(t.Decisions)-1]
	if d.Why == "" {
		return d.What, nil
	}
	return d.What + " (" + d.Why + ")", nil
}

func stalely(is bool) string {
	if is {
		return ", stale"
	}
	return ""
}

func ticketWords(t threat.Ticket) string {
	words := t.Status
	if t.Resolution != "" {
		words += ", " + t.Resolution
	}
	if t.Deleted {
		words += ", deleted"
	}
	if t.Due != "" {
		words += ", due " + t.Due
	}
	return words
}
