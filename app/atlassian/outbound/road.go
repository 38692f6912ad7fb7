// Package outbound is the one road to Atlassian. Every call of the app goes through its chain: only to the site it was made
// for, never to an address inside our own network, signed, counted against the hour's points, held back while the site asks
// for quiet, and with bounded time and size.
package outbound

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// Signer puts the app's credentials on a request just before it leaves. It is called once for every attempt, with the URL that
// is sent, and must be safe for concurrent use.
type Signer interface {
	Sign(req *http.Request) error
}

// Taken is a Signer that wants to hear that the site did what it signed, which it answered with 2xx. Its error is logged.
type Taken interface {
	Took(ctx context.Context) error
}

// Options configure a Road. The zero value is fit for production.
type Options struct {
	Dev     bool                  // allow http and loopback or private addresses: for the sandbox only
	Own     Own                   // what may be reached inside of the own network
	Spent   Hour                  // by a former process; what is not of the running hour counts for nothing
	Limit   int                   // points an hour over all tenants; 0 means DefaultLimit, negative means none
	Timeout time.Duration         // for one call with all its retries and its body; 0 means 30 s
	MaxBody int64                 // bytes of one response; 0 means 16 MiB
	Clock   func() time.Time      // nil means time.Now
	Metrics prometheus.Registerer // nil means none
	Log     *slog.Logger          // nil means slog.Default
	Send    http.RoundTripper     // what the chain ends in; nil means the network. For tests: it guards no address
}

// Road carries the calls of the whole process: the points, the back-offs and the connections are shared by all clients that
// it makes. It is safe for concurrent use.
type Road struct {
	dev     bool
	timeout time.Duration
	maxBody int64
	now     func() time.Time
	log     *slog.Logger
	send    http.RoundTripper
	points  *points
	gates   *gates
	paces   *paces
	breaker *breaker
	metrics *metrics
}

// New makes a road.
func New(o Options) *Road {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 16 << 20
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	dialer := net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	dial := o.Own.dialer(dialer)
	if o.Dev {
		dial = dialer.DialContext
	}
	if o.Send == nil {
		o.Send = &http.Transport{
			// No proxy from the environment: it would be dialled in place of the site, and the check of the address with it.
			DialContext:           dial,
			ForceAttemptHTTP2:     true,
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: o.Timeout,
			IdleConnTimeout:       90 * time.Second,
			MaxIdleConns:          64,
			MaxIdleConnsPerHost:   16,
			MaxConnsPerHost:       32,
		}
	}
	r := &Road{
		dev: o.Dev, timeout: o.Timeout, maxBody: o.MaxBody, now: o.Clock, log: o.Log,
		send:    o.Send,
		points:  newPoints(o.Limit, o.Clock, o.Spent),
		gates:   newGates(o.Clock),
		paces:   newPaces(o.Clock),
		breaker: newBreaker(o.Clock),
	}
	r.metrics = newMetrics(o.Metrics, r)
	return r
}

// Client makes the client for one product of one site, whose calls the first signer signs; what the site refuses with 401 is sent once more
// by each of the others. A nil signer signs nothing. It sends to the installation's base URL only, follows no redirects, and
// may be kept or made anew for each use. Its errors carry fault kinds: Busy when nothing was sent or the call may simply be
// repeated, Uncertain when a write may have happened, Denied when the product is not installed or the address is not allowed.
// Responses come back as the site sent them; Check gives theirs a kind.
func (r *Road) Client(t tenant.Tenant, product tenant.Product, signers ...Signer) *http.Client {
	in := t.Installations[product]
	l := &lane{road: r, tenant: t.ID, product: product, door: in.Door, signers: signers}
	base, err := url.Parse(in.BaseURL)
	switch {
	case !in.Live():
		l.refused = fault.New(fault.Denied, "%s of %s: the app is not installed there; install it and try again", product, t.ID)
	case err != nil || base.Host == "":
		l.refused = fault.New(fault.Invalid, "%s of %s: its base URL %q is none", product, t.ID, in.BaseURL)
	case base.Scheme != "https" && (!r.dev || base.Scheme != "http"):
		l.refused = fault.New(fault.Denied, "%s of %s: its base URL %q is not https", product, t.ID, in.BaseURL)
	default:
		l.base = base
	}
	return &http.Client{
		Transport:     l,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Spent is what the process has used up since it started, and in the running hour.
type Spent struct {
	Calls  int // requests sent, retries included
	Points int // by Atlassian's price list
	Hour   int // points in the running UTC hour
	Limit  int // points allowed an hour; 0 means no limit
}

// Spent tells what was used.
func (r *Road) Spent() Spent { return r.points.spent() }

// Hour tells what was spent in the running hour, by tenant.
func (r *Road) Hour() Hour { return r.points.spentBy() }

type repeatableKey struct{}

// Repeatable marks the requests made with the context as harmless to repeat although their method does not say so: a search by
// POST, an upsert. They are retried like reads, and their failures are Busy, never Uncertain.
func Repeatable(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatableKey{}, true)
}

// repeatable reports whether a request may be sent twice.
func repeatable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	marked, _ := req.Context().Value(repeatableKey{}).(bool)
	return marked
}

// errInside is why an address was refused.
var errInside = errors.New("the address is not on the public internet, and no network of one's own that THROUGHLINE_ALLOW_NETS names for this site")
