package confluence

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// dataCenter is Confluence Data Center, from 7.9 on, which is where personal access tokens begin. It has one REST interface and no
// v2: pages are "content", with what is wanted of them expanded; lists are paged by start and limit, and say where they go
// on; people have a username and a user key. By Atlassian's reference of the Confluence Data Center REST API (8.9). Not settled
// by it, and never seen: that the expansion "operations" lists what the caller may do with a page on every version.
type dataCenter struct{}

// dcContent is a page as Data Center shows it.
type dcContent struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status string `json:"status"`
	Space  struct {
		ID  id     `json:"id"`
		Key string `json:"key"`
	} `json:"space"`
	History struct {
		CreatedBy wirePerson `json:"createdBy"`
	} `json:"history"`
	Version struct {
		Number  int        `json:"number"`
		When    string     `json:"when"`
		By      wirePerson `json:"by"`
		Message string     `json:"message"`
		Minor   bool       `json:"minorEdit"`
	} `json:"version"`
	Ancestors []struct {
		ID string `json:"id"`
	} `json:"ancestors"` // the parent last
	Body struct {
		Storage struct {
			Value string `json:"value"`
		} `json:"storage"`
	} `json:"body"`
	Metadata struct {
		Labels struct {
			Results []struct {
				Name string `json:"name"`
			} `json:"results"`
		} `json:"labels"`
	} `json:"metadata"`
	Operations []struct {
		Operation string `json:"operation"`
	} `json:"operations"`
	Links struct {
		WebUI string `json:"webui"`
		Base  string `json:"base"`
	} `json:"_links"`
}

// id is an id that comes as a number.
type id string

func (i *id) UnmarshalJSON(b []byte) error {
	*i = id(strings.Trim(string(b), `"`))
	return nil
}

func (dataCenter) page(ctx context.Context, c *Client, id string) (Page, error) {
	var w dcContent
	if err := c.dcRead(ctx, id, "body.storage,version,space,history,metadata.labels,ancestors", &w); err != nil {
		return Page{}, err
	}
	p := Page{
		ID: w.ID, Title: w.Title, Status: w.Status, SpaceID: string(w.Space.ID), SpaceKey: w.Space.Key,
		OwnerID: w.History.CreatedBy.account(), AuthorID: w.History.CreatedBy.account(),
		Version: Version{
			Number: w.Version.Number, At: dcTime(w.Version.When), By: w.Version.By.account(), Message: w.Version.Message, Minor: w.Version.Minor,
		},
		Body: w.Body.Storage.Value,
		URL:  c.webURL(w.Links.Base, w.Links.WebUI),
	}
	if n := len(w.Ancestors); n > 0 {
		p.ParentID = w.Ancestors[n-1].ID
	}
	for _, l := range w.Metadata.Labels.Results {
		p.Labels = append(p.Labels, l.Name)
	}
	return p, nil
}

// dcRead reads a current page; one in the trash is not found.
func (c *Client) dcRead(ctx context.Context, page, expand string, into *dcContent) error {
	seg, err := segment(page)
	if err != nil {
		return err
	}
	return c.get(ctx, "/rest/api/content/"+seg, url.Values{"expand": {expand}}, into)
}

// dcTime reads a time with the site's offset in it ("2026-11-23T13:00:00.123+01:00"); anything else is the zero time.
func dcTime(s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

type dcContents struct {
	Results []dcContent `json:"results"`
	Links   struct {
		Next string `json:"next"`
	} `json:"_links"`
}

func (w *dcContents) price() int { return len(w.Results) * outbound.ObjectPrice }

// find goes through what a query finds, page by page.
func (dataCenter) find(ctx context.Context, c *Client, cql, expand string, yield func(dcContent) bool) error {
	query := url.Values{"cql": {cql}, "limit": {"100"}, "expand": {expand}}
	seen := trail{}
	for {
		var w dcContents
		if err := c.get(ctx, "/rest/api/content/search", query, &w); err != nil {
			return err
		}
		for _, found := range w.Results {
			if !yield(found) {
				return nil
			}
		}
		if query = seen.next(w.Links.Next); query == nil || len(w.Results) == 0 {
			return nil
		}
	}
}

func (d dataCenter) search(ctx context.Context, c *Client, cql string, yield func(Hit) bool) error {
	return d.find(ctx, c, cql, "version,space", func(w dcContent) bool {
		return yield(Hit{
			ID: w.ID, Type: w.Type, Title: w.Title, Status: w.Status, SpaceKey: w.Space.Key, Version: w.Version.Number, Modified: dcTime(w.Version.When),
		})
	})
}

// versions searches for the ids: there is no other way to read many pages. What is in the trash is not in the index.
func (d dataCenter) versions(ctx context.Context, c *Client, ids []string) (map[string]int, error) {
	for _, id := range ids {
		if _, err := strconv.ParseUint(id, 10, 64); err != nil {
			return nil, fault.New(fault.Invalid, "%q is no id of a page", id)
		}
	}
	out := make(map[string]int, len(ids))
	err := d.find(ctx, c, "id in ("+strings.Join(ids, ", ")+")", "version", func(w dcContent) bool {
		if w.Status == "current" {
			out[w.ID] = w.Version.Number
		}
		return true
	})
	return out, err
}

func (dataCenter) update(ctx context.Context, c *Client, u Update) (int, error) {
	seg, err := segment(u.Page)
	if err != nil {
		return 0, err
	}
	return c.updateV1(ctx, seg, u)
}

func (dataCenter) mayEdit(ctx context.Context, c *Client, page, _ string) (bool, error) {
	var w dcContent
	if err := c.dcRead(ctx, page, "operations", &w); err != nil {
		return false, err
	}
	if len(w.Operations) == 0 { // who reads a page may do at least that
		return false, fault.New(fault.Invalid, "the site does not tell what may be done with the page")
	}
	for _, o := range w.Operations {
		if o.Operation == "update" {
			return true, nil
		}
	}
	return false, nil
}

// account: pages mention people by user key, those of before Confluence 5.3 by username.
func (dataCenter) account(ctx context.Context, c *Client, mention string) (string, error) {
	w, err := c.dcPerson(ctx, "key", mention)
	if fault.Is(err, fault.NotFound) {
		w, err = c.dcPerson(ctx, "username", mention)
	}
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return w.account(), err
}

func (dataCenter) mention(ctx context.Context, c *Client, account string) (string, error) {
	w, err := c.dcPerson(ctx, "username", account)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return w.Key, err
}

func (c *Client) dcPerson(ctx context.Context, by, value string) (wirePerson, error) {
	var w wirePerson
	err := c.get(ctx, "/rest/api/user", url.Values{by: {value}}, &w)
	return w, err
}
