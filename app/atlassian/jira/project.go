package jira

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// User is a person, or an app.
type User struct {
	AccountID string // on Data Center the username
	Name      string
	Active    bool
	Kind      string // "atlassian" for people, "app", "customer"; empty where the site does not say
}

// Answers reports whether somebody can be answerable for work: an active person, and no app or portal customer.
func (u User) Answers() bool { return u.Active && (u.Kind == "" || u.Kind == "atlassian") }

// Project is a project with the issue types that it has.
type Project struct {
	ID         string
	Key        string
	Name       string
	Lead       User
	IssueTypes []IssueType
}

// IssueType is one issue type of a project.
type IssueType struct {
	ID      string
	Name    string
	Subtask bool
	Level   int // CreateTypes on Cloud only: -1 subtasks, 0 tasks and their like, 1 epics
}

type wireType struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Subtask bool   `json:"subtask"`
	Level   int    `json:"hierarchyLevel"`
}

type createTypes struct {
	Cloud      []wireType `json:"issueTypes"`
	DataCenter []wireType `json:"values"`
}

func (w *createTypes) price() int { return (len(w.Cloud) + len(w.DataCenter)) * outbound.ObjectPrice }

// CreateTypes lists the issue types that the client's account can create issues of in a project; at most 200.
func (c *Client) CreateTypes(ctx context.Context, project string) ([]IssueType, error) {
	seg, err := segment(project)
	if err != nil {
		return nil, err
	}
	var w createTypes
	if err := c.call(ctx, http.MethodGet, "rest/api/2/issue/createmeta/"+seg+"/issuetypes?maxResults=200", nil, &w); err != nil {
		return nil, fault.Wrap(err, "read which issue types project %s has", project)
	}
	var out []IssueType
	for _, t := range append(w.Cloud, w.DataCenter...) {
		out = append(out, IssueType(t))
	}
	return out, nil
}

// Component is a part of a project. Its Lead is zero when nobody leads it.
type Component struct {
	ID   string
	Name string
	Lead User
}

// Project reads a project by key or id. fault.NotFound when there is none that the app may see.
func (c *Client) Project(ctx context.Context, key string) (Project, error) {
	seg, err := segment(key)
	if err != nil {
		return Project{}, err
	}
	var w gojira.Project
	if err := c.call(ctx, http.MethodGet, "rest/api/2/project/"+seg, nil, &w); err != nil {
		return Project{}, fault.Wrap(err, "read project %s", key)
	}
	p := Project{ID: w.ID, Key: w.Key, Name: w.Name, Lead: user(w.Lead)}
	for _, t := range w.IssueTypes {
		p.IssueTypes = append(p.IssueTypes, IssueType{ID: t.ID, Name: t.Name, Subtask: t.Subtask})
	}
	return p, nil
}

// Components lists a project's components with their leads.
func (c *Client) Components(ctx context.Context, project string) ([]Component, error) {
	seg, err := segment(project)
	if err != nil {
		return nil, err
	}
	var w components
	if err := c.call(ctx, http.MethodGet, "rest/api/2/project/"+seg+"/components", nil, &w); err != nil {
		return nil, fault.Wrap(err, "read components of project %s", project)
	}
	var out []Component
	for _, p := range w {
		out = append(out, Component{ID: p.ID, Name: p.Name, Lead: user(p.Lead)})
	}
	return out, nil
}

// Assignable finds people by name or e-mail, as Jira's search understands it, who can be assigned issues of a project; at most 50.
func (c *Client) Assignable(ctx context.Context, project, query string) ([]User, error) {
	return c.assignable(ctx, project, c.edition.named(query, false))
}

// CanAssign reports whether an account can be assigned issues of a project, and who it is.
func (c *Client) CanAssign(ctx context.Context, project, account string) (User, bool, error) {
	users, err := c.assignable(ctx, project, c.edition.named(account, true))
	for _, u := range users {
		if strings.EqualFold(u.AccountID, account) { // usernames are read in any case of letters
			return u, true, err
		}
	}
	return User{}, false, err
}

func (c *Client) assignable(ctx context.Context, project string, query url.Values) ([]User, error) {
	query.Set("project", project)
	if !query.Has("maxResults") {
		query.Set("maxResults", "50")
	}
	var w users
	if err := c.call(ctx, http.MethodGet, "rest/api/2/user/assignable/search?"+query.Encode(), nil, &w); err != nil {
		return nil, fault.Wrap(err, "look for who can be assigned in project %s", project)
	}
	var out []User
	for _, u := range w {
		out = append(out, user(u))
	}
	return out, nil
}

type (
	components []gojira.ProjectComponent
	users      []gojira.User
)

func (c *components) price() int { return len(*c) * outbound.ObjectPrice }
func (u *users) price() int      { return len(*u) * outbound.PersonPrice }

func user(w gojira.User) User {
	return User{AccountID: account(&w), Name: w.DisplayName, Active: w.Active, Kind: w.AccountType}
}

// account is how a site names a person to its clients: Cloud by account id, and never by more than that; Data Center by username.
func account(w *gojira.User) string { return cmp.Or(w.AccountID, w.Name) }
