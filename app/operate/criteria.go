package operate

import (
	"net/http"
	"strings"
	"time"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// Choice is a person's word on a threat's criteria, as it was recorded.
type Choice struct {
	Threat threat.ID          `json:"threat"`
	Page   string             `json:"page"`
	Was    []threat.Criterion `json:"was"`
	Is     []threat.Criterion `json:"is"`
}

// coverage answers how many threats bear on each criterion of a framework now.
func (h handler) coverage(w http.ResponseWriter, r *http.Request) error {
	now := h.now().UTC()
	q := evidence.Query{Window: evidence.Window{To: now}, Framework: r.FormValue("framework")}
	if err := q.Check(now); err != nil {
		return err
	}
	site, err := h.site(r, tenant.ID(r.FormValue("site")))
	if err != nil {
		return err
	}
	bearings, err := evidence.Coverage(r.Context(), &evidence.Walk{Log: h.store, Tenant: site, Until: now}, q)
	if err != nil {
		return err
	}
	return answer(w, bearings)
}

// tries is how often a person's word is tried against a page that others change at the same time.
const tries = 5

// choose records a person's choice of a threat's criteria: a list of a framework's, or, without a list, those that it has.
func (h handler) choose(w http.ResponseWriter, r *http.Request) error {
	form := func(name string) string { return strings.TrimSpace(r.FormValue(name)) }
	if form("by") == "" {
		return fault.New(fault.Invalid, "a choice of criteria needs to say who makes it")
	}
	for try := 1; ; try++ {
		site, t, err := h.find(r, threat.ID(form("threat")))
		if err != nil {
			return err
		}
		is, err := chosen(t.Criteria, form("framework"), form("criteria"), form("by"))
		if err != nil {
			return err
		}
		out := Choice{Threat: t.ID, Page: t.Page, Was: t.Criteria, Is: is}
		err = h.store.Commit(r.Context(), choice(site, t, is, form("by"), form("why"), h.now().UTC()))
		if fault.Is(err, fault.Conflict) && try < tries {
			continue // a review came between
		}
		if err != nil {
			return err
		}
		return answer(w, out)
	}
}

// chosen is a threat's criteria after somebody chose: a list takes the place of all of its framework, an empty one confirms them.
func chosen(was []threat.Criterion, framework, list, by string) ([]threat.Criterion, error) {
	c, err := control.Framework(framework)
	if err != nil {
		return nil, err
	}
	var kept, mine []threat.Criterion
	for _, one := range was {
		if one.Framework != c.Framework {
			kept = append(kept, one)
			continue
		}
		one.By = by
		mine = append(mine, one)
	}
	if list != "" {
		if mine, err = control.Choose(framework, list, by); err != nil {
			return nil, err
		}
	}
	if len(mine) == 0 {
		return nil, fault.New(fault.Invalid, "the threat has no criteria of %s to confirm: name some", c.Title)
	}
	return append(kept, mine...), nil
}

// choice is the transaction that records a choice; the page's panel follows it.
func choice(site tenant.ID, t threat.Threat, is []threat.Criterion, by, why string, now time.Time) trace.Change {
	fact := ledger.CriteriaFact{Was: t.Criteria, Criteria: is, Why: why}
	page := t.Page
	t.Criteria = is
	return trace.Change{
		Tenant: site, Threats: []threat.Threat{t},
		Entries: []ledger.Entry{{
			Kind: ledger.Weighed, Page: page, Threat: string(t.ID), Version: t.Last, By: by, Occurred: now, Observed: now, Data: ledger.Encode(fact),
		}},
		Jobs: []work.Job{{Kind: work.WritePanel, Subject: page, RunAt: now, Occurred: now, Observed: now}},
	}
}

// history answers what became of a page or a threat, and what was known of it at an instant.
func (h handler) history(w http.ResponseWriter, r *http.Request) error {
	until := h.now().UTC()
	if text := r.FormValue("as_of"); text != "" {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return fault.New(fault.Invalid, "as_of: %q is no time", text)
		}
		if at.After(until) {
			return fault.New(fault.Invalid, "--as-of %s is in the future: nobody knows yet what will be recorded until then", at.UTC().Format(time.RFC3339))
		}
		until = at.UTC()
	}
	site, err := h.site(r, tenant.ID(r.FormValue("site")))
	if err != nil {
		return err
	}
	out, err := evidence.Trace(r.Context(), h.store, site, r.FormValue("of"), until)
	if err != nil {
		return err
	}
	return answer(w, out)
}
