// Package connect is the front door for sites that speak Atlassian Connect: it verifies who calls (installs signed by Atlassian,
// everything else by the site), hands events to the work queue before it answers, and signs the calls that go back. Nobody learns
// from its answers why a request was refused.
package connect

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
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
	Enable(ctx context.Context, clientKey string, enabled bool) error
	Confirm(ctx context.Context, clientKey string, used tenant.Secret) error
	Uninstall(ctx context.Context, clientKey string, at time.Time) error
	ByClientKey(ctx context.Context, clientKey string) (tenant.Tenant, tenant.Installation, error)
}

// Sink takes deliveries; work.Queue is one.
type Sink interface {
	Accept(ctx context.Context, d work.Delivery) (fresh bool, err error)
}

// Options configure a Door. Registry, Sink, BaseURL and AppKey are required.
type Options struct {
	Registry Registry
	Sink     Sink
	BaseURL  string                              // as it stands in the descriptors
	AppKey   func(product tenant.Product) string // the key in a product's descriptor
	Keys     *Keys                               // nil means Atlassian's own
	Hosts    []string                            // who may install: host names, or ".atlassian.net" for all below; nil means Hosts
	Dev      bool                                // accept installs from loopback hosts, and by http
	Clock    func() time.Time                    // nil means time.Now
	Log      *slog.Logger                        // nil means slog.Default
	Metrics  prometheus.Registerer               // nil means none
}

// Door verifies requests and makes the handlers of the Connect routes. It is safe for concurrent use.
type Door struct {
	registry   Registry
	sink       Sink
	baseURL    string // without trailing slash
	basePath   string // of baseURL
	appKey     func(tenant.Product) string
	keys       *Keys
	hosts      []string
	dev        bool
	now        func() time.Time
	log        *slog.Logger
	symmetric  *jwt.Parser
	asymmetric *jwt.Parser
	bodies     sync.Pool // of *bytes.Buffer
	requests   *prometheus.CounterVec
	refusals   *prometheus.CounterVec
}

// New makes a door.
func New(o Options) *Door {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Keys == nil {
		o.Keys = NewKeys(KeyOptions{Clock: o.Clock})
	}
	if o.Hosts == nil {
		o.Hosts = Hosts()
	}
	d := &Door{
		registry: o.Registry, sink: o.Sink, baseURL: strings.TrimRight(o.BaseURL, "/"), appKey: o.AppKey,
		keys: o.Keys, hosts: o.Hosts, dev: o.Dev, now: o.Clock, log: o.Log,
		// The algorithm is fixed by the route, never by the token.
		symmetric:  parser(o.Clock, jwt.SigningMethodHS256),
		asymmetric: parser(o.Clock, jwt.SigningMethodRS256),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "throughline_connect_requests_total", Help: "Requests at the Connect door by product, route and result.",
		}, []string{"product", "route", "result"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "throughline_connect_refusals_total", Help: "Requests whose token was refused, by reason.",
		}, []string{"reason"}),
	}
	if u, err := url.Parse(d.baseURL); err == nil {
		d.basePath = u.EscapedPath()
	}
	if o.Metrics != nil {
		o.Metrics.MustRegister(d.requests, d.refusals)
	}
	return d
}

func parser(now func() time.Time, method jwt.SigningMethod) *jwt.Parser {
	return jwt.NewParser(jwt.WithValidMethods([]string{method.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(now), jwt.WithStrictDecoding())
}

// handle makes a handler for a route that takes POSTs. What serve returns decides the answer: nil is 204; fault.Unverified is 401
// without a word; what may go better later is 503 with Retry-After; the rest is its kind's status. No answer has a body.
func (d *Door) handle(product tenant.Product, route string, serve func(r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		err := serve(r)
		status := inbound.Answer(w, err)
		d.requests.WithLabelValues(string(product), route, strconv.Itoa(status)).Inc()
		switch {
		case err == nil:
		case fault.Is(err, fault.Unverified):
			d.refusals.WithLabelValues(inbound.Reason(err)).Inc()
			d.log.Debug("connect: refused", "product", product, "route", route, "reason", inbound.Reason(err))
		default:
			d.log.Warn("connect: not accepted", "product", product, "route", route, "status", status, "error", err)
		}
	})
}
