package forge

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// admit brings what is kept of an installation up to what a call proves, and returns the tenant; an empty one when the call is
// about an installation that is none any more. An event that Forge could not deliver is lost after four repetitions, that of the
// installation itself too: so any call installs what is missing. Only the explicit event replaces what is there: another
// environment's app, or one that was removed.
func (d *Door) admit(ctx context.Context, c call, explicit bool) (tenant.ID, error) {
	id, err := d.tenant(ctx, c.caller)
	if err != nil {
		return "", err
	}
	var admitted tenant.ID
	revived := false
	for _, p := range []tenant.Product{tenant.Jira, tenant.Confluence} { // Jira first: Confluence's pages need its tickets
		base, ok := c.bases[p]
		if !ok {
			continue
		}
		_, in, err := d.registry.ByClientKey(ctx, c.clientKey(p))
		switch {
		case fault.Is(err, fault.NotFound) || err == nil && explicit && (!in.Live() || in.BaseURL != base):
			made, err := d.install(ctx, c, id, p, explicit)
			if err != nil {
				return "", err
			}
			if !made {
				continue
			}
			revived = true
		case err != nil:
			return "", fault.Wrap(err, "look up the installation in %s", p)
		case !in.Live():
			continue
		default:
			stale := Stale(in, d.now()) != ""
			renewed, err := d.renew(ctx, c, in)
			if err != nil {
				return "", err
			}
			revived = revived || stale && renewed
		}
		admitted = id
	}
	if admitted != "" && revived {
		return admitted, d.sweep(ctx, admitted, c, "revived")
	}
	return admitted, nil
}

// tenant is whom a call speaks of: the tenant that has the installation already; else the site by its host, where the token tells
// it, and by its cloud id where not.
func (d *Door) tenant(ctx context.Context, c caller) (tenant.ID, error) {
	for _, p := range []tenant.Product{tenant.Confluence, tenant.Jira} {
		known, _, err := d.registry.ByClientKey(ctx, c.clientKey(p))
		if err == nil {
			return known.ID, nil
		}
		if !fault.Is(err, fault.NotFound) {
			return "", fault.Wrap(err, "look up the installation in %s", p)
		}
	}
	if u, err := url.Parse(c.siteURL); err == nil && u.Host != "" {
		return tenant.ID(u.Host), nil
	}
	return tenant.ID(strings.ToLower(c.cloudID)), nil
}

// install records an installation; made is false when the place is another one's.
func (d *Door) install(ctx context.Context, c call, id tenant.ID, p tenant.Product, explicit bool) (made bool, err error) {
	if !explicit {
		known, err := d.registry.Get(ctx, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return false, fault.Wrap(err, "look up %s", id)
		}
		if other := known.Installations[p]; other.Live() {
			d.log.Warn("forge: a call of an installation that is not the one in use; uninstall one of the two", "tenant", id, "product", p)
			return false, nil
		}
	}
	_, err = d.registry.Install(ctx, id, tenant.Installation{
		Product: p, Door: "forge", ClientKey: c.clientKey(p), AppKey: d.appID, BaseURL: c.bases[p],
		Secret: c.token.secret, SecretUntil: c.token.until, Enabled: true, InstalledAt: d.now().UTC(),
	})
	if err != nil {
		return false, fault.Wrap(err, "install %s of %s", p, id)
	}
	d.log.Info("installed", "tenant", id, "product", p, "door", "forge")
	return true, nil
}

// renew keeps the token that came with a call when it is worth it. One token is good for every product of the installation.
func (d *Door) renew(ctx context.Context, c call, in tenant.Installation) (bool, error) {
	if c.token.secret.Empty() || !c.token.until.After(in.SecretUntil.Add(worth)) {
		return false, nil
	}
	err := d.registry.Renew(ctx, in.ClientKey, c.token.secret, c.token.until)
	if fault.Is(err, fault.NotFound) {
		return false, nil // it was removed meanwhile
	}
	return err == nil, fault.Wrap(err, "keep the access token for %s", in.Product)
}

// sweep asks for a look through the whole site.
func (d *Door) sweep(ctx context.Context, id tenant.ID, c call, why string) error {
	now := d.now().UTC()
	_, err := d.sink.Accept(ctx, work.Delivery{
		Tenant: id, Key: why + "/" + c.installation + "/" + c.tokenID, Seen: now,
		Jobs: []work.Job{{Kind: work.Sweep, Subject: "site", RunAt: now, Occurred: now, Observed: now}},
	})
	return fault.As(fault.Busy, err, "ask for a sweep of %s", id)
}

// remove marks an installation removed in every product it spans. One that is not known is none any more.
func (d *Door) remove(ctx context.Context, c caller, at time.Time) error {
	for p := range c.bases {
		if err := d.registry.Uninstall(ctx, c.clientKey(p), at); err != nil && !fault.Is(err, fault.NotFound) {
			return fault.Wrap(err, "uninstall %s", p)
		}
		d.log.Info("uninstalled", "product", p, "door", "forge")
	}
	return nil
}
