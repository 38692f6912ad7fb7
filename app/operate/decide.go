package operate

import (
	"net/http"
	"strings"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// decide records what a person says of a proposed threat: confirmed, it is open and gets its ticket; else it is dismissed. fault.Invalid
// without a reason, and for threats that are not proposed: they have tickets, whose comments decide, by whoever may.
func (h handler) decide(w http.ResponseWriter, r *http.Request, to threat.State) error {
	form := func(name string) string { return strings.TrimSpace(r.FormValue(name)) }
	if form("by") == "" || form("why") == "" {
		return fault.New(fault.Invalid, "a decision on a proposed threat needs a reason: --why TEXT, which the evidence shows")
	}
	for try := 1; ; try++ {
		site, t, err := h.find(r, threat.ID(r.PathValue("id")))
		if err != nil {
			return err
		}
		if t.State != threat.Proposed {
			return fault.New(fault.Invalid, "%s is %s: only what is proposed is decided here; everything else by a comment on its ticket, such as /dismiss", t.ID, t.State)
		}
		now := h.now().UTC()
		from, job := t.State, work.Job{Kind: work.FileTickets, Subject: t.Page, RunAt: now, Occurred: now, Observed: now}
		if to == threat.Dismissed {
			job.Kind = work.WritePanel
		}
		// Who it was is known by this machine, not by the site: no account, which a panel could mention.
		t.State, t.Moved = to, threat.Moment{Occurred: now, Observed: now, Recorded: now, Version: t.Last, Why: form("why") + ", said " + form("by")}
		err = h.store.Commit(r.Context(), trace.Change{
			Tenant: site, Threats: []threat.Threat{t}, Jobs: []work.Job{job},
			Entries: []ledger.Entry{{
				Kind: ledger.Moved, Page: t.Page, Threat: string(t.ID), Version: t.Last, By: form("by"), Occurred: now, Observed: now,
				Data: ledger.Encode(ledger.MoveFact{From: from, To: to, Why: form("why")}),
			}},
		})
		if fault.Is(err, fault.Conflict) && try < tries {
			continue // a review came between
		}
		if err != nil {
			return fault.Wrap(err, "recording the decision on %s", t.ID)
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}
