package jira

import (
	"context"

	"github.com/throughline/throughline/app/fault"
)

// MaxFetch is how many issues Issues reads in one call.
const MaxFetch = 100

// Issues reads up to MaxFetch issues, by id or key, in one call. On Cloud it does not go by the search index, so it does not
// lag; on Data Center the index has an issue as soon as its change is made. Issues that are gone, or not visible to the app, are left out.
// On Cloud they come with those of the properties that they have; at most five can be asked for. Data Center does not tell them so.
func (c *Client) Issues(ctx context.Context, idsOrKeys []string, properties ...string) ([]Issue, error) {
	if len(idsOrKeys) == 0 {
		return nil, nil
	}
	if len(idsOrKeys) > MaxFetch {
		return nil, fault.New(fault.Invalid, "jira: %d issues are too many for one call; read at most %d", len(idsOrKeys), MaxFetch)
	}
	out, err := c.edition.issues(ctx, c, idsOrKeys, properties)
	return out, fault.Wrap(err, "read %d issues", len(idsOrKeys))
}
