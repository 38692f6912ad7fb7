package confluence

import (
	"context"

	"github.com/throughline/throughline/app/fault"
)

// Space is a space.
type Space struct {
	ID         string
	Key        string
	Name       string
	HomepageID string
	URL        string // for people
}

// Space reads a space by its id. fault.NotFound when there is none that the app may see.
func (c *Client) Space(ctx context.Context, id string) (Space, error) {
	seg, err := segment(id)
	if err != nil {
		return Space{}, err
	}
	var w struct {
		ID         string `json:"id"`
		Key        string `json:"key"`
		Name       string `json:"name"`
		HomepageID string `json:"homepageId"`
		Links      struct {
			WebUI string `json:"webui"`
			Base  string `json:"base"`
		} `json:"_links"`
	}
	if err := c.get(ctx, "/api/v2/spaces/"+seg, nil, &w); err != nil {
		return Space{}, fault.Wrap(err, "read space %s", id)
	}
	return Space{ID: w.ID, Key: w.Key, Name: w.Name, HomepageID: w.HomepageID, URL: c.webURL(w.Links.Base, w.Links.WebUI)}, nil
}
