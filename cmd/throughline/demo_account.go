package main

import (
	"time"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/sandbox"
	"github.com/throughline/throughline/app/sandbox/host"
)

// The doors of a service account, by their names in flags.
const (
	accountDoor    = "account"    // on Cloud, by e-mail address and API token
	dataCenterDoor = "datacenter" // on Data Center, by the personal access tokens of its products
)

// doors are the ways in which the app comes to a site.
func doors() []string { return []string{"connect", forgeDoor, accountDoor, dataCenterDoor} }

// byAccount reports whether the app is not installed, but works with somebody's credentials.
func (o demoOptions) byAccount() bool {
	return o.account != nil || o.door == accountDoor || o.door == dataCenterDoor
}

// demoHookSecret signs the webhooks of a demo. It guards nothing but the sandbox.
const demoHookSecret = "the demo's webhooks are signed with this"

// asAccount has the app work as the site's administrator, as a person would configure it.
func asAccount(c *app.Config, s *sandbox.Sandbox) {
	who := s.Credentials()[0]
	c.BaseURL, c.HookSecret = "", demoHookSecret
	if s.DataCenter() {
		c.SitePAT, c.JiraPAT, c.ConfluenceURL, c.JiraURL = who.WikiPAT, who.JiraPAT, s.ConfluenceURL(), s.JiraURL()
		return
	}
	c.SiteURL, c.SiteEmail, c.SiteToken = s.BaseURL(), who.Email, who.Token
	c.Poll = 2 * time.Second // Confluence Cloud calls nobody who is not installed, and somebody is watching
}

// hook sets the site's webhooks up as its administrator does, where the app takes any: Jira has such on both editions, Confluence on
// Data Center.
func (d *demo) hook(c app.Config) error {
	if c.HookSecret == "" {
		return nil
	}
	products := []string{host.Jira}
	if d.site.DataCenter() {
		products = append(products, host.Confluence)
	}
	for _, product := range products {
		if err := d.site.Host().AddHook(host.Hook{Product: product, URL: d.base + "/hook/" + product, Secret: c.HookSecret}); err != nil {
			return fault.As(fault.Internal, err, "setting up the webhooks of %s", product)
		}
	}
	return nil
}
