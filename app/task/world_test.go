package task_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/hook"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/extract/catalog"
	"github.com/throughline/throughline/app/sandbox"
	sandboxwiki "github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/task"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store"
)

// soak is how often something is tried: a few times in `make test`, all of them in `make soak`.
func soak(few, all int) int {
	if os.Getenv("SOAK") != "" {
		return all
	}
	return few
}

// world is a site, and the desk that works on it, in one bubble of simulated time: the real clients, the real chain of outbound and the
// real store, with a wire in place of the network.
type world struct {
	*testing.T
	site  *sandbox.Sandbox
	wire  *wire
	road  *outbound.Road
	book  store.Store
	desk  *task.Desk
	id    tenant.ID
	space string
	told  int
}

// openWorld must be called in a bubble of testing/synctest.
func openWorld(t *testing.T, change func(*task.Desk)) *world {
	t.Helper()
	return openDesk(t, openSite(t, nil), filepath.Join(t.TempDir(), "throughline.db"), change)
}

// openSite is a site that is reached by its handler alone, and holds callers to the published limits.
func openSite(t *testing.T, webhooks http.RoundTripper) *sandbox.Sandbox {
	t.Helper()
	o := sandbox.Options{Listen: silent{make(chan struct{}), new(sync.Once)}, Limits: sandbox.PublishedLimits()}
	if webhooks != nil {
		o.Client = &http.Client{Transport: webhooks}
	}
	local, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := local.Close(); err != nil {
			t.Error(err)
		}
	})
	return local
}

// openDesk works on a site with a store of its own, as the site's service account.
func openDesk(t *testing.T, local *sandbox.Sandbox, file string, change func(*task.Desk)) *world {
	t.Helper()
	w := &world{T: t, site: local, wire: &wire{to: local}, space: local.Confluence().Spaces()[0].ID}
	w.road = outbound.New(outbound.Options{Dev: true, Send: w.wire, Log: slog.New(slog.DiscardHandler)})
	who := local.Credentials()[0]
	account := hook.Account{Jira: local.BaseURL(), Confluence: local.BaseURL() + "/wiki", Email: who.Email, Token: tenant.NewSecret(who.Token)}
	w.id = account.ID()
	var err error
	w.book, err = store.Open(t.Context(), "bolt://"+file, store.Options{Key: []byte("0123456789abcdef0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range account.Installations(time.Now()) {
		if _, err := w.book.Install(t.Context(), w.id, in); err != nil {
			t.Fatal(err)
		}
	}
	policy := task.DefaultPolicy()
	policy.Project = "SEC"
	w.desk = &task.Desk{
		Book: w.book, Sites: oneSite{w, account}, Scanner: catalog.Engine(), Policy: policy,
		Now: func() time.Time { return time.Now().UTC() }, Log: slog.New(slog.DiscardHandler), Count: uncounted{},
	}
	if change != nil {
		change(w.desk)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.book.Run(ctx, w.desk.Handlers()) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := w.book.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// oneSite makes the clients of the one site.
type oneSite struct {
	w       *world
	account hook.Account
}

func (s oneSite) client(ctx context.Context, p tenant.Product) (string, *http.Client, error) {
	known, err := s.w.book.Get(ctx, s.w.id)
	return known.Installations[p].BaseURL, s.w.road.Client(known, p, s.account), err
}

func (s oneSite) Confluence(ctx context.Context, _ tenant.ID) (*confluence.Client, error) {
	base, hc, err := s.client(ctx, tenant.Confluence)
	return confluence.New(base, hc), err
}

func (s oneSite) Jira(ctx context.Context, _ tenant.ID) (*jira.Client, error) {
	base, hc, err := s.client(ctx, tenant.Jira)
	if err != nil {
		return nil, err
	}
	return jira.New(base, hc)
}

func (s oneSite) Edition(context.Context, tenant.ID) (tenant.Edition, error) { return tenant.Cloud, nil }

func (s oneSite) JiraURL(context.Context, tenant.ID) (string, error) { return s.w.site.BaseURL(), nil }

// uncounted is a Counter that counts nothing.
type uncounted struct{}

func (uncounted) Review(string)             {}
func (uncounted) Panel(string)              {}
func (uncounted) Ticket(string)             {}
func (uncounted) Duplicates(tenant.ID, int) {}

// write makes a design page that states n threats, and tells of it.
func (w *world) write(title string, n int) sandboxwiki.Page {
	w.Helper()
	p, err := w.site.Confluence().Create(site.Amir, sandboxwiki.Draft{SpaceID: w.space, Title: title, Body: stating(title, n), OwnerID: site.Dana, Labels: []string{"threat-model"}})
	if err != nil {
		w.Fatal(err)
	}
	w.tell(work.Job{Kind: work.ReviewPage, Subject: p.ID})
	return p
}

func stating(title string, n int) string {
	var b strings.Builder
	b.WriteString("<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr>")
	for i := range n {
		fmt.Fprintf(&b, "<tr><td>An attacker forges message number %d of the %s protocol</td><td>Sign message %d and refuse replays</td></tr>", i+1, title, i+1)
	}
	b.WriteString("</tbody></table>")
	return b.String()
}

// tell accepts a job as an event's.
func (w *world) tell(job work.Job) {
	w.Helper()
	w.told++
	job.Occurred = time.Now().UTC()
	if _, err := w.book.Accept(w.Context(), work.Delivery{Tenant: w.id, Key: strconv.Itoa(w.told), Seen: job.Occurred, Jobs: []work.Job{job}}); err != nil {
		w.Fatal(err)
	}
}

// settle lets time pass until nothing is left to do.
func (w *world) settle(within time.Duration) {
	w.Helper()
	var left []work.Job
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(time.Second) {
		all, err := w.book.Peek(w.Context(), work.Filter{})
		if err != nil {
			w.Fatal(err)
		}
		left = nil
		for _, j := range all {
			if !j.Ahead(time.Now()) {
				left = append(left, j)
			}
		}
		if len(left) == 0 {
			return
		}
	}
	w.Fatalf("within %s %d jobs were not done, such as %+v", within, len(left), left[0])
}

// once holds that every threat has one ticket by its marker, that it is bound to that one, and that there are so many; and that every
// page has its panel.
func (w *world) once(threats int) {
	w.Helper()
	byMarker, byID := map[string]int{}, map[string]string{}
	for _, i := range w.site.Jira().Issues() {
		for _, l := range i.Labels {
			if strings.HasPrefix(l, task.Label+"-") {
				byMarker[l]++
				byID[l] = i.Key
			}
		}
	}
	pages, err := w.book.Pages(w.Context(), w.id)
	if err != nil {
		w.Fatal(err)
	}
	known := 0
	for _, p := range pages {
		rec, err := w.book.Page(w.Context(), w.id, p.ID)
		if err != nil {
			w.Fatal(err)
		}
		if rec.Page.PanelHash == "" {
			w.Errorf("page %q has no panel", p.Title)
		}
		for _, t := range rec.Threats {
			known++
			mark := task.Label + "-" + string(t.ID)
			if byMarker[mark] != 1 || t.Ticket == nil || t.Ticket.Key != byID[mark] || t.Intent != nil || !t.Ticket.Linked {
				w.Errorf("%s of %q has %d tickets, and is bound to %+v (intent %+v)", t.ID, p.Title, byMarker[mark], t.Ticket, t.Intent)
			}
		}
	}
	if known != threats || len(byMarker) != threats {
		w.Errorf("%d threats are known and %d have tickets, of %d that were stated", known, len(byMarker), threats)
	}
}

// silent is a listener that nobody calls: requests come by a wire.
type silent struct {
	closed chan struct{}
	once   *sync.Once
}

func (s silent) Accept() (net.Conn, error) { <-s.closed; return nil, net.ErrClosed }
func (s silent) Close() error              { s.once.Do(func() { close(s.closed) }); return nil }
func (s silent) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8091} }

// passed is one request that went over a wire.
type passed struct {
	at     time.Time
	method string
	path   string
	status int           // 0: no answer
	rest   time.Duration // that the answer asks for
}

// wire carries requests to a handler, as a network would: whoever gives up leaves, and a connection may end without an answer.
type wire struct {
	to http.Handler

	mu   sync.Mutex
	keep bool
	seen []passed
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	began := time.Now()
	in := r.Clone(r.Context())
	in.Host, in.RequestURI = r.URL.Host, r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	answers := make(chan *http.Response, 1)
	go func() {
		defer close(answers)
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				panic(p)
			}
		}()
		out := httptest.NewRecorder()
		w.to.ServeHTTP(out, in)
		answers <- out.Result()
	}()
	select {
	case resp, ok := <-answers:
		if !ok {
			w.note(began, r, nil)
			return nil, io.ErrUnexpectedEOF
		}
		w.note(began, r, resp)
		return resp, nil
	case <-r.Context().Done():
		w.note(began, r, nil)
		return nil, r.Context().Err()
	}
}

func (w *wire) note(at time.Time, r *http.Request, resp *http.Response) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.keep {
		return
	}
	p := passed{at: at, method: r.Method, path: r.URL.Path}
	if resp != nil {
		p.status = resp.StatusCode
		if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
			p.rest = time.Duration(seconds) * time.Second
		}
	}
	w.seen = append(w.seen, p)
}
