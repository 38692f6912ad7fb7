package evidence

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Reconciler asks the site's own Jira which tickets of Throughline's it has.
type Reconciler interface {
	// Tickets returns what Jira answers now. An error means that it could not be asked, and says why.
	Tickets(ctx context.Context, id tenant.ID) (Answer, error)
}

// Answer is Jira's.
type Answer struct {
	Question string            // the JQL that was asked
	Count    int               // Jira's own count for it
	Keys     map[string]string // Jira's ids and keys of the issues; nil where there are too many to list
}

// Reconciliation compares the register's tickets with Jira's own count.
type Reconciliation struct {
	Done        bool         `json:"done"`
	Why         string       `json:"why,omitempty"` // it could not be done
	Question    string       `json:"question,omitempty"`
	AsOf        int          `json:"register_as_of"` // tickets that Throughline filed and that were there, at the instant of knowledge
	Later       int          `json:"filed_since"`    // up to the asking
	Gone        int          `json:"deleted_since"`
	Ours        int          `json:"register"` // therefore, at the asking
	Jira        int          `json:"jira"`
	Differences []Difference `json:"differences,omitempty"` // ticket by ticket, where Jira listed them
}

// Difference is one ticket that only one side has.
type Difference struct {
	Ticket string `json:"ticket"`
	What   string `json:"what"`
}

// Agrees reports whether both sides have the same tickets.
func (r Reconciliation) Agrees() bool { return r.Done && r.Ours == r.Jira && len(r.Differences) == 0 }

// reconcile compares at the time of asking, since Jira tells of no other: the register as of the instant of knowledge, with what the
// ledger tells of since. It covers the whole site whatever the query's scope is, for Jira knows no design pages.
func (c *collection) reconcile(ctx context.Context, w *Walk, r Reconciler) error {
	out := &c.summary.Reconciled
	out.AsOf = len(c.ours)
	if r == nil {
		out.Why = "Jira was not asked: run the export beside a running server, which has the site's credentials, and without --offline"
		return nil
	}
	answer, err := r.Tickets(ctx, w.Tenant)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		out.Why = "Jira could not be asked: " + err.Error()
		return nil
	}
	ours := c.ours
	if err := c.since(ctx, w, ours, out); err != nil {
		return err
	}
	out.Done, out.Question, out.Ours, out.Jira = true, answer.Question, len(ours), answer.Count
	if answer.Keys == nil {
		if out.Ours != out.Jira {
			out.Differences = append(out.Differences, Difference{"all", fmt.Sprintf("the register has %d tickets, Jira counts %d: too many to list one by one", out.Ours, out.Jira)})
		}
		return nil
	}
	for id, key := range ours {
		if _, ok := answer.Keys[id]; !ok {
			out.Differences = append(out.Differences, Difference{key, "in the register, and Jira does not show it: deleted, its label taken off, or out of Throughline's sight"})
		}
	}
	for id, key := range answer.Keys {
		if _, ok := ours[id]; !ok {
			out.Differences = append(out.Differences, Difference{key, "in Jira with Throughline's label, and no threat of the register has it"})
		}
	}
	slices.SortFunc(out.Differences, func(a, b Difference) int { return compareKeys(a.Ticket, b.Ticket) })
	return nil
}

// since brings the register's tickets from the instant of knowledge to now.
func (c *collection) since(ctx context.Context, w *Walk, ours map[string]string, out *Reconciliation) error {
	var failed error
	err := w.Log.Entries(ctx, w.Tenant, uint64(w.Entries()), func(e ledger.Entry) bool {
		if e.Kind != ledger.Filed && e.Kind != ledger.Ticketed {
			return true
		}
		f, err := read[ledger.TicketFact](e)
		if err != nil {
			failed = fault.Wrap(err, "reading entry %d", e.Seq)
			return false
		}
		_, known := ours[f.Ticket.ID]
		switch {
		case f.Ticket.Deleted && known:
			delete(ours, f.Ticket.ID)
			out.Gone++
		case e.Kind == ledger.Filed && !known && !f.Ticket.ByPage:
			ours[f.Ticket.ID] = f.Ticket.Key
			out.Later++
		case known:
			ours[f.Ticket.ID] = f.Ticket.Key // it may have moved to another project
		}
		return true
	})
	if err != nil {
		return err
	}
	return failed
}

// compareKeys orders SEC-9 before SEC-10.
func compareKeys(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }
