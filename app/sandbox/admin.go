package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/forge"
	"github.com/throughline/throughline/app/sandbox/host"
)

// State is what the site holds and what happened to it since it was opened.
type State struct {
	BaseURL    string            `json:"baseUrl"`
	Pages      int               `json:"pages"` // current ones
	Issues     int               `json:"issues"`
	Labels     map[string]int    `json:"labels"` // issues by label
	Confluence confluence.Counts `json:"confluence"`
	Apps       int               `json:"apps"`
	Webhooks   host.Tally        `json:"webhooks"`
	Forge      forge.Tally       `json:"forge"`
	APICalls   int               `json:"api_calls"`
	Points     int64             `json:"points"`
	Calls      Calls             `json:"calls"`
}

// State counts what is there.
func (s *Sandbox) State() State {
	issues, labels := s.jira.Count()
	counts := s.confluence.Counts()
	calls := s.book.read()
	return State{
		BaseURL: s.base, Pages: counts.Pages, Issues: issues, Labels: labels, Confluence: counts, Apps: len(s.host.Apps()),
		Webhooks: s.host.Tally(), Forge: s.forge.Tally(), APICalls: calls.Total, Points: calls.Points, Calls: calls,
	}
}

func (s *Sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	if s.edition.dataCenter {
		s.dcJira(mux)
	} else {
		mux.Handle("/rest/", s.rest(host.Jira, s.jira))
		mux.Handle("/wiki/api/", s.rest(host.Confluence, s.confluence))
		mux.Handle("/wiki/rest/", s.rest(host.Confluence, s.confluence))
		mux.Handle("/ex/jira/{cloudId}/rest/", s.gateway(host.Jira, s.jira))
		mux.Handle("/ex/confluence/{cloudId}/wiki/", s.gateway(host.Confluence, s.confluence))
	}
	mux.Handle("GET /sandbox/keys/{kid}", s.host)
	mux.Handle("GET /sandbox/forge/jwks.json", s.forge)
	mux.HandleFunc("GET /avatar/{id}", s.avatar)
	admin := http.NewCrossOriginProtection() // a page of another site must not set faults or install apps
	mux.Handle("/sandbox/", admin.Handler(s.admin()))
	mux.Handle("/", s.view)
	return guard(mux)
}

func (s *Sandbox) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sandbox/state", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.State()) })
	mux.HandleFunc("GET /sandbox/webhooks", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.host.Deliveries()) })
	mux.HandleFunc("GET /sandbox/faults", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.chaos.Plan()) })
	mux.HandleFunc("PUT /sandbox/faults", s.putFaults)
	mux.HandleFunc("DELETE /sandbox/faults", func(w http.ResponseWriter, _ *http.Request) {
		_ = s.chaos.Set(chaos.Plan{}) // a plan without rules is valid
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /sandbox/apps", func(w http.ResponseWriter, _ *http.Request) {
		out := []any{}
		for _, a := range s.host.Apps() {
			out = append(out, shown(a))
		}
		answer(w, http.StatusOK, out)
	})
	if !s.edition.dataCenter { // where no such apps are
		mux.HandleFunc("POST /sandbox/apps", s.postApp)
		mux.HandleFunc("POST /sandbox/forge/apps", s.postForgeApp)
	}
	mux.HandleFunc("POST /sandbox/forge/scheduled", s.forgeScheduled)
	mux.HandleFunc("DELETE /sandbox/apps/{product}/{key}", s.deleteApp)
	mux.HandleFunc("POST /sandbox/hooks", s.postHook)
	mux.HandleFunc("GET /sandbox/apps/{product}/{key}/module", s.module)
	mux.HandleFunc("GET /sandbox/apps/{product}/{key}/context-token", s.contextToken)
	return mux
}

// shown is an app without its secret.
func shown(a host.App) map[string]any {
	return map[string]any{
		"product": a.Product, "key": a.Descriptor.Key, "name": a.Descriptor.Name, "clientKey": a.ClientKey, "accountId": a.AccountID,
		"baseUrl": a.Descriptor.BaseURL, "descriptorUrl": a.DescriptorURL, "scopes": a.Descriptor.Scopes, "installedAt": a.InstalledAt,
	}
}

func (s *Sandbox) putFaults(w http.ResponseWriter, r *http.Request) {
	var p chaos.Plan
	err := readBody(w, r, &p)
	if err == nil {
		err = s.chaos.Set(p)
	}
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	answer(w, http.StatusOK, s.chaos.Plan())
}

func (s *Sandbox) postApp(w http.ResponseWriter, r *http.Request) {
	var in struct{ Descriptor, Product string }
	if err := readBody(w, r, &in); err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	app, err := s.host.Install(context.WithoutCancel(r.Context()), in.Product, in.Descriptor)
	if err != nil {
		complain(w, http.StatusUnprocessableEntity, err)
		return
	}
	answer(w, http.StatusCreated, shown(app))
}

func (s *Sandbox) postForgeApp(w http.ResponseWriter, r *http.Request) {
	var in forge.Order
	if err := readBody(w, r, &in); err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	app, err := s.forge.Install(in)
	if err != nil {
		complain(w, http.StatusUnprocessableEntity, err)
		return
	}
	answer(w, http.StatusCreated, app)
}

// forgeScheduled sends every Forge app its scheduled trigger, which else comes every hour.
func (s *Sandbox) forgeScheduled(w http.ResponseWriter, _ *http.Request) {
	for _, app := range s.forge.Apps() {
		_ = s.forge.Schedule(app.ID) // it was removed meanwhile
	}
	w.WriteHeader(http.StatusAccepted)
}

// postHook sets a webhook up as an administrator does, with a secret that signs it.
func (s *Sandbox) postHook(w http.ResponseWriter, r *http.Request) {
	var in host.Hook
	err := readBody(w, r, &in)
	if err == nil {
		err = s.host.AddHook(in)
	}
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	in.Secret = ""
	answer(w, http.StatusCreated, in)
}

func (s *Sandbox) deleteApp(w http.ResponseWriter, r *http.Request) {
	product, key := r.PathValue("product"), r.PathValue("key")
	if _, ok := s.host.App(product, key); !ok {
		complain(w, http.StatusNotFound, fmt.Errorf("app %s is not installed in %s", key, product))
		return
	}
	if err := s.host.Uninstall(context.WithoutCancel(r.Context()), product, key); err != nil {
		complain(w, http.StatusBadGateway, fmt.Errorf("the app was removed, but: %w", err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// module leads to one of an app's pages, signed for the account that looks: path is the module's url, account the account id, and
// every other parameter is handed on.
func (s *Sandbox) module(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	path, account := q.Get("path"), q.Get("account")
	q.Del("path")
	q.Del("account")
	if !strings.HasPrefix(path, "/") {
		complain(w, http.StatusBadRequest, fmt.Errorf("path %q must begin with /", path))
		return
	}
	address, err := s.host.ModuleURL(r.PathValue("product"), r.PathValue("key"), account, path, q)
	if err != nil {
		complain(w, http.StatusNotFound, err)
		return
	}
	http.Redirect(w, r, address, http.StatusFound)
}

func (s *Sandbox) contextToken(w http.ResponseWriter, r *http.Request) {
	token, err := s.host.ContextToken(r.PathValue("product"), r.PathValue("key"), r.URL.Query().Get("account"))
	if err != nil {
		complain(w, http.StatusNotFound, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"token": token})
}

// avatar draws an account's initials, or a project's key.
func (s *Sandbox) avatar(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	text, hue := id, 0
	if u, ok := s.people.user(id); ok {
		text = ""
		for part := range strings.FieldsSeq(u.Name) {
			first, _ := utf8.DecodeRuneInString(part)
			text += string(first)
		}
	}
	for _, c := range id {
		hue = (hue*31 + int(c)) % 360
	}
	if runes := []rune(text); len(runes) > 3 {
		text = string(runes[:3])
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "max-age=3600")
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><circle cx="24" cy="24" r="24" fill="hsl(%d 45%% 40%%)"/>`+
		`<text x="24" y="30" text-anchor="middle" font-family="sans-serif" font-size="17" fill="#fff">%s</text></svg>`, hue, html.EscapeString(text))
}

func readBody(w http.ResponseWriter, r *http.Request, into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("the request is not the JSON that is expected: %w", err)
	}
	return nil
}

func complain(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]string{"error": err.Error()})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
