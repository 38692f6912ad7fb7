package jira

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
)

const maxFetch = 100 // issues of one bulk fetch

// postBulkFetch reads many issues at once, in the order of their ids. Those that are not there, or that the caller does not see, are left
// out, and are no errors.
func (j *Jira) postBulkFetch(c *call) (int, any, *Error) {
	var in struct {
		IssueIDsOrKeys []string `json:"issueIdsOrKeys"`
		Fields         []string `json:"fields"`
		Properties     []string `json:"properties"`
		Expand         []string `json:"expand"`
	}
	if err := c.body(&in); err != nil {
		return 0, nil, err
	}
	switch n := len(in.IssueIDsOrKeys); {
	case n == 0 || n > maxFetch:
		return 0, nil, refuse(http.StatusBadRequest, "issueIdsOrKeys takes 1 to %d issues, but %d were sent.", maxFetch, n)
	case len(in.Properties) > maxProperties:
		return 0, nil, refuse(http.StatusBadRequest, "properties takes at most %d keys.", maxProperties)
	}
	if len(in.Fields) == 0 {
		in.Fields = []string{"*navigable"}
	}
	d := c.draw()
	var found []*record
	sees := j.eyes(c.actor.AccountID)
	for _, ref := range in.IssueIDsOrKeys {
		if r, ok := j.get(ref); ok && sees(r) && !slices.Contains(found, r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *record) int { return cmp.Compare(a.ID, b.ID) })
	issues := []any{}
	for _, r := range found {
		out := d.issue(r, selector(in.Fields))
		d.expand(out, r, in.Expand, in.Properties)
		issues = append(issues, out)
	}
	c.count(len(issues), 0)
	return http.StatusOK, object{"issues": issues, "issueErrors": []any{}}, nil
}

// bulkUsers finds accounts by their ids; those that are not there are left out.
func (j *Jira) bulkUsers(c *call) (int, any, *Error) {
	ids := c.r.URL.Query()["accountId"]
	if len(ids) == 0 {
		return 0, nil, refuse(http.StatusBadRequest, "The 'accountId' query parameter must be set.")
	}
	var found []user
	for _, u := range j.site.Users() {
		if slices.Contains(ids, u.AccountID) {
			found = append(found, u)
		}
	}
	d := c.draw()
	return page(c, found, 10, 200, "/user/bulk", func(u user) any { c.count(0, 1); return d.account(u) })
}

// listLabels are all labels in use, sorted.
func (j *Jira) listLabels(c *call) (int, any, *Error) {
	_, labels := j.Count()
	return page(c, slices.Sorted(maps.Keys(labels)), 1000, 1000, "/label", func(l string) any { c.count(1, 0); return l })
}

func (j *Jira) pageComponents(c *call) (int, any, *Error) {
	p, err := c.projectOf()
	if err != nil {
		return 0, nil, err
	}
	used := map[string]int{}
	for _, r := range j.all() {
		for _, id := range r.Components {
			used[id]++
		}
	}
	return page(c, p.Components, 50, 50, "/project/"+p.Key+"/component", func(part Component) any {
		c.count(1, 0)
		out := c.draw().component(p, part)
		out["issueCount"] = used[part.ID]
		return out
	})
}

// page answers with the part of a list that startAt and maxResults choose, in the frame that newer calls use.
func page[T any](c *call, list []T, absent, limit int, path string, draw func(T) any) (int, any, *Error) {
	start, size, err := c.window(absent, limit)
	if err != nil {
		return 0, nil, err
	}
	values := []any{}
	for _, v := range window(list, start, size) {
		values = append(values, draw(v))
	}
	return http.StatusOK, object{
		"self": c.self(path+"?startAt=%d&maxResults=%d", start, size), "startAt": start, "maxResults": size, "total": len(list),
		"isLast": start+len(values) >= len(list), "values": values,
	}, nil
}

// getEditMeta are the fields that can be edited.
func (j *Jira) getEditMeta(c *call) (int, any, *Error) {
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	if err := j.mayEdit(c.actor.AccountID, r); err != nil {
		return 0, nil, err
	}
	p, _ := j.project(r.Project)
	fields := object{}
	kind, _ := findType(r.Type)
	for _, f := range c.draw().metaFields(p, kind) {
		if f["key"] != "project" {
			fields[f["key"].(string)] = f
		}
	}
	c.count(len(fields), 0)
	return http.StatusOK, object{"fields": fields}, nil
}
