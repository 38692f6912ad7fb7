package app

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/mapping"
	"github.com/throughline/throughline/app/task"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/descriptor"
)

// Config is what an operator sets, by environment variables; `throughline serve` has a flag for each of the first group. The
// README's table lists all of them, and a test holds the two together.
type Config struct {
	Data          string   `env:"THROUGHLINE_DATA" envDefault:"data" help:"folder of the embedded store and of a generated master key"`
	Store         string   `env:"THROUGHLINE_STORE" help:"DSN of the store; default bolt://<data>/throughline.db"`
	Addr          string   `env:"THROUGHLINE_ADDR" envDefault:"127.0.0.1:8080" help:"address to listen on"`
	BaseURL       string   `env:"THROUGHLINE_BASE_URL" help:"URL at which Atlassian reaches this server, https"`
	Dev           bool     `env:"THROUGHLINE_DEV" help:"allow http and loopback hosts; for a sandbox only"`
	MasterKey     string   `env:"THROUGHLINE_MASTER_KEY" help:"32 bytes, base64: seals the secrets in the store; default: generated in <data>/master.key"`
	MasterKeyFile string   `env:"THROUGHLINE_MASTER_KEY_FILE" help:"file that holds the master key"`
	KeysURL       string   `env:"THROUGHLINE_CONNECT_KEYS_URL" help:"where Connect's install keys are read; default Atlassian's key server"`
	ForgeAppID    string   `env:"THROUGHLINE_FORGE_APP_ID" help:"id that forge register gave the app, ari:cloud:ecosystem::app/…; without it the Forge door is off"`
	ForgeJWKS     string   `env:"THROUGHLINE_FORGE_JWKS_URL" help:"where the keys of Forge's invocation tokens are read; default Atlassian's"`
	Sites         []string `env:"THROUGHLINE_SITES" envDefault:".atlassian.net" help:"suffixes of hosts that may install, comma-separated"`

	AccountConfig
	AnchorConfig

	Project      string        `env:"THROUGHLINE_PROJECT" help:"key of the Jira project that tickets are filed in"`
	IssueType    string        `env:"THROUGHLINE_ISSUE_TYPE" envDefault:"Task" help:"issue type of tickets"`
	Component    string        `env:"THROUGHLINE_COMPONENT" help:"component of tickets whose threat names none"`
	Mapping      string        `env:"THROUGHLINE_MAPPING" help:"file of rules that say where the tickets of some pages go instead"`
	Declined     []string      `env:"THROUGHLINE_DECLINED" envDefault:"Won't Do,Won't Fix,Declined,Duplicate,Cannot Reproduce,Incomplete" help:"resolutions that mean nobody did the work"`
	DefaultOwner string        `env:"THROUGHLINE_DEFAULT_OWNER" help:"account id of the owner where nobody else is found"`
	FourEyes     bool          `env:"THROUGHLINE_FOUR_EYES" envDefault:"1" help:"nobody verifies, accepts or dismisses their own ticket"`
	Approvers    []string      `env:"THROUGHLINE_APPROVERS" help:"account ids of those who may verify, accept and dismiss; empty: whoever may comment"`
	Labels       []string      `env:"THROUGHLINE_LABELS" envDefault:"threat-model,design,architecture" help:"pages with one of these labels are design pages"`
	Spaces       []string      `env:"THROUGHLINE_SPACES" help:"keys of spaces all of whose pages are design pages"`
	PanelRows    int           `env:"THROUGHLINE_PANEL_ROWS" envDefault:"100" help:"rows of a panel's table, at most"`
	PanelNames   bool          `env:"THROUGHLINE_PANEL_NAMES" help:"show owners by name instead of mentioning them"`
	Gather       time.Duration `env:"THROUGHLINE_GATHER" envDefault:"5s" help:"ticket changes within it share one panel write"`
	IndexWait    time.Duration `env:"THROUGHLINE_INDEX_WAIT" envDefault:"3m" help:"how long Jira's search may hide a new ticket"`
	Workers      int           `env:"THROUGHLINE_WORKERS" envDefault:"8" help:"jobs that run at once"`
	PointsHour   int           `env:"THROUGHLINE_POINTS_HOUR" envDefault:"65000" help:"Atlassian's points that may be spent in an hour"`
	PurgeAfter   time.Duration `env:"THROUGHLINE_PURGE_AFTER" envDefault:"0" help:"how long after its last uninstall everything of a site is deleted; 0: never"`
	LogFormat    string        `env:"THROUGHLINE_LOG" envDefault:"text" help:"format of the log: text or json"`
}

// LoadConfig reads the environment. The error names the variable that is wrong.
func LoadConfig() (Config, error) {
	var c Config
	err := env.Parse(&c)
	var wrong env.ParseError
	var all env.AggregateError
	if errors.As(err, &all) && len(all.Errors) > 0 && errors.As(all.Errors[0], &wrong) {
		if f, ok := reflect.TypeFor[Config]().FieldByName(wrong.Name); ok {
			name := f.Tag.Get("env")
			return c, fault.New(fault.Invalid, "%s: %q is no %s; %s", name, os.Getenv(name), example(f.Type), f.Tag.Get("help"))
		}
	}
	return c, fault.As(fault.Invalid, err, "reading the environment")
}

// example says what a setting's type looks like.
func example(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration such as 5s or 3m"
	case t.Kind() == reflect.Bool:
		return "switch (1 or 0)"
	case t.Kind() == reflect.Int:
		return "whole number"
	}
	return t.String()
}

// Unknown lists the environment's THROUGHLINE_ variables that nothing reads: most likely misspelt ones.
func Unknown(environ []string) []string {
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		known[f.Tag.Get("env")] = true
	}
	var out []string
	for _, pair := range environ {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "THROUGHLINE_") && !known[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

var (
	hostShape    = regexp.MustCompile(`^\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	accountShape = regexp.MustCompile(`^[A-Za-z0-9:_-]{1,128}$`)
	labelShape   = regexp.MustCompile(`^[^\s,A-Z"]+$`) // Confluence keeps labels in lower case, without spaces
)

// Validate checks what the server needs, and names the first variable that is wrong with what to do.
func (c Config) Validate() error {
	wrong := func(name, format string, args ...any) error {
		return fault.New(fault.Invalid, "%s: %s", name, fmt.Sprintf(format, args...))
	}
	if c.Data == "" && c.Store == "" {
		return wrong("THROUGHLINE_DATA", "name a folder for the store (or set THROUGHLINE_STORE)")
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return wrong("THROUGHLINE_ADDR", "%q is no address; give host:port, such as 0.0.0.0:8080", c.Addr)
	}
	if err := c.validAccount(); err != nil {
		return err
	}
	if err := c.validAnchors(); err != nil {
		return err
	}
	if c.BaseURL != "" || !c.hasAccount() { // a service account can do without being reached
		if err := c.validURL("THROUGHLINE_BASE_URL", c.BaseURL); err != nil {
			return err
		}
	}
	if c.KeysURL != "" {
		if err := c.validURL("THROUGHLINE_CONNECT_KEYS_URL", c.KeysURL); err != nil {
			return err
		}
	}
	if c.ForgeAppID != "" && !descriptor.IsForgeAppID(c.ForgeAppID) {
		return wrong("THROUGHLINE_FORGE_APP_ID", "%q is no app id; it looks like ari:cloud:ecosystem::app/ and a UUID, as manifest.yml has it after `forge register`", c.ForgeAppID)
	}
	if c.ForgeJWKS != "" {
		if err := c.validURL("THROUGHLINE_FORGE_JWKS_URL", c.ForgeJWKS); err != nil {
			return err
		}
	}
	switch {
	case c.Project == "":
		return wrong("THROUGHLINE_PROJECT", "name the key of the Jira project that tickets are filed in, such as SEC")
	case strings.ToUpper(c.Project) != c.Project:
		return wrong("THROUGHLINE_PROJECT", "%q is no project key; keys are upper case, such as SEC", c.Project)
	case slices.ContainsFunc(c.Sites, func(s string) bool { return !hostShape.MatchString(s) }):
		return wrong("THROUGHLINE_SITES", "%q: list hosts, or suffixes that begin with a dot, such as .atlassian.net", strings.Join(c.Sites, ","))
	case slices.ContainsFunc(c.Labels, func(l string) bool { return !labelShape.MatchString(l) }):
		return wrong("THROUGHLINE_LABELS", "%q: labels are lower case and without spaces", strings.Join(c.Labels, ","))
	case slices.ContainsFunc(c.Approvers, func(a string) bool { return !accountShape.MatchString(a) }):
		return wrong("THROUGHLINE_APPROVERS", "%q: list account ids, such as 712020:0b7c9f52-6f0e-4a39-9c1d-2a64d5a1f001, as the addresses of people's profiles have them", strings.Join(c.Approvers, ","))
	case len(c.Labels) == 0 && len(c.Spaces) == 0:
		return wrong("THROUGHLINE_LABELS", "without labels and THROUGHLINE_SPACES no page is a design page; name at least one")
	case c.LogFormat != "text" && c.LogFormat != "json":
		return wrong("THROUGHLINE_LOG", "%q is no log format; use text or json", c.LogFormat)
	case c.Workers < 1 || c.Workers > 256:
		return wrong("THROUGHLINE_WORKERS", "%d is out of range; use 1 to 256", c.Workers)
	case c.PointsHour < 1:
		return wrong("THROUGHLINE_POINTS_HOUR", "%d is out of range; Atlassian's lowest tier is 65000", c.PointsHour)
	case c.PanelRows < 1 || c.PanelRows > 1000:
		return wrong("THROUGHLINE_PANEL_ROWS", "%d is out of range; use 1 to 1000", c.PanelRows)
	case c.Gather < 0 || c.Gather > time.Hour:
		return wrong("THROUGHLINE_GATHER", "%s is out of range; use 0s to 1h", c.Gather)
	case c.PurgeAfter != 0 && (c.PurgeAfter < time.Hour || c.PurgeAfter > 10*365*24*time.Hour):
		return wrong("THROUGHLINE_PURGE_AFTER", "%s is out of range; use 1h to 87600h, or 0 to keep everything", c.PurgeAfter)
	case c.IndexWait < 0 || c.IndexWait > time.Hour:
		return wrong("THROUGHLINE_INDEX_WAIT", "%s is out of range; use 0s to 1h", c.IndexWait)
	}
	_, err := c.mapping()
	return err
}

// mapping reads the mapping file, if one is named.
func (c Config) mapping() (mapping.Mapping, error) {
	if c.Mapping == "" {
		return mapping.Mapping{}, nil
	}
	data, err := os.ReadFile(c.Mapping)
	if err != nil {
		return mapping.Mapping{}, fault.As(fault.Invalid, err, "THROUGHLINE_MAPPING: reading the mapping")
	}
	m, err := mapping.Read(data)
	return m, fault.Wrap(err, "THROUGHLINE_MAPPING: %s", c.Mapping)
}

func (c Config) validURL(name, value string) error {
	u, err := url.Parse(value)
	switch {
	case value == "":
		return fault.New(fault.Invalid, "%s: set the URL at which Atlassian reaches this server, such as https://throughline.example.com", name)
	case err != nil || u.Host == "":
		return fault.New(fault.Invalid, "%s: %q is no absolute URL", name, value)
	case u.User != nil:
		return fault.New(fault.Invalid, "%s: leave user and password out of the URL", name)
	case u.Scheme != "https" && !(c.Dev && u.Scheme == "http"):
		return fault.New(fault.Invalid, "%s: %q must begin with https:// (http is for THROUGHLINE_DEV=1 only)", name, value)
	case u.RawQuery != "" || u.Fragment != "":
		return fault.New(fault.Invalid, "%s: leave query and fragment out of %q", name, value)
	}
	return nil
}

// Policy is the part of the configuration that tasks go by, with the mapping as its file is now.
func (c Config) Policy() (task.Policy, error) {
	p := task.DefaultPolicy()
	var err error
	if p.Mapping, err = c.mapping(); err != nil {
		return p, err
	}
	p.Labels, p.Spaces = c.Labels, c.Spaces
	p.Project, p.IssueType, p.Component, p.DefaultOwner = c.Project, c.IssueType, c.Component, c.DefaultOwner
	p.FourEyes, p.Approvers = c.FourEyes, c.Approvers
	p.Declined, p.PanelRows, p.PanelNames, p.Gather, p.IndexWait, p.Poll = c.Declined, c.PanelRows, c.PanelNames, c.Gather, c.IndexWait, c.Poll
	p.JiraLink = c.JiraLink
	return p, nil
}

// Key returns the master key that the environment gives, or an empty one when it gives none.
func (c Config) Key() (tenant.Secret, error) {
	text, name := c.MasterKey, "THROUGHLINE_MASTER_KEY"
	if text == "" && c.MasterKeyFile != "" {
		name = "THROUGHLINE_MASTER_KEY_FILE"
		data, err := os.ReadFile(c.MasterKeyFile)
		if err != nil {
			return tenant.Secret{}, fault.As(fault.Invalid, err, "%s: reading the key", name)
		}
		text = string(data)
	}
	if text == "" {
		return tenant.Secret{}, nil
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != 32 {
		return tenant.Secret{}, fault.New(fault.Invalid, "%s: it must be 32 bytes in base64; `openssl rand -base64 32` makes one", name)
	}
	return tenant.NewSecret(string(raw)), nil
}
