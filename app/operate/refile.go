package operate

import (
	"encoding/json"
	"net/http"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// refile asks for a new ticket for a threat whose ticket is gone: without a person's word it is never filed again. fault.NotFound
// when there is no such threat, fault.Invalid when its ticket is there.
func (h handler) refile(w http.ResponseWriter, r *http.Request) error {
	id := threat.ID(r.PathValue("id"))
	site, t, err := h.find(r, id)
	if err != nil {
		return err
	}
	switch {
	case t.Ticket == nil:
		return fault.New(fault.Invalid, "%s has no ticket yet: it is filed by itself, or `throughline jobs` says what hinders", id)
	case !t.Ticket.Deleted && !t.Ticket.Hidden:
		return fault.New(fault.Invalid, "the ticket %s of %s is still there: delete it in Jira first, if it is to be filed anew", t.Ticket.Key, id)
	}
	args, err := json.Marshal(map[string]string{"by": r.URL.Query().Get("by")})
	if err != nil {
		return fault.As(fault.Internal, err, "asking for a new ticket of %s", id)
	}
	now := h.now().UTC()
	err = h.store.Commit(r.Context(), trace.Change{Tenant: site, Jobs: []work.Job{{
		Kind: work.Refile, Subject: string(id) + "@" + t.Page, Lane: t.Page, Args: args, RunAt: now, Occurred: now, Observed: now,
	}}})
	if err != nil {
		return fault.Wrap(err, "asking for a new ticket of %s", id)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// find looks for a threat on all sites.
func (h handler) find(r *http.Request, id threat.ID) (tenant.ID, threat.Threat, error) {
	tenants, err := h.store.All(r.Context())
	if err != nil {
		return "", threat.Threat{}, err
	}
	for _, site := range tenants {
		pages, err := h.store.Pages(r.Context(), site.ID)
		if err != nil {
			return "", threat.Threat{}, err
		}
		for _, p := range pages {
			rec, err := h.store.Page(r.Context(), site.ID, p.ID)
			if err != nil {
				return "", threat.Threat{}, err
			}
			for _, t := range rec.Threats {
				if t.ID == id {
					return site.ID, t, nil
				}
			}
		}
	}
	return "", threat.Threat{}, fault.New(fault.NotFound, "there is no threat %s; the panel of its page shows the id below its title", id)
}
