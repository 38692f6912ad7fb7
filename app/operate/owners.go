package operate

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// Owners is who is answerable for a site's threats, as GET /owners tells it for each.
type Owners struct {
	Tenant  tenant.ID `json:"tenant"`
	Unowned []Unowned `json:"unowned"` // by page and place in it
	Load    []Load    `json:"load"`    // most overdue first, then most open
	Amiss   []Amiss   `json:"amiss"`   // by page and place in it
}

// Amiss is a ticket of a threat that counts which only a person can put right.
type Amiss struct {
	Threat threat.ID `json:"threat"`
	Ticket string    `json:"ticket"` // key
	Page   string    `json:"page"`   // title
	URL    string    `json:"url"`
	What   string    `json:"what"`
	Mend   string    `json:"mend"` // what to do
}

// Unowned is a threat that counts and for which nobody is answerable.
type Unowned struct {
	Threat threat.ID    `json:"threat"`
	Title  string       `json:"title"`
	State  threat.State `json:"state"`
	Page   string       `json:"page"` // title
	URL    string       `json:"url"`
	Ticket string       `json:"ticket,omitempty"` // key
	Why    string       `json:"why"`
}

// Load is what one person is answerable for.
type Load struct {
	Account string `json:"account"`
	Name    string `json:"name,omitempty"`
	Open    int    `json:"open"`    // not mitigated, verified or accepted
	Overdue int    `json:"overdue"` // of the open: the ticket's due date passed
	All     int    `json:"all"`     // that count
}

func (h handler) owners(w http.ResponseWriter, r *http.Request) error {
	tenants, err := h.store.All(r.Context())
	if err != nil {
		return err
	}
	out := []Owners{}
	for _, t := range tenants {
		pages, err := h.store.Pages(r.Context(), t.ID)
		if err != nil {
			return err
		}
		of := Owners{Tenant: t.ID, Unowned: []Unowned{}, Load: []Load{}, Amiss: []Amiss{}}
		loads := map[string]*Load{}
		for _, p := range pages {
			rec, err := h.store.Page(r.Context(), t.ID, p.ID)
			if err != nil {
				return fault.Wrap(err, "reading who owns the threats of page %s", p.ID)
			}
			of.count(rec, loads)
		}
		for _, account := range slices.Sorted(maps.Keys(loads)) {
			of.Load = append(of.Load, *loads[account])
		}
		slices.SortStableFunc(of.Load, func(a, b Load) int {
			return cmp.Or(cmp.Compare(b.Overdue, a.Overdue), cmp.Compare(b.Open, a.Open), cmp.Compare(b.All, a.All), cmp.Compare(a.Name, b.Name))
		})
		out = append(out, of)
	}
	return answer(w, out)
}

// count adds the threats of a page that count.
func (o *Owners) count(rec trace.Record, loads map[string]*Load) {
	for _, t := range rec.Threats {
		if !t.State.Live() {
			continue
		}
		if what, mend := amiss(t); what != "" {
			o.Amiss = append(o.Amiss, Amiss{Threat: t.ID, Ticket: t.Ticket.Key, Page: rec.Page.Title, URL: rec.Page.URL, What: what, Mend: mend})
		}
		if !t.Owner.Known() {
			u := Unowned{Threat: t.ID, Title: t.Text.Title, State: t.State, Page: rec.Page.Title, URL: rec.Page.URL}
			u.Why = cmp.Or(t.Owner.Reason, t.Blocked, "its ticket is being filed")
			if t.Ticket != nil {
				u.Ticket = t.Ticket.Key
			}
			o.Unowned = append(o.Unowned, u)
			continue
		}
		l := loads[t.Owner.Account]
		if l == nil {
			l = &Load{Account: t.Owner.Account}
			loads[l.Account] = l
		}
		l.Name = cmp.Or(t.Owner.Name, l.Name)
		l.All++
		if t.State == threat.Open || t.State == threat.InProgress {
			l.Open++
		}
		if t.Overdue() {
			l.Overdue++
		}
	}
}

// amiss says what is wrong with a threat's ticket that nothing but a person mends, and what they can do; empty when nothing is.
func amiss(t threat.Threat) (what, mend string) {
	switch {
	case t.Ticket == nil:
		return "", ""
	case t.Ticket.Deleted:
		return "it was deleted", "throughline threat refile " + string(t.ID)
	case t.Ticket.Hidden:
		return "Throughline cannot see it", "let Throughline see it again, or: throughline threat refile " + string(t.ID)
	case len(t.Marks.Lacks) > 0:
		return "its " + strings.Join(t.Marks.Lacks, ", ") + " was taken off twice and stays off", "find out who takes it off; what is put back by hand counts again"
	}
	return "", ""
}
