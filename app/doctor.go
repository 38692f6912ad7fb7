package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/task"
	"github.com/throughline/throughline/app/tenant"
)

// Diagnosis is what a site allows, and what it does not.
type Diagnosis struct {
	Site   tenant.ID    `json:"site"`
	Checks []task.Check `json:"checks"`
}

// Doctor checks the configured service account's site and the sites that are installed, against the configuration. It writes
// nothing, neither there nor here. The configuration must be valid.
func Doctor(ctx context.Context, c Config, installed []tenant.Tenant) ([]Diagnosis, error) {
	policy, err := c.Policy()
	if err != nil {
		return nil, err
	}
	road := outbound.New(outbound.Options{Dev: c.Dev, Own: c.own(), Limit: c.PointsHour, Log: slog.New(slog.DiscardHandler)})
	known := roster{}
	for _, t := range installed {
		known[t.ID] = t
	}
	account, ok := c.Account()
	var order []tenant.ID
	if ok {
		t := tenant.Tenant{ID: account.ID(), Installations: map[tenant.Product]tenant.Installation{}}
		for _, in := range account.Installations(time.Now()) {
			t.Installations[in.Product] = in
		}
		known[t.ID], order = t, append(order, t.ID)
	}
	for _, t := range installed {
		if t.ID != account.ID() {
			order = append(order, t.ID)
		}
	}
	out := []Diagnosis{}
	for _, id := range order {
		out = append(out, Diagnosis{id, task.Doctor(ctx, newSites(known, road, account), id, policy)})
	}
	return out, nil
}

// roster is the tenants of one run.
type roster map[tenant.ID]tenant.Tenant

func (r roster) Get(_ context.Context, id tenant.ID) (tenant.Tenant, error) {
	t, ok := r[id]
	if !ok {
		return t, fault.New(fault.NotFound, "no tenant %s", id)
	}
	return t, nil
}

// Confirm and Restore record nothing: a diagnosis changes nothing here either.
func (roster) Confirm(context.Context, string, tenant.Secret) error            { return nil }
func (roster) Restore(context.Context, string, tenant.Secret, time.Time) error { return nil }
