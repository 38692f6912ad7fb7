package app

import (
	"context"
	"path/filepath"
	"time"

	"github.com/throughline/throughline/app/anchor"
)

// CheckpointFolder is the folder in the data folder where the newest checkpoint of each site is kept, outside of the store.
const CheckpointFolder = "checkpoints"

// keepCheckpoints signs and keeps a checkpoint of each site's ledger at the start, then again and again, and once more when ctx ends.
func (a *App) keepCheckpoints(ctx context.Context) {
	tick := time.NewTicker(a.config.Checkpoint)
	defer tick.Stop()
	for {
		a.checkpointAll(context.WithoutCancel(ctx)) // a few short transactions a site
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// checkpointAll does every site. What fails is logged: the next time comes soon.
func (a *App) checkpointAll(ctx context.Context) {
	tenants, err := a.store.All(ctx)
	if err != nil {
		a.log.ErrorContext(ctx, "no checkpoints: the sites cannot be listed", "error", err)
	}
	folder := anchor.Folder{Path: filepath.Join(a.config.Data, CheckpointFolder)}
	for _, t := range tenants {
		if _, err := folder.Keep(ctx, a.store, t.ID); err != nil {
			a.log.ErrorContext(ctx, "the ledger's checkpoint could not be signed and kept", "site", t.ID, "error", err)
		}
	}
}
