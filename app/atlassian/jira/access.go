package jira

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/fault"
)

// Myself reads whose credentials the client calls with. fault.Unverified when the site does not take them.
func (c *Client) Myself(ctx context.Context) (User, error) {
	var w gojira.User
	if err := c.call(ctx, http.MethodGet, "rest/api/2/myself", nil, &w); err != nil {
		return User{}, fault.Wrap(err, "read whose credentials these are")
	}
	return user(w), nil
}

// Permissions reports which of some permissions, by Jira's keys ("CREATE_ISSUES"), the client's account has in a project.
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
