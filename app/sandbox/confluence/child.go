package confluence

import "net/http"

// below are the current pages right below a page, by ascending id.
func (c *Confluence) below(id string) []Page {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.sorted(func(p *Page) bool { return p.ParentID == id && p.Status == Current })
}

func (c *Confluence) v1Children(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	pages := c.below(p.ID)
	return c.v1Paged(r, len(pages), maxLimit, func(i int) any { return c.v1ContentValue(r, pages[i], pages[i].Version()) })
}

// v1Nothing answers for what pages of the sandbox don't have: attachments and comments.
func (c *Confluence) v1Nothing(r *http.Request) (any, error) {
	if _, err := c.v1Page(r); err != nil {
		return nil, err
	}
	return c.v1Paged(r, 0, maxLimit, nil)
}

func (c *Confluence) v1ContentHistory(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	return c.v1History(p, p.Version()), nil
}

func (c *Confluence) v2Children(r *http.Request) (any, error) {
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	return paged(c, r, c.below(p.ID), func(p Page) any {
		return map[string]any{
			"id": p.ID, "status": string(p.Status), "title": p.Title, "spaceId": p.SpaceID, "childPosition": position(p.ID),
		}
	})
}

// v2Nothing answers for what pages of the sandbox don't have: attachments and comments.
func (c *Confluence) v2Nothing(r *http.Request) (any, error) {
	if _, err := c.pathPage(r); err != nil {
		return nil, err
	}
	return paged(c, r, []Page{}, func(Page) any { return nil })
}
