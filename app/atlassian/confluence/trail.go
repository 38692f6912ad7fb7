package confluence

import "net/url"

// trail is the way from one page of results to the next.
type trail map[string]bool

// next is the query of the next page, by its address as the site gave it; nil after the last, or when it leads back. Only the query of
// the address is used: where it points to is ours to say.
func (t trail) next(address string) url.Values {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return nil
	}
	query := u.Query()
	if len(query) == 0 || t[query.Encode()] {
		return nil
	}
	t[query.Encode()] = true
	return query
}
