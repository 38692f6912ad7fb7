package app_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/app"
	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/tenant"
)

// valid is a configuration of a real server.
func valid(t *testing.T) app.Config {
	t.Helper()
	t.Setenv("THROUGHLINE_BASE_URL", "https://throughline.example.com")
	t.Setenv("THROUGHLINE_PROJECT", "SEC")
	c, err := app.LoadConfig()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestValidateNamesTheVariable(t *testing.T) {
	tests := []struct {
		name   string
		change func(*app.Config)
		want   string // beginning of the error; empty: valid
	}{
		{"as it is", func(*app.Config) {}, ""},
		{"no base URL", func(c *app.Config) { c.BaseURL = "" }, "THROUGHLINE_BASE_URL: set the URL"},
		{"no URL", func(c *app.Config) { c.BaseURL = "throughline" }, "THROUGHLINE_BASE_URL: \"throughline\" is no absolute URL"},
		{"http", func(c *app.Config) { c.BaseURL = "http://throughline.example.com" }, "THROUGHLINE_BASE_URL: \"http://throughline.example.com\" must begin with https://"},
		{"http in a sandbox", func(c *app.Config) { c.BaseURL, c.Dev = "http://127.0.0.1:8080", true }, ""},
		{"a password in the URL", func(c *app.Config) { c.BaseURL = "https://a:geheim@x.test" }, "THROUGHLINE_BASE_URL: leave user and password out"},
		{"no project", func(c *app.Config) { c.Project = "" }, "THROUGHLINE_PROJECT"},
		{"a project's name", func(c *app.Config) { c.Project = "Security" }, "THROUGHLINE_PROJECT"},
		{"no address", func(c *app.Config) { c.Addr = "8080" }, "THROUGHLINE_ADDR"},
		{"no page would be a design page", func(c *app.Config) { c.Labels = nil }, "THROUGHLINE_LABELS"},
		{"spaces instead of labels", func(c *app.Config) { c.Labels, c.Spaces = nil, []string{"ARCH"} }, ""},
		{"any site may install", func(c *app.Config) { c.Sites = []string{"*"} }, "THROUGHLINE_SITES"},
		{"a label that Confluence does not have", func(c *app.Config) { c.Labels = []string{"Bad Label"} }, "THROUGHLINE_LABELS"},
		{"approvers", func(c *app.Config) {
			c.Approvers = []string{"712020:0b7c9f52-6f0e-4a39-9c1d-2a64d5a1f001", "5b10ac8d82e05b22cc7d4e04"}
		}, ""},
		{"approvers by name", func(c *app.Config) { c.Approvers = []string{"Dana Whitfield"} }, "THROUGHLINE_APPROVERS"},
		{"an unknown log", func(c *app.Config) { c.LogFormat = "xml" }, "THROUGHLINE_LOG"},
		{"a purge after thirty days", func(c *app.Config) { c.PurgeAfter = 720 * time.Hour }, ""},
		{"a purge before anybody can come back", func(c *app.Config) { c.PurgeAfter = time.Minute }, "THROUGHLINE_PURGE_AFTER"},
		{"a purge in the past", func(c *app.Config) { c.PurgeAfter = -time.Hour }, "THROUGHLINE_PURGE_AFTER"},
		{"no workers", func(c *app.Config) { c.Workers = 0 }, "THROUGHLINE_WORKERS"},
		{"keys by http", func(c *app.Config) { c.KeysURL = "http://keys.test" }, "THROUGHLINE_CONNECT_KEYS_URL"},
		{"a Forge app", func(c *app.Config) { c.ForgeAppID = "ari:cloud:ecosystem::app/8c1b2f3e-0a4d-4f6e-9b7a-1c2d3e4f5a6b" }, ""},
		{"no Forge app's id", func(c *app.Config) { c.ForgeAppID = "8c1b2f3e-0a4d-4f6e-9b7a-1c2d3e4f5a6b" }, "THROUGHLINE_FORGE_APP_ID"},
		{"Forge's keys by http", func(c *app.Config) { c.ForgeJWKS = "http://keys.test" }, "THROUGHLINE_FORGE_JWKS_URL"},
		{"a service account", account("bot@acme.test", "geheim", ""), ""},
		{"a service account without base URL", func(c *app.Config) { account("bot@acme.test", "geheim", "")(c); c.BaseURL = "" }, ""},
		{"Data Center", dataCenter(nil), ""},
		{"Data Center without base URL", dataCenter(func(c *app.Config) { c.BaseURL = "" }), ""},
		{"Data Center with a token for each product", dataCenter(func(c *app.Config) { c.JiraPAT = "geheim2" }), ""},
		{"Data Center in one's own network", dataCenter(func(c *app.Config) { c.AllowNets = []string{"10.20.0.0/16", "fd12::/16"} }), ""},
		{"Data Center with a link", dataCenter(func(c *app.Config) { c.JiraLink = "0f0e1d2c-3b4a-5968-7786-95a4b3c2d1e0" }), ""},
		{"Data Center by http", dataCenter(func(c *app.Config) { c.JiraURL = "http://jira.acme.test" }), "THROUGHLINE_JIRA_URL"},
		{"half of Data Center", dataCenter(func(c *app.Config) { c.JiraURL = "" }), "THROUGHLINE_SITE_URL"},
		{"a site of Cloud with a token of Data Center", account("", "", "geheim"), "THROUGHLINE_CONFLUENCE_URL: name both products"},
		{"Jira's token alone", func(c *app.Config) { account("bot@acme.test", "geheim", "")(c); c.JiraPAT = "geheim" }, "THROUGHLINE_SITE_PAT"},
		{"the network of a cloud's metadata", dataCenter(func(c *app.Config) { c.AllowNets = []string{"169.254.0.0/16"} }), "THROUGHLINE_ALLOW_NETS"},
		{"all networks", dataCenter(func(c *app.Config) { c.AllowNets = []string{"0.0.0.0/0"} }), "THROUGHLINE_ALLOW_NETS"},
		{"networks without a site", func(c *app.Config) { c.AllowNets = []string{"10.0.0.0/8"} }, "THROUGHLINE_SITE_URL"},
		{"a link that is none", dataCenter(func(c *app.Config) { c.JiraLink = "Jira" }), "THROUGHLINE_JIRA_LINK"},
		{"a link on Cloud", func(c *app.Config) {
			account("bot@acme.test", "geheim", "")(c)
			c.JiraLink = "0f0e1d2c-3b4a-5968-7786-95a4b3c2d1e0"
		}, "THROUGHLINE_JIRA_LINK"},
		{"a token without site", func(c *app.Config) { c.SiteToken = "geheim" }, "THROUGHLINE_SITE_URL: name the site that THROUGHLINE_SITE_TOKEN is for"},
		{"a secret without site", func(c *app.Config) { c.HookSecret = "geheim" }, "THROUGHLINE_SITE_URL: name the site that THROUGHLINE_HOOK_SECRET is for"},
		{"a token without address", account("", "geheim", ""), "THROUGHLINE_SITE_EMAIL"},
		{"no token", account("bot@acme.test", "", ""), "THROUGHLINE_SITE_TOKEN"},
		{"two tokens", account("bot@acme.test", "geheim", "geheim"), "THROUGHLINE_SITE_PAT"},
		{"an address with a personal access token", account("bot@acme.test", "", "geheim"), "THROUGHLINE_SITE_EMAIL"},
		{"a token with its line's end", account("bot@acme.test", "geheim\n", ""), "THROUGHLINE_SITE_TOKEN"},
		{"a site by http", func(c *app.Config) { account("a@b", "geheim", "")(c); c.SiteURL = "http://acme.test" }, "THROUGHLINE_SITE_URL: \"http://acme.test\" must begin with https://"},
		{"a Jira that is none", func(c *app.Config) { account("a@b", "geheim", "")(c); c.JiraURL = "jira" }, "THROUGHLINE_JIRA_URL"},
		{"a Confluence with a password", func(c *app.Config) { account("a@b", "t", "")(c); c.ConfluenceURL = "https://a:geheim@x.test" }, "THROUGHLINE_CONFLUENCE_URL"},
		{"a secret that can be guessed", func(c *app.Config) { account("a@b", "t", "")(c); c.HookSecret = "geheim" }, "THROUGHLINE_HOOK_SECRET"},
		{"polling all the time", func(c *app.Config) { c.Poll = time.Millisecond }, "THROUGHLINE_POLL"},
		{"never polling", func(c *app.Config) { c.Poll = 0 }, ""},
		{"nowhere to store", func(c *app.Config) { c.Data = "" }, "THROUGHLINE_DATA"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := valid(t)
			tt.change(&c)
			err := c.Validate()
			if tt.want == "" {
				if err != nil {
					t.Fatalf("Validate() = %v, want valid", err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("Validate() = %v, want %q …", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "geheim") {
				t.Errorf("the error shows a password: %v", err)
			}
		})
	}
}

// dataCenter configures a service account of Data Center, and changes it.
func dataCenter(change func(*app.Config)) func(*app.Config) {
	return func(c *app.Config) {
		c.SitePAT, c.ConfluenceURL, c.JiraURL = "geheim", "https://wiki.acme.test", "https://acme.test/jira"
		if change != nil {
			change(c)
		}
	}
}

// account is a service account's part of a configuration.
func account(email, token, pat string) func(*app.Config) {
	return func(c *app.Config) {
		c.SiteURL, c.SiteEmail, c.SiteToken, c.SitePAT = "https://acme.test", email, token, pat
	}
}

// TestAccount shows where the products are, and whose site it is.
func TestAccount(t *testing.T) {
	tests := []struct {
		name                      string
		site, confluenceURL, jira string
		wantConfluence, wantJira  string
		wantTenant                tenant.ID
	}{
		{"Cloud", "https://acme.atlassian.net", "", "", "https://acme.atlassian.net/wiki", "https://acme.atlassian.net", "acme.atlassian.net"},
		{"with a slash", "https://Acme.atlassian.net/", "", "", "https://Acme.atlassian.net/wiki", "https://Acme.atlassian.net", "acme.atlassian.net"},
		{"Confluence's address", "https://acme.atlassian.net/wiki", "", "", "https://acme.atlassian.net/wiki", "https://acme.atlassian.net", "acme.atlassian.net"},
		{"two hosts", "https://acme.test", "https://wiki.acme.test:443/confluence/", "https://jira.acme.test/", "https://wiki.acme.test:443/confluence", "https://jira.acme.test", "wiki.acme.test"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, ok := app.Config{AccountConfig: app.AccountConfig{SiteURL: tt.site, ConfluenceURL: tt.confluenceURL, JiraURL: tt.jira}}.Account()
			if !ok || a.Confluence != tt.wantConfluence || a.Jira != tt.wantJira || a.ID() != tt.wantTenant {
				t.Errorf("%v %s %s %s", ok, a.Confluence, a.Jira, a.ID())
			}
		})
	}
}

func TestLoadConfigNamesTheVariable(t *testing.T) {
	for name, value := range map[string]string{"THROUGHLINE_WORKERS": "many", "THROUGHLINE_DEV": "maybe", "THROUGHLINE_GATHER": "5"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if _, err := app.LoadConfig(); err == nil || !strings.HasPrefix(err.Error(), name+": \""+value+"\" is no ") {
				t.Errorf("err = %v, want one that names the variable", err)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	got := app.Unknown([]string{"HOME=/", "THROUGHLINE_PROJECT=SEC", "THROUGHLINE_SITE_URL=https://x.test", "THROUGHLINE_TSA_URL=https://x.test", "THROUGHLINE_PROJEKT=SEC"})
	if len(got) != 1 || got[0] != "THROUGHLINE_PROJEKT" {
		t.Errorf("unknown = %v, want the misspelt one", got)
	}
}

func TestKey(t *testing.T) {
	raw := strings.Repeat("k", 32)
	good := base64.StdEncoding.EncodeToString([]byte(raw))
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(good+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		c    app.Config
		want string
		err  string
	}{
		{"none", app.Config{}, "", ""},
		{"from the environment", app.Config{MasterKey: good}, raw, ""},
		{"from a file", app.Config{MasterKeyFile: file}, raw, ""},
		{"too short", app.Config{MasterKey: "c2hvcnQ="}, "", "THROUGHLINE_MASTER_KEY: it must be 32 bytes"},
		{"no base64", app.Config{MasterKey: "hunter2!"}, "", "THROUGHLINE_MASTER_KEY: it must be 32 bytes"},
		{"no file", app.Config{MasterKeyFile: file + "x"}, "", "THROUGHLINE_MASTER_KEY_FILE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.c.Key()
			if tt.err == "" && (err != nil || got.Reveal() != tt.want) {
				t.Errorf("key of %d bytes, %v", len(got.Reveal()), err)
			}
			if tt.err != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.err) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("err = %v, want %q … without the key", err, tt.err)
			}
		})
	}
}

// TestReadmeListsEveryVariable holds the README's table and the configuration together.
func TestReadmeListsEveryVariable(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(contracttest.Root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[app.Config]()) {
		if f.Anonymous {
			continue // its fields follow
		}
		name, fallback := f.Tag.Get("env"), f.Tag.Get("envDefault")
		row := ""
		for line := range strings.Lines(string(readme)) {
			if strings.HasPrefix(line, "| `"+name+"`") {
				row = line
			}
		}
		if row == "" {
			t.Errorf("the README's table has no row for %s", name)
		} else if fallback != "" && !strings.Contains(row, "`"+fallback+"`") {
			t.Errorf("the README's row for %s does not name its default %s: %s", name, fallback, row)
		}
	}
}
