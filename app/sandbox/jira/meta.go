package jira

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
)

func (j *Jira) serverInfo(c *call) (int, any, *Error) {
	base := j.site.BaseURL()
	return http.StatusOK, object{
		"baseUrl": base, "displayUrl": base, "displayUrlConfluence": base + "/wiki", "version": "1001.0.0-SNAPSHOT", "versionNumbers": []int{1001, 0, 0},
		"deploymentType": "Cloud", "buildNumber": 100300, "buildDate": stamp(j.site.Now()), "serverTime": stamp(j.site.Now()),
		"scmInfo": "sandbox", "serverTitle": "Jira", "serverTimeZone": "Etc/UTC",
	}, nil
}

func (j *Jira) listProjects(c *call) (int, any, *Error) {
	out := []any{}
	for _, p := range j.projects {
		out = append(out, c.draw().projectRef(p))
	}
	c.count(len(out), 0)
	return http.StatusOK, out, nil
}

func (j *Jira) searchProjects(c *call) (int, any, *Error) {
	start, size, err := c.window(defaultPage, 100)
	if err != nil {
		return 0, nil, err
	}
	var found []Project
	for _, p := range j.projects {
		q := strings.ToLower(c.query("query"))
		if keys := c.list("keys"); len(keys) > 0 && !containsFold(keys, p.Key) || !strings.Contains(strings.ToLower(p.Name+" "+p.Key), q) {
			continue
		}
		found = append(found, p)
	}
	values := []any{}
	for _, p := range window(found, start, size) {
		drawn := c.draw().projectRef(p)
		drawn["lead"] = c.draw().user(p.Lead)
		values = append(values, drawn)
	}
	c.count(len(values), 0)
	return http.StatusOK, object{
		"self":    c.self("/project/search?startAt=%d&maxResults=%d", start, size),
		"startAt": start, "maxResults": size, "total": len(found), "isLast": start+len(values) >= len(found), "values": values,
	}, nil
}

func containsFold(list []string, s string) bool {
	for _, e := range list {
		if strings.EqualFold(e, s) {
			return true
		}
	}
	return false
}

// projectOf is the project that the path names.
func (c *call) projectOf() (Project, *Error) {
	ref := cmp.Or(c.r.PathValue("projectIdOrKey"), c.r.PathValue("projectKeyOrId"))
	p, ok := c.j.project(ref)
	if !ok {
		return Project{}, refuse(http.StatusNotFound, "No project could be found with key '%s'.", ref)
	}
	return p, nil
}

func (j *Jira) getProject(c *call) (int, any, *Error) {
	p, err := c.projectOf()
	if err != nil {
		return 0, nil, err
	}
	c.count(1, 0)
	return http.StatusOK, c.draw().project(p), nil
}

func (j *Jira) projectComponents(c *call) (int, any, *Error) {
	p, err := c.projectOf()
	if err != nil {
		return 0, nil, err
	}
	out := []any{}
	for _, part := range p.Components {
		out = append(out, c.draw().component(p, part))
	}
	c.count(len(out), 0)
	return http.StatusOK, out, nil
}

func (j *Jira) getComponent(c *call) (int, any, *Error) {
	id := c.r.PathValue("id")
	for _, p := range j.projects {
		for _, part := range p.Components {
			if part.ID == id {
				c.count(1, 0)
				return http.StatusOK, c.draw().component(p, part), nil
			}
		}
	}
	return 0, nil, refuse(http.StatusNotFound, "The component with id %s does not exist.", id)
}

func (j *Jira) projectStatuses(c *call) (int, any, *Error) {
	p, err := c.projectOf()
	if err != nil {
		return 0, nil, err
	}
	out := []any{}
	for _, id := range p.Types {
		t, _ := findType(id)
		list := []any{}
		for _, id := range p.Statuses {
			list = append(list, c.draw().status(id))
		}
		out = append(out, object{"self": c.self("/issuetype/%s", t.ID), "id": t.ID, "name": t.Name, "subtask": t.Subtask, "statuses": list})
	}
	c.count(len(out), 0)
	return http.StatusOK, out, nil
}

func (j *Jira) listTypes(c *call) (int, any, *Error) {
	out := []any{}
	for _, t := range issueTypes() {
		out = append(out, c.draw().issueType(t))
	}
	c.count(len(out), 0)
	return http.StatusOK, out, nil
}

func (j *Jira) listStatuses(c *call) (int, any, *Error) {
	out := []any{}
	for _, s := range statuses() {
		out = append(out, c.draw().status(s.ID))
	}
	c.count(len(out), 0)
	return http.StatusOK, out, nil
}

func (j *Jira) listCategories(c *call) (int, any, *Error) {
	out := []any{c.draw().category("new"), c.draw().category("indeterminate"), c.draw().category("done")}
	c.count(len(out), 0)
	return http.StatusOK, out, nil
}

func (j *Jira) listPriorities(c *call) (int, any, *Error) {
	out := []any{}
	for _, p := range priorities() {
		drawn := c.draw().named("priority", p).(object)
		drawn["description"], drawn["statusColor"] = p.Description, "#ff9f1a"
		out = append(out, drawn)
	}
	c.count(len(out), 0)
	return http.StatusOK, out, nil
}

func (j *Jira) listResolutions(c *call) (int, any, *Error) {
	out := []any{}
	for _, r := range resolutions() {
		out = append(out, c.draw().named("resolution", r))
	}
	c.count(len(out), 0)
	return http.StatusOK, out, nil
}

func fieldName(id string) string {
	switch id {
	case "issuetype":
		return "Issue Type"
	case "duedate":
		return "Due date"
	case "components":
		return "Component/s"
	case "resolutiondate":
		return "Resolved"
	}
	return strings.ToUpper(id[:1]) + id[1:]
}

// schemaOf is the type of a field that can be set, as metadata tells it.
func schemaOf(field string) object {
	kind, items := "string", ""
	switch field {
	case "labels":
		kind, items = "array", "string"
	case "components":
		kind, items = "array", "component"
	case "assignee", "reporter":
		kind = "user"
	case "duedate":
		kind = "date"
	case "issuetype", "project", "priority", "resolution":
		kind = field
	case "parent":
		kind = "issuelink"
	}
	out := object{"type": kind, "system": field}
	if items != "" {
		out["items"] = items
	}
	return out
}

func settable() []string {
	return []string{"project", "issuetype", "summary", "description", "environment", "labels", "components", "priority", "duedate", "assignee", "reporter", "parent"}
}

func (j *Jira) listFields(c *call) (int, any, *Error) {
	out := []any{}
	for _, f := range append(settable(), "status", "resolution", "created", "updated", "resolutiondate", "creator", "comment", "attachment", "security") {
		out = append(out, object{
			"id": f, "key": f, "name": fieldName(f), "custom": false, "orderable": true, "navigable": true, "searchable": true,
			"clauseNames": []string{f}, "schema": schemaOf(f),
		})
	}
	for _, p := range j.projects {
		for _, f := range p.Custom {
			out = append(out, object{
				"id": f.ID, "key": f.ID, "name": f.Name, "custom": true, "orderable": true, "navigable": true, "searchable": true,
				"clauseNames": []string{f.Name}, "schema": f.schema(),
			})
		}
	}
	c.count(len(out), 0)
	return http.StatusOK, out, nil
}

func (d renderer) fieldMeta(p Project, field string, required bool) object {
	out := object{
		"required": required, "schema": schemaOf(field), "name": fieldName(field), "key": field, "hasDefaultValue": field == "priority" || field == "reporter",
		"operations": []string{"set"},
	}
	var allowed []any
	switch field {
	case "resolution":
		for _, r := range resolutions() {
			allowed = append(allowed, d.named("resolution", r))
		}
	case "priority":
		for _, r := range priorities() {
			allowed = append(allowed, d.named("priority", r))
		}
	case "components":
		out["operations"] = []string{"add", "set", "remove"}
		for _, part := range p.Components {
			allowed = append(allowed, object{"self": d.self("/component/%s", part.ID), "id": part.ID, "name": part.Name})
		}
	case "labels":
		out["operations"] = []string{"add", "set", "remove"}
	}
	if allowed != nil {
		out["allowedValues"] = allowed
	}
	return out
}

// metaFields are the fields of a project's create screen for an issue type.
func (d renderer) metaFields(p Project, kind IssueType) (list []object) {
	for _, f := range settable() {
		if d.j.absent(p, f) || f == "parent" && d.v == dc && !kind.Subtask {
			continue
		}
		required := f == "project" || f == "issuetype" || f == "summary"
		for _, r := range p.Required {
			required = required || r == f
		}
		list = append(list, d.fieldMeta(p, f, required))
	}
	for _, c := range p.Custom {
		list = append(list, d.customMeta(c))
	}
	return list
}

// createMeta is the older call that answers for many projects at once.
func (j *Jira) createMeta(c *call) (int, any, *Error) {
	d := c.draw()
	projects := []any{}
	for _, p := range j.projects {
		if keys, ids := c.list("projectKeys"), c.list("projectIds"); len(keys) > 0 && !containsFold(keys, p.Key) || len(ids) > 0 && !containsFold(ids, p.ID) {
			continue
		}
		types := []any{}
		for _, id := range p.Types {
			t, _ := findType(id)
			drawn := d.issueType(t)
			if strings.Contains(c.query("expand"), "projects.issuetypes.fields") {
				fields := object{}
				for _, f := range d.metaFields(p, t) {
					fields[f["key"].(string)] = f
				}
				drawn["fields"] = fields
			}
			types = append(types, drawn)
		}
		ref := d.projectRef(p)
		projects = append(projects, object{"self": ref["self"], "id": p.ID, "key": p.Key, "name": p.Name, "avatarUrls": ref["avatarUrls"], "issuetypes": types})
	}
	c.count(len(projects), 0)
	return http.StatusOK, object{"projects": projects}, nil
}

func (j *Jira) createMetaTypes(c *call) (int, any, *Error) {
	p, err := c.projectOf()
	if err != nil {
		return 0, nil, err
	}
	start, size, err := c.window(defaultPage, 200)
	if err != nil {
		return 0, nil, err
	}
	types := []any{}
	for _, id := range window(p.Types, start, size) {
		t, _ := findType(id)
		types = append(types, c.draw().issueType(t))
	}
	c.count(len(types), 0)
	return http.StatusOK, object{"startAt": start, "maxResults": size, "total": len(p.Types), "issueTypes": types}, nil
}

func (j *Jira) createMetaFields(c *call) (int, any, *Error) {
	p, err := c.projectOf()
	if err != nil {
		return 0, nil, err
	}
	if _, err := strconv.Atoi(c.r.PathValue("issueTypeId")); err != nil || !containsFold(p.Types, c.r.PathValue("issueTypeId")) {
		return 0, nil, refuse(http.StatusNotFound, "The issue type '%s' is not one of the project.", c.r.PathValue("issueTypeId"))
	}
	start, size, err := c.window(defaultPage, 200)
	if err != nil {
		return 0, nil, err
	}
	kind, _ := findType(c.r.PathValue("issueTypeId"))
	all := c.draw().metaFields(p, kind)
	fields := window(all, start, size)
	for _, f := range fields {
		f["fieldId"] = f["key"]
	}
	c.count(len(fields), 0)
	return http.StatusOK, object{"startAt": start, "maxResults": size, "total": len(all), "fields": fields}, nil
}
