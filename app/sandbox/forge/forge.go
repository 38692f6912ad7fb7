// Package forge is the Atlassian side of Forge Remote: it holds the apps that were installed with a remote backend, sends them
// events and hourly triggers with invocation tokens signed by a key of its own, hands out access tokens, and checks those that
// apps call with. Sources: Atlassian's documentation, "Forge Remote essentials" and the descriptions of product events. It knows
// no code of any app.
package forge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/throughline/throughline/app/sandbox/signing"
	"github.com/throughline/throughline/app/sandbox/site"
)

// Site is what the host needs of the site that it belongs to.
type Site interface {
	Now() time.Time
	BaseURL() string
	Keep(product string, state any) error
	Load(product string, state any) (bool, error)
}

// Options are the parts of a host.
type Options struct {
	Client *http.Client                               // reaches the apps
	Log    *slog.Logger                               // nil: nothing is logged
	Retry  []time.Duration                            // waits before an event is sent again; nil: DefaultRetry
	Every  time.Duration                              // between scheduled triggers; 0: an hour
	Join   func(key, name string) (site.User, error)  // gives an app its account; the same for the same key
	Upset  func(e site.Event) (copies int, late bool) // faults of delivery: how often to send; there is no order to upset; nil: once
}

// DefaultRetry are the waits before an event is sent again: as often as Forge does it, but seconds instead of a minute each.
func DefaultRetry() []time.Duration {
	return []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}
}

// App is an app with a remote backend, installed in both products of the site.
type App struct {
	ID             string        `json:"appId"`          // ARI
	InstallationID string        `json:"installationId"` // ARI
	Remote         string        `json:"remote"`         // base URL of the backend
	Routes         Routes        `json:"routes"`
	Scopes         []string      `json:"scopes"`
	TokenLife      time.Duration `json:"tokenLife"` // of access tokens
	AccountID      string        `json:"accountId"`
	InstalledAt    time.Time     `json:"installedAt"`
}

// Routes are the paths of an app's endpoints, as its manifest has them.
type Routes struct {
	Event     string `json:"event"`
	Scheduled string `json:"scheduled"`
	Uninstall string `json:"uninstall"`
}

// Order asks for an installation. Remote and AppID are required, the rest has defaults.
type Order struct {
	Remote       string   `json:"remote"`
	AppID        string   `json:"appId"`
	Routes       Routes   `json:"routes"`       // default: /forge/event, /forge/scheduled, /forge/uninstall
	Scopes       []string `json:"scopes"`       // default: those to read and write pages and issues, and read:app-system-token
	TokenSeconds int      `json:"tokenSeconds"` // life of access tokens; default two hours
}

// Host holds the installed apps. It is safe for concurrent use.
type Host struct {
	Options
	site Site
	ctx  context.Context // ends what is on its way when the host is closed
	end  context.CancelFunc
	busy sync.WaitGroup
	room chan struct{} // bounds how many events are on their way at once

	mu    sync.Mutex
	state state
	tally Tally
	shut  bool
}

type state struct {
	CloudID string      `json:"cloudId"`
	Key     signing.Key `json:"key"`
	Apps    []App       `json:"apps"`
}

// Tally counts events, as often as they happened and not as they were sent.
type Tally struct {
	Sent     int `json:"sent"`
	Accepted int `json:"accepted"`
	Failed   int `json:"failed"` // given up
	Pending  int `json:"pending"`
	Attempts int `json:"attempts"`
}

// New opens the host of a site, as it was last kept there. Close ends its deliveries.
func New(s Site, o Options) (*Host, error) {
	if o.Retry == nil {
		o.Retry = DefaultRetry()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Every == 0 {
		o.Every = time.Hour
	}
	h := &Host{Options: o, site: s, room: make(chan struct{}, 8)}
	found, err := s.Load("forge", &h.state)
	if err != nil {
		return nil, fmt.Errorf("loading the Forge apps: %w", err)
	}
	if !found {
		h.state.CloudID = signing.NewID()
		if h.state.Key, err = signing.NewKey(); err != nil {
			return nil, err
		}
	}
	if err := h.state.Key.Open(); err != nil {
		return nil, err
	}
	h.ctx, h.end = context.WithCancel(context.Background())
	h.busy.Go(h.clock)
	return h, h.keep()
}

func (h *Host) keep() error {
	kept := h.state
	kept.Apps = slices.Clone(kept.Apps)
	return h.site.Keep("forge", kept)
}

// CloudID is the id of the site in API addresses.
func (h *Host) CloudID() string { return h.state.CloudID }

// Apps returns the installed apps.
func (h *Host) Apps() []App {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.state.Apps)
}

// App finds an app by its ARI.
func (h *Host) App(id string) (App, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.find(id)
	if i < 0 {
		return App{}, false
	}
	return h.state.Apps[i], true
}

func (h *Host) find(id string) int {
	return slices.IndexFunc(h.state.Apps, func(a App) bool { return a.ID == id })
}

// Tally counts the events since the host was opened.
func (h *Host) Tally() Tally {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tally
}

var appARI = regexp.MustCompile(`^ari:cloud:ecosystem::app/[0-9a-f-]{36}$`)

// Install installs an app and tells it so. As at Atlassian the app is installed whatever it answers, and the news is sent again.
// An app that is there already is upgraded: it keeps its installation.
func (h *Host) Install(o Order) (App, error) {
	u, err := url.Parse(o.Remote)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return App{}, fmt.Errorf("remote %q is no absolute URL", o.Remote)
	}
	if !appARI.MatchString(o.AppID) {
		return App{}, fmt.Errorf("appId %q: it is ari:cloud:ecosystem::app/ and a UUID", o.AppID)
	}
	account, err := h.Join(o.AppID, "Throughline")
	if err != nil {
		return App{}, err
	}
	app := App{
		ID: o.AppID, InstallationID: "ari:cloud:ecosystem::installation/" + signing.NewID(), Remote: strings.TrimRight(o.Remote, "/"), Routes: o.Routes,
		Scopes: o.Scopes, TokenLife: time.Duration(o.TokenSeconds) * time.Second, AccountID: account.AccountID, InstalledAt: h.site.Now(),
	}
	for path, fallback := range map[*string]string{&app.Routes.Event: "/forge/event", &app.Routes.Scheduled: "/forge/scheduled", &app.Routes.Uninstall: "/forge/uninstall"} {
		if *path == "" {
			*path = fallback
		}
	}
	if app.Scopes == nil {
		app.Scopes = []string{"read:app-system-token", "read:page:confluence", "write:confluence-content", "read:jira-work", "write:jira-work"}
	}
	if app.TokenLife == 0 {
		app.TokenLife = 2 * time.Hour
	}
	event := "avi:forge:installed:app"
	h.mu.Lock()
	if i := h.find(app.ID); i >= 0 {
		event, app.InstallationID = "avi:forge:upgraded:app", h.state.Apps[i].InstallationID
		h.state.Apps[i] = app
	} else {
		h.state.Apps = append(h.state.Apps, app)
	}
	err = h.keep()
	h.mu.Unlock()
	if err != nil {
		return App{}, err
	}
	h.deliver(message{app: app.ID, product: Confluence, route: app.Routes.Event, payload: map[string]any{
		"eventType": event, "id": app.InstallationID, "context": "ari:cloud:confluence::site/" + h.state.CloudID,
		"installerAccountId": site.Dana, "app": map[string]any{"id": app.ID, "version": "1.0.0"},
	}})
	return app, nil
}

// SetTokenLife says how long the access tokens live that an app gets from now on.
func (h *Host) SetTokenLife(id string, life time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.find(id)
	if i < 0 {
		return fmt.Errorf("app %s is not installed", id)
	}
	h.state.Apps[i].TokenLife = life
	return h.keep()
}

// Uninstall tells an app that it is about to be removed, and removes it whatever it answers.
func (h *Host) Uninstall(ctx context.Context, id string) error {
	app, ok := h.App(id)
	if !ok {
		return fmt.Errorf("app %s is not installed", id)
	}
	_, told := h.post(ctx, app, message{app: id, product: Confluence, route: app.Routes.Uninstall, payload: map[string]any{}})
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := h.find(id); i >= 0 {
		h.state.Apps = slices.Delete(slices.Clone(h.state.Apps), i, i+1)
	}
	return errors.Join(told, h.keep())
}

// Schedule sends an app its scheduled trigger now.
func (h *Host) Schedule(id string) error {
	app, ok := h.App(id)
	if !ok {
		return fmt.Errorf("app %s is not installed", id)
	}
	h.deliver(message{app: id, product: Confluence, route: app.Routes.Scheduled, payload: map[string]any{
		"context": map[string]string{"cloudId": h.state.CloudID, "moduleKey": "hourly"},
	}})
	return nil
}

// clock sends scheduled triggers until the host is closed.
func (h *Host) clock() {
	tick := time.NewTicker(h.Every)
	defer tick.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
			for _, app := range h.Apps() {
				_ = h.Schedule(app.ID) // it was removed meanwhile
			}
		}
	}
}

// Close ends all deliveries. What waits is dropped.
func (h *Host) Close() {
	h.mu.Lock()
	h.shut = true
	h.mu.Unlock()
	h.end()
	h.busy.Wait()
}
