package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/throughline/throughline/app/sandbox/chaos"
	"github.com/throughline/throughline/app/sandbox/confluence"
	"github.com/throughline/throughline/app/sandbox/forge"
	"github.com/throughline/throughline/app/sandbox/host"
	"github.com/throughline/throughline/app/sandbox/jira"
	"github.com/throughline/throughline/app/sandbox/seed"
	"github.com/throughline/throughline/app/sandbox/site"
	"github.com/throughline/throughline/app/sandbox/view"
)

// Options say what site to open. The zero value is a site in memory, on a free port, with no pages.
type Options struct {
	Addr   string           // loopback address to listen on; empty: 127.0.0.1, on the port that Dir was served from before or a free one
	Listen net.Listener     // serves instead of Addr, of a loopback address; for a site within one process, see Handler
	Dir    string           // folder that keeps the site's state; empty: memory only
	Space  confluence.Space // the space of the pages; empty Key: the demo's
	Pages  []seed.Page      // pages of a site that holds none yet
	Issues []seed.Issue     // issues of a site that holds none yet
	Faults chaos.Plan       // faults from the start
	Limits Limits           // what callers are allowed; the zero value limits nothing
	Retry  []time.Duration  // waits before a Jira webhook is sent again; nil: host.DefaultRetry
	Clock  func() time.Time // nil: the machine's

	DataCenter bool         // play Jira and Confluence Data Center, each at an address of its own, instead of a Cloud site
	Client     *http.Client // delivers webhooks; nil: one that reaches the loopback and nothing else

	ForgeRetry []time.Duration // waits before a Forge event is sent again; nil: forge.DefaultRetry

	Log *slog.Logger // nil: nothing is logged
}

// Sandbox is a running site. It is safe for concurrent use.
type Sandbox struct {
	jira       *jira.Jira
	confluence *confluence.Confluence
	host       *host.Host
	forge      *forge.Host
	view       *view.View
	chaos      *chaos.Chaos
	people     *people
	book       book
	limiter    *limiter

	keeper   *keeper
	clock    func() time.Time
	log      *slog.Logger
	base     string
	edition  edition
	servers  []*http.Server
	served   sync.WaitGroup
	shutting sync.Once
	closed   error
}

// New opens a site and serves it until Close. It refuses to listen on anything but the loopback.
func New(o Options) (*Sandbox, error) {
	s := &Sandbox{clock: o.Clock, log: o.Log, chaos: chaos.New(), book: newBook()}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.limiter = newLimiter(o.Limits, s.clock)
	if err := s.chaos.Set(o.Faults); err != nil {
		return nil, fmt.Errorf("the sandbox's faults: %w", err)
	}
	var err error
	if s.keeper, err = newKeeper(o.Dir, s.log); err != nil {
		return nil, err
	}
	if err := s.settle(o.DataCenter); err != nil {
		s.keeper.abandon()
		return nil, err
	}
	ln := o.Listen
	if ln == nil {
		if ln, err = s.listen("address", o.Addr); err != nil {
			s.keeper.abandon()
			return nil, err
		}
	}
	s.base = "http://" + ln.Addr().String()
	var wikiLn net.Listener
	if o.DataCenter {
		if wikiLn, err = s.listen("confluence-address", ""); err != nil {
			s.keeper.abandon()
			return nil, errors.Join(err, ln.Close())
		}
		s.edition.confluence, s.edition.jira = "http://"+wikiLn.Addr().String(), s.base+jiraContext
	}
	if err := s.compose(o); err != nil {
		if s.host != nil {
			s.host.Close()
		}
		if s.forge != nil {
			s.forge.Close()
		}
		s.keeper.abandon()
		if wikiLn != nil {
			err = errors.Join(err, wikiLn.Close())
		}
		return nil, errors.Join(err, ln.Close())
	}
	s.serveOn(ln, s.routes())
	if wikiLn != nil {
		s.serveOn(wikiLn, s.dcConfluence())
	}
	return s, nil
}

// serveOn answers on a listener until the sandbox is closed.
func (s *Sandbox) serveOn(ln net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	s.servers = append(s.servers, server)
	s.served.Go(func() {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the sandbox stopped serving", "error", err)
		}
	})
}

// compose opens the products and gives a new site its pages and issues.
func (s *Sandbox) compose(o Options) error {
	seam := seam{s: s}
	var err error
	if s.people, err = newPeople(seam); err != nil {
		return err
	}
	upset := func(e site.Event) (int, bool) { return s.chaos.Webhook(e.Name) }
	s.host, err = host.New(seam, host.Options{
		Client: cmp.Or(o.Client, loopbackClient()), Log: s.log, Retry: o.Retry, Name: s.people.user, Join: s.people.join,
		Upset: upset,
		Match: func(key, query string) (bool, error) { return s.jira.Match(key, query) },
	})
	if err != nil {
		return err
	}
	if s.forge, err = forge.New(seam, forge.Options{Client: loopbackClient(), Log: s.log, Retry: o.ForgeRetry, Join: s.people.join, Upset: upset}); err != nil {
		return err
	}
	if s.jira, err = s.openJira(); err != nil {
		return err
	}
	space := o.Space
	if space.Key == "" {
		space.Key, space.Name, space.Readers = seed.SpaceKey, seed.SpaceName, []string{site.Grace}
	}
	if s.confluence, err = confluence.New(s.at(s.edition.confluence), confluence.Options{Spaces: []confluence.Space{space}, DataCenter: s.edition.dataCenter}); err != nil {
		return err
	}
	if s.view, err = view.New(seam, s.confluence, s.jira); err != nil {
		return err
	}
	return s.plant(space.Key, o)
}

// BaseURL is the site's address, without a trailing slash. On Cloud Jira lives here, Confluence below /wiki; on Data Center the
// pages that people look at do, and JiraURL and ConfluenceURL are the products'.
func (s *Sandbox) BaseURL() string { return s.base }

// KeysURL is where apps find the keys that sign installs: the key id follows a slash.
func (s *Sandbox) KeysURL() string { return s.base + "/sandbox/keys" }

// Jira is the site's Jira.
func (s *Sandbox) Jira() *jira.Jira { return s.jira }

// Confluence is the site's Confluence.
func (s *Sandbox) Confluence() *confluence.Confluence { return s.confluence }

// Install installs an app into the product that its descriptor's modules tell.
func (s *Sandbox) Install(ctx context.Context, descriptorURL string) (host.App, error) {
	return s.host.Install(ctx, "", descriptorURL)
}

// Host is the site's host of Connect apps.
func (s *Sandbox) Host() *host.Host { return s.host }

// Forge is the site's host of Forge apps.
func (s *Sandbox) Forge() *forge.Host { return s.forge }

// ServeHTTP answers a request as the site does over its first listener, for clients in the same process.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.servers[0].Handler.ServeHTTP(w, r)
}

// JWKS is where Forge apps find the keys of invocation tokens.
func (s *Sandbox) JWKS() string { return s.base + "/sandbox/forge/jwks.json" }

// Faults replaces the faults that the site has.
func (s *Sandbox) Faults(p chaos.Plan) error { return s.chaos.Set(p) }

// FaultPlan is the faults that the site has, with how often each struck.
func (s *Sandbox) FaultPlan() chaos.Plan { return s.chaos.Plan() }

// Close stops serving, ends webhooks that wait, and writes the state.
func (s *Sandbox) Close() error {
	s.shutting.Do(func() {
		s.view.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		var err error
		for _, server := range s.servers {
			ended := server.Shutdown(ctx)
			if errors.Is(ended, context.DeadlineExceeded) { // a request that stalls
				ended = server.Close()
			}
			err = errors.Join(err, ended)
		}
		s.served.Wait()
		s.host.Close()
		s.forge.Close()
		s.closed = errors.Join(err, s.keeper.close())
	})
	return s.closed
}

// listen opens the address, which must be of the loopback; without one, the one that is kept under the name.
func (s *Sandbox) listen(name, addr string) (net.Listener, error) {
	if addr != "" {
		return listenLoopback(addr)
	}
	var former string
	if found, err := s.keeper.Load(name, &former); err == nil && found { // apps know the site by its address
		if ln, err := listenLoopback(former); err == nil {
			return ln, nil
		}
		s.log.Warn("the site's former address is taken; apps that were installed there do not know the new one", "address", former)
	}
	ln, err := listenLoopback("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if err := s.keeper.Keep(name, ln.Addr().String()); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}
