package hook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/atlassian/inbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// MinSecret is how long a webhook secret must be, in bytes: what a person can guess is none.
const MinSecret = 16

// maxBody is how long an event may be, in bytes. What is read of one stands in its first fields; changes of issues that are
// longer come by the sweep.
const maxBody = 10 << 20

// Sink takes deliveries; work.Queue is one.
type Sink interface {
	Accept(ctx context.Context, d work.Delivery) (fresh bool, err error)
}

// Options configure a Receiver. Tenant, Secret and Sink are required.
type Options struct {
	Tenant  tenant.ID
	Secret  tenant.Secret // shared with the site's administrator, who enters it in each webhook
	Sink    Sink
	Clock   func() time.Time      // nil means time.Now
	Log     *slog.Logger          // nil means slog.Default
	Metrics prometheus.Registerer // nil means none
}

// Receiver takes the webhooks of a service account's site. It is safe for concurrent use.
//
// A signature says who wrote an event, not when: whoever overhears one can send it again. That changes nothing, since events are
// known by their keys, and one that is older than what is known has no effect.
type Receiver struct {
	Options
	requests *prometheus.CounterVec
}

// New makes a receiver.
func New(o Options) *Receiver {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	r := &Receiver{Options: o, requests: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "throughline_hook_requests_total", Help: "Webhooks of service accounts by product and status.",
	}, []string{"product", "status"})}
	if o.Metrics != nil {
		o.Metrics.MustRegister(r.requests)
	}
	return r
}

// Handler takes the webhooks of one product. An event is durably accepted before it is answered with 204; one that is not known
// is answered so too, since the site would only send it again. 401 is for whatever is not signed with the secret, 503 with
// Retry-After for what cannot be kept now. No answer has a body.
func (r *Receiver) Handler(product tenant.Product) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		err := r.take(req, product)
		status := inbound.Answer(w, err)
		r.requests.WithLabelValues(string(product), strconv.Itoa(status)).Inc()
		switch {
		case err == nil:
		case status == http.StatusUnauthorized:
			r.Log.Debug("hook: refused", "product", product, "reason", err)
		default:
			r.Log.Warn("hook: not accepted", "product", product, "status", status, "error", err)
		}
	})
}

func (r *Receiver) take(req *http.Request, product tenant.Product) error {
	// Without the shape of a signature not a byte of the body is read.
	sig, ok := readSignature(req.Header.Get("X-Hub-Signature"))
	if !ok || len(req.Header.Values("X-Hub-Signature")) != 1 || r.Secret.Empty() {
		return fault.New(fault.Unverified, "no signature that is taken")
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(http.MaxBytesReader(nil, req.Body, maxBody)); err != nil {
		return inbound.Unreadable(err, "reading the event")
	}
	if !sig.signs(body.Bytes(), r.Secret.Reveal()) {
		return fault.New(fault.Unverified, "the signature is not that of the body")
	}
	name, err := eventName(body.Bytes())
	if err != nil {
		return err
	}
	delivery, err := event.Delivery(event.Event{
		Product: product, Name: name, Identifier: req.Header.Get("X-Atlassian-Webhook-Identifier"), Seen: r.Clock().UTC(), Body: body.Bytes(),
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	} else if err != nil {
		return fault.Wrap(err, "event of %s", r.Tenant)
	}
	delivery.Tenant = r.Tenant
	_, err = r.Sink.Accept(req.Context(), delivery)
	return fault.As(fault.Busy, err, "keep %s of %s", name, r.Tenant)
}

// eventName is what a payload calls itself: Jira writes webhookEvent, Confluence Data Center event.
func eventName(body []byte) (string, error) {
	var w struct {
		Jira       string `json:"webhookEvent"`
		Confluence string `json:"event"`
	}
	var mismatch *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &w); err != nil && !errors.As(err, &mismatch) {
		return "", fault.As(fault.Invalid, err, "reading the event")
	}
	if w.Jira != "" {
		return w.Jira, nil
	}
	return w.Confluence, nil
}
