package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/throughline/throughline/app/atlassian/connect"
	"github.com/throughline/throughline/app/atlassian/forge"
	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/extract/catalog"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/operate"
	"github.com/throughline/throughline/app/task"
	"github.com/throughline/throughline/app/telemetry"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/descriptor"
)

// Store is what the service needs of a store; package store has backends.
type Store interface {
	tenant.Registry
	work.Queue
	trace.Book
	ledger.Log
	ledger.Tree
	ledger.Notary
	ledger.Eraser
	Ping(ctx context.Context) error
}

// App is the running service.
type App struct {
	config  Config
	store   Store
	log     *slog.Logger
	metrics *telemetry.Metrics
	road    *outbound.Road
	desk    *task.Desk
	forge   *forge.Door // nil when it is off
	handler http.Handler
	now     func() time.Time
	end     context.CancelFunc // of what runs beside requests and jobs
}

// Option changes how a service is composed.
type Option func(*App)

// WithClock makes the work go by another clock than the machine's; nil changes nothing. The store must go by the same. Credentials
// and the limits of calls go by the machine's in any case, for others hold them to it.
func WithClock(now func() time.Time) Option {
	return func(a *App) {
		if now != nil {
			a.now = now
		}
	}
}

// New composes the service from a valid configuration and an open store, which stays the caller's to close after Run.
func New(c Config, s Store, log *slog.Logger, options ...Option) (*App, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	policy, err := c.Policy()
	if err != nil {
		return nil, err
	}
	metrics := telemetry.NewMetrics()
	a := &App{config: c, store: s, log: log, metrics: metrics, now: time.Now}
	for _, o := range options {
		o(a)
	}
	a.road = outbound.New(outbound.Options{Dev: c.Dev, Own: c.own(), Spent: spentBefore(c.Data, log), Limit: c.PointsHour, Metrics: metrics.Registry, Log: log})
	account, _ := c.Account()
	a.desk = &task.Desk{
		Book: s, Sites: newSites(s, a.road, account), Scanner: catalog.Engine(), Policy: policy,
		Now: func() time.Time { return a.now().UTC() }, Log: log, Count: metrics,
	}
	keys := connect.KeyOptions{}
	if c.KeysURL != "" {
		keys.URLs = []string{c.KeysURL}
	}
	describe := descriptor.App{BaseURL: c.BaseURL}
	door := connect.New(connect.Options{
		Registry: s, Sink: s, BaseURL: c.BaseURL, Keys: connect.NewKeys(keys), Hosts: c.Sites, Dev: c.Dev, Log: log, Metrics: metrics.Registry,
		AppKey: func(p tenant.Product) string { return describe.ProductKey(string(p)) },
	})
	var background context.Context
	background, a.end = context.WithCancel(context.Background())
	if err := a.openForge(background); err != nil {
		a.end()
		return nil, err
	}
	handler, err := routes(a, door, describe)
	if err != nil {
		return nil, err
	}
	a.handler = handler
	if c.Dev {
		log.Warn("THROUGHLINE_DEV is set: http and loopback hosts are allowed. Never set it on a server that others can reach")
	}
	return a, nil
}

// drain is how long requests under way may go on after the service was told to end.
const drain = 10 * time.Second

// Run serves on the listener and works the queue until ctx ends; then it takes no more requests, lets those under way and the
// running jobs finish, and returns. What did not finish is in the store and goes on at the next start.
func (a *App) Run(ctx context.Context, l net.Listener) error {
	defer a.end()
	if err := errors.Join(a.register(ctx), a.sweep(ctx)); err != nil {
		return errors.Join(err, l.Close())
	}
	server := &http.Server{
		Handler: a.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	background, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	stopped := make(chan error, 2)
	go func() { stopped <- fault.As(fault.Internal, server.Serve(l), "serving") }()
	go func() { stopped <- a.store.Run(ctx, a.pausing(a.desk.Handlers())) }()
	var beside sync.WaitGroup // what the service can do without
	for _, do := range []func(context.Context){a.answerCommands, a.keepSpent, a.keepCheckpoints, a.purging} {
		beside.Go(func() { do(background) })
	}
	a.log.Info("serving", "address", l.Addr().String(), "base_url", a.config.BaseURL)

	var failed error
	running := 2
	select {
	case failed = <-stopped:
		running--
	case <-ctx.Done():
	}
	a.log.Info("draining")
	late, cancel := context.WithTimeout(background, drain)
	defer cancel()
	failed = errors.Join(failed, server.Shutdown(late))
	end()
	for range running {
		if err := <-stopped; err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, context.Canceled) {
			failed = errors.Join(failed, err)
		}
	}
	beside.Wait()
	return failed
}

// answerCommands serves the operator's socket. Commands want the store of this folder; a server whose store is elsewhere, or whose folder's
// path is too long, does without.
func (a *App) answerCommands(ctx context.Context) {
	running := operate.Running{Spent: a.budget, Jira: reconciler{a.desk.Sites}, Stamps: a.config.Checkpoints()}
	if err := operate.Serve(ctx, a.config.Data, operate.Handler(a.store, running, a.now, a.log)); err != nil {
		a.log.Warn("commands cannot reach this server", "error", err)
	}
}

// sweep has every site looked through for what happened while no server ran, and tickets filed that are lacking.
func (a *App) sweep(ctx context.Context) error {
	tenants, err := a.store.All(ctx)
	if err != nil {
		return fault.Wrap(err, "listing the installed sites")
	}
	now := a.now().UTC()
	for _, t := range tenants {
		if _, removed := t.Removed(); removed {
			continue
		}
		// Without a time of occurrence, a sweep that waits keeps what it knows of the last, and is only run earlier.
		jobs := []work.Job{{Kind: work.Sweep, Subject: "site", RunAt: now}}
		pages, err := a.store.Pages(ctx, t.ID)
		if err != nil {
			return fault.Wrap(err, "listing the pages of %s", t.ID)
		}
		for _, p := range pages {
			if !p.Removed {
				jobs = append(jobs, work.Job{Kind: work.FileTickets, Subject: p.ID, RunAt: now, Occurred: now, Observed: now})
			}
		}
		if _, err := a.store.Accept(ctx, work.Delivery{Tenant: t.ID, Key: "started/" + now.Format(time.RFC3339Nano), Seen: now, Jobs: jobs}); err != nil {
			return fault.Wrap(err, "asking for a sweep of %s", t.ID)
		}
	}
	return nil
}
