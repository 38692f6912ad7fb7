package app

import (
	"context"
	"net/url"
	"time"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/hook"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// sites makes a tenant's clients, from what the registry knows at that moment: a secret that was rotated is used at once.
type sites struct {
	tenants interface {
		Get(ctx context.Context, id tenant.ID) (tenant.Tenant, error)
	}
	road    *outbound.Road
	now     func() time.Time
	account hook.Account // zero when none is configured
}

func (s sites) Confluence(ctx context.Context, id tenant.ID) (*confluence.Client, error) {
	t, in, err := s.installation(ctx, id, tenant.Confluence)
	if err != nil {
		return nil, err
	}
	return confluence.New(in.BaseURL, s.road.Client(t, tenant.Confluence, s.signer(in))), nil
}

func (s sites) Jira(ctx context.Context, id tenant.ID) (*jira.Client, error) {
	t, in, err := s.installation(ctx, id, tenant.Jira)
	if err != nil {
		return nil, err
	}
	return jira.New(in.BaseURL, s.road.Client(t, tenant.Jira, s.signer(in)))
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

// JiraURL is Jira's base URL; before Jira is installed, the site's own, where Jira will be.
func (s sites) JiraURL(ctx context.Context, id tenant.ID) (string, error) {
	t, err := s.tenants.Get(ctx, id)
	if err != nil {
		return "", fault.Wrap(err, "reading the installations of %s", id)
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
