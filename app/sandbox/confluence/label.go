package confluence

import (
	"slices"
	"strings"
)

// SetLabels makes names the page's global labels: what is missing is added, what is too much goes. 404 for an unknown page, 400
// for a name that no label can have.
func (c *Confluence) SetLabels(actor, id string, names []string) error {
	page, ok := c.Page(id)
	if !ok {
		return notFound("page", id)
	}
	for _, l := range page.Labels {
		if l.Prefix == "global" && !slices.ContainsFunc(names, func(n string) bool { return equalFold(n, l.Name) }) {
			if err := c.RemoveLabel(actor, id, l.Name); err != nil {
				return err
			}
		}
	}
	want := make([]Label, len(names))
	for i, n := range names {
		want[i] = Label{Prefix: "global", Name: n}
	}
	_, err := c.AddLabels(actor, id, want)
	return err
}

// AddLabels adds labels that the page has not yet; of each only prefix and name count. It returns the page as it is then.
func (c *Confluence) AddLabels(actor, id string, labels []Label) (Page, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.pages[id]
	if !ok || old.Status != Current {
		return Page{}, notFound("page", id)
	}
	if !c.may(actor, old.SpaceID) {
		return Page{}, forbidden("page")
	}
	p := old.clone()
	var added []Label
	for _, l := range labels {
		l, err := c.label(l.Prefix, l.Name)
		if err != nil {
			return Page{}, err
		}
		if !slices.Contains(p.Labels, l) {
			p.Labels = append(p.Labels, l)
			added = append(added, l)
		}
	}
	if len(added) == 0 {
		return *old, nil
	}
	if err := c.store(p); err != nil {
		return Page{}, err
	}
	for _, l := range added {
		c.emitLabel("label_added", actor, p, l)
	}
	return *p, nil
}

// RemoveLabel takes a label off a page; 404 where the page has none of that name.
func (c *Confluence) RemoveLabel(actor, id, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.pages[id]
	if !ok || old.Status != Current {
		return notFound("page", id)
	}
	if !c.may(actor, old.SpaceID) {
		return forbidden("page")
	}
	i := slices.IndexFunc(old.Labels, func(l Label) bool { return equalFold(l.Name, name) })
	if i < 0 {
		return notFound("label", name)
	}
	p := old.clone()
	gone := p.Labels[i]
	p.Labels = slices.Delete(p.Labels, i, i+1)
	if err := c.store(p); err != nil {
		return err
	}
	c.emitLabel("label_removed", actor, p, gone)
	return nil
}

// label returns the label of that name with its id, which is made when the name is first used. The caller holds the lock.
func (c *Confluence) label(prefix, name string) (Label, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	switch {
	case name == "" || len(name) > 255:
		return Label{}, badRequest("A label must have between 1 and 255 characters")
	case strings.ContainsAny(name, " \t\n:;,.?&[]()#^*@!<>"):
		return Label{}, badRequest("The label %q has characters that no label may have", name)
	}
	switch prefix {
	case "":
		prefix = "global"
	case "global", "my", "team":
	default:
		return Label{}, badRequest("Unknown label prefix %q", prefix)
	}
	id, ok := c.index.Labels[name]
	if !ok {
		id = c.nextID()
		c.index.Labels[name] = id
	}
	return Label{ID: id, Prefix: prefix, Name: name}, nil
}
