package connect

import (
	"bytes"
	"net/http"
	"path"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/atlassian/inbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// maxWebhook is how long an event may be, in bytes. Jira sends up to 25 MB; an issue of more than 10 is refused with 413, which
// the log and the metrics show: its changes are not followed.
const maxWebhook = 10 << 20

// Webhook handles one event of a product: it is durably accepted before it is answered with 204. An empty event means the one
// that the last segment of the path names. Events that are not known get 204 and are counted; the site would only send them again.
func (d *Door) Webhook(product tenant.Product, name string) http.Handler {
	route := "webhook"
	if name != "" && event.Known(product, name) {
		route = name // a label must not be anything that a caller can make up
	}
	return d.handle(product, route, func(r *http.Request) error {
		caller, err := d.Request(r, product)
		if err != nil {
			return err
		}
		name := name
		if name == "" {
			name = path.Base(r.URL.Path)
		}
		buf, _ := d.bodies.Get().(*bytes.Buffer)
		if buf == nil {
			buf = new(bytes.Buffer)
		}
		defer func() {
			if buf.Cap() <= 1<<20 { // a rare giant is not kept
				buf.Reset()
				d.bodies.Put(buf)
			}
		}()
		if _, err := buf.ReadFrom(http.MaxBytesReader(nil, r.Body, maxWebhook)); err != nil {
			return inbound.Unreadable(err, "%s event of %s", route, caller.Tenant.ID)
		}
		delivery, err := event.Delivery(event.Event{
			Product: product, Name: name, Identifier: r.Header.Get("X-Atlassian-Webhook-Identifier"),
			Seen: d.now().UTC(), Body: buf.Bytes(),
		})
		if fault.Is(err, fault.NotFound) {
			d.requests.WithLabelValues(string(product), route, "unknown event").Inc()
			return nil
		}
		if err != nil {
			return fault.Wrap(err, "event of %s", caller.Tenant.ID)
		}
		delivery.Tenant = caller.Tenant.ID
		fresh, err := d.sink.Accept(r.Context(), delivery)
		if err != nil {
			return fault.As(fault.Busy, err, "keep %s of %s", route, caller.Tenant.ID)
		}
		if !fresh {
			d.requests.WithLabelValues(string(product), route, "repeated").Inc()
		}
		return nil
	})
}
