package confluence

import (
	"context"

	"github.com/throughline/throughline/app/fault"
)

// MaxPages is how many pages Pages reads in one call.
const MaxPages = 250

// Versions reads the newest version number of up to MaxPages pages in one call, by page id. On Cloud it does not go by the search
// index, so it does not lag; on Data Center it does, and what it shows too late is found the next time. Pages that are not current, or not visible to the app, are left out.
func (c *Client) Versions(ctx context.Context, ids []string) (map[string]int, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if len(ids) > MaxPages {
		return nil, fault.New(fault.Invalid, "confluence: %d pages are too many for one call; read at most %d", len(ids), MaxPages)
	}
	out, err := c.edition.versions(ctx, c, ids)
	return out, fault.Wrap(err, "read the versions of %d pages", len(ids))
}
