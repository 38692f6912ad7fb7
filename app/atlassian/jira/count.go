package jira

import (
	"context"
	"net/http"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// Count is how many issues a JQL query finds, by Jira's own count. Cloud calls its own approximate, since the index lags behind by seconds
// at times, and refuses queries without any bound. fault.Invalid when it does not accept the query.
func (c *Client) Count(ctx context.Context, jql string) (int, error) {
	n, err := c.edition.count(outbound.Repeatable(ctx), c, jql) // a read, although by POST
	return n, fault.Wrap(err, "count %q", jql)
}

func (cloud) count(ctx context.Context, c *Client, jql string) (int, error) {
	in := struct {
		JQL string `json:"jql"`
	}{jql}
	var out struct {
		Count int `json:"count"`
	}
	err := c.call(ctx, http.MethodPost, "rest/api/2/search/approximate-count", in, &out)
	return out.Count, err
}

// count asks for a page of nothing: its total is the count, and Data Center has no call of its own for it.
func (dataCenter) count(ctx context.Context, c *Client, jql string) (int, error) {
	var out dcFound
	err := c.call(ctx, http.MethodPost, "rest/api/2/search", dcAsk{JQL: jql, Fields: []string{}, Strict: true}, &out)
	return out.Total, err
}
