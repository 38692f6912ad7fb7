package confluence

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// list is a page of results as the v2 API gives them.
type list struct {
	Results []any             `json:"results"`
	Links   map[string]string `json:"_links"`
	next    string
}

// The v2 API's page sizes.
const (
	defaultLimit = 25
	maxLimit     = 250
)

// paged cuts the window that the request's cursor and limit ask for out of all, and renders only what lies in it.
func paged[T any](c *Confluence, r *http.Request, all []T, render func(T) any) (any, error) {
	limit, err := number(r, "limit", defaultLimit, maxLimit)
	if err != nil || limit == 0 {
		return nil, badRequest("The parameter limit must lie between 1 and %d", maxLimit)
	}
	start, err := cursorStart(r)
	if err != nil {
		return nil, err
	}
	start = min(start, len(all))
	stop := min(start+limit, len(all))
	out := list{Results: []any{}, Links: map[string]string{"base": c.base()}}
	for _, item := range all[start:stop] {
		out.Results = append(out.Results, render(item))
	}
	if stop < len(all) {
		q := r.URL.Query()
		q.Set("cursor", cursor(stop))
		q.Set("limit", strconv.Itoa(limit))
		out.next = r.URL.EscapedPath() + "?" + q.Encode()
		out.Links["next"] = out.next
	}
	return out, nil
}

// cursor is an opaque mark of a place in a list.
func cursor(start int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("start:" + strconv.Itoa(start)))
}

// cursorStart is the place that the request's cursor marks; 0 without one.
func cursorStart(r *http.Request) (int, error) {
	s := r.URL.Query().Get("cursor")
	if s == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		if n, ok := strings.CutPrefix(string(raw), "start:"); ok {
			if start, err := strconv.Atoi(n); err == nil && start >= 0 {
				return start, nil
			}
		}
	}
	return 0, badRequest("The cursor %q is not one that this site gave out", s)
}
