package forge

import (
	"context"
	"net/http"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/fault"
)

// Lifecycle events come to the same endpoint as those of the products.
const (
	appInstalled = "avi:forge:installed:app"
	appUpgraded  = "avi:forge:upgraded:app"
)

// Event handles the app's triggers: it is durably accepted before it is answered with 204. Events that are not known get 204 and
// are counted; Forge would only send them again.
func (d *Door) Event() http.Handler {
	return d.handle("event", func(ctx context.Context, c call) error {
		env, err := event.Open(c.body)
		if err != nil {
			return err
		}
		if env.Retry > 0 {
			d.log.Info("forge: an event is sent again", "event", env.Type, "retry", env.Retry, "reason", env.Reason)
		}
		install := env.Type == appInstalled || env.Type == appUpgraded
		id, err := d.admit(ctx, c, env.Type == appInstalled)
		switch {
		case err != nil:
			return err
		case id == "":
			d.requests.WithLabelValues("event", "not installed").Inc()
			return nil
		case install:
			return d.sweep(ctx, id, c, env.Type)
		}
		delivery, err := event.Forge(event.ForgeEvent{Installation: c.installation, Seen: d.now().UTC(), Body: c.body}, env)
		if fault.Is(err, fault.NotFound) {
			d.requests.WithLabelValues("event", "unknown event").Inc()
			return nil
		}
		if err != nil {
			return fault.Wrap(err, "event of %s", id)
		}
		if _, spans := c.bases[env.Product()]; !spans {
			return fault.New(fault.Invalid, "event %s of %s: the app is not installed in %s there", env.Type, id, env.Product())
		}
		delivery.Tenant = id
		fresh, err := d.sink.Accept(ctx, delivery)
		if err != nil {
			return fault.As(fault.Busy, err, "keep %s of %s", env.Type, id)
		}
		if !fresh {
			d.requests.WithLabelValues("event", "repeated").Inc()
		}
		return nil
	})
}

// Scheduled handles the hourly trigger: it brings a fresh access token, and has the site looked through for what no event told.
func (d *Door) Scheduled() http.Handler {
	return d.handle("scheduled", func(ctx context.Context, c call) error {
		id, err := d.admit(ctx, c, false)
		if err != nil || id == "" {
			return err
		}
		return d.sweep(ctx, id, c, "scheduled")
	})
}

// Uninstall handles the news that the app is about to be removed. What was learned of the site stays; its token is forgotten.
func (d *Door) Uninstall() http.Handler {
	return d.handle("uninstall", func(ctx context.Context, c call) error {
		return d.remove(ctx, c.caller, d.now().UTC())
	})
}
