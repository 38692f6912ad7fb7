package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"github.com/throughline/throughline/app/atlassian/connect"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/descriptor"
	"github.com/throughline/throughline/static"
)

// routes is the one list of what is served, and to whom.
func routes(a *App, door *connect.Door, describe descriptor.App) (http.Handler, error) {
	r := mux.NewRouter()
	for _, route := range descriptor.Routes() {
		if a.config.BaseURL == "" {
			break // a service account alone: nobody can install a descriptor
		}
		h, err := connectRoute(route, door, describe)
		if err != nil {
			return nil, err
		}
		r.Handle(route.Path, h).Methods(route.Method)
	}
	if a.forge != nil {
		r.Handle(descriptor.ForgeEventPath, a.forge.Event()).Methods(http.MethodPost)
		r.Handle(descriptor.ForgeScheduledPath, a.forge.Scheduled()).Methods(http.MethodPost)
		r.Handle(descriptor.ForgeUninstallPath, a.forge.Uninstall()).Methods(http.MethodPost)
	}
	if hooks := a.receiver(); hooks != nil {
		r.Handle("/hook/jira", hooks.Handler(tenant.Jira)).Methods(http.MethodPost)
		r.Handle("/hook/confluence", hooks.Handler(tenant.Confluence)).Methods(http.MethodPost)
	}
	r.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }).Methods(http.MethodGet)
	r.HandleFunc("/readyz", a.ready).Methods(http.MethodGet)
	r.Handle("/metrics", a.metrics.Handler()).Methods(http.MethodGet)
	files := http.FileServerFS(static.Files)
	r.Handle("/", files).Methods(http.MethodGet)
	r.Handle("/style.css", files).Methods(http.MethodGet)
	r.Use(a.observe)
	return secure(r), nil
}

func connectRoute(route descriptor.Route, door *connect.Door, describe descriptor.App) (http.Handler, error) {
	product := tenant.Product(route.Product)
	switch route.Purpose {
	case descriptor.Document:
		d, err := descriptor.Connect(route.Product, describe)
		if err != nil {
			return nil, fault.As(fault.Invalid, err, "THROUGHLINE_BASE_URL")
		}
		body, err := json.Marshal(d)
		if err != nil {
			return nil, fault.As(fault.Internal, err, "encoding the descriptor of %s", product)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		}), nil
	case descriptor.Installed:
		return door.Installed(product), nil
	case descriptor.Uninstalled:
		return door.Uninstalled(product), nil
	case descriptor.Enabled:
		return door.Enabled(product), nil
	case descriptor.Disabled:
		return door.Disabled(product), nil
	case descriptor.Webhook:
		return door.Webhook(product, route.Event), nil
	}
	return nil, fault.New(fault.Internal, "nobody serves %s routes such as %s", route.Purpose, route.Path)
}

// ready answers whether the service can do its work: 200, or 503 with the reason in the log.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	if err := a.store.Ping(r.Context()); err != nil {
		a.log.ErrorContext(r.Context(), "not ready", "error", err)
		http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// observe counts requests by the route's template and the status.
func (a *App) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &status{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(seen, r)
		template := "other"
		if route := mux.CurrentRoute(r); route != nil {
			if t, err := route.GetPathTemplate(); err == nil {
				template = t
			}
		}
		a.metrics.Request(template, strconv.Itoa(seen.code))
	})
}

type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap gives http.ResponseController the writer below.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// secure sets the headers that browsers go by (ASVS 3.4). There is no script, and nothing may frame these pages.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Strict-Transport-Security", "max-age=31536000")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}
