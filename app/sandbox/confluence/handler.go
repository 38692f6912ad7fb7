package confluence

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/throughline/throughline/app/sandbox/site"
)

// maxRequest is the largest request body, in bytes: a page's body in JSON may be longer than itself.
const maxRequest = 4 * maxBody

// call is a request whose answer is a JSON value (nil: no content) or an error.
type call func(r *http.Request) (any, error)

func (c *Confluence) handler() http.Handler {
	mux := http.NewServeMux()
	missing := func(r *http.Request) (any, error) {
		return nil, &Refusal{Status: http.StatusNotFound, Title: "Not Found", Detail: "No such resource: " + r.Method + " " + r.URL.Path}
	}
	if c.dc {
		for pattern, do := range c.dcCalls() {
			mux.Handle(route(pattern, "/rest/api"), answer(do, v1Error))
		}
		mux.Handle("/", answer(missing, v1Error))
		return mux
	}
	for pattern, do := range c.v2() {
		mux.Handle(route(pattern, "/wiki/api/v2"), answer(scoped(pattern, do), v2Error))
	}
	for pattern, do := range c.v1() {
		mux.Handle(route(pattern, "/wiki/rest/api"), answer(scoped(pattern, do), v1Error))
	}
	mux.Handle("/wiki/api/v2/", answer(missing, v2Error))
	mux.Handle("/wiki/rest/api/", answer(missing, v1Error))
	return mux
}

// route puts base before the path of a pattern like "GET /pages/{id}".
func route(pattern, base string) string {
	method, path, _ := strings.Cut(pattern, " ")
	return method + " " + base + path
}

// scope is the Connect scope that an app needs for a call, as Atlassian's API descriptions give it.
func scope(pattern string) string {
	method, path, _ := strings.Cut(pattern, " ")
	switch {
	case method == http.MethodGet, path == "/users-bulk", strings.HasSuffix(path, "/permission/check"):
		return "READ"
	case method == http.MethodDelete && strings.HasSuffix(path, "/{id}"):
		return "DELETE"
	}
	return "WRITE"
}

func scoped(pattern string, do call) call {
	needed := scope(pattern)
	return func(r *http.Request) (any, error) {
		if !site.Allowed(r.Context(), needed) {
			return nil, &Refusal{Status: http.StatusForbidden, Title: "Forbidden", Detail: "The app's descriptor does not ask for the scope " + needed + "."}
		}
		return do(r)
	}
}

func answer(do call, shape func(*Refusal) any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		value, err := do(r)
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case err != nil:
			refusal := asRefusal(err)
			w.WriteHeader(refusal.Status)
			write(w, shape(refusal))
		case value == nil:
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNoContent)
		default:
			if l, ok := value.(list); ok && l.next != "" {
				w.Header().Set("Link", "<"+l.next+`>; rel="next"`)
			}
			write(w, value)
		}
	})
}

func write(w io.Writer, value any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	// An answer that can't be written has nobody left to hear of it.
	_ = e.Encode(value)
}

func v2Error(r *Refusal) any {
	var detail any
	if r.Detail != "" {
		detail = r.Detail
	}
	return map[string]any{"errors": []any{
		map[string]any{"status": r.Status, "code": r.code(), "title": r.Title, "detail": detail},
	}}
}

func v1Error(r *Refusal) any {
	return map[string]any{
		"statusCode": r.Status,
		"data":       map[string]any{"authorized": r.Status != http.StatusForbidden, "valid": r.Status != http.StatusBadRequest, "allowedInReadOnlyMode": true, "errors": []any{}, "successful": false},
		"message":    r.exception() + ": " + r.Error(),
	}
}

// read decodes a request's JSON body. It refuses one that says it is something else, with 415.
func read(r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "The request's body must be application/json, not %q", r.Header.Get("Content-Type"))
	}
	d := json.NewDecoder(r.Body)
	err := d.Decode(into)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "The request's body is larger than %d bytes", tooLarge.Limit)
	case errors.Is(err, io.EOF):
		return badRequest("The request's body is empty")
	}
	return badRequest("The request's body is not what is expected: %v", err)
}

// number reads a whole number of the query, fallback where it is absent, and no more than highest.
func number(r *http.Request, name string, fallback, highest int) (int, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, badRequest("The parameter %s must be a whole number, not %q", name, s)
	}
	return min(n, highest), nil
}

// values reads a parameter that may be repeated, hold commas, or both.
func values(r *http.Request, name string) []string {
	var out []string
	for _, v := range r.URL.Query()[name] {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// flag reads a boolean parameter.
func flag(r *http.Request, name string) bool { return r.URL.Query().Get(name) == "true" }

// checkID refuses what can't be the id of anything: ids are numbers.
func checkID(id string) error {
	if _, err := strconv.ParseInt(id, 10, 64); err != nil {
		return badRequest("Provided value {%s} for 'id' is not the correct type. Expected type is long", id)
	}
	return nil
}
