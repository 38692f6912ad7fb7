package sandbox

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/host"
)

// Limits are what a site allows its callers, as Atlassian publishes it for Jira Cloud ("Rate limiting", August 2026; Confluence's
// page has the same model). Zero fields do not limit.
type Limits struct {
	PointsHour int  // of apps, over both products, in one hour of the UTC clock
	Accounts   bool // accounts pay points as well; Atlassian exempts API tokens
	Reads      int  // GET and POST requests a second to one endpoint
	Writes     int  // PUT and DELETE requests a second to one endpoint
	IssueShort int  // writes to one issue within 2 s
	IssueLong  int  // writes to one issue within 30 s
}

// PublishedLimits are those of an app of the first tier.
func PublishedLimits() Limits {
	return Limits{PointsHour: 65_000, Reads: 100, Writes: 50, IssueShort: 20, IssueLong: 100}
}

// limiter refuses what is over the limits with 429, and the reason and wait that Atlassian gives.
type limiter struct {
	limits Limits
	clock  func() time.Time

	mu     sync.Mutex
	hour   time.Time
	points int64
	recent map[string][]time.Time // times of what was let pass, by endpoint or issue; the oldest first
}

func newLimiter(l Limits, clock func() time.Time) *limiter {
	return &limiter{limits: l, clock: clock, recent: map[string][]time.Time{}}
}

// admit answers a request that is over a limit, and reports whether the others may be served. app is empty for an account.
func (l *limiter) admit(w http.ResponseWriter, r *http.Request, product, app string) bool {
	if l.limits == (Limits{}) {
		return true
	}
	reason, wait := l.exceeded(r, product, app)
	if reason == "" {
		return true
	}
	chaos.Refuse(w, reason, wait)
	return false
}

// exceeded says which limit a request is over and when it is no longer, or counts it.
func (l *limiter) exceeded(r *http.Request, product, app string) (reason string, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock().UTC()
	l.turn(now)
	if l.pays(app) && l.points >= int64(l.limits.PointsHour) {
		return product + "-quota-global-based", l.hour.Add(time.Hour).Sub(now)
	}
	var kept []window
	burst := window{product + " " + app + " " + endpoint(r), time.Second, l.limits.Reads, product + "-burst-based"}
	if r.Method == http.MethodPut || r.Method == http.MethodDelete {
		burst.most = l.limits.Writes
	}
	kept = append(kept, burst)
	if issue := writtenIssue(r, product); issue != "" {
		kept = append(kept,
			window{"short " + issue, 2 * time.Second, l.limits.IssueShort, "jira-per-issue-on-write"},
			window{"long " + issue, 30 * time.Second, l.limits.IssueLong, "jira-per-issue-on-write"})
	}
	for _, one := range kept {
		if wait := l.full(one, now); wait > 0 {
			return one.reason, wait
		}
	}
	for _, one := range kept {
		if one.most > 0 {
			l.recent[one.key] = append(l.recent[one.key], now)
		}
	}
	return "", 0
}

// window is how many requests of a kind may be made within a span of time.
type window struct {
	key    string
	span   time.Duration
	most   int // 0: any number
	reason string
}

// full says how long a window has no room; 0 when it has some.
func (l *limiter) full(w window, now time.Time) time.Duration {
	times := l.recent[w.key]
	for len(times) > 0 && now.Sub(times[0]) >= w.span {
		times = times[1:]
	}
	if len(times) == 0 {
		delete(l.recent, w.key)
	} else {
		l.recent[w.key] = times
	}
	if w.most == 0 || len(times) < w.most {
		return 0
	}
	return times[0].Add(w.span).Sub(now)
}

// charge books what an app's request cost.
func (l *limiter) charge(app string, points int64) {
	if !l.pays(app) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(l.clock().UTC())
	l.points += points
}

// pays reports whether a caller's requests count against the hour's points.
func (l *limiter) pays(app string) bool {
	return l.limits.PointsHour > 0 && (app != "" || l.limits.Accounts)
}

func (l *limiter) turn(now time.Time) {
	if hour := now.Truncate(time.Hour); !hour.Equal(l.hour) {
		l.hour, l.points = hour, 0
		clear(l.recent) // what a site had an hour ago limits nothing, and issues come without end
	}
}

// writtenIssue is the issue that a request changes; empty when it changes none that exists.
func writtenIssue(r *http.Request, product string) string {
	if product != host.Jira || r.Method == http.MethodGet {
		return ""
	}
	_, rest, ok := strings.Cut(r.URL.Path, "/issue/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	if !number.MatchString("/" + id) {
		return ""
	}
	return id
}
