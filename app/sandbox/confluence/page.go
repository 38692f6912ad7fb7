package confluence

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Status says where a page is.
type Status string

// A page is current, in the trash, or removed for good.
const (
	Current Status = "current"
	Trashed Status = "trashed"
	Removed Status = "deleted"
)

// Page is a page with its whole history.
type Page struct {
	ID         string     `json:"id"`
	SpaceID    string     `json:"spaceId"`
	ParentID   string     `json:"parentId,omitempty"`
	Status     Status     `json:"status"`
	Title      string     `json:"title"`
	AuthorID   string     `json:"authorId"`
	OwnerID    string     `json:"ownerId"`
	CreatedAt  time.Time  `json:"createdAt"`
	ChangedAt  time.Time  `json:"changedAt"`  // when anything of it changed last, labels and properties too
	Versions   []Version  `json:"versions"`   // oldest first, never empty; numbers are 1, 2, 3 …
	Labels     []Label    `json:"labels"`     // in the order they were added
	Properties []Property `json:"properties"` // in the order they were made
	Watchers   []string   `json:"watchers"`   // account ids, in the order they came
}

// Version is one published state of a page.
type Version struct {
	Number   int       `json:"number"`
	Title    string    `json:"title"`
	Body     string    `json:"body"` // storage format
	At       time.Time `json:"at"`   // UTC
	AuthorID string    `json:"authorId"`
	Message  string    `json:"message"`
	Minor    bool      `json:"minor"`
	Mailed   []string  `json:"mailed,omitempty"` // account ids of the watchers who were sent a mail about it
}

// Label is a word pages are found by.
type Label struct {
	ID     string `json:"id"`
	Prefix string `json:"prefix"` // "global", "my" or "team"
	Name   string `json:"name"`   // lower case
}

// Property is a JSON value that an app keeps with a page, with a version count of its own.
type Property struct {
	ID       string          `json:"id"`
	Key      string          `json:"key"`
	Value    json.RawMessage `json:"value"`
	Number   int             `json:"number"` // its version
	At       time.Time       `json:"at"`
	AuthorID string          `json:"authorId"`
	Message  string          `json:"message"`
}

// Version is the newest version.
func (p Page) Version() Version { return p.Versions[len(p.Versions)-1] }

// Body is the newest version's body.
func (p Page) Body() string { return p.Version().Body }

// At returns the version of that number.
func (p Page) At(number int) (Version, bool) {
	if number < 1 || number > len(p.Versions) {
		return Version{}, false
	}
	return p.Versions[number-1], true
}

// HasLabel reports whether the page carries a label, in any case of letters.
func (p Page) HasLabel(name string) bool {
	return slices.ContainsFunc(p.Labels, func(l Label) bool { return equalFold(l.Name, name) })
}

// Property returns the property with this key.
func (p Page) Property(key string) (Property, bool) {
	if i := slices.IndexFunc(p.Properties, func(q Property) bool { return q.Key == key }); i >= 0 {
		return p.Properties[i], true
	}
	return Property{}, false
}

// clone returns a copy whose slices can be appended to and replaced without changing p's readers' view.
func (p *Page) clone() *Page {
	q := *p
	q.Versions = slices.Clone(p.Versions)
	q.Labels = slices.Clone(p.Labels)
	q.Properties = slices.Clone(p.Properties)
	q.Watchers = slices.Clone(p.Watchers)
	return &q
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }
