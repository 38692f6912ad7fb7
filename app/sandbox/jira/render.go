package jira

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/throughline/throughline/app/sandbox/site"
)

// object is a JSON object of an answer or payload.
type object = map[string]any

// renderer draws things as one version of the REST API shows them to one reader. An e-mail address is shown to its owner and to the
// administrator only, as profile visibility has it by default.
type renderer struct {
	j      *Jira
	v      version
	reader string // account id; empty for payloads
}

func (c *call) draw() renderer { return renderer{c.j, c.v, c.actor.AccountID} }

func (d renderer) self(format string, args ...any) string {
	return selfOf(d.j.site, d.v, format, args...)
}

func (d renderer) user(accountID string) any {
	if accountID == "" {
		return nil
	}
	return d.account(d.j.person(accountID))
}

func (d renderer) account(u site.User) object {
	if d.v == dc {
		return d.dcUser(u)
	}
	avatar := d.j.site.BaseURL() + "/avatar/" + url.PathEscape(u.AccountID)
	out := object{
		"self":      d.j.site.BaseURL() + "/rest/api/" + strconv.Itoa(d.v.number()) + "/user?accountId=" + url.QueryEscape(u.AccountID),
		"accountId": u.AccountID, "accountType": u.Type, "displayName": u.Name, "active": u.Active, "timeZone": "Etc/UTC",
		"avatarUrls": object{"48x48": avatar, "32x32": avatar, "24x24": avatar, "16x16": avatar},
	}
	if u.Email != "" && (u.AccountID == d.reader || d.j.may(d.reader, Project{}, administer)) {
		out["emailAddress"] = u.Email
	}
	return out
}

func (d renderer) status(id string) object {
	s, _ := findStatus(id)
	out := object{
		"self": d.self("/status/%s", s.ID), "id": s.ID, "name": s.Name, "description": s.Description,
		"iconUrl": d.j.site.BaseURL() + "/", "statusCategory": d.category(s.Category),
	}
	return d.scoped(out, func(p Project) []string { return p.Statuses }, id)
}

// scoped says of what belongs to one team-managed project whose it is.
func (d renderer) scoped(out object, of func(Project) []string, id string) object {
	if p, ok := d.j.owner(of, id); ok {
		out["scope"] = object{"type": "PROJECT", "project": object{"id": p.ID}}
	}
	return out
}

func (d renderer) category(key string) object {
	id, name, colour := 2, "To Do", "blue-gray"
	switch key {
	case "indeterminate":
		id, name, colour = 4, "In Progress", "yellow"
	case "done":
		id, name, colour = 3, "Done", "green"
	}
	return object{"self": d.self("/statuscategory/%d", id), "id": id, "key": key, "colorName": colour, "name": name}
}

func (d renderer) issueType(t IssueType) object {
	out := object{
		"self": d.self("/issuetype/%s", t.ID), "id": t.ID, "name": t.Name, "description": t.Description, "subtask": t.Subtask,
		"iconUrl": d.j.site.BaseURL() + "/", "hierarchyLevel": t.Level,
	}
	if d.v == dc { // which tells no levels
		delete(out, "hierarchyLevel")
	}
	return d.scoped(out, func(p Project) []string { return p.Types }, t.ID)
}

func (d renderer) named(kind string, n named) any {
	if n.ID == "" {
		return nil
	}
	out := object{"self": d.self("/"+kind+"/%s", n.ID), "id": n.ID, "name": n.Name}
	if kind == "resolution" {
		out["description"] = n.Description
	} else {
		out["iconUrl"] = d.j.site.BaseURL() + "/"
	}
	return out
}

func (d renderer) component(p Project, c Component) object {
	number, _ := strconv.Atoi(p.ID)
	out := object{
		"self": d.self("/component/%s", c.ID), "id": c.ID, "name": c.Name, "description": c.Description, "project": p.Key, "projectId": number,
		"assigneeType": "PROJECT_DEFAULT", "realAssigneeType": "PROJECT_DEFAULT", "isAssigneeTypeValid": true,
	}
	if c.Lead != "" {
		out["lead"] = d.user(c.Lead)
	}
	return out
}

func (d renderer) projectRef(p Project) object {
	avatar := d.j.site.BaseURL() + "/avatar/" + p.Key
	return object{
		"self": d.self("/project/%s", p.ID), "id": p.ID, "key": p.Key, "name": p.Name, "projectTypeKey": "software", "simplified": p.TeamManaged,
		"avatarUrls": object{"48x48": avatar, "32x32": avatar, "24x24": avatar, "16x16": avatar},
	}
}

func (d renderer) project(p Project) object {
	out := d.projectRef(p)
	out["description"], out["lead"], out["assigneeType"] = p.Description, d.user(p.Lead), "UNASSIGNED"
	style := "classic"
	if p.TeamManaged {
		style = "next-gen"
	}
	out["style"], out["isPrivate"], out["versions"], out["roles"], out["properties"] = style, false, []any{}, object{}, object{}
	components := []any{}
	for _, c := range p.Components {
		components = append(components, d.component(p, c))
	}
	types := []any{}
	for _, id := range p.Types {
		t, _ := findType(id)
		types = append(types, d.issueType(t))
	}
	out["components"], out["issueTypes"] = components, types
	return out
}

// issue draws an issue with the fields that keep selects; nil keeps all.
func (d renderer) issue(r *record, keep func(field string) bool) object {
	fields := d.fields(r)
	for name := range fields {
		if keep != nil && !keep(name) {
			delete(fields, name)
		}
	}
	return object{"id": decimal(r.ID), "key": r.Key, "self": d.self("/issue/%d", r.ID), "fields": fields}
}

func (d renderer) fields(r *record) object {
	p, _ := d.j.project(r.Project)
	kind, _ := findType(r.Type)
	priority, _ := findNamed(priorities(), r.Priority)
	resolution, _ := findNamed(resolutions(), r.Resolution)
	components := []any{}
	for _, id := range r.Components {
		c, _ := p.component(id)
		components = append(components, object{"self": d.self("/component/%s", c.ID), "id": c.ID, "name": c.Name, "description": c.Description})
	}
	comments := []any{}
	for _, c := range r.Comments {
		comments = append(comments, d.comment(r, c))
	}
	files := []any{}
	for _, a := range r.Attachments {
		files = append(files, d.attachment(a))
	}
	out := object{
		"summary": r.Summary, "description": r.Description.render(d.v), "environment": r.Environment.render(d.v),
		"project": d.projectRef(p), "issuetype": d.issueType(kind), "status": d.status(r.Status),
		"statusCategory": d.status(r.Status)["statusCategory"], "statuscategorychangedate": stamp(r.Categorised),
		"priority": d.named("priority", priority), "resolution": d.named("resolution", resolution), "resolutiondate": nil,
		"labels": append([]string{}, r.Labels...), "components": components, "duedate": nil,
		"assignee": d.user(r.Assignee), "reporter": d.user(r.Reporter), "creator": d.user(r.Creator),
		"created": stamp(r.Created), "updated": stamp(r.Updated), "fixVersions": []any{}, "versions": []any{}, "issuelinks": []any{},
		"subtasks": []any{}, "attachment": files, "security": nil,
		"comment": object{
			"comments": comments, "self": d.self("/issue/%d/comment", r.ID), "maxResults": len(comments), "total": len(comments), "startAt": 0,
		},
	}
	if !r.Resolved.IsZero() {
		out["resolutiondate"] = stamp(r.Resolved)
	}
	if r.DueDate != "" {
		out["duedate"] = r.DueDate
	}
	for _, c := range p.Custom {
		out[c.ID] = d.custom(c, r.Custom[c.ID])
	}
	if l, ok := p.level(r.Security); ok {
		out["security"] = d.level(l)
	}
	if r.Parent != "" {
		out["parent"] = object{"id": r.ParentID, "key": r.Parent, "self": d.self("/issue/%s", r.ParentID)}
	}
	return out
}

func (d renderer) comment(r *record, c comment) object {
	out := object{
		"self": d.self("/issue/%d/comment/%d", r.ID, c.ID), "id": decimal(c.ID), "author": d.user(c.Author), "updateAuthor": d.user(c.Editor),
		"body": c.Body.render(d.v), "created": stamp(c.Created), "updated": stamp(c.Updated), "jsdPublic": true,
	}
	if !isNull(c.Visible) {
		out["visibility"] = c.Visible
	}
	return out
}

func (c *call) comment(r *record, m comment) object { return c.draw().comment(r, m) }

func (c *call) comments(r *record, list []comment) []any {
	out := make([]any, len(list))
	for i, m := range list {
		out[i] = c.comment(r, m)
	}
	return out
}

func (d renderer) change(h change) object {
	return object{"id": decimal(h.ID), "author": d.user(h.Author), "created": stamp(h.At), "items": d.items(h.Items)}
}

// items are what a change did. Data Center names people by user key in them.
func (d renderer) items(all []item) []item {
	if d.v != dc {
		return all
	}
	out := slices.Clone(all)
	for i := range out {
		if out[i].Field == "assignee" || out[i].Field == "reporter" {
			out[i].From, out[i].To = d.j.userKey(out[i].From), d.j.userKey(out[i].To)
		}
	}
	return out
}

// maxExpanded is how many changes come with an issue; who wants more reads its changelog.
const maxExpanded = 40

// changelog draws the newest changes first, as expand=changelog does: no more than maxExpanded, with how many there are.
func (d renderer) changelog(r *record) object {
	histories := []any{}
	for _, h := range slices.Backward(r.History) {
		if len(histories) == maxExpanded && d.v != dc {
			break
		}
		histories = append(histories, d.change(h))
	}
	return object{"startAt": 0, "maxResults": len(histories), "total": len(r.History), "histories": histories}
}

func (d renderer) transition(t Transition) object {
	return object{
		"id": t.ID, "name": t.Name, "to": d.status(t.To.ID), "hasScreen": len(t.Required) > 0, "isGlobal": t.Global, "isInitial": false,
		"isAvailable": true, "isConditional": false, "looped": false,
	}
}
