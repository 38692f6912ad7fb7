package app

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/throughline/throughline/app/atlassian/forge"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

const forgeDoor = "forge" // tenant.Installation.Door of what came in by it

// openForge opens the Forge door where an app id is set. Its keys are kept fresh until ctx ends.
func (a *App) openForge(ctx context.Context) error {
	if a.config.ForgeAppID == "" {
		return nil
	}
	keys, err := forge.NewKeys(ctx, cmp.Or(a.config.ForgeJWKS, forge.KeysURL), a.log)
	if err != nil {
		return fault.Wrap(err, "THROUGHLINE_FORGE_JWKS_URL")
	}
	a.forge = forge.New(forge.Options{
		Registry: a.store, Sink: a.store, AppID: a.config.ForgeAppID, Keys: keys, Dev: a.config.Dev, Log: a.log, Metrics: a.metrics.Registry,
	})
	return nil
}

// nap is how long a job of a site without a fresh token sleeps. The sweep that follows a fresh token wakes it sooner.
const nap = 5 * time.Minute

// asleep begins the reason of a job that waits for a token: by it the job is found again.
const asleep = "paused: "

// pausing lets the jobs of a site whose access token is stale wait, with the reason, and without counting as failed attempts:
// nobody can ask Forge for a token, and what waits is as good in an hour.
func (a *App) pausing(handlers map[work.Kind]work.Handler) map[work.Kind]work.Handler {
	out := make(map[work.Kind]work.Handler, len(handlers))
	for kind, handle := range handlers {
		out[kind] = func(ctx context.Context, job work.Job) work.Outcome {
			why, err := a.paused(ctx, job.Tenant)
			switch {
			case err != nil:
				return work.Outcome{Verdict: work.Retry, Reason: err.Error()}
			case why != "":
				return work.Outcome{Verdict: work.Snooze, After: nap, Reason: asleep + why}
			case kind == work.Sweep:
				if err := a.wake(ctx, job.Tenant); err != nil {
					return work.Outcome{Verdict: work.Retry, Reason: err.Error()}
				}
			}
			return handle(ctx, job)
		}
	}
	return out
}

// paused says why no call can be made to a site now; empty when one can.
func (a *App) paused(ctx context.Context, id tenant.ID) (string, error) {
	t, err := a.store.Get(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return "", nil // the handler says so better
	} else if err != nil {
		return "", fault.Wrap(err, "reading the installations of %s", id)
	}
	for _, p := range []tenant.Product{tenant.Confluence, tenant.Jira} {
		if in := t.Installations[p]; in.Door == forgeDoor && in.Live() {
			if why := forge.Stale(in, time.Now()); why != "" {
				return why, nil
			}
		}
	}
	return "", nil
}

// part is how many jobs are looked at in one go.
const part = 500

// wake lets the jobs run that waited for a token.
func (a *App) wake(ctx context.Context, id tenant.ID) error {
	for last := uint64(0); ; {
		jobs, err := a.store.Peek(ctx, work.Filter{Tenant: id, State: work.Waiting, After: last, Limit: part})
		if err != nil {
			return fault.Wrap(err, "listing the jobs that wait for a token")
		}
		for _, job := range jobs {
			last = job.ID
			if !strings.HasPrefix(job.Reason, asleep) {
				continue
			}
			if err := a.store.Retry(ctx, job.ID); err != nil && !fault.Is(err, fault.NotFound) {
				return fault.Wrap(err, "waking job %d", job.ID)
			}
		}
		if len(jobs) < part {
			return nil
		}
	}
}

// addresses are where people see the sites that are called through Atlassian's gateway. Asked once a process and site.
type addresses struct {
	mu    sync.Mutex
	known map[string]string // by the installation's base URL
}

func (a *addresses) of(ctx context.Context, in tenant.Installation, client *jira.Client) (string, error) {
	a.mu.Lock()
	site := a.known[in.BaseURL]
	a.mu.Unlock()
	if site != "" {
		return site, nil
	}
	site, err := client.SiteURL(ctx)
	if err != nil {
		return "", err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known[in.BaseURL] = site
	return site, nil
}

// forgeJiraURL is the base of links to issues of a site behind the gateway. Until Jira is installed it is empty: what is linked
// to from a page of the site is then found on the same host, where Jira will be.
func (s sites) forgeJiraURL(ctx context.Context, t tenant.Tenant) (string, error) {
	in := t.Installations[tenant.Jira]
	if !in.Live() || !in.Enabled {
		return "", nil
	}
	client, err := jira.New(in.BaseURL, s.road.Client(t, tenant.Jira, s.signers(in)...))
	if err != nil {
		return "", err
	}
	return s.people.of(ctx, in, client)
}
