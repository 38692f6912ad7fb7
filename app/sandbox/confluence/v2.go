package confluence

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/sandbox/site"
)

func (c *Confluence) v2() map[string]call {
	return map[string]call{
		"GET /pages":                               c.v2Pages,
		"POST /pages":                              c.v2CreatePage,
		"GET /pages/{id}":                          c.v2Page,
		"PUT /pages/{id}":                          c.v2UpdatePage,
		"DELETE /pages/{id}":                       c.v2DeletePage,
		"GET /pages/{id}/labels":                   c.v2PageLabels,
		"GET /pages/{id}/versions":                 c.v2Versions,
		"GET /pages/{id}/versions/{number}":        c.v2Version,
		"GET /pages/{id}/properties":               c.v2Properties,
		"POST /pages/{id}/properties":              c.v2CreateProperty,
		"GET /pages/{id}/properties/{property}":    c.v2Property,
		"PUT /pages/{id}/properties/{property}":    c.v2UpdateProperty,
		"DELETE /pages/{id}/properties/{property}": c.v2DeleteProperty,
		"GET /pages/{id}/children":                 c.v2Children,
		"GET /pages/{id}/attachments":              c.v2Nothing,
		"GET /pages/{id}/footer-comments":          c.v2Nothing,
		"GET /spaces":                              c.v2Spaces,
		"GET /spaces/{id}":                         c.v2Space,
		"GET /spaces/{id}/pages":                   c.v2SpacePages,
		"GET /labels/{id}/pages":                   c.v2LabelPages,
		"POST /users-bulk":                         c.v2Users,
	}
}

func (c *Confluence) v2Pages(r *http.Request) (any, error) { return c.listPages(r, c.Pages()) }

func (c *Confluence) v2SpacePages(r *http.Request) (any, error) {
	s, err := c.pathSpace(r)
	if err != nil {
		return nil, err
	}
	return c.listPages(r, slices.DeleteFunc(c.Pages(), func(p Page) bool { return p.SpaceID != s.ID }))
}

func (c *Confluence) v2LabelPages(r *http.Request) (any, error) {
	id := r.PathValue("id")
	if err := checkID(id); err != nil {
		return nil, err
	}
	has := func(p Page) bool { return slices.ContainsFunc(p.Labels, func(l Label) bool { return l.ID == id }) }
	return c.listPages(r, slices.DeleteFunc(c.Pages(), func(p Page) bool { return !has(p) }))
}

// listPages answers with those of pages that the request's filters leave.
func (c *Confluence) listPages(r *http.Request, pages []Page) (any, error) {
	format, err := bodyFormat(r)
	if err != nil {
		return nil, err
	}
	statuses := values(r, "status")
	if len(statuses) == 0 {
		statuses = []string{string(Current)}
	}
	ids, spaces, title := values(r, "id"), values(r, "space-id"), r.URL.Query().Get("title")
	pages = slices.DeleteFunc(pages, func(p Page) bool {
		return !slices.Contains(statuses, string(p.Status)) ||
			len(ids) > 0 && !slices.Contains(ids, p.ID) ||
			len(spaces) > 0 && !slices.Contains(spaces, p.SpaceID) ||
			title != "" && p.Title != title
	})
	if err := sortPages(pages, r.URL.Query().Get("sort")); err != nil {
		return nil, err
	}
	return paged(c, r, pages, func(p Page) any {
		site.Count(r.Context(), 1, 0)
		return c.v2Bulk(p, p.Version(), format)
	})
}

func sortPages(pages []Page, by string) error {
	field, desc := strings.CutPrefix(by, "-")
	var less func(a, b Page) int
	switch field {
	case "", "id":
		less = func(a, b Page) int { return compareID(a.ID, b.ID) }
	case "created-date":
		less = func(a, b Page) int { return a.CreatedAt.Compare(b.CreatedAt) }
	case "modified-date":
		less = func(a, b Page) int { return a.Version().At.Compare(b.Version().At) }
	case "title":
		less = func(a, b Page) int { return cmp.Compare(a.Title, b.Title) }
	default:
		return badRequest("Pages can't be sorted by %q", by)
	}
	slices.SortStableFunc(pages, func(a, b Page) int {
		if desc {
			a, b = b, a
		}
		return less(a, b)
	})
	return nil
}

func (c *Confluence) v2Page(r *http.Request) (any, error) {
	format, err := bodyFormat(r)
	if err != nil {
		return nil, err
	}
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	if want := values(r, "status"); len(want) > 0 && !slices.Contains(want, string(p.Status)) && !slices.Contains(want, "historical") {
		return nil, notFound("page", p.ID)
	}
	v := p.Version()
	if n, err := number(r, "version", v.Number, 1<<30); err != nil {
		return nil, err
	} else if v, err = version(p, n); err != nil {
		return nil, err
	}
	out := c.v2Single(p, v, format)
	if flag(r, "include-labels") {
		out["labels"] = included(p.Labels, v2Label)
	}
	if flag(r, "include-properties") {
		out["properties"] = included(p.Properties, v2PropertyValue)
	}
	if flag(r, "include-versions") {
		out["versions"] = included(newestFirst(p.Versions), v2VersionValue)
	}
	return out, nil
}

// v2Write is the request of both creation and update.
type v2Write struct {
	ID       string          `json:"id"`
	SpaceID  json.RawMessage `json:"spaceId"`
	ParentID *string         `json:"parentId"`
	OwnerID  string          `json:"ownerId"`
	Status   string          `json:"status"`
	Title    string          `json:"title"`
	Body     *v2Body         `json:"body"`
	Version  *struct {
		Number  int    `json:"number"`
		Message string `json:"message"`
	} `json:"version"`
}

// v2Body is a body in either of the two forms: bare, or nested below its representation.
type v2Body struct {
	Representation string  `json:"representation"`
	Value          string  `json:"value"`
	Storage        *v2Body `json:"storage"`
}

func (w v2Write) storage() (string, error) {
	b := w.Body
	if b == nil {
		return "", badRequest("body must not be null")
	}
	if b.Storage != nil {
		b = b.Storage
	}
	if b.Representation != "storage" {
		return "", badRequest("This sandbox takes a body in the representation storage only, not %q", b.Representation)
	}
	return b.Value, nil
}

// space is the space's id, which comes as a string or as a number, or empty where there is none.
func (w v2Write) space() string {
	if string(w.SpaceID) == "null" {
		return ""
	}
	return strings.Trim(string(w.SpaceID), `"`)
}

func (c *Confluence) v2CreatePage(r *http.Request) (any, error) {
	var in v2Write
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.Status != "" && in.Status != string(Current) {
		return nil, badRequest("This sandbox makes current pages only, no %q", in.Status)
	}
	body := ""
	if in.Body != nil {
		var err error
		if body, err = in.storage(); err != nil {
			return nil, err
		}
	}
	d := Draft{SpaceID: in.space(), Title: in.Title, Body: body}
	if in.ParentID != nil {
		d.ParentID = *in.ParentID
	}
	p, err := c.Create(c.caller(r), d)
	if err != nil {
		return nil, err
	}
	return c.v2Single(p, p.Version(), "storage"), nil
}

func (c *Confluence) v2UpdatePage(r *http.Request) (any, error) {
	page, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	var in v2Write
	if err := read(r, &in); err != nil {
		return nil, err
	}
	body, err := in.storage()
	switch {
	case err != nil:
		return nil, err
	case in.ID != page.ID:
		return nil, badRequest("The id in the body, %q, is not the page's", in.ID)
	case in.Status != string(Current):
		return nil, badRequest("status must be current, not %q", in.Status)
	case in.Version == nil:
		return nil, badRequest("version must not be null")
	}
	p, err := c.Edit(c.caller(r), page.ID, Edit{
		Version: in.Version.Number, Title: in.Title, Body: body, Message: in.Version.Message,
		SpaceID: in.space(), Parent: in.ParentID, OwnerID: in.OwnerID,
	})
	if err != nil {
		return nil, err
	}
	return c.v2Single(p, p.Version(), "storage"), nil
}

func (c *Confluence) v2DeletePage(r *http.Request) (any, error) {
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	if flag(r, "purge") {
		return nil, c.Delete(c.caller(r), p.ID)
	}
	return nil, c.Trash(c.caller(r), p.ID)
}

func (c *Confluence) v2PageLabels(r *http.Request) (any, error) {
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	labels := slices.Clone(p.Labels)
	if prefix := r.URL.Query().Get("prefix"); prefix != "" {
		labels = slices.DeleteFunc(labels, func(l Label) bool { return l.Prefix != prefix })
	}
	return paged(c, r, labels, v2Label)
}

func (c *Confluence) v2Users(r *http.Request) (any, error) {
	var in struct {
		AccountIDs []string `json:"accountIds"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if n := len(in.AccountIDs); n == 0 || n > maxLimit {
		return nil, badRequest("accountIds must hold between 1 and %d ids", maxLimit)
	}
	results := []any{}
	for _, id := range in.AccountIDs {
		if u, ok := c.site.User(id); ok {
			site.Count(r.Context(), 0, 1)
			results = append(results, v2User(u))
		}
	}
	return list{Results: results, Links: map[string]string{"base": c.base()}}, nil
}

// pathPage is the page that the request's path names.
func (c *Confluence) pathPage(r *http.Request) (Page, error) {
	id := r.PathValue("id")
	if err := checkID(id); err != nil {
		return Page{}, err
	}
	p, ok := c.Page(id)
	if !ok {
		return Page{}, notFound("page", id)
	}
	site.Count(r.Context(), 1, 0)
	return p, nil
}

func (c *Confluence) caller(r *http.Request) string { return c.site.Caller(r.Context()).AccountID }

func version(p Page, n int) (Version, error) {
	v, ok := p.At(n)
	if !ok {
		return Version{}, &Refusal{Status: http.StatusNotFound, Title: "Not Found", Detail: "The page has no such version."}
	}
	return v, nil
}

func newestFirst(vs []Version) []Version {
	vs = slices.Clone(vs)
	slices.Reverse(vs)
	return vs
}
