package operate

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// Progress is how far the review of a site has come, as GET /progress tells it for each.
type Progress struct {
	Tenant tenant.ID `json:"tenant"`
	Pages  int       `json:"pages"` // that are known, or wait for their first review
	Done   int       `json:"done"`  // of them: the newest version that we heard of is reviewed and has its panel, or a person is asked
	Held   int       `json:"held"`  // of the done: a person has to mend something, or the page cannot be read
	Until  time.Time `json:"until"` // UTC: before it nothing goes on, for Atlassian's hour is spent or the site asks for quiet; zero: work goes on
	Reason string    `json:"reason,omitempty"`
}

// Budget is the hour's points for calls to Atlassian.
type Budget struct {
	Used  int `json:"used"`  // in the running UTC hour, by this process
	Limit int `json:"limit"` // 0: none, or no server runs
}

// State is the answer to GET /progress.
type State struct {
	Budget Budget     `json:"budget"`
	Sites  []Progress `json:"sites"`
}

// onPage are the kinds of jobs that bring a page to its panel.
var onPage = map[work.Kind]bool{work.ReviewPage: true, work.FileTickets: true, work.WritePanel: true}

func (h handler) progress(w http.ResponseWriter, r *http.Request) error {
	tenants, err := h.store.All(r.Context())
	if err != nil {
		return err
	}
	out := State{Sites: []Progress{}}
	if h.Spent != nil {
		out.Budget = h.Spent()
	}
	for _, t := range tenants {
		p, err := h.siteProgress(r, t.ID)
		if err != nil {
			return fault.Wrap(err, "looking how far %s is", t.ID)
		}
		out.Sites = append(out.Sites, p)
	}
	return answer(w, out)
}

func (h handler) siteProgress(r *http.Request, id tenant.ID) (Progress, error) {
	pages, err := h.store.Pages(r.Context(), id)
	if err != nil {
		return Progress{}, err
	}
	jobs, err := h.store.Peek(r.Context(), work.Filter{Tenant: id})
	if err != nil {
		return Progress{}, err
	}
	out := Progress{Tenant: id}
	todo, held, versions := map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, p := range pages {
		versions[p.ID] = p.Version
		if !p.Removed {
			todo[p.ID], held[p.ID] = p.PanelVersion == 0 && p.Failed == "", p.Failed != ""
		}
	}
	goesOn := false
	for _, j := range jobs {
		switch {
		case !onPage[j.Kind] || echo(j, versions):
		case j.State == work.Held:
			todo[j.Subject], held[j.Subject] = false, true
		default:
			if j.Kind == work.ReviewPage {
				todo[j.Subject] = true
			}
			if j.State == work.Running || !j.RunAt.After(h.now()) {
				goesOn = true
			} else if out.Until.IsZero() || j.RunAt.Before(out.Until) {
				out.Until, out.Reason = j.RunAt, j.Reason
			}
		}
	}
	if goesOn {
		out.Until, out.Reason = time.Time{}, ""
	}
	out.Pages = len(todo)
	for page, open := range todo {
		if !open {
			out.Done++
			if held[page] {
				out.Held++
			}
		}
	}
	return out, nil
}

// echo reports whether a job tells of a page version that is known: nothing will follow from it.
func echo(j work.Job, versions map[string]int) bool {
	if j.Kind != work.ReviewPage || j.State == work.Held {
		return false
	}
	var e event.Page
	return json.Unmarshal(j.Args, &e) == nil && e.Version > 0 && e.Version <= versions[j.Subject] && !e.Removed
}
