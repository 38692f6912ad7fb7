package app

import (
	"context"
	"net/url"
	"time"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/connect"
	"github.com/throughline/throughline/app/atlassian/forge"
	"github.com/throughline/throughline/app/atlassian/hook"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// registry is what sites need of tenant.Registry.
type registry interface {
	connect.Secrets
	Get(ctx context.Context, id tenant.ID) (tenant.Tenant, error)
}

// sites makes a tenant's clients, from what the registry knows at that moment: a secret that was rotated is used at once.
type sites struct {
	tenants registry
	road    *outbound.Road
	now     func() time.Time
	people  *addresses   // of sites whose base URLs are not for people
	account hook.Account // zero when none is configured
}

func newSites(tenants registry, road *outbound.Road, account hook.Account) sites {
	return sites{tenants, road, time.Now, &addresses{known: map[string]string{}}, account}
}

func (s sites) Confluence(ctx context.Context, id tenant.ID) (*confluence.Client, error) {
	t, in, err := s.installation(ctx, id, tenant.Confluence)
	if err != nil {
		return nil, err
	}
	hc := s.road.Client(t, tenant.Confluence, s.signers(in)...)
	if in.Edition == tenant.DataCenter {
		return confluence.NewDataCenter(in.BaseURL, hc), nil
	}
	return confluence.New(in.BaseURL, hc), nil
}

func (s sites) Jira(ctx context.Context, id tenant.ID) (*jira.Client, error) {
	t, in, err := s.installation(ctx, id, tenant.Jira)
	if err != nil {
		return nil, err
	}
	hc := s.road.Client(t, tenant.Jira, s.signers(in)...)
	if in.Edition == tenant.DataCenter {
		return jira.NewDataCenter(in.BaseURL, hc)
	}
	client, err := jira.New(in.BaseURL, hc)
	if err != nil || in.Door != forgeDoor {
		return client, err
	}
	site, err := s.people.of(ctx, in, client)
	if err != nil {
		return nil, err
	}
	return client.At(site), nil
}

// signers make what puts an installation's credentials on calls, as its door wants them.
func (s sites) signers(in tenant.Installation) []outbound.Signer {
	switch in.Door {
	case forgeDoor:
		return []outbound.Signer{forge.NewSigner(in, s.now)}
	case hook.Door:
		return []outbound.Signer{s.credentials(in)}
	}
	var out []outbound.Signer
	for _, signer := range connect.NewSigners(in, s.now, s.tenants) {
		out = append(out, signer)
	}
	return out
}

func (s sites) installation(ctx context.Context, id tenant.ID, p tenant.Product) (tenant.Tenant, tenant.Installation, error) {
	t, err := s.tenants.Get(ctx, id)
	if err != nil {
		return t, tenant.Installation{}, fault.Wrap(err, "reading the installations of %s", id)
	}
	in := t.Installations[p]
	if !in.Live() {
		return t, in, fault.New(fault.Denied, "Throughline is not installed in %s of %s: install its descriptor for %s there", p, id, p)
	}
	if !in.Enabled {
		return t, in, fault.New(fault.Denied, "Throughline is switched off in %s of %s: an administrator can switch it on again", p, id)
	}
	return t, in, nil
}

// Edition is which of Atlassian's editions a tenant's Confluence is of, which decides how its pages are written.
func (s sites) Edition(ctx context.Context, id tenant.ID) (tenant.Edition, error) {
	t, err := s.tenants.Get(ctx, id)
	return t.Installations[tenant.Confluence].Edition, fault.Wrap(err, "reading the installations of %s", id)
}

// JiraURL is Jira's base URL; before Jira is installed, the site's own, where Jira will be.
func (s sites) JiraURL(ctx context.Context, id tenant.ID) (string, error) {
	t, err := s.tenants.Get(ctx, id)
	if err != nil {
		return "", fault.Wrap(err, "reading the installations of %s", id)
	}
	if t.Installations[tenant.Confluence].Door == forgeDoor || t.Installations[tenant.Jira].Door == forgeDoor {
		return s.forgeJiraURL(ctx, t)
	}
	if in := t.Installations[tenant.Jira]; in.BaseURL != "" {
		return in.BaseURL, nil
	}
	u, err := url.Parse(t.Installations[tenant.Confluence].BaseURL)
	if err != nil {
		return "", fault.As(fault.Internal, err, "reading the base URL of %s", id)
	}
	u.Path = ""
	return u.String(), nil
}
