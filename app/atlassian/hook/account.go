// Package hook is the front door of a service account: a site that Throughline reads and writes with a person's or a robot's
// credentials, without being installed there as an app. What happens on the site comes in by webhooks that an administrator
// sets up and a shared secret signs; whatever no webhook tells is found by the sweep.
package hook

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// Door is the name of this front door in an installation.
const Door = "account"

// Account is a service account of one site. Its token stays in the process's configuration: the store never holds it.
type Account struct {
	Jira       string // base URL, no trailing slash
	Confluence string // base URL with its context path, no trailing slash
	Edition    tenant.Edition
	Email      string        // with an API token (Cloud); empty with a personal access token (Data Center)
	Token      tenant.Secret // of Confluence, and of Jira unless JiraToken is
	JiraToken  tenant.Secret // on Data Center each product takes only the tokens that it made
}

// For is the account as one product knows it.
func (a Account) For(p tenant.Product) Account {
	if p == tenant.Jira && !a.JiraToken.Empty() {
		a.Token = a.JiraToken
	}
	return a
}

// ID is the tenant that the account's site is: the host of its Confluence, where the pages are.
func (a Account) ID() tenant.ID {
	u, err := url.Parse(a.Confluence)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return tenant.ID(host)
}

// Installations are what the registry keeps of the account: where its products are, and that calls may be made. The secret is
// not among it.
func (a Account) Installations(now time.Time) []tenant.Installation {
	var out []tenant.Installation
	for product, base := range map[tenant.Product]string{tenant.Jira: a.Jira, tenant.Confluence: a.Confluence} {
		out = append(out, tenant.Installation{
			Product: product, Door: Door, ClientKey: Door + ":" + string(product) + ":" + string(a.ID()), AppKey: Door,
			Edition: a.Edition, BaseURL: base, Enabled: true, InstalledAt: now.UTC(),
		})
	}
	return out
}

// Sign puts the account's credentials on a request. It is safe for concurrent use.
func (a Account) Sign(req *http.Request) error {
	switch {
	case a.Token.Empty():
		return fault.New(fault.Denied, "the service account of %s is not configured any more: set THROUGHLINE_SITE_TOKEN or THROUGHLINE_SITE_PAT", req.URL.Host)
	case a.Email != "":
		req.SetBasicAuth(a.Email, a.Token.Reveal())
	default:
		req.Header.Set("Authorization", "Bearer "+a.Token.Reveal())
	}
	return nil
}
