package confluence

import (
	"net/http"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/sandbox/site"
)

func (c *Confluence) v1() map[string]call {
	return map[string]call{
		"GET /search":                         c.v1Search,
		"GET /content/search":                 c.v1ContentSearch,
		"GET /content":                        c.v1Contents,
		"POST /content":                       c.v1Create,
		"GET /content/{id}":                   c.v1Content,
		"PUT /content/{id}":                   c.v1Update,
		"DELETE /content/{id}":                c.v1Delete,
		"GET /content/{id}/label":             c.v1Labels,
		"POST /content/{id}/label":            c.v1AddLabels,
		"DELETE /content/{id}/label":          c.v1RemoveLabel,
		"DELETE /content/{id}/label/{label}":  c.v1RemoveLabel,
		"POST /content/{id}/permission/check": c.v1PermissionCheck,
		"GET /content/{id}/property":          c.v1Properties,
		"POST /content/{id}/property":         c.v1CreateProperty,
		"GET /content/{id}/property/{key}":    c.v1Property,
		"PUT /content/{id}/property/{key}":    c.v1UpdateProperty,
		"DELETE /content/{id}/property/{key}": c.v1DeleteProperty,
		"GET /content/{id}/child/page":        c.v1Children,
		"GET /content/{id}/child/attachment":  c.v1Nothing,
		"GET /content/{id}/child/comment":     c.v1Nothing,
		"GET /content/{id}/history":           c.v1ContentHistory,
		"GET /user":                           c.v1User,
		"GET /user/current":                   c.v1CurrentUser,
		"GET /user/bulk":                      c.v1Users,
		"GET /space":                          c.v1Spaces,
		"GET /space/{key}":                    c.v1Space,
	}
}

func (c *Confluence) v1Labels(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	return c.v1LabelList(r, p)
}

func (c *Confluence) v1LabelList(r *http.Request, p Page) (any, error) {
	labels := slices.Clone(p.Labels)
	if prefix := r.URL.Query().Get("prefix"); prefix != "" {
		labels = slices.DeleteFunc(labels, func(l Label) bool { return l.Prefix != prefix })
	}
	return c.v1Paged(r, len(labels), 200, func(i int) any { return v1Label(labels[i]) })
}

func (c *Confluence) v1AddLabels(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	var in oneOrMore[Label]
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return nil, badRequest("At least one label is needed")
	}
	for _, l := range in {
		if l.Prefix == "" {
			return nil, badRequest("The label %q needs a prefix", l.Name)
		}
	}
	if p, err = c.AddLabels(c.caller(r), p.ID, in); err != nil {
		return nil, err
	}
	return c.v1LabelList(r, p)
}

func (c *Confluence) v1RemoveLabel(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	name := r.PathValue("label")
	if name == "" {
		name = r.URL.Query().Get("name")
	}
	return nil, c.RemoveLabel(c.caller(r), p.ID, name)
}

func (c *Confluence) v1PermissionCheck(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Subject struct {
			Type       string `json:"type"`
			Identifier string `json:"identifier"`
		} `json:"subject"`
		Operation string `json:"operation"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains([]string{"read", "update", "delete"}, in.Operation):
		return nil, badRequest("Unknown operation %q", in.Operation)
	case in.Subject.Type != "user":
		return nil, badRequest("This sandbox has no groups: the subject's type must be user, not %q", in.Subject.Type)
	}
	u, known := c.site.User(in.Subject.Identifier)
	has := known && u.Active && (in.Operation == "read" || c.May(u.AccountID, p.SpaceID))
	return map[string]any{"hasPermission": has, "errors": []any{}, "_links": map[string]any{}}, nil
}

func (c *Confluence) v1User(r *http.Request) (any, error) {
	id := r.URL.Query().Get("accountId")
	if id == "" {
		return nil, badRequest("accountId must be given")
	}
	if _, ok := c.site.User(id); !ok {
		return nil, notFound("user", id)
	}
	site.Count(r.Context(), 0, 1)
	return c.v1UserValue(id), nil
}

func (c *Confluence) v1CurrentUser(r *http.Request) (any, error) {
	site.Count(r.Context(), 0, 1)
	return c.v1UserValue(c.caller(r)), nil
}

func (c *Confluence) v1Users(r *http.Request) (any, error) {
	ids := slices.DeleteFunc(values(r, "accountId"), func(id string) bool { _, ok := c.site.User(id); return !ok })
	return c.v1Paged(r, len(ids), 200, func(i int) any {
		site.Count(r.Context(), 0, 1)
		return c.v1UserValue(ids[i])
	})
}

func (c *Confluence) v1Spaces(r *http.Request) (any, error) {
	keys := values(r, "spaceKey")
	spaces := slices.DeleteFunc(c.Spaces(), func(s Space) bool { return len(keys) > 0 && !slices.Contains(keys, s.Key) })
	return c.v1Paged(r, len(spaces), 500, func(i int) any {
		site.Count(r.Context(), 1, 0)
		return c.v1SpaceValue(spaces[i])
	})
}

func (c *Confluence) v1Space(r *http.Request) (any, error) {
	key := r.PathValue("key")
	c.mu.RLock()
	defer c.mu.RUnlock()
	s, ok := c.spaceByKey(key)
	if !ok {
		return nil, &Refusal{Status: http.StatusNotFound, Title: "No space with key : " + key}
	}
	return c.v1SpaceValue(s), nil
}

// v1Page is the page that the path names, whether current or in the trash.
func (c *Confluence) v1Page(r *http.Request) (Page, error) {
	id := r.PathValue("id")
	p, ok := c.Page(id)
	if !ok {
		return Page{}, &Refusal{Status: http.StatusNotFound, Title: "No content found with id : " + id}
	}
	return p, nil
}

// expanded reports whether the request asks for a field, by itself or as the way to a deeper one.
func expanded(r *http.Request, field string) bool {
	return slices.ContainsFunc(values(r, "expand"), func(e string) bool {
		for _, within := range []string{"content."} { // a search's results have their pages below content
			e = strings.TrimPrefix(e, within)
		}
		return e == field || strings.HasPrefix(e, field+".")
	})
}
