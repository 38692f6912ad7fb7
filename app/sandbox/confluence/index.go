package confluence

import "time"

// indexed is a page as the search index saw it at a time.
type indexed struct {
	at   time.Time // zero: from the beginning
	page *Page
}

// maxBehind is how many states of one page are kept for a search index that lags.
const maxBehind = 32

// remember hands a state of a page to the search index, which gives it out when the site's lag has passed.
func (c *Confluence) remember(p *Page, now time.Time) {
	c.search[p.ID] = append(c.search[p.ID], indexed{at: now, page: p})
	if seen := c.search[p.ID]; len(seen) > maxBehind {
		c.search[p.ID] = seen[len(seen)-maxBehind:]
	}
}

// searchable returns the current pages as search knows them now, by ascending id. The caller holds the lock.
func (c *Confluence) searchable() []Page {
	horizon := c.site.Now().Add(-c.site.Lag())
	var out []Page
	for _, seen := range c.search {
		for i := len(seen) - 1; i >= 0; i-- {
			if seen[i].at.After(horizon) {
				continue
			}
			if seen[i].page.Status == Current {
				out = append(out, *seen[i].page)
			}
			break
		}
	}
	sortByID(out)
	return out
}
