package confluence

import (
	"net/http"
	"slices"
	"strings"
)

func (c *Confluence) v1Contents(r *http.Request) (any, error) {
	q := r.URL.Query()
	if kind := q.Get("type"); kind != "" && kind != "page" {
		return c.v1Paged(r, 0, maxLimit, nil)
	}
	statuses := values(r, "status")
	if len(statuses) == 0 {
		statuses = []string{string(Current)}
	}
	space, _ := c.Space(q.Get("spaceKey"))
	pages := slices.DeleteFunc(c.Pages(), func(p Page) bool {
		return !slices.Contains(statuses, string(p.Status)) && !slices.Contains(statuses, "any") ||
			q.Has("spaceKey") && p.SpaceID != space.ID ||
			q.Has("title") && p.Title != q.Get("title")
	})
	return c.v1Paged(r, len(pages), maxLimit, func(i int) any { return c.v1ContentValue(r, pages[i], pages[i].Version()) })
}

func (c *Confluence) v1Content(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	statuses := values(r, "status")
	if len(statuses) == 0 {
		statuses = []string{string(Current)}
	}
	v := p.Version()
	n, err := number(r, "version", v.Number, 1<<30)
	if err != nil {
		return nil, err
	}
	old := n != v.Number && slices.Contains(statuses, "historical")
	if !old && !slices.Contains(statuses, string(p.Status)) && !slices.Contains(statuses, "any") {
		return nil, &Refusal{Status: http.StatusNotFound, Title: "No content found with id : " + p.ID}
	}
	if v, err = version(p, n); err != nil {
		return nil, err
	}
	return c.v1ContentValue(r, p, v), nil
}

// v1Write is the request of both creation and update.
type v1Write struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status string `json:"status"`
	Space  struct {
		Key string `json:"key"`
	} `json:"space"`
	Ancestors []struct {
		ID looseID `json:"id"`
	} `json:"ancestors"`
	Body *struct {
		Storage *struct {
			Value          string `json:"value"`
			Representation string `json:"representation"`
		} `json:"storage"`
	} `json:"body"`
	Metadata struct {
		Labels []Label `json:"labels"`
	} `json:"metadata"`
	Version *struct {
		Number  int    `json:"number"`
		Message string `json:"message"`
		Minor   bool   `json:"minorEdit"`
	} `json:"version"`
}

// looseID is an id that comes as a string or as a number.
type looseID string

// UnmarshalJSON accepts both.
func (id *looseID) UnmarshalJSON(raw []byte) error {
	*id = looseID(strings.Trim(string(raw), `"`))
	return nil
}

func (in v1Write) parent() *string {
	if len(in.Ancestors) == 0 {
		return nil
	}
	id := string(in.Ancestors[len(in.Ancestors)-1].ID)
	return &id
}

func (in v1Write) storage() (string, bool, error) {
	switch {
	case in.Body == nil:
		return "", false, nil
	case in.Body.Storage == nil || in.Body.Storage.Representation != "storage":
		return "", false, badRequest("This sandbox takes a body in the representation storage only")
	}
	return in.Body.Storage.Value, true, nil
}

func (c *Confluence) v1Create(r *http.Request) (any, error) {
	var in v1Write
	if err := read(r, &in); err != nil {
		return nil, err
	}
	body, _, err := in.storage()
	if err != nil {
		return nil, err
	}
	if in.Type != "page" {
		return nil, badRequest("This sandbox makes content of the type page only, not %q", in.Type)
	}
	space, ok := c.Space(in.Space.Key)
	if !ok || in.Space.Key == "" {
		return nil, badRequest("No space with key : %s", in.Space.Key)
	}
	d := Draft{SpaceID: space.ID, Title: in.Title, Body: body}
	if parent := in.parent(); parent != nil {
		d.ParentID = *parent
	}
	for _, l := range in.Metadata.Labels {
		d.Labels = append(d.Labels, l.Name)
	}
	p, err := c.Create(c.caller(r), d)
	if err != nil {
		return nil, err
	}
	return c.v1Whole(r, p), nil
}

func (c *Confluence) v1Update(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	var in v1Write
	if err := read(r, &in); err != nil {
		return nil, err
	}
	switch {
	case in.Version == nil || in.Version.Number == 0:
		return nil, badRequest("Must supply an incremented version when updating Content. No version supplied.")
	case in.Type != "page":
		return nil, badRequest("The type of content can't be changed: it is page, not %q", in.Type)
	case in.Status != "" && in.Status != string(Current):
		return nil, badRequest("status must be current, not %q", in.Status)
	}
	body, ok, err := in.storage()
	if err != nil {
		return nil, err
	}
	if !ok {
		body = p.Body()
	}
	if in.Title == "" {
		in.Title = p.Title
	}
	space := ""
	if in.Space.Key != "" {
		s, ok := c.Space(in.Space.Key)
		if !ok {
			return nil, badRequest("No space with key : %s", in.Space.Key)
		}
		space = s.ID
	}
	p, err = c.Edit(c.caller(r), p.ID, Edit{
		Version: in.Version.Number, Title: in.Title, Body: body, Message: in.Version.Message, Minor: in.Version.Minor,
		Parent: in.parent(), SpaceID: space,
	})
	if err != nil {
		return nil, err
	}
	return c.v1Whole(r, p), nil
}

// v1Whole is what a write answers with: the page with everything of use, asked for or not.
func (c *Confluence) v1Whole(r *http.Request, p Page) any {
	q := r.URL.Query()
	q.Add("expand", "body.storage,version,space,history,ancestors")
	whole := r.Clone(r.Context())
	whole.URL.RawQuery = q.Encode()
	return c.v1ContentValue(whole, p, p.Version())
}

func (c *Confluence) v1Delete(r *http.Request) (any, error) {
	p, err := c.v1Page(r)
	if err != nil {
		return nil, err
	}
	if r.URL.Query().Get("status") == string(Trashed) {
		return nil, c.Delete(c.caller(r), p.ID)
	}
	return nil, c.Trash(c.caller(r), p.ID)
}

// ancestors are the ids of the pages above p, the parent last.
func (c *Confluence) ancestors(p Page) []string {
	var up []string
	for id := p.ParentID; id != "" && !slices.Contains(up, id); {
		parent, ok := c.Page(id)
		if !ok {
			break
		}
		up = append(up, id)
		id = parent.ParentID
	}
	slices.Reverse(up)
	return up
}
