// Package operate answers the operator's commands beside the server: jobs, pages, exports. The running server serves it on a
// socket in its data folder that only its own user may open, since the embedded store admits one process; without a server, the
// commands call the same handler on the store they open themselves.
package operate

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// Store is what the commands need of a store.
type Store interface {
	tenant.Registry
	work.Queue
	trace.Book
	ledger.Log
	ledger.Tree
	ledger.Notary
	ledger.Eraser
}

// Page is one page's header with its tenant, as GET /pages lists them.
type Page struct {
	Tenant tenant.ID `json:"tenant"`
	trace.Page
}

// Running is what a running server has beside its store. Where none runs, it has only what lies in the data folder.
type Running struct {
	Spent  func() Budget       // the hour's points
	Jira   evidence.Reconciler // asks the sites' Jira for its own count, for evidence packs
	Stamps evidence.Stamps     // of checkpoints, kept in the data folder
}

// Handler serves:
//
//	GET    /jobs?kind=&state=&id=         []work.Job
//	POST   /jobs/{id}/retry               204
//	DELETE /jobs/{id}                     204
//	GET    /pages                         []Page
//	GET    /progress                      State
//	GET    /owners                        []Owners
//	POST   /threats/{id}/refile?by=       204
//	POST   /threats/{id}/confirm?by=&why= 204, and /dismiss: of a proposed one
//	GET    /export?site=&from=&to=&…      Frames, then the export; times in RFC 3339
//	GET    /history?site=&of=&as_of=      evidence.History of a page or a threat
//	GET    /criteria?site=&framework=     []evidence.Bearing
//	POST   /criteria                      Choice; form: threat, framework, criteria (empty confirms), why, by
//	       /ledger…                         see routeLedger
//
// Errors are {"error": "..."} with the status of their kind.
func Handler(s Store, r Running, now func() time.Time, log *slog.Logger) http.Handler {
	h := handler{s, r, now, log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /jobs", h.wrap(h.jobs))
	mux.HandleFunc("POST /jobs/{id}/retry", h.wrap(h.retry))
	mux.HandleFunc("DELETE /jobs/{id}", h.wrap(h.drop))
	mux.HandleFunc("GET /pages", h.wrap(h.pages))
	mux.HandleFunc("GET /progress", h.wrap(h.progress))
	mux.HandleFunc("GET /owners", h.wrap(h.owners))
	mux.HandleFunc("POST /threats/{id}/refile", h.wrap(h.refile))
	for verb, to := range map[string]threat.State{"confirm": threat.Open, "dismiss": threat.Dismissed} {
		mux.HandleFunc("POST /threats/{id}/"+verb, h.wrap(func(w http.ResponseWriter, r *http.Request) error { return h.decide(w, r, to) }))
	}
	mux.HandleFunc("GET /export", h.wrap(h.export))
	mux.HandleFunc("GET /history", h.wrap(h.history))
	mux.HandleFunc("GET /criteria", h.wrap(h.coverage))
	mux.HandleFunc("POST /criteria", h.wrap(h.choose))
	h.routeLedger(mux)
	return mux
}

type handler struct {
	store Store
	Running
	now func() time.Time
	log *slog.Logger
}

func (h handler) wrap(do func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := do(w, r)
		if err == nil {
			return
		}
		status := fault.KindOf(err).Status()
		if status >= http.StatusInternalServerError {
			h.log.ErrorContext(r.Context(), "operator's command failed", "path", r.URL.Path, "error", err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
	}
}

func answer(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

func (h handler) jobs(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := work.Filter{Tenant: tenant.ID(q.Get("site")), Kind: work.Kind(q.Get("kind")), State: work.State(q.Get("state"))}
	if id := q.Get("id"); id != "" {
		n, err := jobID(id)
		if err != nil {
			return err
		}
		f.ID = n
	}
	jobs, err := h.store.Peek(r.Context(), f)
	if err != nil {
		return err
	}
	if jobs == nil {
		jobs = []work.Job{}
	}
	return answer(w, jobs)
}

func (h handler) retry(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := h.store.Retry(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h handler) drop(w http.ResponseWriter, r *http.Request) error {
	id, err := jobID(r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := h.store.Drop(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func jobID(text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil || id == 0 {
		return 0, fault.New(fault.Invalid, "%q is no job number; `throughline jobs` lists them", text)
	}
	return id, nil
}

func (h handler) pages(w http.ResponseWriter, r *http.Request) error {
	tenants, err := h.store.All(r.Context())
	if err != nil {
		return err
	}
	out := []Page{}
	for _, t := range tenants {
		pages, err := h.store.Pages(r.Context(), t.ID)
		if err != nil {
			return err
		}
		for _, p := range pages {
			out = append(out, Page{t.ID, p})
		}
	}
	return answer(w, out)
}

// site is the tenant that is meant: the one named, or the only one there is.
func (h handler) site(r *http.Request, named tenant.ID) (tenant.ID, error) {
	if named != "" {
		_, err := h.store.Get(r.Context(), named)
		return named, err
	}
	all, err := h.store.All(r.Context())
	switch {
	case err != nil:
		return "", err
	case len(all) == 0:
		return "", fault.New(fault.NotFound, "no site is installed in this store: nothing to export")
	case len(all) > 1:
		return "", fault.New(fault.Invalid, "the store holds %d sites: name one with --site, such as --site %s", len(all), all[0].ID)
	}
	return all[0].ID, nil
}
