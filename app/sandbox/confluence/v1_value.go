package confluence

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/throughline/throughline/app/sandbox/site"
)

// oneOrMore decodes from a JSON array or from one bare element.
type oneOrMore[T any] []T

func (o *oneOrMore[T]) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		return json.Unmarshal(raw, (*[]T)(o))
	}
	var one T
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	*o = []T{one}
	return nil
}

// v1Paged answers with the window that start (or cursor) and limit ask for, of n items.
func (c *Confluence) v1Paged(r *http.Request, n, highest int, item func(int) any) (map[string]any, error) {
	limit, err := number(r, "limit", min(defaultLimit, highest), highest)
	if err != nil {
		return nil, err
	}
	start, err := number(r, "start", 0, n)
	if err != nil {
		return nil, err
	}
	if r.URL.Query().Has("cursor") {
		if start, err = cursorStart(r); err != nil {
			return nil, err
		}
		start = min(start, n)
	}
	stop := min(start+limit, n)
	results := []any{}
	for i := start; i < stop; i++ {
		results = append(results, item(i))
	}
	links := map[string]any{"base": c.base(), "context": c.context(), "self": c.site.BaseURL() + r.URL.RequestURI()}
	if stop < n && limit > 0 {
		links["next"] = c.v1Next(r.URL, stop, limit)
	}
	return map[string]any{"results": results, "start": start, "limit": limit, "size": len(results), "_links": links}, nil
}

// v1Next is the path of what follows, below /wiki, as v1 gives it.
func (c *Confluence) v1Next(u *url.URL, start, limit int) string {
	if c.dc {
		return dcNext(u, start, limit)
	}
	q := u.Query()
	q.Del("start")
	q.Set("next", "true")
	q.Set("cursor", cursor(start))
	q.Set("limit", strconv.Itoa(limit))
	path := u.EscapedPath()
	if len(path) > len("/wiki") {
		path = path[len("/wiki"):]
	}
	return path + "?" + q.Encode()
}

func (c *Confluence) v1UserValue(id string) map[string]any {
	if c.dc {
		return c.dcUserValue(id)
	}
	u, ok := c.site.User(id)
	kind := "known"
	if !ok {
		kind = "unknown"
		u.Name, u.Type = "Unknown user", "atlassian"
	}
	return map[string]any{
		"type": kind, "accountId": id, "accountType": u.Type, "email": u.Email, "publicName": u.Name, "displayName": u.Name,
		"timeZone": "UTC", "isExternalCollaborator": false,
		"profilePicture": map[string]any{"path": "/wiki/aa-avatar/" + id, "width": 48, "height": 48, "isDefault": true},
		"_expandable":    map[string]any{"operations": "", "personalSpace": ""},
		"_links":         map[string]any{"self": c.base() + "/rest/api/user?accountId=" + url.QueryEscape(id)},
	}
}

func (c *Confluence) v1SpaceValue(s Space) map[string]any {
	id, _ := strconv.ParseInt(s.ID, 10, 64)
	return map[string]any{
		"id": id, "key": s.Key, "alias": s.Key, "name": s.Name, "type": "global", "status": "current",
		"_expandable": map[string]any{"settings": "/rest/api/space/" + s.Key + "/settings", "metadata": "", "homepage": ""},
		"_links":      map[string]any{"webui": "/spaces/" + s.Key, "self": c.base() + "/rest/api/space/" + s.Key},
	}
}

func v1Label(l Label) any {
	return map[string]any{"prefix": l.Prefix, "name": l.Name, "id": l.ID, "label": l.Name}
}

func (c *Confluence) v1Version(p Page, v Version) map[string]any {
	return map[string]any{
		"by": c.v1UserValue(v.AuthorID), "when": stamp(v.At), "friendlyWhen": v.At.Format("Jan 2, 2006"), "message": v.Message,
		"number": v.Number, "minorEdit": v.Minor, "contentTypeModified": false,
		"_expandable": map[string]any{"collaborators": "", "content": "/rest/api/content/" + p.ID},
		"_links":      map[string]any{"self": c.base() + "/rest/api/content/" + p.ID + "/version/" + strconv.Itoa(v.Number)},
	}
}

// v1ContentValue is a page as v1 gives it: always id, type, status and title, the rest as the request's expand asks.
func (c *Confluence) v1ContentValue(r *http.Request, p Page, v Version) map[string]any {
	site.Count(r.Context(), 1, 0)
	space, _ := c.Space(p.SpaceID)
	status := string(p.Status)
	if v.Number != p.Version().Number {
		status = "historical"
	}
	out := map[string]any{
		"id": p.ID, "type": "page", "status": status, "title": v.Title, "macroRenderedOutput": map[string]any{}, "extensions": map[string]any{"position": position(p.ID)},
		"_links": map[string]any{
			"base": c.base(), "context": c.context(), "webui": c.webUI(space, p), "tinyui": "/x/" + p.ID,
			"editui": "/pages/resumedraft.action?draftId=" + p.ID, "self": c.base() + "/rest/api/content/" + p.ID,
		},
	}
	expandable := map[string]any{"operations": "", "children": "/rest/api/content/" + p.ID + "/child", "restrictions": ""}
	for name, value := range map[string]func() any{
		"space":     func() any { return c.v1SpaceValue(space) },
		"version":   func() any { return c.v1Version(p, v) },
		"history":   func() any { return c.v1History(p, v) },
		"ancestors": func() any { return c.v1Ancestors(p) },
		"body":      func() any { return v1Body(r, v) },
		"metadata":  func() any { return v1Metadata(r, p) },
	} {
		if name == "history" && c.dc {
			value = func() any { return c.dcHistory(p, v) }
		}
		if expanded(r, name) {
			out[name] = value()
		} else {
			expandable[name] = ""
		}
	}
	if c.dc && expanded(r, "operations") {
		out["operations"] = c.dcOperations(r, p)
		delete(expandable, "operations")
	}
	out["_expandable"] = expandable
	return out
}

func (c *Confluence) v1History(p Page, v Version) any {
	return map[string]any{
		"latest": v.Number == p.Version().Number, "createdBy": c.v1UserValue(p.AuthorID), "ownedBy": c.v1UserValue(p.OwnerID),
		"createdDate": stamp(p.CreatedAt), "lastUpdated": c.v1Version(p, p.Version()),
		"_expandable": map[string]any{"contributors": "", "previousVersion": "", "nextVersion": ""},
		"_links":      map[string]any{"self": c.base() + "/rest/api/content/" + p.ID + "/history"},
	}
}

func (c *Confluence) v1Ancestors(p Page) any {
	out := []any{}
	for _, id := range c.ancestors(p) {
		if up, ok := c.Page(id); ok {
			out = append(out, map[string]any{
				"id": up.ID, "type": "page", "status": string(up.Status), "title": up.Title, "_expandable": map[string]any{},
				"_links": map[string]any{"self": c.base() + "/rest/api/content/" + up.ID},
			})
		}
	}
	return out
}

func v1Body(r *http.Request, v Version) any {
	out := map[string]any{"_expandable": map[string]any{"view": "", "editor": "", "atlas_doc_format": ""}}
	if expanded(r, "body.storage") {
		out["storage"] = map[string]any{
			"value": v.Body, "representation": "storage", "embeddedContent": []any{},
			"_expandable": map[string]any{"content": ""}, "_links": map[string]any{},
		}
	}
	return out
}

func v1Metadata(r *http.Request, p Page) any {
	out := map[string]any{"_expandable": map[string]any{"currentuser": "", "frontend": ""}}
	if expanded(r, "metadata.labels") {
		labels := []any{}
		for _, l := range p.Labels {
			labels = append(labels, v1Label(l))
		}
		out["labels"] = map[string]any{"results": labels, "start": 0, "limit": 200, "size": len(labels), "_links": map[string]any{}}
	}
	if expanded(r, "metadata.properties") {
		properties := map[string]any{}
		for _, q := range p.Properties {
			properties[q.Key] = map[string]any{
				"id": q.ID, "key": q.Key, "value": q.Value,
				"version": map[string]any{"number": q.Number, "when": stamp(q.At), "minorEdit": false, "message": q.Message},
			}
		}
		out["properties"] = properties
	}
	return out
}
