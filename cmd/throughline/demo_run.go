package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/forge"
	"github.com/throughline/throughline/app/telemetry"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/descriptor"
	"github.com/throughline/throughline/store"
)

// project is the sandbox's project that the demo files tickets in.
const project = "SEC"

type demoOptions struct {
	dir   string // keeps everything
	pages string // folder of documents; empty: the demo's own
	door  string // one of doors; empty: Connect
	log   io.Writer
	told  io.Writer // what is left out

	faults chaos.Plan        // of the site, from its start
	config func(*app.Config) // changes the app's configuration; may be nil

	tokenSeconds int                                 // Forge only: life of the first access tokens; 0: the sandbox's default
	clock        func() time.Time                    // that the app's work and its store go by; nil: the machine's
	account      func(*app.Config, *sandbox.Sandbox) // makes it a service account's; nil: as the door has it
}

// demo is a site and the app in one process, which speak to each other over HTTP as two would.
type demo struct {
	dir   string
	site  *sandbox.Sandbox
	store store.Store
	base  string // of the app
	door  string

	tokenSeconds int

	end     context.CancelFunc
	ended   chan error
	closing sync.Once
	closed  error
}

// startDemo opens site and app and installs the app, unless it is installed there already.
func startDemo(ctx context.Context, o demoOptions) (*demo, error) {
	pages, issues, err := space(o.pages, o.told)
	if err != nil {
		return nil, err
	}
	log := telemetry.NewLog(o.log, "text")
	d := &demo{dir: o.dir, door: o.door, tokenSeconds: o.tokenSeconds, ended: make(chan error, 1)}
	if d.site, err = sandbox.New(sandbox.Options{DataCenter: o.door == dataCenterDoor, Dir: filepath.Join(o.dir, "sandbox"), Pages: pages, Issues: issues, Faults: o.faults}); err != nil {
		return nil, fault.As(fault.Invalid, err, "opening the sandbox")
	}
	listener, err := listenAgain(ctx, filepath.Join(o.dir, "app.address"))
	if err != nil {
		return nil, errors.Join(err, d.site.Close())
	}
	d.base = "http://" + listener.Addr().String()
	c, err := app.LoadConfig()
	if err != nil {
		return nil, errors.Join(err, listener.Close(), d.site.Close())
	}
	c.Data, c.Store, c.Dev, c.BaseURL, c.KeysURL, c.Project = o.dir, "", true, d.base, d.site.KeysURL(), project
	if o.door == forgeDoor {
		c.ForgeAppID, c.ForgeJWKS = demoForgeApp, d.site.JWKS()
	}
	// The site's index does not lag, and somebody is watching.
	c.Gather, c.IndexWait = 300*time.Millisecond, 10*time.Second
	if o.config != nil {
		o.config(&c)
	}
	switch {
	case o.account != nil:
		o.account(&c, d.site)
	case o.byAccount():
		asAccount(&c, d.site)
	}
	if d.store, err = openStore(ctx, c, log, o.clock); err != nil {
		return nil, errors.Join(err, listener.Close(), d.site.Close())
	}
	a, err := app.New(c, d.store, log, app.WithClock(o.clock))
	if err != nil {
		return nil, errors.Join(err, listener.Close(), d.store.Close(), d.site.Close())
	}
	// The app outlives an interrupt until close has told it to end: else its last panel would be cut off.
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	d.end = end
	go func() { d.ended <- a.Run(running, listener) }()
	if o.byAccount() {
		if err := d.hook(c); err != nil {
			return nil, errors.Join(err, d.close())
		}
		return d, nil
	}
	if err := d.install(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// install installs the app in both products, Jira first: what Confluence's pages state can then be filed at once.
func (d *demo) install(ctx context.Context) error {
	if d.door == forgeDoor {
		return d.installForge()
	}
	describe := descriptor.App{BaseURL: d.base}
	for _, product := range descriptor.Products() {
		if in, ok := d.site.Host().App(product, describe.ProductKey(product)); ok && in.Descriptor.BaseURL == d.base {
			continue
		}
		if _, err := d.site.Install(ctx, d.base+descriptor.SelfPath(product)); err != nil {
			return fault.As(fault.Internal, err, "installing the app in the sandbox's %s", product)
		}
	}
	return nil
}

// forgeDoor is the name of the door in options and flags.
const forgeDoor = "forge"

// demoForgeApp is the id that the sandbox knows the app by; a real one comes from `forge register`.
const demoForgeApp = "ari:cloud:ecosystem::app/0de30de3-0000-4000-8000-00000000de30"

// installForge installs the app as a Forge app with this server as its remote, in both products.
func (d *demo) installForge() error {
	if in, ok := d.site.Forge().App(demoForgeApp); ok && in.Remote == d.base {
		return nil
	}
	_, err := d.site.Forge().Install(forge.Order{Remote: d.base, AppID: demoForgeApp, TokenSeconds: d.tokenSeconds})
	return fault.As(fault.Internal, err, "installing the Forge app in the sandbox")
}

// close ends the app, then the site. It may be called more than once.
func (d *demo) close() error {
	d.closing.Do(func() {
		d.end()
		d.closed = errors.Join(<-d.ended, d.store.Close(), d.site.Close())
	})
	return d.closed
}

// tenant is the sandbox's site as the app knows it.
func (d *demo) tenant() tenant.ID {
	if d.door == forgeDoor {
		return tenant.ID(d.site.Forge().CloudID())
	}
	if d.site.DataCenter() {
		return tenant.ID(strings.TrimPrefix(d.site.ConfluenceURL(), "http://"))
	}
	return tenant.ID(strings.TrimPrefix(d.site.BaseURL(), "http://"))
}

// firstReview waits until every page has its panel, or is shown as failed, and nothing is left to do.
func (d *demo) firstReview(ctx context.Context, progress func(done, all int)) error {
	all := len(d.site.Confluence().Pages())
	for {
		pages, err := d.store.Pages(ctx, d.tenant())
		if err != nil {
			return fault.Wrap(err, "listing reviewed pages")
		}
		done := 0
		for _, p := range pages {
			if p.PanelVersion > 0 || p.Failed != "" {
				done++
			}
		}
		progress(done, all)
		if done >= all {
			return d.settle(ctx)
		}
		if err := d.store.Ping(ctx); err != nil {
			return fault.Wrap(err, "the demo cannot go on")
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// settle waits until no webhook is under way and no job waits, running ones included; those held for a person stay.
func (d *demo) settle(ctx context.Context) error {
	for quiet := 0; quiet < 3; {
		busy := d.site.Host().Tally().Pending+d.site.Forge().Tally().Pending > 0
		for _, state := range []work.State{work.Waiting, work.Running} {
			jobs, err := d.store.Peek(ctx, work.Filter{State: state})
			if err != nil {
				return fault.Wrap(err, "listing jobs")
			}
			for _, j := range jobs {
				busy = busy || !j.Ahead(time.Now().Add(time.Second)) // the next look at the site is always waiting
			}
		}
		quiet++
		if busy {
			quiet = 0
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}

// listenAgain listens on the address that a file keeps, or on a free one, which it then keeps: the site knows the app by it.
func listenAgain(ctx context.Context, file string) (net.Listener, error) {
	addr := "127.0.0.1:0"
	kept, err := os.ReadFile(file)
	switch {
	case err == nil:
		addr = strings.TrimSpace(string(kept))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fault.As(fault.Internal, err, "reading the app's former address")
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "the app's former address %s is taken: end what listens there, or delete %s to have it installed anew", addr, file)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, errors.Join(fault.As(fault.Invalid, err, "making the data folder"), l.Close())
	}
	if err := os.WriteFile(file, []byte(l.Addr().String()+"\n"), 0o600); err != nil {
		return nil, errors.Join(fault.As(fault.Invalid, err, "keeping the app's address"), l.Close())
	}
	return l, nil
}
