package jira

import (
	"net/http"
	"slices"
	"strconv"
)

// moveTo brings an issue into another project, as people do by a dialog: it gets a key there, and what the project has not it loses. Its
// id stays, and its former keys lead to it.
func (j *Jira) moveTo(actor, ref, project string) *Error {
	_, err := j.alter(actor, ref, func(r *record) ([]item, *Error) {
		from, _ := j.project(r.Project)
		to, ok := j.project(project)
		switch {
		case !ok || to.Key == from.Key:
			return nil, refuseField("project", "Specify a valid project ID or key")
		case !j.may(actor, from, moveIssues) || !j.may(actor, to, createIssues):
			return nil, refuse(http.StatusForbidden, "You do not have permission to move this issue into %s.", to.Name)
		}
		if needs := to.needs(); len(needs) > 0 {
			return nil, refuseField(needs[0], "%s", to.missing(needs[0]))
		}
		was := r.Key
		j.state.Serial[to.Key]++
		r.Project, r.Key = to.Key, to.Key+"-"+strconv.FormatInt(j.state.Serial[to.Key], 10)
		if j.state.Moved == nil {
			j.state.Moved = map[string]string{}
		}
		j.state.Moved[was] = decimal(r.ID)
		items := renamed(changed("project", from.ID, from.Name, to.ID, to.Name), "project")
		items = append(items, renamed(changed("issuekey", "", was, "", r.Key), "Key")...)
		return append(items, j.fit(r, from, to)...), nil
	}, j.tellChange(actor, "issue_moved"))
	return err
}

// fit makes an issue one of a project's: with a type and a status that it has, and without what was the other project's.
func (j *Jira) fit(r *record, from, to Project) []item {
	var items []item
	if !slices.Contains(to.Types, r.Type) {
		was, _ := findType(r.Type)
		is, _ := findType(to.Types[max(slices.IndexFunc(to.Types, func(id string) bool {
			t, _ := findType(id)
			return t.Name == was.Name || t.Level == 0 && !t.Subtask
		}), 0)])
		r.Type = is.ID
		items = append(items, changed("issuetype", was.ID, was.Name, is.ID, is.Name)...)
	}
	if !slices.Contains(to.Statuses, r.Status) {
		was, _ := findStatus(r.Status)
		is, _ := findStatus(to.Statuses[max(slices.IndexFunc(to.Statuses, func(id string) bool {
			s, _ := findStatus(id)
			return s.Category == was.Category
		}), 0)])
		r.Status = is.ID
		items = append(items, changed("status", was.ID, was.Name, is.ID, is.Name)...)
	}
	if !slices.ContainsFunc(j.assignable(to), func(u user) bool { return u.AccountID == r.Assignee }) && r.Assignee != "" {
		items = append(items, changed("assignee", r.Assignee, j.name(r.Assignee), "", "")...)
		r.Assignee = ""
	}
	for _, id := range r.Components {
		c, _ := from.component(id)
		items = append(items, renamed(changed("components", id, c.Name, "", ""), "Component")...)
	}
	if l, ok := from.level(r.Security); ok {
		items = append(items, changed("security", l.ID, l.Name, "", "")...)
	}
	if r.Parent != "" {
		items = append(items, renamed(changed("parent", r.ParentID, r.Parent, "", ""), "Parent")...)
	}
	r.Components, r.Custom, r.Security, r.Parent, r.ParentID = nil, nil, "", "", ""
	return items
}

// needs are the fields that creating an issue of the project needs, beside those that every issue has.
func (p Project) needs() []string {
	out := slices.Clone(p.Required)
	for _, c := range p.Custom {
		if c.Required {
			out = append(out, c.ID)
		}
	}
	return out
}
