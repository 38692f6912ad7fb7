package confluence

import (
	"context"
	"net/url"
	"strconv"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// MaxPages is how many pages Pages reads in one call.
const MaxPages = 250

type wirePages struct {
	Results []wirePage `json:"results"`
}

func (w *wirePages) price() int { return len(w.Results) * outbound.ObjectPrice }

// Versions reads the newest version number of up to MaxPages pages in one call, by page id. It does not go by the search index,
// so it does not lag; pages that are not current, or not visible to the app, are left out.
func (c *Client) Versions(ctx context.Context, ids []string) (map[string]int, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if len(ids) > MaxPages {
		return nil, fault.New(fault.Invalid, "confluence: %d pages are too many for one call; read at most %d", len(ids), MaxPages)
	}
	var w wirePages
	query := url.Values{"id": ids, "status": {"current"}, "limit": {strconv.Itoa(MaxPages)}}
	if err := c.get(ctx, "/api/v2/pages", query, &w); err != nil {
		return nil, fault.Wrap(err, "read the versions of %d pages", len(ids))
	}
	out := make(map[string]int, len(w.Results))
	for _, p := range w.Results {
		out[p.ID] = p.Version.Number
	}
	return out, nil
}
