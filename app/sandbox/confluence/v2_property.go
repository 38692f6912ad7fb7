package confluence

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func (c *Confluence) v2Properties(r *http.Request) (any, error) {
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(p.Properties)
	if key := r.URL.Query().Get("key"); key != "" {
		all = slices.DeleteFunc(all, func(q Property) bool { return q.Key != key })
	}
	switch by := r.URL.Query().Get("sort"); by {
	case "":
	case "key", "-key":
		slices.SortFunc(all, func(a, b Property) int { return strings.Compare(a.Key, b.Key) })
		if by == "-key" {
			slices.Reverse(all)
		}
	default:
		return nil, badRequest("Properties can't be sorted by %q", by)
	}
	return paged(c, r, all, v2PropertyValue)
}

func (c *Confluence) v2Property(r *http.Request) (any, error) {
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	id := r.PathValue("property")
	i := slices.IndexFunc(p.Properties, func(q Property) bool { return q.ID == id })
	if i < 0 {
		return nil, notFound("property", id)
	}
	return v2PropertyValue(p.Properties[i]), nil
}

type v2PropertyWrite struct {
	Key     string          `json:"key"`
	Value   json.RawMessage `json:"value"`
	Version *struct {
		Number  int    `json:"number"`
		Message string `json:"message"`
	} `json:"version"`
}

func (c *Confluence) v2CreateProperty(r *http.Request) (any, error) {
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	var in v2PropertyWrite
	if err := read(r, &in); err != nil {
		return nil, err
	}
	made, err := c.CreateProperty(c.caller(r), p.ID, in.Key, in.Value)
	if err != nil {
		return nil, err
	}
	return v2PropertyValue(made), nil
}

func (c *Confluence) v2UpdateProperty(r *http.Request) (any, error) {
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	var in v2PropertyWrite
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.Version == nil {
		return nil, badRequest("version must not be null")
	}
	q, err := c.UpdateProperty(c.caller(r), p.ID, Property{
		ID: r.PathValue("property"), Key: in.Key, Value: in.Value, Number: in.Version.Number, Message: in.Version.Message,
	})
	if err != nil {
		return nil, err
	}
	return v2PropertyValue(q), nil
}

func (c *Confluence) v2DeleteProperty(r *http.Request) (any, error) {
	p, err := c.pathPage(r)
	if err != nil {
		return nil, err
	}
	return nil, c.DeleteProperty(c.caller(r), p.ID, r.PathValue("property"))
}
