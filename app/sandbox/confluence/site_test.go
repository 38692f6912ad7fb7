package confluence_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
)

const (
	mira = "712020:mira"
	jon  = "712020:jon"
	app  = "557058:app"

	reader = "712020:grace" // may change nothing in the space
)

// memory is a site that keeps its state in memory and whose clock moves only when told.
type memory struct {
	mu     sync.Mutex
	now    time.Time
	lag    time.Duration
	state  map[string]site.Snapshot
	events []site.Event
}

func newMemory() *memory {
	return &memory{now: time.Date(2026, 11, 23, 10, 30, 5, 0, time.UTC), state: map[string]site.Snapshot{}}
}

func (m *memory) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *memory) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

func (m *memory) BaseURL() string { return "http://127.0.0.1:8091" }

func (m *memory) Users() []site.User {
	return []site.User{
		{AccountID: mira, Name: "Mira Kowalski", Email: "mira@example.test", Type: "atlassian", Active: true},
		{AccountID: jon, Name: "Jon Berg", Email: "jon@example.test", Type: "atlassian", Active: true},
		{AccountID: reader, Name: "Grace Okafor", Email: "grace@example.test", Type: "atlassian", Active: true},
		{AccountID: app, Name: "An app", Type: "app", Active: true},
	}
}

func (m *memory) User(id string) (site.User, bool) {
	for _, u := range m.Users() {
		if u.AccountID == id {
			return u, true
		}
	}
	return site.User{}, false
}

type callerKey struct{}

func (m *memory) Caller(ctx context.Context) site.User {
	u, _ := ctx.Value(callerKey{}).(site.User)
	return u
}

func (m *memory) Emit(e site.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, e)
}

func (m *memory) Keep(product string, state any) error {
	later, ok := state.(site.Snapshot)
	if !ok {
		later = func() ([]byte, error) { return json.Marshal(state) }
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state[product] = later
	return nil
}

func (m *memory) Load(product string, state any) (bool, error) {
	m.mu.Lock()
	later, ok := m.state[product]
	m.mu.Unlock()
	if !ok {
		return false, nil
	}
	raw, err := later()
	if err != nil {
		return true, err
	}
	return true, json.Unmarshal(raw, state)
}

func (m *memory) Lag() time.Duration { return m.lag }

// names are the events so far, and forgets them.
func (m *memory) names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, e := range m.events {
		out = append(out, e.Name)
	}
	m.events = nil
	return out
}

// desk is a Confluence with one space, and a client of it.
type desk struct {
	*confluence.Confluence
	t     *testing.T
	site  *memory
	space confluence.Space
	check func(*http.Request, []byte, *http.Response, []byte) // against the contract; may be nil
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	m := newMemory()
	return openDesk(t, m)
}

func openDesk(t *testing.T, m *memory) *desk {
	t.Helper()
	c, err := confluence.New(m, confluence.Options{Spaces: []confluence.Space{{Key: "PAY", Name: "Payments", Readers: []string{reader}}}})
	if err != nil {
		t.Fatal(err)
	}
	space, ok := c.Space("PAY")
	if !ok {
		t.Fatal("no space PAY")
	}
	return &desk{Confluence: c, t: t, site: m, space: space}
}

func (d *desk) create(title, body string, labels ...string) confluence.Page {
	d.t.Helper()
	p, err := d.Create(mira, confluence.Draft{SpaceID: d.space.ID, Title: title, Body: body, Labels: labels})
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

// do makes a request as Mira and returns the status and the decoded answer.
func (d *desk) do(method, path, body string) (int, map[string]any) {
	d.t.Helper()
	return d.as(mira, method, path, body)
}

func (d *desk) as(account, method, path, body string) (int, map[string]any) {
	d.t.Helper()
	u, _ := d.site.User(account)
	r := httptest.NewRequestWithContext(d.t.Context(), method, "http://127.0.0.1:8091"+path, strings.NewReader(body))
	r = r.WithContext(context.WithValue(r.Context(), callerKey{}, u))
	if body != "" && r.URL.Query().Get("kind") != "text" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	res := w.Result()
	raw := w.Body.Bytes()
	if d.check != nil {
		d.check(r, []byte(body), res, raw)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return res.StatusCode, nil
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		d.t.Fatalf("%s %s: answer is no JSON: %v\n%s", method, path, err, raw)
	}
	return res.StatusCode, out
}

// dig follows keys and list indexes into a decoded answer.
func dig(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func mustJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}
