package jira

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/throughline/throughline/app/sandbox/site"
)

const maxBody = 10 << 20

// call is one REST request.
type call struct {
	j     *Jira
	w     http.ResponseWriter
	r     *http.Request
	v     version
	actor site.User
}

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// list reads a parameter that may be repeated and may hold commas.
func (c *call) list(name string) []string {
	var out []string
	for _, v := range c.r.URL.Query()[name] {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// issue is the issue that the path names, if the caller sees it.
func (c *call) issue() (*record, *Error) {
	r, ok := c.j.get(c.r.PathValue("issueIdOrKey"))
	if !ok {
		return nil, c.j.noIssue()
	}
	if !c.j.sees(c.actor.AccountID, r) {
		return nil, c.j.unseen()
	}
	return r, nil
}

// body reads a JSON body.
func (c *call) body(into any) *Error {
	if kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &Error{Status: http.StatusUnsupportedMediaType, Messages: []string{"Unsupported Media Type: send application/json."}, Fields: map[string]string{}}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return refuse(http.StatusRequestEntityTooLarge, "The request body is larger than %d bytes.", tooLarge.Limit)
	}
	if err != nil || json.Unmarshal(raw, into) != nil {
		return refuse(http.StatusBadRequest, "There was an error parsing JSON. Check that your request body is valid.")
	}
	return nil
}

// number reads a whole number that is not negative.
func (c *call) number(name string, absent int) (int, *Error) {
	s := c.query(name)
	if s == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, refuse(http.StatusBadRequest, "The value '%s' is not valid for %s: it must be a whole number, zero or more.", s, name)
	}
	return n, nil
}

// window reads startAt and maxResults.
func (c *call) window(absent, limit int) (start, size int, err *Error) {
	if start, err = c.number("startAt", 0); err != nil {
		return 0, 0, err
	}
	size, err = c.number("maxResults", absent)
	return start, min(size, limit), err
}

func window[T any](list []T, start, size int) []T {
	start = min(start, len(list))
	return list[start:min(start+size, len(list))]
}

func (c *call) count(core, identity int) { site.Count(c.r.Context(), core, identity) }

// self is the address of something below the REST API that the call speaks; string arguments are escaped.
func (c *call) self(format string, args ...any) string { return selfOf(c.j.site, c.v, format, args...) }

func selfOf(s site.Site, v version, format string, args ...any) string {
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = url.PathEscape(text)
		}
	}
	return fmt.Sprintf("%s/rest/api/%d"+format, append([]any{s.BaseURL(), v.number()}, args...)...)
}

// file is the content of a file, as an answer.
type file struct {
	kind    string
	content []byte
}

// answer writes what a handler returned.
func (c *call) answer(status int, body any, refused *Error) {
	if refused != nil {
		status, body = refused.Status, refused
	}
	if status == http.StatusNoContent || body == nil {
		c.w.WriteHeader(status)
		return
	}
	if f, ok := body.(file); ok {
		c.w.Header().Set("Content-Type", f.kind)
		c.w.WriteHeader(status)
		_, _ = c.w.Write(f.content) // the client may be gone
		return
	}
	out, err := json.Marshal(body)
	if err != nil {
		status, out = http.StatusInternalServerError, []byte(`{"errorMessages":["The answer could not be written."],"errors":{}}`)
	}
	c.w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(out) // the client may be gone
}
