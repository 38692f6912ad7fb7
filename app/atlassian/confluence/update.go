package confluence

import (
	"context"
	"net/http"

	"github.com/throughline/throughline/app/fault"
)

// Update is a new version of a page.
type Update struct {
	Page    string // id
	Title   string // as it stands: Confluence takes what is sent for the new title
	Body    string // storage format
	Version int    // the new version's number: the current one plus one
	Message string // shown in the page's history
	Minor   bool   // mail no watchers
}

// Update writes a page and returns the number of the version that this made. fault.Conflict when Version is no longer the next
// one: read again. fault.Uncertain when the outcome is unknown: read, and compare.
func (c *Client) Update(ctx context.Context, u Update) (int, error) {
	version, err := c.edition.update(ctx, c, u)
	return version, fault.Wrap(err, "write version %d of page %s", u.Version, u.Page)
}

type writtenBody struct {
	Representation string `json:"representation"`
	Value          string `json:"value"`
}

type writtenVersion struct {
	Number  int    `json:"number"`
	Message string `json:"message,omitempty"`
	Minor   bool   `json:"minorEdit,omitempty"` // v1 only
}

// updateV1 writes through the interface that Data Center has and Cloud deprecates.
func (c *Client) updateV1(ctx context.Context, seg string, u Update) (int, error) {
	type body struct {
		Storage writtenBody `json:"storage"`
	}
	in := struct {
		Type    string         `json:"type"`
		Status  string         `json:"status"`
		Title   string         `json:"title"`
		Body    body           `json:"body"`
		Version writtenVersion `json:"version"`
	}{"page", "current", u.Title, body{writtenBody{"storage", u.Body}}, writtenVersion{u.Version, u.Message, u.Minor}}
	return c.put(ctx, "/rest/api/content/"+seg, in, u.Version)
}

func (c *Client) put(ctx context.Context, path string, in any, version int) (int, error) {
	var out struct {
		Version struct {
			Number int `json:"number"`
		} `json:"version"`
	}
	if err := c.call(ctx, http.MethodPut, path, nil, in, &out); err != nil {
		return 0, err
	}
	if out.Version.Number == 0 {
		return version, nil
	}
	return out.Version.Number, nil
}
