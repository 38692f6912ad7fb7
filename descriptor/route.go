// Package descriptor describes the app to Atlassian. One Go value holds what the app asks for; from it come the Connect
// descriptors and the list of routes that the router must serve, so the two cannot drift apart.
package descriptor

import "strings"

// The products, spelt as in the paths. They equal tenant.Jira and tenant.Confluence, which this package does not import: it
// depends on the standard library alone.
const (
	Jira       = "jira"
	Confluence = "confluence"
)

// Purpose says what a route is for, and with that how its caller proves who they are.
type Purpose string

// The purposes.
const (
	Document    Purpose = "descriptor"  // GET, public: the descriptor itself
	Installed   Purpose = "installed"   // POST, signed by Atlassian (RS256)
	Uninstalled Purpose = "uninstalled" // POST, signed by Atlassian (RS256)
	Enabled     Purpose = "enabled"     // POST, signed with the installation's secret (HS256)
	Disabled    Purpose = "disabled"    // POST, signed with the installation's secret (HS256)
	Webhook     Purpose = "webhook"     // POST, signed with the installation's secret (HS256)
)

// Route is one path that a descriptor promises and the router serves.
type Route struct {
	Product string
	Purpose Purpose
	Event   string // Webhook only: the event as Atlassian names it ("jira:issue_updated")
	Method  string
	Path    string
}

// Routes lists every route of both descriptors, in the order of the descriptors.
func Routes() []Route {
	var out []Route
	for _, product := range Products() {
		out = append(out, Route{Product: product, Purpose: Document, Method: "GET", Path: SelfPath(product)})
		for _, p := range []Purpose{Installed, Enabled, Disabled, Uninstalled} {
			out = append(out, Route{Product: product, Purpose: p, Method: "POST", Path: LifecyclePath(product, p)})
		}
		for _, event := range Events(product) {
			out = append(out, Route{Product: product, Purpose: Webhook, Event: event, Method: "POST", Path: WebhookPath(product, event)})
		}
	}
	return out
}

// Products lists the products that have a descriptor.
func Products() []string { return []string{Jira, Confluence} }

// SelfPath is where a product's descriptor is served.
func SelfPath(product string) string { return "/" + product + "/atlassian-connect.json" }

// LifecyclePath is where a product reports a step in the life of an installation.
func LifecyclePath(product string, p Purpose) string { return "/" + product + "/connect/" + string(p) }

// WebhookPath is where a product delivers an event. Jira's prefix "jira:" is left out: the product is in the path already,
// and a colon would have to be encoded by some clients and not by others, which the query hash would notice.
func WebhookPath(product, event string) string {
	return "/" + product + "/connect/webhook/" + strings.TrimPrefix(event, "jira:")
}

// Events lists the events that a product's descriptor subscribes to, as Atlassian names them; nil for an unknown product.
func Events(product string) []string {
	switch product {
	case Confluence:
		return []string{
			"page_created", "page_updated", "page_moved", "page_restored",
			"page_trashed", "page_removed", "page_archived",
			"label_added", "label_removed",
		}
	case Jira:
		return []string{
			"jira:issue_created", "jira:issue_updated", "jira:issue_deleted",
			"comment_created", "comment_updated", "comment_deleted",
			"issue_property_set", "issue_property_deleted",
		}
	}
	return nil
}
