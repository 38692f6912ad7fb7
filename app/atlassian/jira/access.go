package jira

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// Myself reads whose credentials the client calls with. fault.Unverified when the site does not take them.
func (c *Client) Myself(ctx context.Context) (User, error) {
	var w gojira.User
	if err := c.call(ctx, http.MethodGet, "rest/api/2/myself", nil, &w); err != nil {
		return User{}, fault.Wrap(err, "read whose credentials these are")
	}
	return user(w), nil
}

// Edition asks the site which of Atlassian's editions it is of. Data Center calls itself a server.
func (c *Client) Edition(ctx context.Context) (tenant.Edition, error) {
	var w struct {
		Type string `json:"deploymentType"`
	}
	if err := c.call(ctx, http.MethodGet, "rest/api/2/serverInfo", nil, &w); err != nil {
		return "", fault.Wrap(err, "ask Jira for its edition")
	}
	switch w.Type {
	case "Cloud":
		return tenant.Cloud, nil
	case "Server", "DataCenter":
		return tenant.DataCenter, nil
	}
	return "", fault.New(fault.Invalid, "jira: the site calls its edition %q, which is none that is known", w.Type)
}

// Permissions reports which of some permissions, by Jira's keys ("CREATE_ISSUES"), the client's account has in a project. Data Center
// tells all there are, whatever it is asked for.
func (c *Client) Permissions(ctx context.Context, project string, keys []string) (map[string]bool, error) {
	query := url.Values{"projectKey": {project}, "permissions": {strings.Join(keys, ",")}}
	var w struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	if err := c.call(ctx, http.MethodGet, "rest/api/2/mypermissions?"+query.Encode(), nil, &w); err != nil {
		return nil, fault.Wrap(err, "read the permissions in project %s", project)
	}
	out := make(map[string]bool, len(keys))
	for key, p := range w.Permissions {
		out[key] = p.Have
	}
	return out, nil
}
