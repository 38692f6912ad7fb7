package confluence

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// Page is a page as its current version shows it.
type Page struct {
	ID       string
	Title    string
	Status   string // "current", "trashed", "archived", "draft", …
	SpaceID  string
	SpaceKey string // read off the page's address; empty when that has an unknown shape: ask Space
	OwnerID  string // account; empty when unknown. On Data Center, which knows no owners, who created it
	AuthorID string // account of who created it
	ParentID string
	Version  Version
	Labels   []string // names, as given; at most the first 50
	Body     string   // storage format
	URL      string   // for people
}

// Version is one version of a page.
type Version struct {
	Number  int
	At      time.Time // UTC
	By      string    // account
	Message string
	Minor   bool // a minor edit: watchers were not told
}

// Page reads a page with body and labels in one call. fault.NotFound when there is none, or none that the app may see;
// a trashed page is found on Cloud and says so in its Status, and is not on Data Center.
func (c *Client) Page(ctx context.Context, id string) (Page, error) {
	p, err := c.edition.page(ctx, c, id)
	return p, fault.Wrap(err, "read page %s", id)
}

// spaceKey reads "SEC" off "/spaces/SEC/pages/123/Title".
func spaceKey(webui string) string {
	rest, ok := strings.CutPrefix(webui, "/spaces/")
	if !ok {
		return ""
	}
	key, _, ok := strings.Cut(rest, "/")
	if !ok {
		return ""
	}
	if key, err := url.PathUnescape(key); err == nil {
		return key
	}
	return ""
}

// webURL is where people see something; empty when the site did not say.
func (c *Client) webURL(base, webui string) string {
	switch {
	case webui == "":
		return ""
	case strings.HasPrefix(base, "https://") || strings.HasPrefix(base, "http://"):
		return strings.TrimRight(base, "/") + webui
	default:
		return c.base + webui
	}
}
