package confluence

import (
	"encoding/json"
	"net/http"
	"net/url"
)

func (c *Confluence) v1Properties(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	return c.v1Paged(r, len(p.Properties), maxLimit, func(i int) any { return c.v1PropertyValue(p, p.Properties[i]) })
}

func (c *Confluence) v1Property(r *http.Request) (any, error) {
	p, q, err := c.v1PathProperty(r)
	if err != nil {
		return nil, err
	}
	return c.v1PropertyValue(p, q), nil
}

type v1PropertyWrite struct {
	Key     string          `json:"key"`
	Value   json.RawMessage `json:"value"`
	Version *struct {
		Number int `json:"number"`
	} `json:"version"`
}

func (c *Confluence) v1CreateProperty(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	var in v1PropertyWrite
	if err := read(r, &in); err != nil {
		return nil, err
	}
	made, err := c.CreateProperty(c.caller(r), p.ID, in.Key, in.Value)
	if err != nil {
		return nil, err
	}
	return c.v1PropertyValue(p, made), nil
}

// v1UpdateProperty also makes the property, where there is none of that key and the version is 1 or not given.
func (c *Confluence) v1UpdateProperty(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	var in v1PropertyWrite
	if err := read(r, &in); err != nil {
		return nil, err
	}
	key := r.PathValue("key")
	old, known := p.Property(key)
	var q Property
	switch {
	case !known && (in.Version == nil || in.Version.Number == 1):
		q, err = c.CreateProperty(c.caller(r), p.ID, key, in.Value)
	case !known:
		return nil, notFound("property", key)
	case in.Version == nil:
		return nil, badRequest("version must not be null")
	default:
		q, err = c.UpdateProperty(c.caller(r), p.ID, Property{ID: old.ID, Key: key, Value: in.Value, Number: in.Version.Number})
	}
	if err != nil {
		return nil, err
	}
	return c.v1PropertyValue(p, q), nil
}

func (c *Confluence) v1DeleteProperty(r *http.Request) (any, error) {
	p, q, err := c.v1PathProperty(r)
	if err != nil {
		return nil, err
	}
	return nil, c.DeleteProperty(c.caller(r), p.ID, q.ID)
}

func (c *Confluence) v1PathProperty(r *http.Request) (Page, Property, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return Page{}, Property{}, err
	}
	q, ok := p.Property(r.PathValue("key"))
	if !ok {
		return Page{}, Property{}, notFound("property", r.PathValue("key"))
	}
	return p, q, nil
}

func (c *Confluence) v1PropertyValue(p Page, q Property) any {
	return map[string]any{
		"id": q.ID, "key": q.Key, "value": q.Value,
		"version":     map[string]any{"number": q.Number, "when": stamp(q.At), "minorEdit": false, "message": q.Message},
		"_expandable": map[string]any{"content": "/rest/api/content/" + p.ID},
		"_links":      map[string]any{"self": c.base() + "/rest/api/content/" + p.ID + "/property/" + url.PathEscape(q.Key)},
	}
}
