package confluence

import (
	"net/http"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/sandbox/site"
)

func (c *Confluence) v2Spaces(r *http.Request) (any, error) {
	spaces := c.Spaces()
	ids, keys, kinds, statuses := values(r, "ids"), values(r, "keys"), values(r, "type"), values(r, "status")
	spaces = slices.DeleteFunc(spaces, func(s Space) bool {
		return len(ids) > 0 && !slices.Contains(ids, s.ID) ||
			len(keys) > 0 && !slices.Contains(keys, s.Key) ||
			len(kinds) > 0 && !slices.Contains(kinds, "global") ||
			len(statuses) > 0 && !slices.Contains(statuses, "current")
	})
	field, desc := strings.CutPrefix(r.URL.Query().Get("sort"), "-")
	by, ok := map[string]func(Space) string{
		"": nil, "id": func(s Space) string { return s.ID }, "key": func(s Space) string { return s.Key }, "name": func(s Space) string { return s.Name },
	}[field]
	if !ok {
		return nil, badRequest("Spaces can't be sorted by %q", field)
	}
	if by != nil {
		slices.SortStableFunc(spaces, func(a, b Space) int { return strings.Compare(by(a), by(b)) })
	}
	if desc {
		slices.Reverse(spaces)
	}
	return paged(c, r, spaces, func(s Space) any {
		site.Count(r.Context(), 1, 0)
		return c.v2SpaceValue(s)
	})
}

func (c *Confluence) v2Space(r *http.Request) (any, error) {
	s, err := c.pathSpace(r)
	if err != nil {
		return nil, err
	}
	return c.v2SpaceValue(s), nil
}

func (c *Confluence) pathSpace(r *http.Request) (Space, error) {
	id := r.PathValue("id")
	if err := checkID(id); err != nil {
		return Space{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	s, ok := c.spaceByID(id)
	if !ok {
		return Space{}, notFound("space", id)
	}
	site.Count(r.Context(), 1, 0)
	return s, nil
}
