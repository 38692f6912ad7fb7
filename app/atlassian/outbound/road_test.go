package outbound_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

var start = time.Date(2026, 11, 23, 12, 20, 0, 0, time.UTC)

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// signer counts attempts, and signs with their number.
type signer struct {
	n   atomic.Int32
	err error
}

func (s *signer) Sign(req *http.Request) error {
	n := s.n.Add(1)
	req.Header.Set("Authorization", "attempt "+strconv.Itoa(int(n)))
	return s.err
}

func acme(base string) tenant.Tenant {
	return tenant.Tenant{ID: "acme.atlassian.net", Installations: map[tenant.Product]tenant.Installation{
		tenant.Jira:       {Product: tenant.Jira, ClientKey: "j", BaseURL: base},
		tenant.Confluence: {Product: tenant.Confluence, ClientKey: "c", BaseURL: base + "/wiki"},
	}}
}

// serve is a site, a road to it in Dev, and a clock.
func serve(t *testing.T, h http.HandlerFunc, change ...func(*outbound.Options)) (string, *outbound.Road, *clock) {
	t.Helper()
	site := httptest.NewServer(h)
	t.Cleanup(site.Close)
	c := &clock{now: start}
	o := outbound.Options{Dev: true, Clock: c.time, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	return site.URL, outbound.New(o), c
}

// answer is a response with its body read.
type answer struct {
	status int
	body   string
	cut    error // of reading the body
	bad    error // by Check
}

// send makes a call; the error is the transport's.
func send(ctx context.Context, t *testing.T, hc *http.Client, method, url, body string) (answer, error) {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := hc.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	got, cut := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(got))
	return answer{status: resp.StatusCode, body: string(got), cut: cut, bad: outbound.Check(resp)}, nil
}

// outcome is what a caller makes of a call: the transport's error, else that of the answer.
func outcome(a answer, err error) error {
	if err != nil {
		return err
	}
	return a.bad
}

func TestOnlyToTheSite(t *testing.T) {
	var calls atomic.Int32
	base, road, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.URL.Path == "/wiki/away" {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}
	})
	hc := road.Client(acme(base), tenant.Confluence, nil)
	for _, tt := range []struct {
		name, url string
		denied    bool
	}{
		{"the base URL", base + "/wiki", false},
		{"below it", base + "/wiki/api/v2/pages/1", false},
		{"beside it", base + "/rest/api/2/issue/A-1", true},
		{"a path that begins alike", base + "/wikipedia", true},
		{"another host", "http://127.0.0.1:1/wiki/x", true},
		{"another scheme", strings.Replace(base, "http:", "https:", 1) + "/wiki/x", true},
		{"with a user", strings.Replace(base, "http://", "http://me:pw@", 1) + "/wiki/x", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := calls.Load()
			_, err := send(t.Context(), t, hc, http.MethodGet, tt.url, "")
			if fault.Is(err, fault.Denied) != tt.denied || (calls.Load() == before) != tt.denied {
				t.Errorf("error %v, %d calls", err, calls.Load()-before)
			}
			if err != nil && strings.Contains(err.Error(), "pw") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
	got, err := send(t.Context(), t, hc, http.MethodGet, base+"/wiki/away", "")
	if err != nil || got.status != http.StatusFound {
		t.Fatalf("a redirect was followed: %v", err)
	}
	if !fault.Is(got.bad, fault.Invalid) || !strings.Contains(got.bad.Error(), "base URL") {
		t.Errorf("a redirect checks as %v", got.bad)
	}
}

func TestNotInstalled(t *testing.T) {
	base, road, _ := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	gone := acme(base)
	in := gone.Installations[tenant.Jira]
	in.RemovedAt = start
	gone.Installations[tenant.Jira] = in
	plain := outbound.New(outbound.Options{})
	for name, hc := range map[string]*http.Client{
		"never installed": road.Client(tenant.Tenant{ID: "acme"}, tenant.Jira, nil),
		"uninstalled":     road.Client(gone, tenant.Jira, nil),
		"http in earnest": plain.Client(acme(base), tenant.Jira, nil),
		// TLS is not reached: the address is refused when it is dialled.
		"loopback in earnest": plain.Client(acme(strings.Replace(base, "http:", "https:", 1)), tenant.Jira, nil),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := send(t.Context(), t, hc, http.MethodPost, strings.Replace(base, "http:", "https:", 1)+"/x", "{}"); !fault.Is(err, fault.Denied) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	type answer = func(w http.ResponseWriter)
	status := func(code int) answer { return func(w http.ResponseWriter) { w.WriteHeader(code) } }
	drop := func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
	wait := func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	tests := []struct {
		name       string
		method     string
		repeatable bool
		answers    []answer // the last one stays
		calls      int
		status     int        // of the response, when there is one
		kind       fault.Kind // of the error, or of the checked response
		after      time.Duration
	}{
		{"read, good at once", "GET", false, []answer{status(200)}, 1, 200, 0, 0},
		{"read, good at last", "GET", false, []answer{status(503), drop, status(200)}, 3, 200, 0, 0},
		{"read, never good", "GET", false, []answer{status(502)}, 3, 502, fault.Busy, 5 * time.Second},
		{"read, dropped", "GET", false, []answer{drop}, 3, 0, fault.Busy, 0},
		{"read, told to wait", "GET", false, []answer{wait, status(200)}, 1, 503, fault.Busy, 7 * time.Second},
		{"read, refused", "GET", false, []answer{status(404)}, 1, 404, fault.NotFound, 0},
		{"read, limited", "GET", false, []answer{status(429), status(200)}, 1, 429, fault.Busy, 5 * time.Second},
		{"write, failed", "POST", false, []answer{status(500), status(200)}, 1, 500, fault.Uncertain, 0},
		{"write, dropped", "POST", false, []answer{drop, status(200)}, 1, 0, fault.Uncertain, 0},
		{"put, dropped", "PUT", false, []answer{drop, status(200)}, 1, 0, fault.Uncertain, 0},
		{"search, failed and dropped", "POST", true, []answer{status(500), drop, status(200)}, 3, 200, 0, 0},
		{"upsert, dropped", "PUT", true, []answer{drop}, 3, 0, fault.Busy, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			base, road, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				n := int(calls.Add(1))
				if body, err := io.ReadAll(r.Body); err != nil || r.Method != http.MethodGet && string(body) != `{"a":1}` {
					t.Errorf("call %d has the body %q, %v", n, body, err)
				}
				// net/http itself repeats a read whose kept connection was found dead, so an attempt may be seen twice.
				if got := r.Header.Get("Authorization"); got == "" || got > "attempt "+strconv.Itoa(n) || n == 1 && got != "attempt 1" {
					t.Errorf("call %d is signed as %q", n, got)
				}
				tt.answers[min(n, len(tt.answers))-1](w)
			})
			ctx, body := t.Context(), ""
			if tt.repeatable {
				ctx = outbound.Repeatable(ctx)
			}
			if tt.method != "GET" {
				body = `{"a":1}`
			}
			got, err := send(ctx, t, road.Client(acme(base), tenant.Jira, &signer{}), tt.method, base+"/rest/api/2/thing", body)
			if got.status != tt.status {
				t.Errorf("status %d, error %v, want status %d", got.status, err, tt.status)
			}
			err = outcome(got, err)
			if (err != nil) != (tt.kind != 0) || err != nil && fault.KindOf(err) != tt.kind || fault.RetryAfter(err) != tt.after {
				t.Errorf("error %v is %s after %s, want %s after %s", err, fault.KindOf(err), fault.RetryAfter(err), tt.kind, tt.after)
			}
			if got := int(calls.Load()); got != tt.calls {
				t.Errorf("%d calls, want %d", got, tt.calls)
			}
		})
	}
}

// What never reached the site may be repeated, whatever it was; what may have, not.
func TestUnknownOutcome(t *testing.T) {
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	base := "http://" + closed.Addr().String()
	_, err = send(t.Context(), t, outbound.New(outbound.Options{Dev: true}).Client(acme(base), tenant.Jira, nil), http.MethodPost, base+"/x", "{}")
	if !fault.Is(err, fault.Busy) {
		t.Errorf("a refused connection is %s: %v", fault.KindOf(err), err)
	}

	release := make(chan struct{})
	base, road, _ := serve(t, func(http.ResponseWriter, *http.Request) { <-release },
		func(o *outbound.Options) { o.Timeout = 100 * time.Millisecond })
	defer close(release)
	_, err = send(t.Context(), t, road.Client(acme(base), tenant.Jira, nil), http.MethodPost, base+"/x", "{}")
	if !fault.Is(err, fault.Uncertain) {
		t.Errorf("a write that timed out is %s: %v", fault.KindOf(err), err)
	}

	failed := &signer{err: fault.New(fault.Denied, "no secret")}
	if _, err = send(t.Context(), t, road.Client(acme(base), tenant.Jira, failed), http.MethodPost, base+"/x", "{}"); !fault.Is(err, fault.Denied) {
		t.Errorf("an unsigned call is %s: %v", fault.KindOf(err), err)
	}
}

// Metrics grow with the endpoints that are used, and never name a tenant.
func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	base, road, _ := serve(t, func(http.ResponseWriter, *http.Request) {}, func(o *outbound.Options) { o.Metrics = reg })
	hc := road.Client(acme(base), tenant.Jira, nil)
	for _, path := range []string{"/rest/api/2/issue/A-1", "/rest/api/2/issue/A-2", "/rest/api/2/issue/10040"} {
		if _, err := send(t.Context(), t, hc, http.MethodGet, base+path, ""); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		if _, err := send(t.Context(), t, hc, http.MethodGet, base+"/"+strings.Repeat("a", 1+i%10)+"/"+strings.Repeat("b", 1+i/10), ""); err != nil {
			t.Fatal(err)
		}
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series, issues := 0, 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if strings.Contains(l.GetValue(), "acme") {
					t.Errorf("%s names a tenant", f.GetName())
				}
				if l.GetValue() == "GET /rest/api/2/issue/{id}" {
					issues = m.GetCounter().GetValue()
				}
			}
			if f.GetName() == "throughline_outbound_calls_total" {
				series++
			}
		}
	}
	if issues != 3 || series > 65 {
		t.Errorf("%v calls for issues, %d series", issues, series)
	}
}

// key signs with a word, and hears what the site took of it.
type key struct {
	word string
	took atomic.Int32
	err  error
}

func (k *key) Sign(req *http.Request) error {
	req.Header.Set("Authorization", k.word)
	return nil
}

func (k *key) Took(context.Context) error {
	k.took.Add(1)
	return k.err
}

// What a site refuses with 401 is sent once by each signer, whole, and the one whose call it did hears of it.
func TestSecondSigner(t *testing.T) {
	tests := []struct {
		name   string
		method string
		good   string // whose calls the site does
		status int    // what it says to those
		err    error  // of recording
		want   []string
		end    int
		took   [2]int32
	}{
		{"the first", "POST", "new", 201, nil, []string{"new: body"}, 201, [2]int32{1, 0}},
		{"the second", "POST", "old", 201, nil, []string{"new: body", "old: body"}, 201, [2]int32{0, 1}},
		{"the second, which cannot be recorded", "POST", "old", 201, errors.New("the disk is full"), []string{"new: body", "old: body"}, 201, [2]int32{0, 1}},
		{"neither", "POST", "other", 201, nil, []string{"new: body", "old: body"}, 401, [2]int32{0, 0}},
		{"known, and not allowed", "POST", "new", 403, nil, []string{"new: body"}, 403, [2]int32{0, 0}},
		{"known, and wrong", "PUT", "old", 400, nil, []string{"new: body", "old: body"}, 400, [2]int32{0, 0}},
		{"a read by the second", "GET", "old", 200, nil, []string{"new: ", "old: "}, 200, [2]int32{0, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			base, road, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = append(got, r.Header.Get("Authorization")+": "+string(body))
				if r.Header.Get("Authorization") != tt.good {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				w.WriteHeader(tt.status)
			})
			now, former := &key{word: "new", err: tt.err}, &key{word: "old", err: tt.err}
			body := "body"
			if tt.method == http.MethodGet {
				body = ""
			}
			a, err := send(t.Context(), t, road.Client(acme(base), tenant.Jira, now, former), tt.method, base+"/x", body)
			if err != nil || a.status != tt.end {
				t.Fatalf("ended with %d, %v; want %d", a.status, err, tt.end)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("the site got %q, want %q", got, tt.want)
			}
			if took := [2]int32{now.took.Load(), former.took.Load()}; took != tt.took {
				t.Errorf("heard of %v, want %v", took, tt.took)
			}
			if spent := road.Spent().Calls; spent != len(tt.want) {
				t.Errorf("%d calls are counted, and %d were made", spent, len(tt.want))
			}
		})
	}
}
