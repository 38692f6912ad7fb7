package app

import (
	"context"
	"errors"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// purgeEvery is how often it is looked whether the time of a site has come.
const purgeEvery = time.Hour

// purging deletes what is left of sites that were uninstalled for long enough, where the operator wants that, until ctx ends.
func (a *App) purging(ctx context.Context) {
	if a.config.PurgeAfter == 0 {
		return
	}
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		if err := a.purge(ctx, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Warn("sites that were uninstalled could not all be purged; tried again in an hour", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// purge deletes the sites whose time has come by now. One that cannot be purged does not hold up the others.
func (a *App) purge(ctx context.Context, now time.Time) error {
	tenants, err := a.store.All(ctx)
	if err != nil {
		return fault.Wrap(err, "listing the installed sites")
	}
	before := now.Add(-a.config.PurgeAfter)
	var failed error
	for _, t := range tenants {
		at, removed := t.Removed()
		if !removed || !at.Before(before) {
			continue
		}
		gone, err := a.store.Purge(ctx, t.ID, before)
		for what, n := range map[string]int{"pages": gone.Pages, "threats": gone.Threats, "entries": gone.Entries, "jobs": gone.Jobs} {
			a.metrics.Purged(what, n)
		}
		if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
			continue // installed again meanwhile
		} else if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		failed = errors.Join(failed, a.config.Checkpoints().Forget(t.ID))
		a.metrics.Purged("sites", 1)
		a.log.Info("purged", "tenant", t.ID, "removed", at, "pages", gone.Pages, "threats", gone.Threats, "entries", gone.Entries, "jobs", gone.Jobs)
	}
	return failed
}
