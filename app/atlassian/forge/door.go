// Package forge is the front door for sites where Throughline is installed as a Forge app whose backend is this server ("Forge
// Remote"): it verifies the invocation token that comes with every call, keeps the newest of the access tokens that Atlassian
// sends along, hands events to the work queue before it answers, and signs the calls that go back. Nobody learns from its
// answers why a request was refused. Contract: Atlassian, "Forge Remote essentials".
package forge

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/throughline/throughline/app/atlassian/inbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// Registry is what the door needs of tenant.Registry.
type Registry interface {
	Install(ctx context.Context, id tenant.ID, in tenant.Installation) (tenant.Tenant, error)
	Renew(ctx context.Context, clientKey string, secret tenant.Secret, until time.Time) error
	Uninstall(ctx context.Context, clientKey string, at time.Time) error
	ByClientKey(ctx context.Context, clientKey string) (tenant.Tenant, tenant.Installation, error)
	Get(ctx context.Context, id tenant.ID) (tenant.Tenant, error)
}

// Sink takes deliveries; work.Queue is one.
type Sink interface {
	Accept(ctx context.Context, d work.Delivery) (fresh bool, err error)
}

// Options configure a Door. Registry, Sink, AppID and Keys are required.
type Options struct {
	Registry Registry
	Sink     Sink
	AppID    string                // "ari:cloud:ecosystem::app/<uuid>", as `forge register` gave it
	Keys     *Keys                 // of whoever signs the invocation tokens
	Dev      bool                  // accept API addresses on loopback hosts, and http
	Clock    func() time.Time      // nil means time.Now
	Log      *slog.Logger          // nil means slog.Default
	Metrics  prometheus.Registerer // nil means none
}

// Door verifies requests and makes the handlers of the Forge routes. It is safe for concurrent use.
type Door struct {
	registry Registry
	sink     Sink
	appID    string
	keys     *Keys
	dev      bool
	now      func() time.Time
	log      *slog.Logger
	parser   *jwt.Parser
	seen     *window
	requests *prometheus.CounterVec
	refusals *prometheus.CounterVec
}

// New makes a door.
func New(o Options) *Door {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	d := &Door{
		registry: o.Registry, sink: o.Sink, appID: o.AppID, keys: o.Keys, dev: o.Dev, now: o.Clock, log: o.Log,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
			jwt.WithIssuer(issuer), jwt.WithAudience(o.AppID), jwt.WithLeeway(leeway), jwt.WithTimeFunc(o.Clock), jwt.WithStrictDecoding()),
		seen: newWindow(lifetime+2*leeway, mostSeen),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "throughline_forge_requests_total", Help: "Requests at the Forge door by route and result.",
		}, []string{"route", "result"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "throughline_forge_refusals_total", Help: "Requests whose token was refused, by reason.",
		}, []string{"reason"}),
	}
	if o.Metrics != nil {
		o.Metrics.MustRegister(d.requests, d.refusals)
	}
	return d
}

// patience is how long a request may take: Forge gives up after 5 s, and an answer that says to come back is better than none.
const patience = 4 * time.Second

// maxBody is how long an event may be, in bytes. None holds a page's body.
const maxBody = 4 << 20

// call is a request whose sender is known.
type call struct {
	caller
	token token
	body  []byte
}

// handle makes a handler for a route that takes POSTs. What serve returns decides the answer: nil is 204, after a durable commit;
// fault.Unverified is 401 without a word; what may go better later is 503 with Retry-After, and the token may then come again.
func (d *Door) handle(route string, serve func(ctx context.Context, c call) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		err := d.serve(ctx, r, serve)
		status := inbound.Answer(w, err)
		d.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
		switch {
		case err == nil:
		case fault.Is(err, fault.Unverified):
			d.refusals.WithLabelValues(inbound.Reason(err)).Inc()
			d.log.Debug("forge: refused", "route", route, "reason", inbound.Reason(err))
		default:
			d.log.Warn("forge: not accepted", "route", route, "status", status, "error", err)
		}
	})
}

func (d *Door) serve(ctx context.Context, r *http.Request, serve func(context.Context, call) error) error {
	from, err := d.verify(ctx, r)
	if err != nil {
		return err
	}
	if !d.seen.take(from.tokenID, d.now()) {
		return inbound.Refusal("replay")
	}
	c := call{caller: from, token: readToken(r)}
	if c.body, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody)); err != nil {
		err = inbound.Unreadable(err, "read a Forge event")
	} else {
		err = serve(ctx, c)
	}
	if err != nil && inbound.Status(err) == http.StatusServiceUnavailable {
		d.seen.release(from.tokenID)
	}
	return err
}
