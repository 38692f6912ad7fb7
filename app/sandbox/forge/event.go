package forge

import (
	"encoding/json"
	"time"

	"github.com/throughline/throughline/app/sandbox/site"
)

// The products.
const (
	Jira       = "jira"
	Confluence = "confluence"
)

// names are Forge's names of what the products tell. Labels and issue properties have none that the sandbox sends, and that a comment
// was edited Forge does not tell.
var names = map[string]string{
	"page_created":       "avi:confluence:created:page",
	"page_updated":       "avi:confluence:updated:page",
	"page_moved":         "avi:confluence:moved:page",
	"page_trashed":       "avi:confluence:trashed:page",
	"page_restored":      "avi:confluence:restored:page",
	"page_removed":       "avi:confluence:deleted:page",
	"page_archived":      "avi:confluence:archived:page",
	"page_unarchived":    "avi:confluence:unarchived:page",
	"jira:issue_created": "avi:jira:created:issue",
	"jira:issue_updated": "avi:jira:updated:issue",
	"jira:issue_deleted": "avi:jira:deleted:issue",
	"comment_created":    "avi:jira:commented:issue",
	"comment_deleted":    "avi:jira:deleted:comment",
}

// translate gives an event the shape that Forge's triggers have; an empty name when there is none.
func translate(e site.Event) (string, map[string]any) {
	name := names[e.Name]
	if name == "" {
		return "", nil
	}
	if e.Product == Confluence {
		return name, page(name, e)
	}
	var in struct {
		Issue     json.RawMessage `json:"issue"`
		Changelog json.RawMessage `json:"changelog"`
		Comment   json.RawMessage `json:"comment"`
	}
	if json.Unmarshal(e.Body, &in) != nil {
		return "", nil
	}
	out := map[string]any{"eventType": name, "atlassianId": e.Actor, "issue": in.Issue, "timestamp": e.At.UnixMilli()}
	if in.Changelog != nil {
		out["changelog"] = in.Changelog
	}
	if in.Comment != nil {
		out["comment"] = in.Comment
	}
	return name, out
}

// page draws the content of a page's event. Persons are account ids; there is no body.
func page(name string, e site.Event) map[string]any {
	var in struct {
		Page struct {
			ID       json.Number `json:"id"`
			Title    string      `json:"title"`
			Space    string      `json:"spaceKey"`
			Version  int         `json:"version"`
			Creator  string      `json:"creatorAccountId"`
			Modifier string      `json:"lastModifierAccountId"`
			Created  int64       `json:"creationDate"`
			Modified int64       `json:"modificationDate"`
		} `json:"page"`
	}
	_ = json.Unmarshal(e.Body, &in) // the sandbox's own
	status := "current"
	switch e.Name {
	case "page_trashed", "page_removed":
		status = "trashed"
	case "page_archived":
		status = "archived"
	}
	when := func(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
	p := in.Page
	return map[string]any{
		"eventType": name, "atlassianId": e.Actor, "eventCreatedDate": e.At.UTC().Format("2006-01-02T15:04:05.000Z"), "suppressNotifications": false,
		"content": map[string]any{
			"id": p.ID.String(), "type": "page", "status": status, "title": p.Title, "space": map[string]any{"key": p.Space},
			"history": map[string]any{"createdBy": p.Creator, "createdDate": when(p.Created)},
			"version": map[string]any{"by": p.Modifier, "when": when(p.Modified), "number": p.Version},
		},
	}
}
