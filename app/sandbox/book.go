package sandbox

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// Calls counts REST requests since the site was opened.
type Calls struct {
	Total     int            `json:"total"`
	Points    int64          `json:"points"`    // as Atlassian counts them; requests that were refused for their number cost none
	Endpoints map[string]int `json:"endpoints"` // by method and path template
	Statuses  map[int]int    `json:"statuses"`  // by HTTP status; 0 where the connection was dropped
	Apps      map[string]int `json:"apps"`      // of apps, by product and key
}

type book struct {
	mu    sync.Mutex
	calls Calls
}

func newBook() book {
	return book{calls: Calls{Endpoints: map[string]int{}, Statuses: map[int]int{}, Apps: map[string]int{}}}
}

// entry is one request to be counted.
type entry struct {
	endpoint, app string
	status        int
	points        int64
}

func (b *book) add(e entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls.Total++
	b.calls.Endpoints[e.endpoint]++
	b.calls.Statuses[e.status]++
	if e.app != "" {
		b.calls.Apps[e.app]++
	}
	b.calls.Points += e.points
}

func (b *book) read() Calls {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.calls
	c.Endpoints, c.Statuses, c.Apps = maps.Clone(c.Endpoints), maps.Clone(c.Statuses), maps.Clone(c.Apps)
	return c
}

var number = regexp.MustCompile(`/[0-9]+|/[A-Z][A-Z0-9]+-[0-9]+`)

// endpoint is the template of a request: the pattern it was routed by, or, where it reached no route, its path with ids left out.
func endpoint(r *http.Request) string {
	if strings.Contains(r.Pattern, " ") && !strings.HasSuffix(r.Pattern, "/") {
		return r.Pattern
	}
	return r.Method + " " + number.ReplaceAllString(r.URL.Path, "/{id}")
}

// watched notes the status of an answer.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is below.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }
