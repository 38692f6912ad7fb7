// Package confluence is the Confluence of a sandbox site: spaces and pages with their versions, labels and content properties,
// reached through the REST calls Atlassian documents (v2 below /wiki/api/v2, v1 below /wiki/rest/api) and, for the pages people
// look at, through the methods of Confluence. It is stateful and durable, tells the site of every change as Atlassian's webhooks
// would, and answers wrong input with Atlassian's own statuses and error shapes.
//
// All methods are safe for concurrent use. What they return are snapshots that later changes leave alone.
package confluence

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/throughline/throughline/app/sandbox/site"
)

// Options says what a Confluence without kept state begins with.
type Options struct {
	Spaces     []Space // ID and HomepageID are given by New; Key and Name must be set
	DataCenter bool    // speak the REST interface of Data Center, and send its webhooks, instead of Cloud's
}

// Confluence is one site's Confluence.
type Confluence struct {
	site   site.Site
	routes http.Handler
	dc     bool

	mu     sync.RWMutex
	index  index
	pages  map[string]*Page      // every page that is not removed; a *Page is never changed, only replaced
	search map[string][]indexed  // what the search index has seen of a page, oldest first
	change map[chan struct{}]any // who wants to hear of changes
}

// index is the part of the state that is not a page's own. Each page is kept apart, so that a write costs what the page
// weighs and not what the site weighs.
type index struct {
	NextID int64             `json:"nextId"`
	Spaces []Space           `json:"spaces"`
	Pages  []string          `json:"pages"`  // ids, in the order of their creation
	Labels map[string]string `json:"labels"` // name → id
}

// Space is a place that holds pages.
type Space struct {
	ID          string    `json:"id"`
	Key         string    `json:"key"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	AuthorID    string    `json:"authorId"`
	CreatedAt   time.Time `json:"createdAt"`
	HomepageID  string    `json:"homepageId,omitempty"`
	Readers     []string  `json:"readers,omitempty"` // account ids of those who may read and change nothing
}

// firstID is where a fresh site's ids begin; Atlassian's don't begin at 1 either, and clients must not think so.
const firstID = 98305

// New returns the Confluence whose state s has kept, or a fresh one with the spaces of o. An error says which part of the
// state could not be read.
func New(s site.Site, o Options) (*Confluence, error) {
	c := &Confluence{
		site: s, dc: o.DataCenter, pages: map[string]*Page{}, search: map[string][]indexed{}, change: map[chan struct{}]any{},
	}
	found, err := s.Load("confluence", &c.index)
	if err != nil {
		return nil, fmt.Errorf("load Confluence's state: %w", err)
	}
	if !found {
		c.index = index{NextID: firstID, Labels: map[string]string{}}
	}
	for _, id := range c.index.Pages {
		var p Page
		switch ok, err := s.Load(pageState(id), &p); {
		case err != nil:
			return nil, fmt.Errorf("load page %s of Confluence: %w", id, err)
		case ok && p.Status != Removed:
			c.pages[id] = &p
			c.search[id] = []indexed{{page: &p}}
		}
	}
	for _, space := range o.Spaces {
		if _, ok := c.spaceByKey(space.Key); ok {
			continue
		}
		space.ID = c.nextID()
		if space.CreatedAt.IsZero() {
			space.CreatedAt = s.Now()
		}
		if space.AuthorID == "" && len(s.Users()) > 0 {
			space.AuthorID = s.Users()[0].AccountID
		}
		c.index.Spaces = append(c.index.Spaces, space)
	}
	if err := c.keepIndex(); err != nil {
		return nil, err
	}
	c.routes = c.handler()
	return c, nil
}

// ServeHTTP answers /wiki/api/v2/… and /wiki/rest/api/…, and as Data Center /rest/api/…. Authentication is the site's: it has happened before.
func (c *Confluence) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.routes.ServeHTTP(w, r) }

// Spaces returns all spaces in the order of their creation.
func (c *Confluence) Spaces() []Space {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Clone(c.index.Spaces)
}

// Space returns the space with this key, in any case of letters, or this id.
func (c *Confluence) Space(keyOrID string) (Space, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if s, ok := c.spaceByKey(keyOrID); ok {
		return s, true
	}
	return c.spaceByID(keyOrID)
}

// Page returns a page that is current or in the trash.
func (c *Confluence) Page(id string) (Page, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	p, ok := c.pages[id]
	if !ok {
		return Page{}, false
	}
	return *p, true
}

// May reports whether an account may change what is in a space: everybody who is active, but its readers.
func (c *Confluence) May(accountID, spaceID string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.may(accountID, spaceID)
}

func (c *Confluence) may(accountID, spaceID string) bool {
	s, ok := c.spaceByID(spaceID)
	u, known := c.site.User(accountID)
	return ok && known && u.Active && !slices.Contains(s.Readers, accountID)
}

// Pages returns all pages, current and in the trash, in the order of their ids.
func (c *Confluence) Pages() []Page {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.sorted(func(*Page) bool { return true })
}

// Counts is how much a Confluence holds.
type Counts struct {
	Spaces     int `json:"spaces"`
	Pages      int `json:"pages"` // current ones
	Trashed    int `json:"trashed"`
	Versions   int `json:"versions"` // of current pages
	Minor      int `json:"minor"`    // versions that were minor edits
	Properties int `json:"properties"`
	Mails      int `json:"mails"`
}

// Counts counts what is there.
func (c *Confluence) Counts() Counts {
	n := Counts{Spaces: len(c.Spaces())}
	for _, p := range c.Pages() {
		if p.Status != Current {
			n.Trashed++
			continue
		}
		n.Pages++
		n.Versions += len(p.Versions)
		n.Properties += len(p.Properties)
		for _, v := range p.Versions {
			n.Mails += len(v.Mailed)
			if v.Minor {
				n.Minor++
			}
		}
	}
	return n
}

// Changes returns a channel that gets a value after changes, several at once as one, and a function that ends it.
func (c *Confluence) Changes() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.change[ch] = nil
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.change, ch)
	}
}

// store keeps p durably, makes it what readers see, and tells who wants to hear. The caller holds the write lock.
func (c *Confluence) store(p *Page) error {
	now := c.site.Now()
	p.ChangedAt = now
	if err := c.site.Keep(pageState(p.ID), site.Snapshot(func() ([]byte, error) { return json.Marshal(p) })); err != nil {
		return fmt.Errorf("keep page %s: %w", p.ID, err)
	}
	if _, known := c.pages[p.ID]; !known && p.Status != Removed {
		c.index.Pages = append(c.index.Pages, p.ID)
	}
	if p.Status == Removed {
		delete(c.pages, p.ID)
		c.index.Pages = slices.DeleteFunc(c.index.Pages, func(id string) bool { return id == p.ID })
	} else {
		c.pages[p.ID] = p
	}
	c.remember(p, now)
	if err := c.keepIndex(); err != nil {
		return err
	}
	for ch := range c.change {
		select {
		case ch <- struct{}{}:
		default: // it has one waiting
		}
	}
	return nil
}

// keepIndex has the index written; it is encoded later, when the lock is free again.
func (c *Confluence) keepIndex() error {
	err := c.site.Keep("confluence", site.Snapshot(func() ([]byte, error) {
		c.mu.RLock()
		defer c.mu.RUnlock()
		return json.Marshal(c.index)
	}))
	if err != nil {
		return fmt.Errorf("keep Confluence's state: %w", err)
	}
	return nil
}

func pageState(id string) string { return "confluence-page-" + id }

func (c *Confluence) nextID() string {
	c.index.NextID++
	return strconv.FormatInt(c.index.NextID, 10)
}

func (c *Confluence) spaceByKey(key string) (Space, bool) {
	return c.findSpace(func(s Space) bool { return equalFold(s.Key, key) })
}

func (c *Confluence) spaceByID(id string) (Space, bool) {
	return c.findSpace(func(s Space) bool { return s.ID == id })
}

func (c *Confluence) findSpace(is func(Space) bool) (Space, bool) {
	if i := slices.IndexFunc(c.index.Spaces, is); i >= 0 {
		return c.index.Spaces[i], true
	}
	return Space{}, false
}

// sorted returns the pages that pass, by ascending id.
func (c *Confluence) sorted(pass func(*Page) bool) []Page {
	var out []Page
	for p := range maps.Values(c.pages) {
		if pass(p) {
			out = append(out, *p)
		}
	}
	sortByID(out)
	return out
}

func compareID(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func sortByID(pages []Page) {
	slices.SortFunc(pages, func(a, b Page) int { return compareID(a.ID, b.ID) })
}
