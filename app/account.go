package app

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/hook"
	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// AccountConfig is what an operator sets to let Throughline work on a site as a service account, without being installed there.
type AccountConfig struct {
	SiteURL       string        `env:"THROUGHLINE_SITE_URL" help:"URL of a site that is worked on as a service account, such as https://acme.atlassian.net"`
	SiteEmail     string        `env:"THROUGHLINE_SITE_EMAIL" help:"the service account's e-mail address, with its API token (Cloud)"`
	SiteToken     string        `env:"THROUGHLINE_SITE_TOKEN" help:"the service account's API token (Cloud)"`
	SitePAT       string        `env:"THROUGHLINE_SITE_PAT" help:"the service account's personal access token (Data Center): Confluence's, and Jira's unless THROUGHLINE_JIRA_PAT is set"`
	JiraPAT       string        `env:"THROUGHLINE_JIRA_PAT" help:"the service account's personal access token of Jira (Data Center)"`
	ConfluenceURL string        `env:"THROUGHLINE_CONFLUENCE_URL" help:"Confluence of the service account; default <site>/wiki"`
	JiraURL       string        `env:"THROUGHLINE_JIRA_URL" help:"Jira of the service account; default the site"`
	AllowNets     []string      `env:"THROUGHLINE_ALLOW_NETS" help:"private networks that the service account's site may be in, such as 10.20.0.0/16, comma-separated"`
	JiraLink      string        `env:"THROUGHLINE_JIRA_LINK" help:"id of Confluence's application link to Jira (Data Center): panels show tickets by the Jira macro"`
	HookSecret    string        `env:"THROUGHLINE_HOOK_SECRET" help:"secret that signs the webhooks an administrator sets up for /hook/jira and /hook/confluence"`
	Poll          time.Duration `env:"THROUGHLINE_POLL" envDefault:"5m" help:"how often every site is looked through for what no webhook told; 0 for pages only, at the start"`
}

// validAccount checks the service account's part, and names the first variable that is wrong.
func (c Config) validAccount() error {
	wrong := func(name, what string) error { return fault.New(fault.Invalid, "%s: %s", name, what) }
	if c.Poll != 0 && (c.Poll < time.Second || c.Poll > 24*time.Hour) {
		return fault.New(fault.Invalid, "THROUGHLINE_POLL: %s is out of range; use 1s to 24h, or 0 to look only at the start", c.Poll)
	}
	if _, err := outbound.ParseNets(c.AllowNets); err != nil {
		return wrong("THROUGHLINE_ALLOW_NETS", err.Error())
	}
	if c.JiraLink != "" && !linkShape.MatchString(c.JiraLink) {
		return wrong("THROUGHLINE_JIRA_LINK", "it is no id of an application link; those are UUIDs, such as the serverId of a Jira macro in a page's storage format")
	}
	if !c.hasAccount() {
		for _, set := range []struct{ name, value string }{
			{"THROUGHLINE_SITE_EMAIL", c.SiteEmail},
			{"THROUGHLINE_SITE_TOKEN", c.SiteToken},
			{"THROUGHLINE_SITE_PAT", c.SitePAT},
			{"THROUGHLINE_JIRA_PAT", c.JiraPAT},
			{"THROUGHLINE_ALLOW_NETS", strings.Join(c.AllowNets, ",")},
			{"THROUGHLINE_JIRA_LINK", c.JiraLink},
			{"THROUGHLINE_CONFLUENCE_URL", c.ConfluenceURL},
			{"THROUGHLINE_JIRA_URL", c.JiraURL},
			{"THROUGHLINE_HOOK_SECRET", c.HookSecret},
		} {
			if set.value != "" {
				return wrong("THROUGHLINE_SITE_URL", "name the site that "+set.name+" is for, such as https://acme.atlassian.net (on Data Center THROUGHLINE_CONFLUENCE_URL and THROUGHLINE_JIRA_URL instead)")
			}
		}
		return nil
	}
	for _, set := range []struct{ name, value string }{
		{"THROUGHLINE_SITE_URL", c.SiteURL},
		{"THROUGHLINE_CONFLUENCE_URL", c.ConfluenceURL},
		{"THROUGHLINE_JIRA_URL", c.JiraURL},
	} {
		if set.value == "" {
			continue
		}
		if err := c.validURL(set.name, set.value); err != nil {
			return err
		}
	}
	switch {
	case c.JiraPAT != "" && c.SitePAT == "":
		return wrong("THROUGHLINE_SITE_PAT", "set Confluence's personal access token beside Jira's")
	case c.SitePAT == "" && c.JiraLink != "":
		return wrong("THROUGHLINE_JIRA_LINK", "it is for Data Center, with THROUGHLINE_SITE_PAT; on Cloud panels need none")
	case c.SitePAT != "" && c.SiteToken != "":
		return wrong("THROUGHLINE_SITE_PAT", "set it or THROUGHLINE_SITE_TOKEN, not both")
	case c.SitePAT != "" && c.SiteEmail != "":
		return wrong("THROUGHLINE_SITE_EMAIL", "it goes with THROUGHLINE_SITE_TOKEN; leave it out with THROUGHLINE_SITE_PAT")
	case c.SitePAT == "" && c.SiteToken == "":
		return wrong("THROUGHLINE_SITE_TOKEN", "set the service account's API token (or THROUGHLINE_SITE_PAT)")
	case c.SiteToken != "" && !strings.Contains(c.SiteEmail, "@"):
		return wrong("THROUGHLINE_SITE_EMAIL", "set the e-mail address of the account whose token THROUGHLINE_SITE_TOKEN is")
	case strings.ContainsAny(c.SiteToken+c.SitePAT+c.JiraPAT+c.SiteEmail, " \t\r\n"):
		return wrong("THROUGHLINE_SITE_TOKEN", "the credentials hold white space; paste them without")
	case c.SitePAT != "" && (c.ConfluenceURL == "" || c.JiraURL == ""):
		return wrong("THROUGHLINE_CONFLUENCE_URL", "name both products of Data Center: it, and THROUGHLINE_JIRA_URL, each with its context path if it has one")
	case c.HookSecret != "" && len(c.HookSecret) < hook.MinSecret:
		return wrong("THROUGHLINE_HOOK_SECRET", "it is too short to be safe; `openssl rand -hex 32` makes one")
	}
	return nil
}

// linkShape is that of an application link's id.
var linkShape = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// hasAccount reports whether a service account is configured: by its site or, on Data Center, by both products.
func (c Config) hasAccount() bool {
	return c.SiteURL != "" || c.SitePAT != "" && c.ConfluenceURL != "" && c.JiraURL != ""
}

// own is what the service account's site opens of the own network. The configuration must be valid.
func (c Config) own() outbound.Own {
	account, ok := c.Account()
	nets, err := outbound.ParseNets(c.AllowNets)
	if !ok || err != nil {
		return outbound.Own{}
	}
	return outbound.Own{Nets: nets, Sites: []string{account.Jira, account.Confluence}}
}

// Account is the configured service account; false when there is none. The configuration must be valid.
func (c Config) Account() (hook.Account, bool) {
	if !c.hasAccount() {
		return hook.Account{}, false
	}
	site := strings.TrimRight(c.SiteURL, "/")
	a := hook.Account{Jira: site, Confluence: strings.TrimSuffix(site, "/wiki") + "/wiki", Email: c.SiteEmail, Token: tenant.NewSecret(c.SiteToken + c.SitePAT), JiraToken: tenant.NewSecret(c.JiraPAT)}
	if c.SitePAT != "" {
		a.Edition = tenant.DataCenter
	}
	a.Jira = strings.TrimSuffix(a.Jira, "/wiki")
	if c.JiraURL != "" {
		a.Jira = strings.TrimRight(c.JiraURL, "/")
	}
	if c.ConfluenceURL != "" {
		a.Confluence = strings.TrimRight(c.ConfluenceURL, "/")
	}
	return a, true
}

// register makes the service account's site a tenant, or brings its addresses up to the configuration.
func (a *App) register(ctx context.Context) error {
	account, ok := a.config.Account()
	if !ok {
		return nil
	}
	known, err := a.store.Get(ctx, account.ID())
	if err != nil && !fault.Is(err, fault.NotFound) {
		return fault.Wrap(err, "reading the installations of %s", account.ID())
	}
	for _, in := range account.Installations(time.Now()) {
		was := known.Installations[in.Product]
		if was.Live() && was.Enabled && was.ClientKey == in.ClientKey && was.BaseURL == in.BaseURL && was.Edition == in.Edition {
			continue
		}
		if was.Live() && was.Door != hook.Door {
			a.log.Warn("the service account takes the place of an installation", "tenant", account.ID(), "product", in.Product, "door", was.Door)
		}
		if _, err := a.store.Install(ctx, account.ID(), in); err != nil {
			return fault.Wrap(err, "registering the service account in %s of %s", in.Product, account.ID())
		}
	}
	a.log.Info("service account", "tenant", account.ID(), "webhooks", a.config.HookSecret != "", "poll", a.config.Poll)
	return nil
}

// credentials are those of the configuration, if an installation is of its site.
func (s sites) credentials(in tenant.Installation) outbound.Signer {
	if s.account.Jira == in.BaseURL || s.account.Confluence == in.BaseURL {
		return s.account.For(in.Product)
	}
	return hook.Account{} // of a site that the configuration names no more: its Sign says so
}

// receiver takes the service account's webhooks; nil when there are none to take.
func (a *App) receiver() *hook.Receiver {
	account, ok := a.config.Account()
	if !ok || a.config.HookSecret == "" {
		return nil
	}
	return hook.New(hook.Options{
		Tenant: account.ID(), Secret: tenant.NewSecret(a.config.HookSecret), Sink: a.store, Log: a.log, Metrics: a.metrics.Registry,
	})
}
