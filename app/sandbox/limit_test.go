package sandbox

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/throughline/throughline/app/sandbox/host"
)

// TestLimits drives the limiter by a clock that stands, and looks at what it refuses, why and until when.
func TestLimits(t *testing.T) {
	type request struct {
		product, app, method, path string
		after                      time.Duration // since the request before
		reason                     string        // empty: served
		wait                       time.Duration
	}
	read := func(after time.Duration, reason string, wait time.Duration) request {
		return request{host.Confluence, "ours", http.MethodGet, "/wiki/api/v2/pages/7", after, reason, wait}
	}
	comment := func(issue string, after time.Duration, reason string, wait time.Duration) request {
		return request{host.Jira, "ours", http.MethodPost, "/rest/api/2/issue/" + issue + "/comment", after, reason, wait}
	}
	tests := []struct {
		name     string
		limits   Limits
		requests []request
	}{
		{"none", Limits{}, []request{read(0, "", 0), read(0, "", 0), read(0, "", 0)}},
		{"reads of one endpoint in a second", Limits{Reads: 2}, []request{
			read(0, "", 0), read(300*time.Millisecond, "", 0), read(300*time.Millisecond, "confluence-burst-based", 400*time.Millisecond),
			{host.Confluence, "ours", http.MethodGet, "/wiki/api/v2/pages/8", 0, "confluence-burst-based", 400 * time.Millisecond},
			{host.Confluence, "ours", http.MethodGet, "/wiki/rest/api/search", 0, "", 0},
			{host.Confluence, "theirs", http.MethodGet, "/wiki/api/v2/pages/7", 0, "", 0},
			read(400*time.Millisecond, "", 0),
		}},
		{"writes are fewer", Limits{Reads: 9, Writes: 1}, []request{
			{host.Confluence, "ours", http.MethodPut, "/wiki/rest/api/content/7", 0, "", 0},
			{host.Confluence, "ours", http.MethodPut, "/wiki/rest/api/content/8", 0, "confluence-burst-based", time.Second},
		}},
		{"writes to an issue", Limits{IssueShort: 1, IssueLong: 2}, []request{
			comment("SEC-1", 0, "", 0), comment("SEC-1", time.Second, "jira-per-issue-on-write", time.Second), comment("SEC-2", 0, "", 0),
			comment("SEC-1", time.Second, "", 0), comment("SEC-1", 2*time.Second, "jira-per-issue-on-write", 26*time.Second),
			{host.Jira, "ours", http.MethodGet, "/rest/api/2/issue/SEC-1", 0, "", 0},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
			l := newLimiter(tt.limits, func() time.Time { return now })
			for i, r := range tt.requests {
				now = now.Add(r.after)
				reason, wait := l.exceeded(httptest.NewRequest(r.method, r.path, nil), r.product, r.app)
				if reason != r.reason || wait != r.wait {
					t.Errorf("request %d: %q for %s, want %q for %s", i+1, reason, wait, r.reason, r.wait)
				}
			}
		})
	}
}

// TestQuota: an app that has spent the hour's points is refused until the next; accounts are exempt.
func TestQuota(t *testing.T) {
	now := time.Date(2026, 11, 28, 10, 45, 0, 0, time.UTC)
	l := newLimiter(Limits{PointsHour: 10}, func() time.Time { return now })
	ask := func(app string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		l.admit(w, httptest.NewRequest(http.MethodGet, "/rest/api/2/issue/SEC-1", nil), host.Jira, app)
		return w
	}
	l.charge("ours", 9)
	if w := ask("ours"); w.Code != http.StatusOK {
		t.Errorf("with a point left: %d", w.Code)
	}
	l.charge("ours", 2)
	w := ask("theirs") // the pool is the site's in a sandbox, which has one app
	if w.Code != http.StatusTooManyRequests || w.Header().Get("RateLimit-Reason") != "jira-quota-global-based" || w.Header().Get("Retry-After") != "900" {
		t.Errorf("with none left: %d, %v", w.Code, w.Header())
	}
	if w := ask(""); w.Code != http.StatusOK {
		t.Errorf("an account: %d", w.Code)
	}
	now = now.Add(15 * time.Minute)
	if w := ask("ours"); w.Code != http.StatusOK {
		t.Errorf("in the next hour: %d", w.Code)
	}
}
