package outbound

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// gates keep calls back while Atlassian asked for quiet. How much is closed depends on the reason it gave: a used-up quota
// closes its pool, a burst the one endpoint, a limit on writes the one issue.
type gates struct {
	now func() time.Time

	mu     sync.Mutex
	closed map[gate]time.Time // until
}

// gate names what is closed; empty fields mean "all".
type gate struct {
	tenant   tenant.ID
	product  tenant.Product
	endpoint string // method and template
	issue    string
}

func newGates(now func() time.Time) *gates { return &gates{now: now, closed: map[gate]time.Time{}} }

// open returns Busy with the longest wait of the gates that a call has to pass, nil when all are open.
func (g *gates) open(id tenant.ID, product tenant.Product, c call) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.closed) == 0 {
		return nil
	}
	now := g.now()
	var wait time.Duration
	for _, key := range []gate{
		{product: product},
		{tenant: id, product: product},
		{tenant: id, product: product, endpoint: c.String()},
		{tenant: id, product: product, issue: c.issue},
	} {
		if until, ok := g.closed[key]; ok {
			wait = max(wait, until.Sub(now))
		}
	}
	if wait <= 0 {
		return nil
	}
	return fault.BusyFor(wait, "%s at %s waits: Atlassian asked for quiet for another %s", c, id, wait.Round(time.Millisecond))
}

// limit closes the gate that a 429 is about, or an error of the server's that names a time.
func (g *gates) limit(id tenant.ID, product tenant.Product, c call, h http.Header) {
	key := gate{tenant: id, product: product, endpoint: c.String()} // a burst, or a reason we don't know
	switch why := reason(h); {
	case strings.Contains(why, "quota-global"):
		key = gate{product: product}
	case strings.Contains(why, "quota"):
		key = gate{tenant: id, product: product}
	case strings.Contains(why, "per-issue") && c.issue != "":
		key = gate{tenant: id, product: product, issue: c.issue}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	for k, until := range g.closed { // few are ever closed at once
		if !until.After(now) {
			delete(g.closed, k)
		}
	}
	if until := now.Add(retryAfter(h, now)); until.After(g.closed[key]) {
		g.closed[key] = until
	}
}

// reason is why Atlassian limited a call, in lower case.
func reason(h http.Header) string { return strings.ToLower(h.Get("RateLimit-Reason")) }

// retryAfter reads the wait that a response asks for: seconds or an HTTP date, else the reset time. Values that were seen in
// the wild are odd at times, so it is kept between 1 s and 1 h; without any it is 5 s.
func retryAfter(h http.Header, now time.Time) time.Duration {
	wait := 5 * time.Second
	for _, name := range []string{"Retry-After", "Beta-Retry-After", "X-RateLimit-Reset"} {
		value := strings.TrimSpace(h.Get(name))
		if value == "" {
			continue
		}
		if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 {
			wait = time.Duration(min(seconds, 3600) * float64(time.Second))
			break
		}
		if at, err := http.ParseTime(value); err == nil {
			wait = at.Sub(now)
			break
		}
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			wait = at.Sub(now)
			break
		}
	}
	return min(max(wait, time.Second), time.Hour)
}
