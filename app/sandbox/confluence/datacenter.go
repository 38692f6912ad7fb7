package confluence

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/throughline/throughline/app/sandbox/site"
)

// What a Confluence of Data Center does differently from Cloud's: the one REST interface below /rest/api without any v2, people by
// username and user key, paging by start, a page's operations as an expansion, and webhooks that name a page by its id and say no
// more of it. No API description of Data Center is at hand, so its shapes are held, by tests, to Cloud's description of v1 where
// the calls are the same, and otherwise follow Atlassian's reference of the Confluence Data Center REST API and payloads that
// others published. It is not held to a running Data Center.

// dcCalls are Data Center's calls: those of v1 that both have, and those that take other words.
func (c *Confluence) dcCalls() map[string]call {
	v1 := c.v1()
	calls := map[string]call{
		"GET /user":         c.dcUser,
		"PUT /content/{id}": dcBody(c.v1Update),
		"POST /content":     dcBody(c.v1Create),
	}
	for _, both := range []string{
		"GET /search", "GET /content/search", "GET /content", "GET /content/{id}", "DELETE /content/{id}", "GET /content/{id}/label",
		"POST /content/{id}/label", "DELETE /content/{id}/label", "DELETE /content/{id}/label/{label}", "GET /content/{id}/property",
		"POST /content/{id}/property", "GET /content/{id}/property/{key}", "PUT /content/{id}/property/{key}",
		"DELETE /content/{id}/property/{key}", "GET /content/{id}/child/page", "GET /content/{id}/history", "GET /user/current",
		"GET /space", "GET /space/{key}",
	} {
		calls[both] = v1[both]
	}
	return calls
}

// dcBody refuses pages that mention people as Cloud does. What Data Center itself does with them is not known; no client should try.
func dcBody(do call) call {
	return func(r *http.Request) (any, error) {
		var raw json.RawMessage
		if err := read(r, &raw); err != nil {
			return nil, err
		}
		if strings.Contains(string(raw), "ri:account-id") {
			return nil, badRequest("Error parsing xhtml: there is no user with an account id here; name a user by ri:userkey")
		}
		r.Body = io.NopCloser(bytes.NewReader(raw))
		return do(r)
	}
}

func (c *Confluence) dcUser(r *http.Request) (any, error) {
	q := r.URL.Query()
	u, ok := site.WithWikiKey(c.site.Users(), q.Get("key"))
	if q.Has("username") {
		u, ok = site.WithUsername(c.site.Users(), q.Get("username"))
	}
	if !ok {
		return nil, &Refusal{Status: http.StatusNotFound, Title: "No user found with " + r.URL.RawQuery}
	}
	site.Count(r.Context(), 0, 1)
	return c.dcUserValue(u.AccountID), nil
}

func (c *Confluence) dcUserValue(id string) map[string]any {
	u, ok := c.site.User(id)
	if !ok {
		return map[string]any{"type": "anonymous", "displayName": "Anonymous", "profilePicture": dcPicture()}
	}
	return map[string]any{
		"type": "known", "username": u.Username(), "userKey": u.WikiKey(), "displayName": u.Name, "profilePicture": dcPicture(),
		"_expandable": map[string]any{"status": ""}, "_links": map[string]any{"self": c.base() + "/rest/api/user?key=" + u.WikiKey()},
	}
}

func dcPicture() map[string]any {
	return map[string]any{"path": "/images/icons/profilepics/default.svg", "width": 48, "height": 48, "isDefault": true}
}

// dcHistory tells who made a page. Data Center knows no owner.
func (c *Confluence) dcHistory(p Page, v Version) any {
	return map[string]any{
		"latest": v.Number == p.Version().Number, "createdBy": c.v1UserValue(p.AuthorID), "createdDate": stamp(p.CreatedAt),
		"lastUpdated": c.v1Version(p, p.Version()),
		"_expandable": map[string]any{"contributors": "", "previousVersion": "", "nextVersion": ""},
		"_links":      map[string]any{"self": c.base() + "/rest/experimental/content/" + p.ID + "/history"},
	}
}

// dcOperations are what the caller may do with a page.
func (c *Confluence) dcOperations(r *http.Request, p Page) any {
	names := []string{"read"}
	if c.May(c.caller(r), p.SpaceID) {
		names = append(names, "update", "delete")
	}
	out := []any{}
	for _, name := range names {
		out = append(out, map[string]any{"operation": name, "targetType": "page"})
	}
	return out
}

// dcNext is the path of what follows, below the base.
func dcNext(u *url.URL, start, limit int) string {
	q := u.Query()
	q.Set("start", strconv.Itoa(start))
	q.Set("limit", strconv.Itoa(limit))
	return u.EscapedPath() + "?" + q.Encode()
}

// dcID is all that a webhook says of a page, unless an administrator sets confluence.webhooks.id.only.disabled.
func dcID(p *Page) map[string]any { return map[string]any{"id": json.Number(p.ID)} }

func (c *Confluence) dcTell(event, actor string, payload map[string]any) {
	now := c.site.Now()
	who, _ := c.site.User(actor)
	payload["timestamp"], payload["event"], payload["userKey"] = now.UnixMilli(), event, who.WikiKey()
	if event == "page_updated" {
		payload["updateTrigger"] = "edit_page"
	}
	encoded, err := json.Marshal(payload)
	if err != nil { // only values that JSON knows go in
		panic("confluence: webhook payload: " + err.Error())
	}
	c.site.Emit(site.Event{Product: "confluence", Name: event, Actor: actor, At: now, Body: encoded})
}

// ForDataCenter writes a page's body as Data Center keeps it: people by their user keys. What names nobody stays.
func ForDataCenter(source string, people []site.User) string {
	var pairs []string
	for _, u := range people {
		pairs = append(pairs, `ri:account-id="`+u.AccountID+`"`, `ri:userkey="`+u.WikiKey()+`"`)
	}
	return strings.NewReplacer(pairs...).Replace(source)
}
