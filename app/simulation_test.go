package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

// The simulations run the real service against the real sandbox in a bubble of testing/synctest: hours pass in moments, and every wait is
// exact. The sandbox is made outside of the bubble, for it listens on a port, with a clock that is handed over to the bubble's.

// soak reports whether the full numbers are to be run: SOAK=1.
func soak() bool {
	on, _ := strconv.ParseBool(os.Getenv("SOAK"))
	return on
}

// beforehand is when the pages of simulated sites are made: simulated time begins at 2000.
func beforehand() time.Time { return time.Date(1999, 12, 31, 12, 0, 0, 0, time.UTC) }

// planet is a site for a simulation. Within the bubble its clock must be set to the bubble's.
type planet struct {
	*sandbox.Sandbox
	now func() time.Time
}

func newPlanet(t *testing.T, o sandbox.Options) *planet {
	t.Helper()
	p := &planet{now: beforehand}
	o.Clock = func() time.Time { return p.now() }
	var err error
	if p.Sandbox, err = sandbox.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// near is the way to a sandbox in the same process, without a network: simulated time passes on it. It keeps what reached the site.
type near struct {
	site *sandbox.Sandbox

	mu      sync.Mutex
	reached []arrival
}

// arrival is a request that reached the site. Status is 0 where no answer came back.
type arrival struct {
	at         time.Time
	call       string // method and path
	status     int
	retryAfter string
}

func (n *near) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	if hooks := httptrace.ContextClientTrace(r.Context()); hooks != nil && hooks.GotConn != nil {
		hooks.GotConn(httptrace.GotConnInfo{}) // from here on it may have been received
	}
	a := arrival{at: time.Now(), call: r.Method + " " + r.URL.Path}
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler: // how a server drops the connection
			resp, err = nil, io.ErrUnexpectedEOF
		default:
			panic(p)
		}
		if r.Context().Err() != nil { // nobody waited for the answer
			resp, err = nil, r.Context().Err()
		}
		if err == nil {
			a.status, a.retryAfter = resp.StatusCode, resp.Header.Get("Retry-After")
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.reached = append(n.reached, a)
	}()
	w := httptest.NewRecorder()
	n.site.ServeHTTP(w, in)
	return w.Result(), nil
}

// arrivals are the requests that reached the site so far, in the order of their ends.
func (n *near) arrivals() []arrival {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]arrival(nil), n.reached...)
}

// process is one run of the service on a site, in simulated time.
type process struct {
	*App
	store  store.Store
	tenant tenant.ID
	way    *near
	stop   func() // ends the process as SIGTERM does
}

// start begins a process over the store in dir, as the service begins: every site is looked through. It serves no requests; what events lead
// to is given to its store.
func start(t *testing.T, world *planet, dir string, set func(*Config)) *process {
	t.Helper()
	p := wake(t, world, dir, set)
	if err := p.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// wake begins a process that does not look around by itself.
func wake(t *testing.T, world *planet, dir string, set func(*Config)) *process {
	t.Helper()
	s, err := store.Open(t.Context(), "bolt://"+filepath.Join(dir, "throughline.db"), store.Options{Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	who := world.Credentials()[0]
	c, err := LoadConfig()
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Dev, c.Project, c.SiteURL, c.SiteEmail, c.SiteToken = dir, true, "SEC", world.BaseURL(), who.Email, who.Token
	if set != nil {
		set(&c)
	}
	a, err := New(c, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{App: a, store: s, way: &near{site: world.Sandbox}}
	a.road = outbound.New(outbound.Options{Dev: true, Spent: spentBefore(dir, a.log), Limit: c.PointsHour, Log: a.log, Send: p.way})
	account, _ := c.Account()
	a.desk.Sites, p.tenant = newSites(s, a.road, account), account.ID()
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	if err := a.register(ctx); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- s.Run(ctx, a.desk.Handlers()) }()
	go func() { a.keepSpent(ctx); ended <- nil }()
	p.stop = sync.OnceFunc(func() {
		end()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		a.end()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(p.stop) // so that a test that fails ends its bubble
	return p
}

// await waits until something holds, looking every ten seconds of simulated time for at most so long.
func await(t *testing.T, most time.Duration, what string, holds func() bool) {
	t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(10 * time.Second) {
		if time.Since(begun) > most {
			t.Fatalf("after %s there are not yet %s", most, what)
		}
	}
}

// records is all that is known of the site's pages, by page id.
func (p *process) records(t *testing.T) []trace.Record {
	t.Helper()
	pages, err := p.store.Pages(t.Context(), p.tenant)
	if err != nil {
		t.Fatal(err)
	}
	var out []trace.Record
	for _, page := range pages {
		rec, err := p.store.Page(t.Context(), p.tenant, page.ID)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rec)
	}
	return out
}

// settled reports whether no job waits or runs but for the next sweep and audit. What is held never ends by itself, and is an error.
func (p *process) settled(t *testing.T) bool {
	t.Helper()
	jobs, err := p.store.Peek(t.Context(), work.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		switch {
		case j.State == work.Held:
			t.Fatalf("job %d (%s %s) is held: %s", j.ID, j.Kind, j.Subject, j.Reason)
		case j.Kind != work.Sweep && j.Kind != work.AuditTickets:
			return false
		}
	}
	return true
}

// reviewed counts the pages that have their panel.
func (p *process) reviewed(t *testing.T) int {
	t.Helper()
	known, err := p.store.Pages(t.Context(), p.tenant)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, page := range known {
		if page.PanelVersion > 0 {
			n++
		}
	}
	return n
}

// manyPages are design pages that state two threats each.
func manyPages(n int) []seed.Page {
	pages := make([]seed.Page, n)
	for i := range pages {
		pages[i] = seed.Page{
			Title: fmt.Sprintf("Service %d", i), Labels: []string{"design"}, Owner: site.Dana,
			Body: fmt.Sprintf("<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr>"+
				"<tr><td>An attacker replays webhooks of service %d</td><td>Refuse what is older than a minute</td></tr>"+
				"<tr><td>A tenant of service %d reads orders of another</td><td>Filter by the caller's tenant</td></tr></tbody></table>", i, i),
		}
	}
	return pages
}
