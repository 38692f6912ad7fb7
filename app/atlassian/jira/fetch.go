package jira

import (
	"context"
	"net/http"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// MaxFetch is how many issues Issues reads in one call.
const MaxFetch = 100

// Issues reads up to MaxFetch issues, by id or key, in one call. It does not go by the search index, so it does not lag; issues
// that are gone, or not visible to the app, are left out.
func (c *Client) Issues(ctx context.Context, idsOrKeys []string) ([]Issue, error) {
	if len(idsOrKeys) == 0 {
		return nil, nil
	}
	if len(idsOrKeys) > MaxFetch {
		return nil, fault.New(fault.Invalid, "jira: %d issues are too many for one call; read at most %d", len(idsOrKeys), MaxFetch)
	}
	in := struct {
		Fields []string `json:"fields"`
		Issues []string `json:"issueIdsOrKeys"`
	}{fields[:], idsOrKeys}
	var w fetched
	if err := c.call(outbound.Repeatable(ctx), http.MethodPost, "rest/api/2/issue/bulkfetch", in, &w); err != nil { // a read, although by POST
		return nil, fault.Wrap(err, "read %d issues", len(idsOrKeys))
	}
	out := make([]Issue, len(w.Issues))
	for i, issue := range w.Issues {
		out[i] = c.issue(issue)
	}
	return out, nil
}

type fetched struct {
	Issues []gojira.Issue `json:"issues"`
}

func (f *fetched) price() int { return len(f.Issues) * outbound.ObjectPrice }
