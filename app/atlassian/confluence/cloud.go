package confluence

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// cloud is Confluence Cloud: v2 of its REST interface, v1 for what v2 lacks, account ids.
type cloud struct{}

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

func (cloud) page(ctx context.Context, c *Client, id string) (Page, error) {
	seg, err := segment(id)
	if err != nil {
		return Page{}, err
	}
	var w wirePage
	query := url.Values{"body-format": {"storage"}, "include-labels": {"true"}}
	if err := c.get(ctx, "/api/v2/pages/"+seg, query, &w); err != nil {
		return Page{}, err
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

type wirePages struct {
	Results []wirePage `json:"results"`
}

func (w *wirePages) price() int { return len(w.Results) * outbound.ObjectPrice }

func (cloud) versions(ctx context.Context, c *Client, ids []string) (map[string]int, error) {
	var w wirePages
	query := url.Values{"id": ids, "status": {"current"}, "limit": {strconv.Itoa(MaxPages)}}
	if err := c.get(ctx, "/api/v2/pages", query, &w); err != nil {
		return nil, err
	}
	out := make(map[string]int, len(w.Results))
	for _, p := range w.Results {
		out[p.ID] = p.Version.Number
	}
	return out, nil
}

// hits is the part of a page of results that is used.
type hits struct {
	Results []struct {
		Content struct {
			ID     string `json:"id"`
			Type   string `json:"type"`
			Title  string `json:"title"`
			Status string `json:"status"`
			Space  struct {
				Key string `json:"key"`
			} `json:"space"`
			Version struct {
				Number int `json:"number"`
			} `json:"version"`
		} `json:"content"`
		LastModified string `json:"lastModified"`
		Container    struct {
			URL string `json:"displayUrl"`
		} `json:"resultGlobalContainer"`
	} `json:"results"`
	Links struct {
		Next string `json:"next"`
	} `json:"_links"`
}

func (h *hits) price() int { return len(h.Results) * outbound.ObjectPrice }

func (cloud) search(ctx context.Context, c *Client, cql string, yield func(Hit) bool) error {
	query := url.Values{"cql": {cql}, "limit": {"100"}, "expand": {"content.version,content.space"}}
	seen := trail{}
	for {
		var w hits
		if err := c.get(ctx, "/rest/api/search", query, &w); err != nil {
			return err
		}
		for _, r := range w.Results {
			if r.Content.ID == "" {
				continue // a space or a user
			}
			h := Hit{
				ID: r.Content.ID, Type: r.Content.Type, Title: r.Content.Title, Status: r.Content.Status,
				SpaceKey: r.Content.Space.Key, Version: r.Content.Version.Number,
			}
			if h.SpaceKey == "" {
				h.SpaceKey = spaceKey(strings.TrimRight(r.Container.URL, "/") + "/")
			}
			if at, err := time.Parse(time.RFC3339, r.LastModified); err == nil {
				h.Modified = at.UTC()
			}
			if !yield(h) {
				return nil
			}
		}
		if query = seen.next(w.Links.Next); query == nil || len(w.Results) == 0 {
			return nil
		}
	}
}

// A minor edit goes through API v1, whose specification takes version.minorEdit; that of v2 takes number and message only, and
// an app that mails every watcher at every change of a ticket is soon removed. v1 is deprecated: where a site no longer
// answers it, the edit goes through v2 and watchers are told.
func (cloud) update(ctx context.Context, c *Client, u Update) (int, error) {
	seg, err := segment(u.Page)
	if err != nil {
		return 0, err
	}
	if u.Minor {
		version, err := c.updateV1(ctx, seg, u)
		if !fault.Is(err, fault.Gone) && !fault.Is(err, fault.NotFound) {
			return version, err
		}
	}
	return c.updateV2(ctx, seg, u)
}

func (c *Client) updateV2(ctx context.Context, seg string, u Update) (int, error) {
	in := struct {
		ID      string         `json:"id"`
		Status  string         `json:"status"`
		Title   string         `json:"title"`
		Body    writtenBody    `json:"body"`
		Version writtenVersion `json:"version"`
	}{u.Page, "current", u.Title, writtenBody{"storage", u.Body}, writtenVersion{Number: u.Version, Message: u.Message}}
	return c.put(ctx, "/api/v2/pages/"+seg, in, u.Version)
}

func (cloud) mayEdit(ctx context.Context, c *Client, page, account string) (bool, error) {
	seg, err := segment(page)
	if err != nil {
		return false, err
	}
	type subject struct {
		Type string `json:"type"`
		ID   string `json:"identifier"`
	}
	in := struct {
		Subject   subject `json:"subject"`
		Operation string  `json:"operation"`
	}{subject{"user", account}, "update"}
	var w struct {
		Has bool `json:"hasPermission"`
	}
	err = c.call(outbound.Repeatable(ctx), http.MethodPost, "/rest/api/content/"+seg+"/permission/check", nil, in, &w)
	return w.Has, err
}

func (cloud) account(_ context.Context, _ *Client, mention string) (string, error) {
	return mention, nil
}

func (cloud) mention(_ context.Context, _ *Client, account string) (string, error) {
	return account, nil
}
