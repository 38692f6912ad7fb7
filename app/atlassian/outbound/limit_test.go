package outbound_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

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

// TestHeldBackOnce: a call that must wait is given back to who waits, not tried again at once.
func TestHeldBackOnce(t *testing.T) {
	reg := prometheus.NewRegistry()
	base, road, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	}, func(o *outbound.Options) { o.Metrics = reg })
	for range 2 { // the first is refused by the site, the second by us
		if _, err := send(t.Context(), t, road.Client(acme(base), tenant.Jira, nil), http.MethodGet, base+"/rest/api/2/issue/A-1", ""); err != nil && !fault.Is(err, fault.Busy) {
			t.Fatal(err)
		}
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	held := 0.0
	for _, f := range families {
		if f.GetName() == "throughline_outbound_held_total" {
			for _, m := range f.GetMetric() {
				held += m.GetCounter().GetValue()
			}
		}
	}
	if held != 1 {
		t.Errorf("held back %v times, want once", held)
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

// Looking around has a share of its own, evenly among tenants, and what is read in it counts like all else.
func TestPointsInTheBackground(t *testing.T) {
	base, road, now := serve(t, func(http.ResponseWriter, *http.Request) {}, func(o *outbound.Options) { o.Limit = 40 })
	read := func(ctx context.Context, id tenant.ID) error {
		site := acme(base)
		site.ID = id
		return outcome(send(ctx, t, road.Client(site, tenant.Jira, nil), http.MethodGet, base+"/x", ""))
	}
	behind := outbound.Background(t.Context())
	steps := []struct {
		name  string
		ctx   context.Context
		id    tenant.ID
		later bool
	}{
		{"three tenths of 40", behind, "a", false},
		{"", behind, "a", false},
		{"", behind, "a", false},
		{"", behind, "a", false},
		{"", behind, "a", false},
		{"", behind, "a", false},
		{"are spent", behind, "a", true},
		{"an event's read goes on", t.Context(), "a", false},
		{"another tenant has half of them", behind, "b", false},
		{"", behind, "b", false},
		{"", behind, "b", false},
		{"and no more", behind, "b", true},
		{"an event's read goes on", t.Context(), "b", false},
	}
	for i, step := range steps {
		err := read(step.ctx, step.id)
		if errors.Is(err, outbound.ErrLater) != step.later || (err != nil) != step.later || step.later && fault.RetryAfter(err) != 40*time.Minute {
			t.Errorf("step %d %s: %v after %s", i, step.name, err, fault.RetryAfter(err))
		}
	}
	now.add(40 * time.Minute)
	if err := read(behind, "a"); err != nil {
		t.Errorf("in the next hour: %v", err)
	}
}

// A process that takes over within the hour goes on with what is left of it.
func TestPointsOverARestart(t *testing.T) {
	base, road, now := serve(t, func(http.ResponseWriter, *http.Request) {}, func(o *outbound.Options) { o.Limit = 10 })
	read := func(road *outbound.Road) error {
		return outcome(send(t.Context(), t, road.Client(acme(base), tenant.Jira, nil), http.MethodGet, base+"/x", ""))
	}
	for range 3 {
		if err := read(road); err != nil {
			t.Fatal(err)
		}
	}
	next := outbound.New(outbound.Options{Dev: true, Limit: 10, Clock: now.time, Spent: road.Hour()})
	if err := read(next); err != nil || next.Spent().Hour != 8 {
		t.Errorf("the next process: %v, with %d points spent, want 8", err, next.Spent().Hour)
	}
	if err := read(next); !fault.Is(err, fault.Busy) {
		t.Errorf("beyond the reads of the hour: %v, want Busy", err)
	}
	now.add(time.Hour)
	if late := outbound.New(outbound.Options{Dev: true, Limit: 10, Clock: now.time, Spent: road.Hour()}); late.Spent().Hour != 0 {
		t.Errorf("in the next hour %d points count as spent", late.Spent().Hour)
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
