package confluence

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/outbound"
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

// hits is the part of a page of results that is used.
type hits struct {
	Results []struct {
		Content struct {
			ID     string `json:"id"`
			Type   string `json:"type"`
			Title  string `json:"title"`
			Status string `json:"status"`
			Space  struct {
				Key string `json:"key"`
			} `json:"space"`
			Version struct {
				Number int `json:"number"`
			} `json:"version"`
		} `json:"content"`
		LastModified string `json:"lastModified"`
		Container    struct {
			URL string `json:"displayUrl"`
		} `json:"resultGlobalContainer"`
	} `json:"results"`
	Links struct {
		Next string `json:"next"`
	} `json:"_links"`
}

func (h *hits) price() int { return len(h.Results) * outbound.ObjectPrice }

// Search calls yield for everything that a CQL query finds, in the query's order, until yield returns false. The index lags
// behind the pages, so a hit may be gone and a new page missing. fault.Invalid when the site does not accept the query.
func (c *Client) Search(ctx context.Context, cql string, yield func(Hit) bool) error {
	query := url.Values{"cql": {cql}, "limit": {"100"}, "expand": {"content.version,content.space"}}
	seen := map[string]bool{}
	for {
		var w hits
		if err := c.get(ctx, "/rest/api/search", query, &w); err != nil {
			return fault.Wrap(err, "search %q", cql)
		}
		for _, r := range w.Results {
			if r.Content.ID == "" {
				continue // a space or a user
			}
			h := Hit{
				ID: r.Content.ID, Type: r.Content.Type, Title: r.Content.Title, Status: r.Content.Status,
				SpaceKey: r.Content.Space.Key, Version: r.Content.Version.Number,
			}
			if h.SpaceKey == "" {
				h.SpaceKey = spaceKey(strings.TrimRight(r.Container.URL, "/") + "/")
			}
			if at, err := time.Parse(time.RFC3339, r.LastModified); err == nil {
				h.Modified = at.UTC()
			}
			if !yield(h) {
				return nil
			}
		}
		next, err := url.Parse(w.Links.Next)
		if err != nil || w.Links.Next == "" || len(w.Results) == 0 {
			return nil
		}
		// Only the query of the next page's address is used: where it points to is ours to say.
		if query = next.Query(); len(query) == 0 || seen[query.Encode()] {
			return nil
		}
		seen[query.Encode()] = true
	}
}
