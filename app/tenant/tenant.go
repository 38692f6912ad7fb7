// Package tenant holds what belongs to one Atlassian site: its installations, its settings, and the secrets that must not be seen.
package tenant

import (
	"context"
	"time"
)

// ID names a tenant: the lower-case host of the site, with its port where it is not the default ("acme.atlassian.net").
// Everything in the store hangs below one.
type ID string

// Product is an Atlassian product. Under Connect each is an instance of its own: own clientKey, own secret, own base URL.
type Product string

// The products.
const (
	Jira       Product = "jira"
	Confluence Product = "confluence"
)

// Edition is which of Atlassian's editions a site is of. They speak different REST interfaces.
type Edition string

// The editions. Whatever is not said to be Data Center is Cloud.
const (
	Cloud      Edition = ""
	DataCenter Edition = "datacenter"
)

// Installation is one installation of the app in one product of a site.
type Installation struct {
	Product     Product   `json:"product"`
	Door        string    `json:"door"`       // the front door it came in by: "connect", "forge", "account"
	ClientKey   string    `json:"client_key"` // stable per product and site
	AppKey      string    `json:"app_key"`
	Edition     Edition   `json:"edition,omitempty"`
	BaseURL     string    `json:"base_url"`              // "https://acme.atlassian.net/wiki"; no trailing slash
	Secret      Secret    `json:"-"`                     // sealed apart by the store
	SecretUntil time.Time `json:"secret_until,omitzero"` // UTC: when the secret ceases to be good; zero: never, or there is none
	Former      []Secret  `json:"-"`                     // newest first: those that the site may hold still; sealed apart by the store
	FormerUntil time.Time `json:"former_until,omitzero"` // UTC: when the former ones cease to be good
	Enabled     bool      `json:"enabled"`
	InstalledAt time.Time `json:"installed_at"` // UTC
	RemovedAt   time.Time `json:"removed_at"`   // UTC; zero while installed
}

// Live reports whether calls may be made and events accepted for it.
func (i Installation) Live() bool { return i.ClientKey != "" && i.RemovedAt.IsZero() }

// Tenant is one site with its installations, at most one a product.
type Tenant struct {
	ID            ID                       `json:"id"`
	Installations map[Product]Installation `json:"installations"`
}

// Missing lists the products without a live installation, Confluence first.
func (t Tenant) Missing() []Product {
	var out []Product
	for _, p := range []Product{Confluence, Jira} {
		if !t.Installations[p].Live() {
			out = append(out, p)
		}
	}
	return out
}

// Removed reports whether no installation is live any more, and since when: UTC. False for a tenant that was never installed.
func (t Tenant) Removed() (at time.Time, removed bool) {
	for _, in := range t.Installations {
		if in.Live() {
			return time.Time{}, false
		}
		if in.RemovedAt.After(at) {
			at = in.RemovedAt
		}
	}
	return at, !at.IsZero()
}

// Purged counts what a purge deleted.
type Purged struct {
	Pages   int
	Threats int
	Entries int // of the ledger
	Jobs    int
}

// Registry keeps tenants. All methods are safe for concurrent use and speak in whole transactions.
type Registry interface {
	// Install records an installation under its tenant, which it makes when it is new. An installation with the same product
	// replaces the former one (a reinstall rotates the secret), as Installation.Replacing says. It fails with fault.Conflict when
	// the clientKey belongs to another tenant or product.
	Install(ctx context.Context, id ID, in Installation) (Tenant, error)
	// Enable switches an installation on or off. fault.NotFound when there is none.
	Enable(ctx context.Context, clientKey string, enabled bool) error
	// Renew gives a live installation another secret, good until a time, unless the one it has is good for as long. A repetition
	// or a late arrival therefore changes nothing. fault.NotFound when there is none, or it was removed.
	Renew(ctx context.Context, clientKey string, secret Secret, until time.Time) error
	// Confirm records that the site used one of the secrets of a live installation, as Installation.Confirmed says. fault.NotFound when
	// there is no such installation.
	Confirm(ctx context.Context, clientKey string, used Secret) error
	// Restore records that the site, asked at a time, took a former secret only, as Installation.Restored says. fault.NotFound when there is
	// no such installation.
	Restore(ctx context.Context, clientKey string, took Secret, at time.Time) error
	// Uninstall marks an installation removed at a time and forgets its secrets; what was learned of the tenant stays.
	Uninstall(ctx context.Context, clientKey string, at time.Time) error
	// Purge deletes a tenant whose last live installation was removed before a time, with everything of it: pages, threats, ledger,
	// jobs, secrets and clientKeys; dedup keys run out by themselves. It works in bounded transactions. The first ones delete jobs,
	// the next makes the tenant unknown at once, and each of these checks anew that nothing is installed: an installation that comes
	// before ends the purge and finds the record whole, one that comes later begins a new tenant. What a crash or the end of ctx
	// leaves is never seen again, and is deleted at the next opening or purge.
	//
	// fault.Conflict when something is installed or was removed later, fault.NotFound when there is no such tenant, fault.Busy
	// while a job of it runs. It counts what it deleted, with an error too.
	Purge(ctx context.Context, id ID, before time.Time) (Purged, error)
	// ByClientKey finds the tenant and the installation of a clientKey, secret included. fault.NotFound when there is none;
	// any other error means the store could not tell, and must never be taken for "new".
	ByClientKey(ctx context.Context, clientKey string) (Tenant, Installation, error)
	// Get returns one tenant, secrets included. fault.NotFound when there is none.
	Get(ctx context.Context, id ID) (Tenant, error)
	// All lists the tenants by ID.
	All(ctx context.Context) ([]Tenant, error)
}
