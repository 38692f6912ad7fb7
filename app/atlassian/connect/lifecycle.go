package connect

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/throughline/throughline/app/atlassian/inbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// lifecycle is the body of the lifecycle calls. Atlassian sends more; what is not used is not read.
type lifecycle struct {
	Key          string `json:"key"` // the app's
	ClientKey    string `json:"clientKey"`
	SharedSecret string `json:"sharedSecret"` // installed only
	BaseURL      string `json:"baseUrl"`
	ProductType  string `json:"productType"`
	EventType    string `json:"eventType"`
}

const maxLifecycle = 64 << 10 // bytes

// Installed handles a product's report that the app was installed, or installed again with a new secret. The secret is kept only
// after everything was checked: Atlassian's signature, that token and body speak of the same client, app and product, and that the
// site is one that may install.
func (d *Door) Installed(product tenant.Product) http.Handler {
	return d.handle(product, "installed", func(r *http.Request) error {
		clientKey, err := d.atlassian(r.Context(), r)
		if err != nil {
			return err
		}
		body, err := d.lifecycle(r, product, "installed", clientKey)
		if err != nil {
			return err
		}
		if len(body.SharedSecret) < 16 || len(body.SharedSecret) > 1024 {
			return fault.New(fault.Invalid, "the install of %s brings no usable shared secret", product)
		}
		id, base, err := d.site(body.BaseURL)
		if err != nil {
			return err
		}
		_, err = d.registry.Install(r.Context(), id, tenant.Installation{
			Product: product, Door: "connect", ClientKey: clientKey, AppKey: body.Key, BaseURL: base,
			Secret: tenant.NewSecret(body.SharedSecret), Enabled: true, InstalledAt: d.now().UTC(),
		})
		if err != nil {
			return fault.Wrap(err, "install %s of %s", product, id)
		}
		d.log.Info("installed", "tenant", id, "product", product)
		return nil
	})
}

// Uninstalled handles a product's report that the app was removed. One that is not known is none any more: 204.
func (d *Door) Uninstalled(product tenant.Product) http.Handler {
	return d.handle(product, "uninstalled", func(r *http.Request) error {
		clientKey, err := d.atlassian(r.Context(), r)
		if err != nil {
			return err
		}
		if _, err := d.lifecycle(r, product, "uninstalled", clientKey); err != nil {
			return err
		}
		t, in, err := d.registry.ByClientKey(r.Context(), clientKey)
		switch {
		case fault.Is(err, fault.NotFound):
			return nil
		case err != nil:
			return fault.Wrap(err, "uninstall %s", product)
		case in.Product != product:
			return inbound.Refusal("product")
		}
		if err := d.registry.Uninstall(r.Context(), clientKey, d.now().UTC()); err != nil && !fault.Is(err, fault.NotFound) {
			return fault.Wrap(err, "uninstall %s of %s", product, t.ID)
		}
		d.log.Info("uninstalled", "tenant", t.ID, "product", product)
		return nil
	})
}

// Enabled handles a product's report that the app was switched on.
func (d *Door) Enabled(product tenant.Product) http.Handler {
	return d.toggled(product, "enabled", true)
}

// Disabled handles a product's report that the app was switched off.
func (d *Door) Disabled(product tenant.Product) http.Handler {
	return d.toggled(product, "disabled", false)
}

func (d *Door) toggled(product tenant.Product, event string, on bool) http.Handler {
	return d.handle(product, event, func(r *http.Request) error {
		caller, err := d.Request(r, product)
		if err != nil {
			return err
		}
		if _, err := d.lifecycle(r, product, event, caller.Installation.ClientKey); err != nil {
			return err
		}
		if err := d.registry.Enable(r.Context(), caller.Installation.ClientKey, on); err != nil {
			if fault.Is(err, fault.NotFound) {
				return inbound.Refusal("issuer") // it was removed meanwhile
			}
			return fault.Wrap(err, "switch %s of %s", product, caller.Tenant.ID)
		}
		d.log.Info(event, "tenant", caller.Tenant.ID, "product", product)
		if !on {
			return nil
		}
		// What the site holds already is looked for now: nobody sends an event about it, and only an enabled app may call.
		now := d.now().UTC()
		_, err = d.sink.Accept(r.Context(), work.Delivery{
			Tenant: caller.Tenant.ID, Key: "enabled/" + caller.Installation.ClientKey + "/" + now.Format(time.RFC3339Nano), Seen: now,
			Jobs: []work.Job{{Kind: work.Sweep, Subject: "site", RunAt: now, Occurred: now, Observed: now}},
		})
		return fault.Wrap(err, "ask for a sweep of %s", caller.Tenant.ID)
	})
}

// lifecycle reads a body and holds it against what the token proved and the route says.
func (d *Door) lifecycle(r *http.Request, product tenant.Product, event, clientKey string) (lifecycle, error) {
	var body lifecycle
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxLifecycle))
	if err != nil {
		return body, inbound.Unreadable(err, "%s event of %s", event, product)
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		// The decoder's error may quote the body, and the body holds the secret.
		return body, fault.New(fault.Invalid, "the %s event of %s is not the JSON object that it should be", event, product)
	}
	switch {
	case body.ClientKey != clientKey,
		body.Key != d.appKey(product),
		body.ProductType != "" && body.ProductType != string(product),
		body.EventType != "" && body.EventType != event:
		return body, inbound.Refusal("body")
	}
	return body, nil
}
