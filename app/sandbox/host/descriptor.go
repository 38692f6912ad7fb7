package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// The products that an app can be installed into.
const (
	Jira       = "jira"
	Confluence = "confluence"
)

// Descriptor is what an app says of itself: atlassian-connect.json.
type Descriptor struct {
	Key            string `json:"key"`
	Name           string `json:"name"`
	BaseURL        string `json:"baseUrl"`
	Authentication struct {
		Type string `json:"type"`
	} `json:"authentication"`
	Lifecycle     Lifecycle                  `json:"lifecycle"`
	Scopes        []string                   `json:"scopes"`
	Modules       map[string]json.RawMessage `json:"modules"`
	APIMigrations map[string]bool            `json:"apiMigrations"`
}

// Lifecycle are the paths that are told of the app's own life.
type Lifecycle struct {
	Installed   string `json:"installed"`
	Uninstalled string `json:"uninstalled,omitzero"`
	Enabled     string `json:"enabled,omitzero"`
	Disabled    string `json:"disabled,omitzero"`
}

// Webhook is an entry of modules.webhooks.
type Webhook struct {
	Event  string `json:"event"`
	URL    string `json:"url"`
	Filter string `json:"filter,omitzero"` // JQL, Jira only
}

// webhooks are the events that the app listens for; the descriptor was checked.
func (d Descriptor) webhooks() []Webhook {
	var out []Webhook
	_ = json.Unmarshal(d.Modules["webhooks"], &out) // checked at installation
	return out
}

const maxDescriptor = 1 << 20

var (
	keyShape    = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,64}$`)
	moduleShape = regexp.MustCompile(`^[a-zA-Z0-9-]{1,100}$`)
)

// modules are the module types of Connect by the product that knows them; those of both stand in shared.
func modules(product string) []string {
	shared := []string{
		"adminPages", "configurePage", "generalPages", "postInstallPage", "profilePages", "webItems", "webPanels", "webSections", "webhooks", "dialogs",
	}
	switch product {
	case Jira:
		return append(shared, "jiraBackgroundScripts", "jiraBuildInfoProvider", "jiraDashboardItems", "jiraDeploymentInfoProvider",
			"jiraDevelopmentTool", "jiraEntityProperties", "jiraFeatureFlagInfoProvider", "jiraGlobalPermissions", "jiraIssueContents", "jiraIssueContexts",
			"jiraIssueFields", "jiraIssueGlances", "jiraIssueTabPanels", "jiraProjectAdminTabPanels", "jiraProjectPages", "jiraProjectPermissions",
			"jiraReports", "jiraRemoteLinkInfoProvider", "jiraSearchRequestViews", "jiraTimeTrackingProviders", "jiraWorkflowPostFunctions", "jiraSecurityInfoProvider")
	case Confluence:
		return append(shared, "blueprints", "confluenceContentProperties", "contentBylineItems", "customContent", "dynamicContentMacros", "spaceToolsTabs", "staticContentMacros", "keyboardShortcuts")
	}
	return nil
}

// events are the webhook events by product.
func events(product string) []string {
	if product == Jira {
		return []string{
			"jira:issue_created", "jira:issue_updated", "jira:issue_deleted", "comment_created", "comment_updated", "comment_deleted",
			"issue_property_set", "issue_property_deleted", "issuelink_created", "issuelink_deleted", "worklog_created", "worklog_updated", "worklog_deleted",
			"jira:version_released", "jira:version_unreleased", "jira:version_created", "jira:version_moved", "jira:version_updated", "jira:version_deleted",
			"project_created", "project_updated", "project_deleted", "project_archived", "project_restored_archived", "project_restored_deleted", "project_soft_deleted",
			"user_created", "user_updated", "user_deleted", "attachment_created", "attachment_deleted", "jira:expression_evaluation_failed",
			"option_voting_changed", "option_watching_changed", "option_unassigned_issues_changed", "option_subtasks_changed", "option_attachments_changed",
			"option_issuelinks_changed", "option_timetracking_changed", "sprint_created", "sprint_updated", "sprint_closed", "sprint_deleted", "sprint_started",
			"board_created", "board_updated", "board_deleted", "board_configuration_changed",
		}
	}
	return []string{
		"attachment_archived", "attachment_created", "attachment_removed", "attachment_restored", "attachment_trashed", "attachment_unarchived", "attachment_updated", "attachment_viewed",
		"blog_created", "blog_removed", "blog_restored", "blog_trashed", "blog_updated", "blog_viewed", "blueprint_page_created",
		"comment_created", "comment_removed", "comment_updated", "connect_addon_disabled", "connect_addon_enabled", "content_created", "content_permissions_updated",
		"content_restored", "content_trashed", "content_updated", "group_created", "group_removed", "label_added", "label_created", "label_deleted", "label_removed",
		"page_archived", "page_children_reordered", "page_copied", "page_created", "page_moved", "page_removed", "page_restored", "page_trashed", "page_unarchived", "page_updated", "page_viewed",
		"relation_created", "relation_deleted", "search_performed", "space_created", "space_logo_updated", "space_permissions_updated", "space_removed", "space_updated",
		"theme_enabled", "user_created", "user_deactivated", "user_followed", "user_reactivated", "user_removed",
	}
}

// productOf tells the product from the module types and events that only one of the two knows.
func (d Descriptor) productOf() (string, error) {
	fits := func(product string) bool {
		for name := range d.Modules {
			if !slices.Contains(modules(product), name) {
				return false
			}
		}
		return !slices.ContainsFunc(d.webhooks(), func(w Webhook) bool { return !slices.Contains(events(product), w.Event) })
	}
	inJira, inConfluence := fits(Jira), fits(Confluence)
	switch {
	case inJira && !inConfluence:
		return Jira, nil
	case inConfluence && !inJira:
		return Confluence, nil
	case inJira:
		return "", errors.New("the descriptor's modules fit Jira and Confluence: say which product to install it into")
	}
	return "", errors.New("the descriptor has modules or webhook events of both products, or of none: each product needs a descriptor of its own")
}

// check refuses what Atlassian's validator would. Product is jira or confluence.
func (d Descriptor) check(product string) error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if !keyShape.MatchString(d.Key) {
		say("key %q: 1 to 64 letters, digits, dots, hyphens and underscores are needed", d.Key)
	}
	if base, err := url.Parse(d.BaseURL); err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" {
		say("baseUrl %q: an absolute http or https address without a query is needed", d.BaseURL)
	}
	if d.Authentication.Type != "jwt" {
		say("authentication.type %q: only jwt is supported", d.Authentication.Type)
	}
	if d.Lifecycle.Installed == "" {
		say("lifecycle.installed: it is needed with authentication by jwt")
	}
	for name, path := range map[string]string{
		"installed": d.Lifecycle.Installed, "uninstalled": d.Lifecycle.Uninstalled, "enabled": d.Lifecycle.Enabled, "disabled": d.Lifecycle.Disabled,
	} {
		if path != "" && !strings.HasPrefix(path, "/") {
			say("lifecycle.%s %q: a path below baseUrl that begins with / is needed", name, path)
		}
	}
	for _, s := range d.Scopes {
		if !slices.Contains([]string{"NONE", "READ", "WRITE", "DELETE", "PROJECT_ADMIN", "SPACE_ADMIN", "ADMIN", "ACT_AS_USER", "ACCESS_EMAIL_ADDRESSES"}, s) {
			say("scopes: %q is not a scope", s)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Modules)) {
		if !slices.Contains(modules(product), name) {
			say("modules.%s: %s knows no such module", name, product)
			continue
		}
		if err := checkModule(product, name, d.Modules[name]); err != nil {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// checkModule checks the shape that all modules share: one or a list of objects, a key, a name and a path where they have one.
func checkModule(product, name string, raw json.RawMessage) error {
	type module struct {
		Key   string `json:"key"`
		URL   string `json:"url"`
		Event string `json:"event"`
		Name  struct {
			Value string `json:"value"`
		} `json:"name"`
	}
	var list []module
	if err := json.Unmarshal(raw, &list); err != nil {
		var one module
		if err := json.Unmarshal(raw, &one); err != nil {
			return fmt.Errorf("modules.%s: an object or a list of objects is needed: %w", name, err)
		}
		list = []module{one}
	}
	for i, m := range list {
		switch {
		case name == "webhooks" && !slices.Contains(events(product), m.Event):
			return fmt.Errorf("modules.webhooks[%d]: %s has no event %q", i, product, m.Event)
		case name == "webhooks" && !strings.HasPrefix(m.URL, "/"):
			return fmt.Errorf("modules.webhooks[%d]: url %q must be a path below baseUrl that begins with /", i, m.URL)
		case name == "webhooks":
		case !moduleShape.MatchString(m.Key):
			return fmt.Errorf("modules.%s[%d]: key %q: letters, digits and hyphens are needed", name, i, m.Key)
		case m.Name.Value == "":
			return fmt.Errorf("modules.%s[%d]: name.value is needed", name, i)
		}
	}
	return nil
}

func (h *Host) descriptor(ctx context.Context, address string) (Descriptor, error) {
	var d Descriptor
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return d, fmt.Errorf("descriptor %s: %w", address, err)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return d, fmt.Errorf("descriptor %s: %w", address, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxDescriptor+1))
	switch {
	case err != nil:
		return d, fmt.Errorf("descriptor %s: %w", address, err)
	case resp.StatusCode != http.StatusOK:
		return d, fmt.Errorf("descriptor %s: answered %s", address, resp.Status)
	case len(raw) > maxDescriptor:
		return d, fmt.Errorf("descriptor %s: larger than %d bytes", address, maxDescriptor)
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, fmt.Errorf("descriptor %s: not a Connect descriptor: %w", address, err)
	}
	return d, nil
}
