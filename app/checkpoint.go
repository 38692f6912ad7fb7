package app

import (
	"context"
	"crypto/x509"
	"path/filepath"
	"strings"
	"time"

	"github.com/throughline/throughline/app/anchor"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/stamp"
	"github.com/throughline/throughline/app/tenant"
)

// CheckpointFolder is the folder in the data folder where the newest checkpoint of each site is kept, outside of the store.
const CheckpointFolder = "checkpoints"

// anchorEvery is how often checkpoints go further away, to a page or a time-stamp authority.
const anchorEvery = 24 * time.Hour

// AnchorConfig says where checkpoints are kept beside the data folder.
type AnchorConfig struct {
	Checkpoint  time.Duration `env:"THROUGHLINE_CHECKPOINT" envDefault:"10m" help:"how often the ledger's checkpoint is signed and kept outside of the store"`
	AnchorPages []string      `env:"THROUGHLINE_ANCHOR_PAGES" help:"Confluence pages that checkpoints are written to each day, as site/page id, comma-separated"`
	TSAURL      string        `env:"THROUGHLINE_TSA_URL" help:"time-stamp authority (RFC 3161) that stamps a checkpoint each day"`
	TSARoots    string        `env:"THROUGHLINE_TSA_ROOTS" help:"file with the authority's root certificates, PEM"`
}

func (c Config) validAnchors() error {
	if c.Checkpoint < time.Second || c.Checkpoint > 24*time.Hour {
		return fault.New(fault.Invalid, "THROUGHLINE_CHECKPOINT: %s is out of range; use 1s to 24h", c.Checkpoint)
	}
	for _, at := range c.AnchorPages {
		if site, page, found := strings.Cut(at, "/"); !found || site == "" || page == "" || strings.Trim(page, "0123456789") != "" {
			return fault.New(fault.Invalid, "THROUGHLINE_ANCHOR_PAGES: %q is no page; write the site's host and the page's number, such as acme.atlassian.net/98307", at)
		}
	}
	if c.TSAURL == "" {
		return nil
	}
	if err := c.validURL("THROUGHLINE_TSA_URL", c.TSAURL); err != nil {
		return err
	}
	_, err := c.roots()
	return err
}

// roots are the certificates that the time-stamp authority is trusted by.
func (c Config) roots() (*x509.CertPool, error) {
	pool, err := stamp.Roots(c.TSARoots)
	return pool, fault.Wrap(err, "THROUGHLINE_TSA_ROOTS")
}

// keepCheckpoints signs and keeps a checkpoint of each site's ledger at the start, then again and again, and once more when ctx ends.
func (a *App) keepCheckpoints(ctx context.Context) {
	tick := time.NewTicker(a.config.Checkpoint)
	defer tick.Stop()
	anchored := map[tenant.ID]time.Time{}
	for {
		a.checkpointAll(context.WithoutCancel(ctx), anchored, ctx.Err() == nil) // a few short transactions a site
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// Checkpoints is where the newest checkpoints are kept, and their time stamps.
func (c Config) Checkpoints() anchor.Folder {
	return anchor.Folder{Path: filepath.Join(c.Data, CheckpointFolder)}
}

// checkpointAll does every site, and those far away whose time has come when far says so. What fails is logged: the next time comes soon.
func (a *App) checkpointAll(ctx context.Context, anchored map[tenant.ID]time.Time, far bool) {
	tenants, err := a.store.All(ctx)
	if err != nil {
		a.log.ErrorContext(ctx, "no checkpoints: the sites cannot be listed", "error", err)
	}
	folder := a.config.Checkpoints()
	for _, t := range tenants {
		c, err := anchor.Keep(ctx, folder, a.store, t.ID)
		if err == nil && far && c.Size > 0 && time.Since(anchored[t.ID]) > anchorEvery {
			if err = a.anchor(ctx, folder, t.ID); err == nil {
				anchored[t.ID] = time.Now()
			}
		}
		if err != nil {
			a.log.ErrorContext(ctx, "the ledger's checkpoint could not be signed and kept everywhere", "site", t.ID, "error", err)
		}
	}
}

// anchor brings a site's newest checkpoint to the places that are configured.
func (a *App) anchor(ctx context.Context, folder anchor.Folder, id tenant.ID) error {
	for _, at := range a.config.AnchorPages {
		site, page, _ := strings.Cut(at, "/")
		if site != string(id) {
			continue
		}
		wiki, err := a.desk.Sites.Confluence(ctx, id)
		if err != nil {
			return err
		}
		if _, err := anchor.Keep(ctx, anchor.Page{Wiki: wiki, ID: page, Labels: a.config.Labels}, a.store, id); err != nil {
			return err
		}
	}
	if a.config.TSAURL == "" {
		return nil
	}
	roots, err := a.config.roots()
	if err != nil {
		return err
	}
	signed, err := a.store.Signed(ctx, id)
	if err != nil || len(signed) == 0 {
		return err
	}
	authority := stamp.Authority{URL: a.config.TSAURL, Roots: roots, Client: a.road.Only(a.config.TSAURL)}
	return folder.Stamped(ctx, authority, id, signed[len(signed)-1])
}
