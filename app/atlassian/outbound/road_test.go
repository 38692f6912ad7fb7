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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

func TestRateLimits(t *testing.T) {
	type request struct {
		product      tenant.Product
		method, path string
		held         bool
	}
	tests := []struct {
		name, reason string
		limited      request
		then         []request
	}{
		{
			"quota of all", "jira-quota-global-based",
			request{tenant.Jira, "GET", "/rest/api/2/issue/A-1", false},
			[]request{{tenant.Jira, "GET", "/rest/api/2/project/A", true}, {tenant.Jira, "POST", "/rest/api/2/issue/bulk", true}, {tenant.Confluence, "GET", "/wiki/api/v2/pages/1", false}},
		},
		{
			"quota of a tenant", "jira-quota-tenant-based",
			request{tenant.Jira, "GET", "/rest/api/2/issue/A-1", false},
			[]request{{tenant.Jira, "GET", "/rest/api/2/project/A", true}, {tenant.Confluence, "GET", "/wiki/api/v2/pages/1", false}},
		},
		{
			"burst", "jira-burst-based",
			request{tenant.Jira, "GET", "/rest/api/2/issue/A-1", false},
			[]request{{tenant.Jira, "GET", "/rest/api/2/issue/B-77", true}, {tenant.Jira, "PUT", "/rest/api/2/issue/A-1", false}, {tenant.Jira, "GET", "/rest/api/2/project/A", false}},
		},
		{
			"writes to an issue", "jira-per-issue-on-write",
			request{tenant.Jira, "PUT", "/rest/api/2/issue/A-1/assignee", false},
			[]request{{tenant.Jira, "POST", "/rest/api/2/issue/A-1/comment", true}, {tenant.Jira, "PUT", "/rest/api/2/issue/A-2/assignee", false}, {tenant.Jira, "GET", "/rest/api/2/issue/A-1", false}},
		},
		{
			"no reason", "",
			request{tenant.Confluence, "GET", "/wiki/api/v2/pages/1", false},
			[]request{{tenant.Confluence, "GET", "/wiki/api/v2/pages/2", true}, {tenant.Confluence, "PUT", "/wiki/api/v2/pages/2", false}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var limit atomic.Bool
			limit.Store(true)
			base, road, now := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if limit.CompareAndSwap(true, false) {
					w.Header().Set("Retry-After", "30")
					w.Header().Set("RateLimit-Reason", tt.reason)
					w.WriteHeader(http.StatusTooManyRequests)
				}
			})
			try := func(r request) error {
				return outcome(send(t.Context(), t, road.Client(acme(base), r.product, nil), r.method, base+r.path, ""))
			}
			if err := try(tt.limited); !fault.Is(err, fault.Busy) || fault.RetryAfter(err) != 30*time.Second {
				t.Fatalf("the limited call: %v after %s", err, fault.RetryAfter(err))
			}
			now.add(10 * time.Second)
			for _, r := range tt.then {
				calls := road.Spent().Calls
				err := try(r)
				if fault.Is(err, fault.Busy) != r.held || r.held && (fault.RetryAfter(err) != 20*time.Second || road.Spent().Calls != calls) {
					t.Errorf("%s %s: %v after %s", r.method, r.path, err, fault.RetryAfter(err))
				}
			}
			now.add(20 * time.Second)
			for _, r := range append(tt.then, tt.limited) {
				if err := try(r); err != nil {
					t.Errorf("after the wait, %s %s: %v", r.method, r.path, err)
				}
			}
		})
	}
}

// Another tenant is not held back by what one tenant did.
func TestRateLimitOfOneTenant(t *testing.T) {
	var limit atomic.Bool
	limit.Store(true)
	base, road, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if limit.CompareAndSwap(true, false) {
			w.Header().Set("RateLimit-Reason", "jira-quota-tenant-based")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	one, other := acme(base), acme(base)
	other.ID = "other.atlassian.net"
	_, _ = send(t.Context(), t, road.Client(one, tenant.Jira, nil), http.MethodGet, base+"/x", "")
	if _, err := send(t.Context(), t, road.Client(one, tenant.Jira, nil), http.MethodGet, base+"/x", ""); !fault.Is(err, fault.Busy) {
		t.Errorf("the limited tenant: %v", err)
	}
	if _, err := send(t.Context(), t, road.Client(other, tenant.Jira, nil), http.MethodGet, base+"/x", ""); err != nil {
		t.Errorf("the other tenant: %v", err)
	}
}

func TestPoints(t *testing.T) {
	base, road, now := serve(t, func(http.ResponseWriter, *http.Request) {}, func(o *outbound.Options) { o.Limit = 20 })
	try := func(id tenant.ID, method, path string) error {
		acme := acme(base)
		acme.ID = id
		return outcome(send(t.Context(), t, road.Client(acme, tenant.Jira, nil), method, base+path, ""))
	}
	steps := []struct {
		name         string
		id           tenant.ID
		method, path string
		hour         int
		held         bool
	}{
		{"a read costs two", "a", "GET", "/rest/api/2/issue/A-1", 2, false},
		{"a write costs one", "a", "POST", "/rest/api/2/issue/bulk", 3, false},
		{"a search costs one", "a", "GET", "/rest/api/2/user/assignable/search", 4, false},
		{"", "a", "GET", "/x", 6, false},
		{"", "a", "GET", "/x", 8, false},
		{"", "a", "GET", "/x", 10, false},
		{"", "b", "GET", "/x", 12, false},
		{"more than its share", "a", "GET", "/x", 12, true},
		{"writes are not shared out", "a", "PUT", "/x", 13, false},
		{"within its share", "b", "GET", "/x", 15, false},
		{"", "b", "GET", "/x", 17, false},
		{"the last tenth is for writes", "b", "GET", "/x", 17, true},
		{"", "b", "PUT", "/x", 18, false},
		{"", "b", "PUT", "/x", 19, false},
		{"", "b", "PUT", "/x", 20, false},
		{"nothing is left", "b", "PUT", "/x", 20, true},
	}
	for i, step := range steps {
		err := try(step.id, step.method, step.path)
		if fault.Is(err, fault.Busy) != step.held || step.held && fault.RetryAfter(err) != 40*time.Minute {
			t.Errorf("step %d %s: %v after %s", i, step.name, err, fault.RetryAfter(err))
		}
		if got := road.Spent().Hour; got != step.hour {
			t.Errorf("step %d %s: %d points spent, want %d", i, step.name, got, step.hour)
		}
	}
	now.add(40 * time.Minute)
	if err := try("b", "PUT", "/x"); err != nil {
		t.Errorf("in the next hour: %v", err)
	}
	if diff := cmp.Diff(outbound.Spent{Calls: 14, Points: 21, Hour: 1, Limit: 20}, road.Spent()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCharge(t *testing.T) {
	base, road, _ := serve(t, func(http.ResponseWriter, *http.Request) {})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/rest/api/2/user/assignable/search", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := road.Client(acme(base), tenant.Jira, nil).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	outbound.Charge(resp, 3*outbound.PersonPrice)
	if got := road.Spent().Points; got != 7 {
		t.Errorf("%d points, want 7", got)
	}
	outbound.Charge(&http.Response{}, 5) // of nobody's road
}

func TestBreaker(t *testing.T) {
	var sick atomic.Bool
	sick.Store(true)
	base, road, now := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	try := func() error {
		return outcome(send(t.Context(), t, road.Client(acme(base), tenant.Jira, nil), http.MethodPut, base+"/x", ""))
	}
	for i := range 8 {
		if err := try(); !fault.Is(err, fault.Uncertain) {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	if err := try(); !fault.Is(err, fault.Busy) || fault.RetryAfter(err) != 15*time.Second {
		t.Errorf("the ninth: %v after %s", err, fault.RetryAfter(err))
	}
	now.add(15 * time.Second)
	if err := try(); !fault.Is(err, fault.Uncertain) {
		t.Errorf("the trial: %v", err)
	}
	if err := try(); !fault.Is(err, fault.Busy) {
		t.Errorf("after the trial: %v", err)
	}
	sick.Store(false)
	now.add(15 * time.Second)
	for range 2 {
		if err := try(); err != nil {
			t.Errorf("once healthy: %v", err)
		}
	}
}

// An answer over the limit is an error, never a shorter answer.
func TestLongAnswer(t *testing.T) {
	base, road, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", len(r.URL.Path)))
	}, func(o *outbound.Options) { o.MaxBody = 10 })
	for _, n := range []int{9, 10, 11, 100} {
		got, err := send(t.Context(), t, road.Client(acme(base), tenant.Jira, nil), http.MethodGet, base+"/"+strings.Repeat("a", n-1), "")
		if err != nil {
			t.Fatal(err)
		}
		if n <= 10 && (got.cut != nil || len(got.body) != n) || n > 10 && (!fault.Is(got.cut, fault.Invalid) || len(got.body) > 10) {
			t.Errorf("%d bytes: read %d, %v", n, len(got.body), got.cut)
		}
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

func TestCheck(t *testing.T) {
	tests := []struct {
		name, method string
		status       int
		body         string
		want         fault.Kind
		text         string
		refusal      *outbound.Refusal
	}{
		{
			"jira's fields", "POST", 400, `{"errorMessages":[],"errors":{"summary":"You must specify a summary.","assignee":"User cannot be assigned."}}`, fault.Invalid,
			"POST /x: 400 Bad Request: assignee: User cannot be assigned.; summary: You must specify a summary.",
			&outbound.Refusal{Status: 400, Fields: map[string]string{"summary": "You must specify a summary.", "assignee": "User cannot be assigned."}},
		},
		{
			"jira's messages", "GET", 404, `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`, fault.NotFound,
			"GET /x: 404 Not Found: Issue does not exist or you do not have permission to see it.",
			&outbound.Refusal{Status: 404, Messages: []string{"Issue does not exist or you do not have permission to see it."}},
		},
		{
			"confluence v2", "PUT", 409, `{"errors":[{"status":409,"code":"CONFLICT","title":"Version must be incremented","detail":null}]}`, fault.Conflict,
			"PUT /x: 409 Conflict: Version must be incremented", &outbound.Refusal{Status: 409, Messages: []string{"Version must be incremented"}},
		},
		{
			"confluence v1", "GET", 400, `{"statusCode":400,"message":"Could not parse cql"}`, fault.Invalid,
			"GET /x: 400 Bad Request: Could not parse cql", &outbound.Refusal{Status: 400, Messages: []string{"Could not parse cql"}},
		},
		{"no JSON", "GET", 403, "<html>Forbidden</html>", fault.Denied, "GET /x: 403 Forbidden", &outbound.Refusal{Status: 403}},
		{
			"lines and escapes", "GET", 400, `{"message":"a\n\u001b[31mb\u202e` + strings.Repeat("c", 300) + `"}`, fault.Invalid,
			"GET /x: 400 Bad Request: a [31mb" + strings.Repeat("c", 193) + "…", &outbound.Refusal{Status: 400, Messages: []string{"a [31mb" + strings.Repeat("c", 192) + "…"}},
		},
		{"credentials", "GET", 401, "", fault.Unverified, "GET /x: 401 Unauthorized", &outbound.Refusal{Status: 401}},
		{"gone", "GET", 410, "", fault.Gone, "GET /x: 410 Gone", &outbound.Refusal{Status: 410}},
		{"too large", "PUT", 413, "", fault.Invalid, "PUT /x: 413 Request Entity Too Large", &outbound.Refusal{Status: 413}},
		{"read timed out", "GET", 408, "", fault.Busy, "GET /x: 408 Request Timeout", &outbound.Refusal{Status: 408}},
		{"write timed out", "PUT", 408, "", fault.Uncertain, "PUT /x: 408 Request Timeout", &outbound.Refusal{Status: 408}},
		{"write failed", "POST", 503, "", fault.Uncertain, "POST /x: 503 Service Unavailable", &outbound.Refusal{Status: 503}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := &http.Response{
				StatusCode: tt.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(tt.body)),
				Request: httptest.NewRequestWithContext(t.Context(), tt.method, "/x?secret=1", nil),
			}
			err := outbound.Check(resp)
			if fault.KindOf(err) != tt.want {
				t.Errorf("kind %s, want %s", fault.KindOf(err), tt.want)
			}
			var got *outbound.Refusal
			if !errors.As(err, &got) {
				t.Fatalf("no refusal in %v", err)
			}
			if diff := cmp.Diff(tt.refusal, got); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
			if !strings.HasPrefix(tt.name, "lines") && err.Error() != tt.text {
				t.Errorf("error %q, want %q", err, tt.text)
			}
		})
	}
	if err := outbound.Check(&http.Response{StatusCode: http.StatusNoContent}); err != nil {
		t.Errorf("204: %v", err)
	}
}
