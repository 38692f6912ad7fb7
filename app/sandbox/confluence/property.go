package confluence

import (
	"encoding/json"
	"slices"
)

// maxProperty is the largest property value, in bytes of JSON.
const maxProperty = 32 << 10

// CreateProperty adds a property to a page: 404 for an unknown page, 400 for a value that is too large or no JSON, 409 where
// the page has the key already.
func (c *Confluence) CreateProperty(actor, id, key string, value json.RawMessage) (Property, error) {
	if err := checkProperty(key, value); err != nil {
		return Property{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.pages[id]
	if !ok {
		return Property{}, notFound("page", id)
	}
	if !c.may(actor, old.SpaceID) {
		return Property{}, forbidden("page")
	}
	if _, ok := old.Property(key); ok {
		return Property{}, refuse(409, "A property with the key %q already exists on this page", key)
	}
	p := old.clone()
	made := Property{ID: c.nextID(), Key: key, Value: value, Number: 1, At: c.site.Now(), AuthorID: actor}
	p.Properties = append(p.Properties, made)
	return made, c.store(p)
}

// UpdateProperty gives a property a new value. Its version must be the current one + 1, else 409; the key must stay, else 400.
func (c *Confluence) UpdateProperty(actor, id string, next Property) (Property, error) {
	if err := checkProperty(next.Key, next.Value); err != nil {
		return Property{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old, i, err := c.property(id, next.ID)
	if err != nil {
		return Property{}, err
	}
	if !c.may(actor, old.SpaceID) {
		return Property{}, forbidden("page")
	}
	was := old.Properties[i]
	if next.Key != was.Key {
		return Property{}, badRequest("The key of a property can't be changed: it is %q", was.Key)
	}
	if next.Number != was.Number+1 {
		return Property{}, stale("property", was.Number, next.Number)
	}
	next.At, next.AuthorID = c.site.Now(), actor
	p := old.clone()
	p.Properties[i] = next
	return next, c.store(p)
}

// DeleteProperty takes a property off a page; 404 where there is none.
func (c *Confluence) DeleteProperty(actor, id, propertyID string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, i, err := c.property(id, propertyID)
	if err != nil {
		return err
	}
	if !c.may(actor, old.SpaceID) {
		return forbidden("page")
	}
	p := old.clone()
	p.Properties = slices.Delete(p.Properties, i, i+1)
	return c.store(p)
}

func (c *Confluence) property(pageID, propertyID string) (*Page, int, error) {
	p, ok := c.pages[pageID]
	if !ok {
		return nil, 0, notFound("page", pageID)
	}
	i := slices.IndexFunc(p.Properties, func(q Property) bool { return q.ID == propertyID })
	if i < 0 {
		return nil, 0, notFound("property", propertyID)
	}
	return p, i, nil
}

func checkProperty(key string, value json.RawMessage) error {
	switch {
	case key == "" || len(key) > 255:
		return badRequest("The key of a property must have between 1 and 255 characters")
	case len(value) == 0 || !json.Valid(value):
		return badRequest("The value of a property must be JSON")
	case len(value) > maxProperty:
		return badRequest("The value of a property has %d bytes, more than %d", len(value), maxProperty)
	}
	return nil
}
