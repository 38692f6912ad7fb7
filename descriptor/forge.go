package descriptor

import (
	"bytes"
	"cmp"
	_ "embed" // the templates
	"fmt"
	"net/url"
	"regexp"
	"text/template"
)

// Where Forge calls the app, below its base URL.
const (
	ForgeEventPath     = "/forge/event"     // POST, with an invocation token: triggers, those of the app's own life included
	ForgeScheduledPath = "/forge/scheduled" // POST, with an invocation token: the hourly trigger
	ForgeUninstallPath = "/forge/uninstall" // POST, with an invocation token: before the app is removed
)

// unregistered stands for the app's id until `forge register` replaces it.
const unregistered = "ari:cloud:ecosystem::app/00000000-0000-4000-8000-000000000000"

var appIDShape = regexp.MustCompile(`^ari:cloud:ecosystem::app/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// IsForgeAppID reports whether a text has the shape of a Forge app's id.
func IsForgeAppID(id string) bool { return appIDShape.MatchString(id) }

// ForgeApp is what an operator may say about the Forge app. BaseURL is required.
type ForgeApp struct {
	ID      string // empty until it is registered
	BaseURL string // where Forge reaches the app: https, without query
	Name    string
}

// Scope is a permission that the Forge app asks for, with the reason that an administrator may want to know.
type Scope struct{ Name, Why string }

// ForgeScopes lists what the app asks for: the least that its calls and events need.
func ForgeScopes() []Scope {
	return []Scope{
		{"read:app-system-token", "Forge hands the app an access token of its own with each event; without it no call can be made"},
		{"read:confluence-content.summary", "events about pages"},
		{"read:page:confluence", "reads the pages that are reviewed, with their labels"},
		{"search:confluence", "finds design pages that no event told of"},
		{"write:confluence-content", "writes the panel into the page; events about pages that were trashed or deleted need it too"},
		{"write:page:confluence", "writes the panel where the older interface, which can leave watchers in peace, is gone"},
		{"read:jira-work", "events about issues; reads the project, its components and the tickets"},
		{"write:jira-work", "files tickets, links them to their page, comments on them"},
		{"read:jira-user", "finds the people that a threat can be assigned to"},
	}
}

// ForgeEvents lists the events that the app subscribes to, by product. There is none for labels: the hourly trigger finds pages
// that were labelled. There is none for comments that are edited either: a sweep finds them.
func ForgeEvents(product string) []string {
	switch product {
	case Confluence:
		return []string{
			"avi:confluence:created:page", "avi:confluence:updated:page", "avi:confluence:moved:page", "avi:confluence:copied:page",
			"avi:confluence:restored:page", "avi:confluence:unarchived:page", "avi:confluence:trashed:page", "avi:confluence:deleted:page",
			"avi:confluence:archived:page", "avi:confluence:initialized:page", "avi:confluence:started:page", "avi:confluence:snapshotted:page", "avi:confluence:published:page",
		}
	case Jira:
		return []string{
			"avi:jira:created:issue", "avi:jira:updated:issue", "avi:jira:deleted:issue", "avi:jira:commented:issue", "avi:jira:deleted:comment",
		}
	}
	return nil
}

// File is one file of a Forge app's folder.
type File struct {
	Name string
	Data []byte
}

//go:embed forge_manifest.tmpl
var forgeManifest string

//go:embed forge_readme.tmpl
var forgeReadme string

// Forge makes the folder of the Forge app: what `forge deploy` takes, and a README with the commands. It fails when the base URL
// is no https URL or the id is none.
func Forge(app ForgeApp) ([]File, error) {
	u, err := url.Parse(app.BaseURL)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, fmt.Errorf("base URL %q: Forge calls https only; give an absolute https URL without a query, such as https://throughline.example.com", app.BaseURL)
	case app.ID != "" && !IsForgeAppID(app.ID):
		return nil, fmt.Errorf("app id %q: it looks like ari:cloud:ecosystem::app/ and a UUID", app.ID)
	}
	in := map[string]any{
		"ID": cmp.Or(app.ID, unregistered), "Registered": app.ID != "", "Name": cmp.Or(app.Name, "Throughline"), "BaseURL": App{BaseURL: app.BaseURL}.Base(),
		"Scopes": ForgeScopes(), "PageEvents": ForgeEvents(Confluence), "IssueEvents": ForgeEvents(Jira),
		"EventPath": ForgeEventPath, "ScheduledPath": ForgeScheduledPath, "UninstallPath": ForgeUninstallPath,
	}
	files := []File{{Name: "package.json", Data: []byte("{\n  \"name\": \"throughline-forge\",\n  \"version\": \"1.0.0\",\n  \"private\": true\n}\n")}}
	for _, f := range []struct{ name, text string }{{"manifest.yml", forgeManifest}, {"README.md", forgeReadme}} {
		t, err := template.New(f.name).Option("missingkey=error").Parse(f.text)
		if err != nil {
			return nil, fmt.Errorf("reading the template of %s: %w", f.name, err)
		}
		var out bytes.Buffer
		if err := t.Execute(&out, in); err != nil {
			return nil, fmt.Errorf("writing %s: %w", f.name, err)
		}
		files = append(files, File{f.name, out.Bytes()})
	}
	return files, nil
}
