package jira

import (
	"net/http"
	"slices"
	"strings"
)

func (j *Jira) getMyself(c *call) (int, any, *Error) {
	out := c.draw().account(c.actor)
	out["locale"] = "en_US"
	out["groups"], out["applicationRoles"] = object{"size": 0, "items": []any{}}, object{"size": 0, "items": []any{}}
	c.count(0, 1)
	return http.StatusOK, out, nil
}

func (j *Jira) getUser(c *call) (int, any, *Error) {
	id := c.query("accountId")
	if id == "" {
		return 0, nil, refuse(http.StatusBadRequest, "The query parameter 'accountId' must be set.")
	}
	u, ok := j.site.User(id)
	if !ok {
		return 0, nil, refuse(http.StatusNotFound, "Specified user does not exist or you do not have required permissions")
	}
	c.count(0, 1)
	return http.StatusOK, c.draw().account(u), nil
}

func (j *Jira) searchUsers(c *call) (int, any, *Error) {
	if c.query("query") == "" && c.query("accountId") == "" && c.query("property") == "" {
		return 0, nil, refuse(http.StatusBadRequest, "One of the 'query', 'accountId' or 'property' parameters must be set.")
	}
	return c.people(j.site.Users())
}

func (j *Jira) searchAssignable(c *call) (int, any, *Error) {
	var p Project
	var ok bool
	switch {
	case c.query("project") != "":
		if p, ok = j.project(c.query("project")); !ok {
			return 0, nil, refuse(http.StatusNotFound, "No project could be found with key '%s'.", c.query("project"))
		}
	case c.query("issueKey") != "" || c.query("issueId") != "":
		r, found := j.get(c.query("issueKey") + c.query("issueId"))
		if !found || !j.sees(c.actor.AccountID, r) {
			return 0, nil, j.noIssue()
		}
		p, _ = j.project(r.Project)
	default:
		return 0, nil, refuse(http.StatusBadRequest, "One of the 'project', 'issueKey' or 'issueId' parameters must be set.")
	}
	return c.people(j.assignable(p))
}

// multiProjectSearch finds those who can be given the issues of every one of the projects.
func (j *Jira) searchMultiProject(c *call) (int, any, *Error) {
	keys := c.list("projectKeys")
	if len(keys) == 0 {
		return 0, nil, refuse(http.StatusBadRequest, "The 'projectKeys' parameter must be set.")
	}
	out := j.site.Users()
	for _, key := range keys {
		p, ok := j.project(key)
		if !ok {
			return 0, nil, refuse(http.StatusNotFound, "No project could be found with key '%s'.", key)
		}
		able := j.assignable(p)
		out = slices.DeleteFunc(out, func(u user) bool { return !slices.Contains(able, u) })
	}
	return c.people(out)
}

// people answers with those whom query and accountId select: a query is the beginning of a word of the name, or of the address.
func (c *call) people(from []user) (int, any, *Error) {
	start, size, err := c.window(defaultPage, 1000)
	if err != nil {
		return 0, nil, err
	}
	query, id := strings.ToLower(c.query("query")), c.query("accountId")
	d := c.draw()
	found := slices.DeleteFunc(slices.Clone(from), func(u user) bool {
		if id != "" && u.AccountID != id {
			return true
		}
		name := strings.ToLower(u.Name)
		return query != "" && !strings.HasPrefix(name, query) && !strings.Contains(name, " "+query) && !strings.HasPrefix(strings.ToLower(u.Email), query)
	})
	out := []any{}
	for _, u := range window(found, start, size) {
		out = append(out, d.account(u))
	}
	c.count(0, len(out))
	return http.StatusOK, out, nil
}

func (j *Jira) myPermissions(c *call) (int, any, *Error) {
	asked := c.list("permissions")
	if len(asked) == 0 {
		return 0, nil, refuse(http.StatusBadRequest, "The 'permissions' query parameter is required.")
	}
	var p Project
	switch {
	case c.query("projectKey") != "" || c.query("projectId") != "":
		var ok bool
		if p, ok = j.project(c.query("projectKey") + c.query("projectId")); !ok {
			return 0, nil, refuse(http.StatusNotFound, "No project could be found with key '%s'.", c.query("projectKey")+c.query("projectId"))
		}
	case c.query("issueKey") != "" || c.query("issueId") != "":
		r, ok := j.get(c.query("issueKey") + c.query("issueId"))
		if !ok || !j.sees(c.actor.AccountID, r) {
			return 0, nil, j.noIssue()
		}
		p, _ = j.project(r.Project)
	}
	out := object{}
	for i, known := range permissions() {
		if !slices.Contains(asked, known.Key) {
			continue
		}
		kind := "PROJECT"
		if known.Key == administer {
			kind = "GLOBAL"
		}
		out[known.Key] = object{
			"id": decimal(int64(10 + i)), "key": known.Key, "name": known.Name, "type": kind, "description": known.Description,
			"havePermission": j.may(c.actor.AccountID, p, known.Key),
		}
	}
	for _, key := range asked {
		if _, ok := out[key]; !ok {
			return 0, nil, refuse(http.StatusBadRequest, "Unrecognized permission: %s", key)
		}
	}
	c.count(0, len(out))
	return http.StatusOK, object{"permissions": out}, nil
}
