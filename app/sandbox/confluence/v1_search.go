package confluence

import (
	"html"
	"net/http"
	"strings"
	"time"

	"github.com/throughline/throughline/app/sandbox/confluence/cql"
)

// v1Search answers GET /search. The results may lag behind the pages, as the site's Lag says; so do Atlassian's.
func (c *Confluence) v1Search(r *http.Request) (any, error) {
	started := c.site.Now()
	found, err := c.find(r)
	if err != nil {
		return nil, err
	}
	out, err := c.v1Paged(r, len(found), maxLimit, func(i int) any { return c.v1SearchResult(r, found[i]) })
	if err != nil {
		return nil, err
	}
	out["totalSize"] = len(found)
	out["cqlQuery"] = r.URL.Query().Get("cql")
	out["searchDuration"] = c.site.Now().Sub(started).Milliseconds()
	return out, nil
}

// v1ContentSearch answers GET /content/search, which gives the pages themselves.
func (c *Confluence) v1ContentSearch(r *http.Request) (any, error) {
	found, err := c.find(r)
	if err != nil {
		return nil, err
	}
	return c.v1Paged(r, len(found), maxLimit, func(i int) any { return c.v1ContentValue(r, found[i], found[i].Version()) })
}

func (c *Confluence) find(r *http.Request) ([]Page, error) {
	text := r.URL.Query().Get("cql")
	if strings.TrimSpace(text) == "" {
		return nil, badRequest("The query parameter 'cql' must not be empty")
	}
	query, err := cql.Parse(text)
	if err != nil {
		return nil, badRequest("%s", err.Error())
	}
	return c.Find(query, c.caller(r)), nil
}

// Find returns the pages that a query selects, as far as the search index knows them, in the query's order, else by id.
func (c *Confluence) Find(query cql.Query, user string) []Page {
	c.mu.RLock()
	pages := c.searchable()
	c.mu.RUnlock()
	env := cql.Env{Now: c.site.Now(), User: user}
	byID := make(map[string]Page, len(pages))
	var hits []cql.Item
	for _, p := range pages {
		if item := c.item(p); query.Match(item, env) {
			hits = append(hits, item)
			byID[p.ID] = p
		}
	}
	query.Sort(hits)
	out := make([]Page, len(hits))
	for i, hit := range hits {
		out[i] = byID[hit.ID]
	}
	return out
}

func (c *Confluence) item(p Page) cql.Item {
	space, _ := c.Space(p.SpaceID)
	item := cql.Item{
		ID: p.ID, Type: "page", SpaceKey: space.Key, SpaceType: "global", SpaceTitle: space.Name, Title: p.Title, Text: func() string { return Text(p.Body()) },
		Creator: p.AuthorID, Created: p.CreatedAt, LastModified: p.Version().At, Ancestors: c.ancestors(p),
	}
	for _, l := range p.Labels {
		item.Labels = append(item.Labels, l.Name)
	}
	for _, v := range p.Versions {
		item.Contributors = append(item.Contributors, v.AuthorID)
	}
	return item
}

func (c *Confluence) v1SearchResult(r *http.Request, p Page) any {
	space, _ := c.Space(p.SpaceID)
	at := p.Version().At
	return map[string]any{
		"content": c.v1ContentValue(r, p, p.Version()),
		"title":   html.EscapeString(p.Title), "excerpt": excerpt(r, p), "url": c.webUI(space, p),
		"resultGlobalContainer": map[string]any{"title": space.Name, "displayUrl": "/spaces/" + space.Key},
		"breadcrumbs":           []any{}, "entityType": "content", "iconCssClass": "aui-icon content-type-page",
		"lastModified": stamp(at), "friendlyLastModified": at.Format(time.DateOnly), "score": 0.0,
	}
}

// excerptLength is how long an excerpt is, in characters.
const excerptLength = 300

func excerpt(r *http.Request, p Page) string {
	if r.URL.Query().Get("excerpt") == "none" {
		return ""
	}
	text := []rune(Text(p.Body()))
	if len(text) > excerptLength {
		text = append(text[:excerptLength], '…')
	}
	return html.EscapeString(string(text))
}
