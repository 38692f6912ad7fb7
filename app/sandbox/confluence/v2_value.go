package confluence

import (
	"net/http"
	"strconv"

	"github.com/throughline/throughline/app/sandbox/site"
)

// bodyFormat is the representation in which the request wants bodies: "storage" or, where it wants none, "".
func bodyFormat(r *http.Request) (string, error) {
	switch f := r.URL.Query().Get("body-format"); f {
	case "", "storage":
		return f, nil
	case "atlas_doc_format", "view", "export_view", "anonymous_export_view", "styled_view", "editor":
		return "", badRequest("This sandbox gives bodies in the format storage only, not %s", f)
	default:
		return "", badRequest("Provided value {%s} for 'body-format' is not one of the known formats", f)
	}
}

// v2Single is a page as GET /pages/{id} gives it, v2Bulk as it stands in lists. The two differ in what may be asked to be included.
func (c *Confluence) v2Single(p Page, v Version, format string) map[string]any {
	body := map[string]any{}
	if format != "" {
		body[format] = map[string]any{"representation": format, "value": v.Body}
	}
	status := string(p.Status)
	if v.Number != p.Version().Number {
		status = "historical"
	}
	out := map[string]any{
		"id": p.ID, "status": status, "title": v.Title, "spaceId": p.SpaceID,
		"position": position(p.ID), "authorId": p.AuthorID, "ownerId": p.OwnerID, "lastOwnerId": nil,
		"createdAt": stamp(p.CreatedAt), "version": v2VersionValue(v), "body": body, "_links": c.pageLinks(p),
	}
	if p.ParentID != "" {
		out["parentId"], out["parentType"] = p.ParentID, "page"
	}
	return out
}

func (c *Confluence) v2Bulk(p Page, v Version, format string) map[string]any {
	out := c.v2Single(p, v, format)
	links := out["_links"].(map[string]string)
	delete(links, "base") // the list has it
	return out
}

// position is a page's place among its siblings; pages made later come later.
func position(id string) int {
	n, _ := strconv.Atoi(id)
	return n - firstID
}

func v2VersionValue(v Version) any {
	return map[string]any{
		"number": v.Number, "message": v.Message, "minorEdit": v.Minor, "authorId": v.AuthorID, "createdAt": stamp(v.At),
	}
}

func v2Label(l Label) any { return map[string]any{"id": l.ID, "prefix": l.Prefix, "name": l.Name} }

func v2PropertyValue(p Property) any {
	return map[string]any{
		"id": p.ID, "key": p.Key, "value": p.Value,
		"version": v2VersionValue(Version{Number: p.Number, Message: p.Message, AuthorID: p.AuthorID, At: p.At}),
	}
}

func (c *Confluence) v2SpaceValue(s Space) map[string]any {
	out := map[string]any{
		"id": s.ID, "key": s.Key, "name": s.Name, "type": "global", "status": "current", "authorId": s.AuthorID,
		"createdAt": stamp(s.CreatedAt), "currentActiveAlias": s.Key,
		"_links": map[string]string{"webui": "/spaces/" + s.Key},
	}
	if s.HomepageID != "" {
		out["homepageId"] = s.HomepageID
	}
	return out
}

func v2User(u site.User) any {
	status := "active"
	if !u.Active {
		status = "inactive"
	}
	return map[string]any{
		"accountId": u.AccountID, "accountType": u.Type, "accountStatus": status,
		"displayName": u.Name, "publicName": u.Name, "email": u.Email, "timeZone": "UTC", "isExternalCollaborator": false,
		"profilePicture": map[string]any{"path": "/wiki/aa-avatar/" + u.AccountID, "isDefault": true},
	}
}

// included is a list inside another answer.
func included[T any](all []T, render func(T) any) any {
	results := []any{}
	for _, item := range all {
		results = append(results, render(item))
	}
	return map[string]any{"results": results, "meta": map[string]any{"hasMore": false}, "_links": map[string]any{}}
}
