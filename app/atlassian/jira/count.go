package jira

import (
	"context"
	"net/http"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// Count is how many issues a JQL query finds, by Jira's own count: approximate, since the index lags behind by seconds at times. Jira
// refuses queries without any bound. fault.Invalid when it does not accept the query.
func (c *Client) Count(ctx context.Context, jql string) (int, error) {
	in := struct {
		JQL string `json:"jql"`
	}{jql}
	var out struct {
		Count int `json:"count"`
	}
	if err := c.call(outbound.Repeatable(ctx), http.MethodPost, "rest/api/2/search/approximate-count", in, &out); err != nil { // a read, although by POST
		return 0, fault.Wrap(err, "count %q", jql)
	}
	return out.Count, nil
}
