package confluence

import (
	"encoding/json"
	"time"

	"github.com/throughline/throughline/app/sandbox/site"
)

// emit tells the site what happened to p; more is added to the payload's top level. The shape is that of Confluence Cloud's
// Connect webhooks: times in milliseconds since 1970, ids as numbers, no body.
func (c *Confluence) emit(event, actor string, p *Page, more map[string]any) {
	if c.dc {
		c.dcTell(event, actor, map[string]any{"page": dcID(p)})
		return
	}
	payload := map[string]any{
		"page":          c.pagePayload(p),
		"updateTrigger": "unknown",
	}
	if event == "page_updated" {
		payload["updateTrigger"] = "edit_page"
		payload["suppressNotifications"] = p.Version().Minor
	}
	for k, v := range more {
		payload[k] = v
	}
	c.tell(event, actor, payload)
}

func (c *Confluence) emitLabel(event, actor string, p *Page, l Label) {
	if c.dc {
		c.dcTell(event, actor, map[string]any{"label": map[string]any{"name": l.Name, "prefix": l.Prefix}, "labeled": dcID(p)})
		return
	}
	page := c.pagePayload(p)
	c.tell(event, actor, map[string]any{
		"label": map[string]any{"prefix": l.Prefix, "name": l.Name, "id": l.ID},
		// Both are met with: "labeled" is what Atlassian's older description says, "page" what every other page event has.
		"labeled": page, "page": page,
	})
}

func (c *Confluence) tell(event, actor string, payload map[string]any) {
	now := c.site.Now()
	who, _ := c.site.User(actor)
	payload["userAccountId"] = actor
	payload["accountType"] = who.Type
	payload["timestamp"] = now.UnixMilli()
	body, err := json.Marshal(payload)
	if err != nil { // only values that JSON knows go in
		panic("confluence: webhook payload: " + err.Error())
	}
	c.site.Emit(site.Event{Product: "confluence", Name: event, Actor: actor, At: now, Body: body})
}

func (c *Confluence) pagePayload(p *Page) map[string]any {
	space, _ := c.spaceByID(p.SpaceID)
	v := p.Version()
	return map[string]any{
		"id":                    json.Number(p.ID),
		"title":                 p.Title,
		"spaceKey":              space.Key,
		"version":               v.Number,
		"contentType":           "page",
		"creatorAccountId":      p.AuthorID,
		"lastModifierAccountId": v.AuthorID,
		"creationDate":          milli(p.CreatedAt),
		"modificationDate":      milli(v.At),
		"self":                  c.site.BaseURL() + "/wiki" + webUI(space, *p),
	}
}

// moved tells where a page was before.
func (c *Confluence) moved(old *Page) map[string]any {
	more := map[string]any{"oldSpaceKey": ""}
	if s, ok := c.spaceByID(old.SpaceID); ok {
		more["oldSpaceKey"] = s.Key
	}
	if parent, ok := c.pages[old.ParentID]; ok {
		more["oldParent"] = c.pagePayload(parent)
	}
	return more
}

func milli(t time.Time) int64 { return t.UnixMilli() }
