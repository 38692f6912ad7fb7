package host

import (
	"fmt"
	"log/slog"
	"net/http"
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
	Retry  []time.Duration                            // waits before a Jira webhook is sent again; nil: DefaultRetry
	Upset  func(e site.Event) (copies int, late bool) // faults of delivery: how often to send, and whether behind the next; nil: once
	Match  func(issueKey, jql string) (bool, error)   // decides a webhook's filter; nil: every issue matches
	Name   func(accountID string) (site.User, bool)   // who an account is
	Join   func(key, name string) (site.User, error)  // gives an app its account; the same for the same key
}

// DefaultRetry are the waits before a Jira webhook is sent again. Atlassian's are 5 to 15 minutes long; the sandbox's are short so
// that one can watch them.
func DefaultRetry() []time.Duration {
	return []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second}
}

// App is an app installed into one product.
type App struct {
	Product       string     `json:"product"`
	ClientKey     string     `json:"clientKey"`
	Secret        string     `json:"sharedSecret"`
	AccountID     string     `json:"accountId"`
	DescriptorURL string     `json:"descriptorUrl"`
	Descriptor    Descriptor `json:"descriptor"`
	InstalledAt   time.Time  `json:"installedAt"`
}

// Host holds the installed apps and delivers events to them. It is safe for concurrent use.
type Host struct {
	Options
	site   Site
	client *http.Client
	key    signing.Key

	mu     sync.Mutex
	apps   []App
	hooks  []Hook
	queues map[string]*queue // by product and app key
	closed bool
	log    deliveryLog
}

type state struct {
	Key  signing.Key `json:"key"`
	Apps []App       `json:"apps"`

	Hooks []Hook `json:"hooks,omitempty"`
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
	h := &Host{Options: o, site: s, client: o.Client, queues: map[string]*queue{}}
	h.log.tally.Events = map[string]int{}
	var kept state
	found, err := s.Load("connect", &kept)
	if err != nil {
		return nil, fmt.Errorf("loading the installed apps: %w", err)
	}
	if !found {
		if kept.Key, err = signing.NewKey(); err != nil {
			return nil, err
		}
	}
	if kept.Key.RSA() == nil {
		if err := kept.Key.Open(); err != nil {
			return nil, err
		}
	}
	h.key, h.apps, h.hooks = kept.Key, kept.Apps, kept.Hooks
	return h, h.keep()
}

func (h *Host) keep() error {
	return h.site.Keep("connect", state{h.key, slices.Clone(h.apps), slices.Clone(h.hooks)})
}

// BaseURL is the address of a product: the site's, and below /wiki for Confluence.
func (h *Host) BaseURL(product string) string {
	if product == Confluence {
		return h.site.BaseURL() + "/wiki"
	}
	return h.site.BaseURL()
}

// Apps returns the installed apps in the order of their installation.
func (h *Host) Apps() []App {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.apps)
}

// App finds an app of a product by its key.
func (h *Host) App(product, key string) (App, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := h.find(product, key)
	if i < 0 {
		return App{}, false
	}
	return h.apps[i], true
}

func (h *Host) find(product, key string) int {
	return slices.IndexFunc(h.apps, func(a App) bool { return a.Product == product && a.Descriptor.Key == key })
}

// address is a path of the app's below its base address.
func (a App) address(path string) string {
	return strings.TrimSuffix(a.Descriptor.BaseURL, "/") + path
}
