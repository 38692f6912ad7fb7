package descriptor

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// App is what an operator may say about the app. Zero fields, BaseURL excepted, take defaults.
type App struct {
	BaseURL     string // where Atlassian reaches the app ("https://throughline.example.com"), without query
	Key         string // prefix of the app's keys; each product's descriptor appends "-jira" or "-confluence"
	Name        string
	Description string
	VendorName  string
	VendorURL   string
}

// ProductKey is the key of a product's descriptor ("throughline-jira"). An installation in Jira and one in Confluence are two
// apps to Atlassian, and app keys are global.
func (a App) ProductKey(product string) string {
	if a.Key == "" {
		return "throughline-" + product
	}
	return a.Key + "-" + product
}

// Base is BaseURL as it stands in the descriptors and as the audience of Atlassian's tokens: without trailing slashes.
func (a App) Base() string { return strings.TrimRight(a.BaseURL, "/") }

// Descriptor is an atlassian-connect.json. Its JSON is what the product reads.
type Descriptor struct {
	Key            string         `json:"key"`
	Name           string         `json:"name"`
	Description    string         `json:"description"`
	BaseURL        string         `json:"baseUrl"`
	Vendor         Vendor         `json:"vendor"`
	Links          Links          `json:"links"`
	Authentication Authentication `json:"authentication"`
	APIVersion     int            `json:"apiVersion"`
	APIMigrations  Migrations     `json:"apiMigrations"`
	Lifecycle      Lifecycle      `json:"lifecycle"`
	Scopes         []string       `json:"scopes"`
	Modules        Modules        `json:"modules"`
}

// Vendor is who offers the app.
type Vendor struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// Links tells the product where the descriptor itself lies.
type Links struct {
	Self string `json:"self"`
}

// Authentication is how the product proves who it is.
type Authentication struct {
	Type string `json:"type"`
}

// Migrations are the opt-ins to Atlassian's newer security rules: installs signed with Atlassian's own key, and context tokens
// that are no longer valid for other requests.
type Migrations struct {
	SignedInstall bool `json:"signed-install"`
	ContextQSH    bool `json:"context-qsh"`
}

// Lifecycle holds the paths, relative to BaseURL, to which the product reports steps in an installation's life.
type Lifecycle struct {
	Installed   string `json:"installed"`
	Enabled     string `json:"enabled"`
	Disabled    string `json:"disabled"`
	Uninstalled string `json:"uninstalled"`
}

// Modules are what the app adds to the product. A page of the app joins here as one more field, together with its route in
// Routes: a module whose path nobody serves shows people an error.
type Modules struct {
	Webhooks         []Hook     `json:"webhooks"`
	EntityProperties []Property `json:"jiraEntityProperties,omitempty"`
}

// Hook subscribes to one event.
type Hook struct {
	Event string `json:"event"`
	URL   string `json:"url"`
}

// Property makes values of an entity property searchable.
type Property struct {
	Key        string `json:"key"`
	Name       Text   `json:"name"`
	EntityType string `json:"entityType"`
	Keys       []Keys `json:"keyConfigurations"`
}

// Text is a text that can be shown in several languages; the app speaks one.
type Text struct {
	Value string `json:"value"`
}

// Keys indexes paths inside one property.
type Keys struct {
	PropertyKey string    `json:"propertyKey"`
	Extractions []Extract `json:"extractions"`
}

// Extract indexes one path of a property's JSON under an alias for JQL or CQL.
type Extract struct {
	ObjectName string `json:"objectName"`
	Type       string `json:"type"`
	Alias      string `json:"alias,omitempty"`
}

// PropertyKey is the issue property that a ticket carries: an object with the threat's id, page, version, state and criteria.
const PropertyKey = "throughline.threat"

var keyShape = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,52}$`)

// Connect makes a product's Connect descriptor. It fails when the product is unknown, the base URL is no absolute http(s) URL
// or the key is none that Atlassian accepts.
func Connect(product string, app App) (Descriptor, error) {
	u, err := url.Parse(app.BaseURL)
	switch {
	case Events(product) == nil:
		return Descriptor{}, fmt.Errorf("no Connect descriptor for product %q: it is %s", product, strings.Join(Products(), " or "))
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "":
		return Descriptor{}, fmt.Errorf("base URL %q: give an absolute URL without a query, such as https://throughline.example.com", app.BaseURL)
	case !keyShape.MatchString(app.ProductKey(product)):
		return Descriptor{}, fmt.Errorf("app key %q: use letters, digits, dots, dashes and underscores only, at most 40", app.Key)
	}
	d := Descriptor{
		Key:            app.ProductKey(product),
		Name:           cmp.Or(app.Name, "Throughline"),
		Description:    cmp.Or(app.Description, "Turns design pages into a traceable threat record: threat, ticket, owner, evidence."),
		BaseURL:        app.Base(),
		Vendor:         Vendor{Name: cmp.Or(app.VendorName, "Throughline"), URL: cmp.Or(app.VendorURL, app.Base())},
		Links:          Links{Self: app.Base() + SelfPath(product)},
		Authentication: Authentication{Type: "jwt"},
		APIVersion:     1,
		APIMigrations:  Migrations{SignedInstall: true, ContextQSH: true},
		Lifecycle: Lifecycle{
			Installed:   LifecyclePath(product, Installed),
			Enabled:     LifecyclePath(product, Enabled),
			Disabled:    LifecyclePath(product, Disabled),
			Uninstalled: LifecyclePath(product, Uninstalled),
		},
		// READ: pages, issues, assignable users. WRITE: the panel; tickets, comments, links. Nothing is ever deleted or
		// administered, and nobody is impersonated, so no further scope.
		Scopes: []string{"READ", "WRITE"},
	}
	for _, event := range Events(product) {
		d.Modules.Webhooks = append(d.Modules.Webhooks, Hook{Event: event, URL: WebhookPath(product, event)})
	}
	if product == Jira {
		d.Modules.EntityProperties = []Property{{
			Key: "throughline-threat", Name: Text{"Throughline threat"}, EntityType: "issue",
			Keys: []Keys{{PropertyKey: PropertyKey, Extractions: []Extract{
				{ObjectName: "id", Type: "string", Alias: "throughlineThreat"},
				{ObjectName: "page", Type: "string", Alias: "throughlinePage"},
				{ObjectName: "state", Type: "string", Alias: "throughlineState"},
				{ObjectName: "criteria", Type: "string", Alias: "throughlineCriterion"},
			}}},
		}}
	}
	return d, nil
}
