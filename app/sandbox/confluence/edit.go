package confluence

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Draft is a page to be made.
type Draft struct {
	SpaceID  string
	ParentID string // optional
	Title    string
	Body     string // storage format
	OwnerID  string // the author where empty
	Labels   []string
	Message  string
	Watchers []string // besides the author, who watches what they make
}

// Edit is a new version of a page.
type Edit struct {
	Version int // the number it shall have: the current one + 1
	Title   string
	Body    string // storage format
	Message string
	Minor   bool   // nobody is mailed
	SpaceID string // another space where not empty
	Parent  *string
	OwnerID string // another owner where not empty
}

// Create makes a page. It refuses with 400 a missing title, a title the space has already, and a body that is no storage
// format; with 403 somebody who only reads; with 404 an unknown space or parent.
func (c *Confluence) Create(actor string, d Draft) (Page, error) {
	if err := checkTitle(d.Title); err != nil {
		return Page{}, err
	}
	if err := CheckBody(d.Body); err != nil {
		return Page{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.spaceByID(d.SpaceID); !ok {
		return Page{}, notFound("space", d.SpaceID)
	}
	if !c.may(actor, d.SpaceID) {
		return Page{}, forbidden("space")
	}
	if p, ok := c.pages[d.ParentID]; d.ParentID != "" && (!ok || p.Status != Current) {
		return Page{}, notFound("parent page", d.ParentID)
	}
	if err := c.checkUnique(d.SpaceID, d.Title, ""); err != nil {
		return Page{}, err
	}
	now := c.site.Now()
	p := &Page{
		ID: c.nextID(), SpaceID: d.SpaceID, ParentID: d.ParentID, Status: Current, Title: d.Title,
		AuthorID: actor, OwnerID: d.OwnerID, CreatedAt: now, Labels: []Label{}, Properties: []Property{},
		Versions: []Version{{Number: 1, Title: d.Title, Body: d.Body, At: now, AuthorID: actor, Message: d.Message}},
	}
	if p.OwnerID == "" {
		p.OwnerID = actor
	}
	for _, account := range append([]string{actor}, d.Watchers...) {
		c.watch(p, account)
	}
	for _, name := range d.Labels {
		l, err := c.label("global", name)
		if err != nil {
			return Page{}, err
		}
		p.Labels = append(p.Labels, l)
	}
	if err := c.store(p); err != nil {
		return Page{}, err
	}
	c.emit("page_created", actor, p, nil)
	return *p, nil
}

// Edit publishes a new version. It refuses with 404 an unknown page, with 403 somebody who only reads, with 409 a version that is not the current + 1, with 400
// a title or body that cannot be. A page in the trash comes back by it. Watchers are mailed, except the actor, and except for a
// minor edit. An edit that moves the page to another space or parent is told as such.
func (c *Confluence) Edit(actor, id string, e Edit) (Page, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.pages[id]
	if !ok {
		return Page{}, notFound("page", id)
	}
	if !c.may(actor, old.SpaceID) {
		return Page{}, forbidden("page")
	}
	if current := old.Version().Number; e.Version != current+1 {
		return Page{}, stale("page", current, e.Version)
	}
	if err := checkTitle(e.Title); err != nil {
		return Page{}, err
	}
	if err := CheckBody(e.Body); err != nil {
		return Page{}, err
	}
	p := old.clone()
	p.Title, p.Status = e.Title, Current
	if e.SpaceID != "" {
		p.SpaceID = e.SpaceID
	}
	if _, ok := c.spaceByID(p.SpaceID); !ok {
		return Page{}, notFound("space", p.SpaceID)
	}
	if err := c.reparent(p, e.Parent); err != nil {
		return Page{}, err
	}
	if err := c.checkUnique(p.SpaceID, p.Title, p.ID); err != nil {
		return Page{}, err
	}
	if e.OwnerID != "" {
		p.OwnerID = e.OwnerID
	}
	v := Version{
		Number: e.Version, Title: e.Title, Body: e.Body, At: c.site.Now(), AuthorID: actor, Message: e.Message, Minor: e.Minor,
	}
	if !e.Minor {
		v.Mailed = slices.DeleteFunc(slices.Clone(p.Watchers), func(account string) bool { return account == actor })
	}
	p.Versions = append(p.Versions, v)
	c.watch(p, actor)
	if err := c.store(p); err != nil {
		return Page{}, err
	}
	switch {
	case old.Status == Trashed:
		c.emit("page_restored", actor, p, nil)
	case p.SpaceID != old.SpaceID || p.ParentID != old.ParentID:
		c.emit("page_moved", actor, p, c.moved(old))
	}
	c.emit("page_updated", actor, p, nil)
	return *p, nil
}

// Trash puts a current page into the trash; 404 where there is none.
func (c *Confluence) Trash(actor, id string) error {
	return c.move(actor, id, Current, Trashed, "page_trashed")
}

// Restore takes a page out of the trash; 404 where it is not there.
func (c *Confluence) Restore(actor, id string) error {
	return c.move(actor, id, Trashed, Current, "page_restored")
}

// Delete removes a page of the trash for good; 404 where it is not there.
func (c *Confluence) Delete(actor, id string) error {
	return c.move(actor, id, Trashed, Removed, "page_removed")
}

func (c *Confluence) move(actor, id string, from, to Status, event string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.pages[id]
	if !ok || old.Status != from {
		return notFound(string(from)+" page", id)
	}
	if !c.may(actor, old.SpaceID) {
		return forbidden("page")
	}
	p := old.clone()
	p.Status = to
	if to == Current {
		if err := c.checkUnique(p.SpaceID, p.Title, p.ID); err != nil {
			return err
		}
	}
	if err := c.store(p); err != nil {
		return err
	}
	c.emit(event, actor, p, nil)
	return nil
}

// Mail is a notice that a watcher was sent.
type Mail struct {
	To      string // account id
	PageID  string
	Version int
}

// Mails returns every mail that was sent about edits, page by page and version by version.
func (c *Confluence) Mails() []Mail {
	var out []Mail
	for _, p := range c.Pages() {
		for _, v := range p.Versions {
			for _, to := range v.Mailed {
				out = append(out, Mail{To: to, PageID: p.ID, Version: v.Number})
			}
		}
	}
	return out
}

func (c *Confluence) reparent(p *Page, parent *string) error {
	if parent == nil || *parent == p.ParentID {
		return nil
	}
	for up := *parent; up != ""; {
		q, ok := c.pages[up]
		if !ok || q.Status != Current {
			return notFound("parent page", up)
		}
		if up == p.ID {
			return badRequest("A page can't be moved below itself")
		}
		up = q.ParentID
	}
	p.ParentID = *parent
	return nil
}

// checkUnique refuses a title that another current page of the space has.
func (c *Confluence) checkUnique(spaceID, title, except string) error {
	for id, p := range c.pages {
		if id != except && p.SpaceID == spaceID && p.Status == Current && equalFold(p.Title, title) {
			return badRequest("A page with this title already exists: A page already exists with the same TITLE in this space")
		}
	}
	return nil
}

// maxTitle is the longest title, in characters.
const maxTitle = 255

func checkTitle(title string) error {
	switch {
	case strings.TrimSpace(title) == "":
		return badRequest("title must not be empty")
	case utf8.RuneCountInString(title) > maxTitle:
		return badRequest("title must not be longer than %d characters", maxTitle)
	}
	return nil
}

// watch makes somebody a watcher of p. Who edits a page watches it from then on; apps watch nothing.
func (c *Confluence) watch(p *Page, account string) {
	u, ok := c.site.User(account)
	if ok && u.Type == "atlassian" && !slices.Contains(p.Watchers, account) {
		p.Watchers = append(p.Watchers, account)
	}
}
