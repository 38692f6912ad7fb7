package jira

import (
	"net/http"
	"slices"
	"strings"
)

const maxBulk = 50 // issues that one bulk create takes

func (c *call) created(r *record) object {
	return object{"id": decimal(r.ID), "key": r.Key, "self": c.self("/issue/%d", r.ID)}
}

func (j *Jira) postIssue(c *call) (int, any, *Error) {
	var u issueUpdate
	if err := c.body(&u); err != nil {
		return 0, nil, err
	}
	r, err := j.create(c.actor.AccountID, c.v, u)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.created(r), nil
}

// postBulk creates what can be created and reports the rest by its place in the call; 400 when nothing could be.
func (j *Jira) postBulk(c *call) (int, any, *Error) {
	var in struct {
		IssueUpdates []issueUpdate `json:"issueUpdates"`
	}
	if err := c.body(&in); err != nil {
		return 0, nil, err
	}
	if n := len(in.IssueUpdates); n == 0 || n > maxBulk {
		return 0, nil, refuse(http.StatusBadRequest, "The number of issues to create must be between 1 and %d, but %d were sent.", maxBulk, n)
	}
	issues, errs := []any{}, []any{}
	for i, u := range in.IssueUpdates {
		r, err := j.create(c.actor.AccountID, c.v, u)
		if err != nil {
			errs = append(errs, object{"status": err.Status, "elementErrors": err, "failedElementNumber": i})
			continue
		}
		issues = append(issues, c.created(r))
	}
	status := http.StatusCreated
	if len(issues) == 0 {
		status = http.StatusBadRequest
	}
	return status, object{"issues": issues, "errors": errs}, nil
}

func (j *Jira) getIssue(c *call) (int, any, *Error) {
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	d := c.draw()
	fields := c.list("fields")
	if len(fields) == 0 {
		fields = []string{"*all"}
	}
	out := d.issue(r, selector(fields))
	out["expand"] = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
	d.expand(out, r, c.list("expand"), c.list("properties"))
	c.count(1, 0)
	return http.StatusOK, out, nil
}

// expand adds what a call asks for beside the fields.
func (d renderer) expand(out object, r *record, expand, properties []string) {
	if slices.Contains(expand, "changelog") {
		out["changelog"] = d.changelog(r)
	}
	if slices.Contains(expand, "transitions") {
		list := []any{}
		p, _ := d.j.project(r.Project)
		for _, t := range p.transitions(r.Status) {
			list = append(list, d.transition(t))
		}
		out["transitions"] = list
	}
	if slices.Contains(expand, "renderedFields") {
		out["renderedFields"] = object{
			"description": r.Description.html(d.j.name), "environment": r.Environment.html(d.j.name),
		}
	}
	if slices.Contains(expand, "names") {
		names := object{}
		p, _ := d.j.project(r.Project)
		for f := range d.fields(r) {
			names[f] = fieldName(f)
			if c, ok := p.custom(f); ok {
				names[f] = c.Name
			}
		}
		out["names"] = names
	}
	if len(properties) > 0 {
		found := object{}
		for key, value := range r.Properties {
			if slices.Contains(properties, key) || slices.Contains(properties, "*all") {
				found[key] = value
			}
		}
		out["properties"] = found
	}
}

// selector reads a fields parameter: names, *all, *navigable, and names to leave out after a minus.
func selector(fields []string) func(string) bool {
	all := slices.Contains(fields, "*all")
	navigable := slices.Contains(fields, "*navigable")
	return func(name string) bool {
		switch {
		case slices.Contains(fields, "-"+name):
			return false
		case all, slices.Contains(fields, name):
			return true
		case navigable:
			return name != "comment" && name != "attachment"
		case name == "statusCategory": // Jira adds it to no answer that does not ask for it
			return false
		}
		return len(fields) > 0 && !slices.ContainsFunc(fields, func(f string) bool { return !strings.HasPrefix(f, "-") })
	}
}

func (j *Jira) putIssue(c *call) (int, any, *Error) {
	var u issueUpdate
	if err := c.body(&u); err != nil {
		return 0, nil, err
	}
	if len(u.Fields)+len(u.Update)+len(u.Properties) == 0 {
		return 0, nil, refuse(http.StatusBadRequest, "one of 'fields' or 'update' required")
	}
	r, err := j.edit(c.actor.AccountID, c.v, c.r.PathValue("issueIdOrKey"), u)
	if err != nil {
		return 0, nil, err
	}
	if c.query("returnIssue") == "true" {
		return http.StatusOK, c.draw().issue(r, selector([]string{"*all"})), nil
	}
	return http.StatusNoContent, nil, nil
}

func (j *Jira) deleteIssue(c *call) (int, any, *Error) {
	return http.StatusNoContent, nil, j.remove(c.actor.AccountID, c.r.PathValue("issueIdOrKey"))
}

func (j *Jira) putAssignee(c *call) (int, any, *Error) {
	var to ref
	if err := c.body(&to); err != nil {
		return 0, nil, err
	}
	_, err := j.assign(c.actor.AccountID, c.r.PathValue("issueIdOrKey"), to.AccountID)
	return http.StatusNoContent, nil, err
}

func (j *Jira) listTransitions(c *call) (int, any, *Error) {
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	d := c.draw()
	list := []any{}
	p, _ := j.project(r.Project)
	for _, t := range p.transitions(r.Status) {
		if id := c.query("transitionId"); id != "" && id != t.ID {
			continue
		}
		drawn := d.transition(t)
		if slices.Contains(c.list("expand"), "transitions.fields") {
			fields := object{}
			for _, f := range t.Required {
				fields[f] = d.fieldMeta(Project{}, f, true)
			}
			drawn["fields"] = fields
		}
		list = append(list, drawn)
	}
	c.count(len(list), 0)
	return http.StatusOK, object{"expand": "transitions", "transitions": list}, nil
}

func (j *Jira) postTransition(c *call) (int, any, *Error) {
	var u issueUpdate
	if err := c.body(&u); err != nil {
		return 0, nil, err
	}
	err := j.transition(c.actor.AccountID, c.v, c.r.PathValue("issueIdOrKey"), u)
	return http.StatusNoContent, nil, err
}

func (j *Jira) getChangelog(c *call) (int, any, *Error) {
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	start, size, err := c.window(100, 100)
	if err != nil {
		return 0, nil, err
	}
	d := c.draw()
	values := []any{}
	for _, h := range window(r.History, start, size) {
		values = append(values, d.change(h))
	}
	c.count(len(values), 0)
	return http.StatusOK, object{
		"self":    c.self("/issue/%s/changelog?startAt=%d&maxResults=%d", r.Key, start, size),
		"startAt": start, "maxResults": size, "total": len(r.History), "isLast": start+size >= len(r.History), "values": values,
	}, nil
}
