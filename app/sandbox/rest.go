package sandbox

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/throughline/throughline/app/sandbox/host"
	"github.com/throughline/throughline/app/sandbox/site"
)

// rest serves a product's REST interface: it finds out who calls, applies the site's faults, and counts what it cost.
func (s *Sandbox) rest(product string, next http.Handler) http.Handler {
	if s.edition.dataCenter {
		return s.serve(product, next, s.dcAuthenticate)
	}
	return s.serve(product, next, s.authenticate)
}

// gateway serves a product's REST interface as Atlassian's API gateway does, below /ex/<product>/<cloudId>: for Forge apps, by the
// access tokens that were handed to them.
func (s *Sandbox) gateway(product string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cloudID := r.PathValue("cloudId")
		bearer := func(product string, r *http.Request) (site.User, []string, string, error) {
			app, scopes, err := s.forge.Verify(product, cloudID, r)
			if err != nil {
				return site.User{}, nil, "", err
			}
			caller, _ := s.people.user(app.AccountID)
			return caller, scopes, product + " " + app.ID, nil
		}
		http.StripPrefix("/ex/"+product+"/"+cloudID, s.serve(product, next, bearer)).ServeHTTP(w, r)
	})
}

// authenticator tells who makes a request to a product, and of an app its scopes and name.
type authenticator func(product string, r *http.Request) (caller site.User, scopes []string, name string, err error)

func (s *Sandbox) serve(product string, next http.Handler, authenticate authenticator) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		meter := &site.Meter{}
		seen := &watched{ResponseWriter: w}
		var app string
		// A pattern is set on the request that reaches the mux, so that one is kept to be counted by.
		defer func() {
			read := r.Method == http.MethodGet || strings.Contains(r.URL.Path, "/search") || strings.HasSuffix(r.URL.Path, "/bulkfetch")
			cost := meter.Points(read)
			if refused := seen.status == http.StatusTooManyRequests || seen.status == http.StatusUnauthorized; refused {
				cost = 0
			}
			s.book.add(entry{endpoint(r), app, seen.status, cost})
			s.limiter.charge(app, cost)
		}()
		caller, scopes, app, err := authenticate(product, r)
		if err != nil {
			unauthorized(seen, product, err)
			return
		}
		ctx := context.WithValue(site.WithMeter(r.Context(), meter), callerKey{}, caller)
		if app != "" {
			ctx = site.WithScopes(ctx, scopes)
		}
		r = r.WithContext(ctx)
		if !s.limiter.admit(seen, r, product, app) {
			return
		}
		s.chaos.Serve(seen, r, next)
		if seen.status == 0 {
			seen.status = http.StatusOK
		}
	})
}

// authenticate tells who makes a request to a Cloud site: a demo account by Basic authentication, or an app by its token. The app is
// named by product and key, with its scopes.
func (s *Sandbox) authenticate(product string, r *http.Request) (caller site.User, scopes []string, name string, err error) {
	kind, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case strings.EqualFold(kind, "Basic"):
		email, token, ok := r.BasicAuth()
		if ok {
			caller, ok = s.people.signIn(email, token)
		}
		if !ok {
			return site.User{}, nil, "", errors.New("the e-mail address and API token are not those of an active account")
		}
		return caller, nil, "", nil
	case kind == "JWT" || r.URL.Query().Get("jwt") != "":
		var app host.App
		app, err = s.host.Verify(product, r)
		if err != nil {
			return site.User{}, nil, "", err
		}
		caller, _ = s.people.user(app.AccountID)
		return caller, app.Descriptor.Scopes, product + " " + app.Descriptor.Key, nil
	}
	return site.User{}, nil, "", errors.New("the request carries no credentials that the sandbox knows: Basic with e-mail address and API token, or a Connect JWT")
}

// unauthorized answers in the product's shape. The reason is told: it helps to find a mistake in a signature, and guards nothing here.
func unauthorized(w http.ResponseWriter, product string, why error) {
	w.Header().Set("WWW-Authenticate", `Basic realm="Throughline sandbox", charset="UTF-8"`)
	if product == host.Confluence {
		answer(w, http.StatusUnauthorized, map[string]any{"code": http.StatusUnauthorized, "statusCode": http.StatusUnauthorized, "message": "Unauthorized: " + why.Error()})
		return
	}
	answer(w, http.StatusUnauthorized, map[string]any{
		"message": "Client must be authenticated to access this resource: " + why.Error(), "status-code": http.StatusUnauthorized,
		"errorMessages": []string{"Client must be authenticated to access this resource."}, "errors": map[string]string{},
	})
}
