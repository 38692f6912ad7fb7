package confluence

import (
	"context"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// Hit is one page, or other content, that a search found.
type Hit struct {
	ID       string
	Type     string // "page", "blogpost", …
	Title    string
	Status   string
	SpaceKey string    // empty when the site did not say
	Version  int       // 0 when the site did not say
	Modified time.Time // UTC; zero when the site did not say
}

// Search calls yield for everything that a CQL query finds, in the query's order, until yield returns false. The index lags
// behind the pages, so a hit may be gone and a new page missing. fault.Invalid when the site does not accept the query.
func (c *Client) Search(ctx context.Context, cql string, yield func(Hit) bool) error {
	return fault.Wrap(c.edition.search(ctx, c, cql, yield), "search %q", cql)
}
