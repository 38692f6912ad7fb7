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
	OwnerID  string // account id; empty when unknown
	AuthorID string // account id of who created it
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
	By      string    // account id
	Message string
	Minor   bool // a minor edit: watchers were not told
}

// wirePage is the part of PageSingle that is used.
type wirePage struct {
	ID       string      `json:"id"`
	Title    string      `json:"title"`
	Status   string      `json:"status"`
	SpaceID  string      `json:"spaceId"`
	OwnerID  string      `json:"ownerId"`
	AuthorID string      `json:"authorId"`
	ParentID string      `json:"parentId"`
	Version  wireVersion `json:"version"`
	Body     struct {
		Storage struct {
			Value string `json:"value"`
		} `json:"storage"`
	} `json:"body"`
	Labels struct {
		Results []struct {
			Name string `json:"name"`
		} `json:"results"`
	} `json:"labels"`
	Links struct {
		WebUI string `json:"webui"`
		Base  string `json:"base"`
	} `json:"_links"`
}

type wireVersion struct {
	Number    int       `json:"number"`
	CreatedAt time.Time `json:"createdAt"`
	AuthorID  string    `json:"authorId"`
	Message   string    `json:"message"`
	MinorEdit bool      `json:"minorEdit"`
}

// Page reads a page with body and labels in one call. fault.NotFound when there is none, or none that the app may see;
// a trashed page is found and says so in its Status.
func (c *Client) Page(ctx context.Context, id string) (Page, error) {
	seg, err := segment(id)
	if err != nil {
		return Page{}, err
	}
	var w wirePage
	query := url.Values{"body-format": {"storage"}, "include-labels": {"true"}}
	if err := c.get(ctx, "/api/v2/pages/"+seg, query, &w); err != nil {
		return Page{}, fault.Wrap(err, "read page %s", id)
	}
	p := Page{
		ID: w.ID, Title: w.Title, Status: w.Status, SpaceID: w.SpaceID, SpaceKey: spaceKey(w.Links.WebUI),
		OwnerID: w.OwnerID, AuthorID: w.AuthorID, ParentID: w.ParentID,
		Version: Version{
			Number: w.Version.Number, At: w.Version.CreatedAt.UTC(), By: w.Version.AuthorID,
			Message: w.Version.Message, Minor: w.Version.MinorEdit,
		},
		Body: w.Body.Storage.Value,
		URL:  c.webURL(w.Links.Base, w.Links.WebUI),
	}
	for _, l := range w.Labels.Results {
		p.Labels = append(p.Labels, l.Name)
	}
	return p, nil
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
