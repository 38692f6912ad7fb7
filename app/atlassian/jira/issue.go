package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

// Issue is an issue as far as Throughline looks at it.
type Issue struct {
	ID           string
	Key          string
	URL          string // for people
	Project      string // key
	Summary      string
	Status       string // as the site names it
	StatusID     string
	Category     threat.Category
	Assignee     string // account; empty when unassigned
	AssigneeName string
	Due          string // ISO 8601 date; empty when none
	Resolution   string // as the site names it; empty while unresolved
	Labels       []string
	Updated      time.Time                  // UTC
	Properties   map[string]json.RawMessage // by key; nil where they were not asked for, or the site does not tell
}

// fields are those that an Issue is made of: asking for no more keeps answers small.
var fields = [...]string{"summary", "status", "assignee", "duedate", "resolution", "labels", "updated", "project"}

// Issue reads an issue by id or key. fault.NotFound when there is none that the app may see, which a deleted one looks like.
func (c *Client) Issue(ctx context.Context, idOrKey string) (Issue, error) {
	var w gojira.Issue
	if err := c.ofIssue(ctx, http.MethodGet, idOrKey, "?fields="+strings.Join(fields[:], ","), nil, &w); err != nil {
		return Issue{}, fault.Wrap(err, "read issue %s", idOrKey)
	}
	return c.issue(w), nil
}

// Place is where an issue stands among the others of its site.
type Place struct {
	Key     string
	Project string // key
	Type    string // name
	Level   int    // of its type, on Cloud only: -1 subtasks, 0 tasks and their like, 1 epics, above what a site adds
}

// Place reads where an issue stands. fault.NotFound when there is none that the app may see.
func (c *Client) Place(ctx context.Context, idOrKey string) (Place, error) {
	var w struct {
		Key    string `json:"key"`
		Fields struct {
			Type    wireType `json:"issuetype"`
			Project struct {
				Key string `json:"key"`
			} `json:"project"`
		} `json:"fields"`
	}
	if err := c.ofIssue(ctx, http.MethodGet, idOrKey, "?fields=issuetype,project", nil, &w); err != nil {
		return Place{}, fault.Wrap(err, "read issue %s", idOrKey)
	}
	return Place{w.Key, w.Fields.Project.Key, w.Fields.Type.Name, w.Fields.Type.Level}, nil
}

// FindByLabels finds the issues that carry any of some labels, oldest first. The index lags behind by seconds at times: that it
// finds none does not prove that there is none.
func (c *Client) FindByLabels(ctx context.Context, labels []string) ([]Issue, error) {
	if len(labels) == 0 {
		return nil, nil
	}
	quoted := make([]string, len(labels))
	for i, l := range labels {
		quoted[i] = Quote(l)
	}
	var out []Issue
	err := c.Search(ctx, "labels in ("+strings.Join(quoted, ", ")+") ORDER BY created ASC, key ASC", func(i Issue) bool {
		out = append(out, i)
		return true
	})
	return out, err
}

// Search calls yield for every issue that a JQL query finds, in the query's order, until yield returns false. Jira Cloud refuses
// queries without any bound. fault.Invalid when it does not accept the query.
func (c *Client) Search(ctx context.Context, jql string, yield func(Issue) bool) error {
	return c.search(ctx, query{jql, fields[:], 100}, yield)
}

// MaxIDs is how many issues Jira tells in one call when asked for nothing but their ids.
const MaxIDs = 5000

// SearchIDs returns the ids of the issues that a query finds, in its order, at most so many: one call for each MaxIDs of them.
func (c *Client) SearchIDs(ctx context.Context, jql string, most int) (ids []string, err error) {
	err = c.search(ctx, query{jql, []string{"id"}, MaxIDs}, func(i Issue) bool {
		ids = append(ids, i.ID)
		return len(ids) < most
	})
	return ids, err
}

// query is what is searched for, which fields are wanted of it, and how many issues a call may bring.
type query struct {
	jql    string
	fields []string
	most   int
}

func (c *Client) search(ctx context.Context, q query, yield func(Issue) bool) error {
	return fault.Wrap(c.edition.search(ctx, c, q, yield), "search %q", q.jql)
}

// Quote writes a value as a JQL string.
func Quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\x00", "").Replace(value) + `"`
}

func (c *Client) issue(w gojira.Issue) Issue {
	out := Issue{ID: w.ID, Key: w.Key, URL: c.URL(w.Key)}
	out.Project, _, _ = strings.Cut(w.Key, "-")
	f := w.Fields
	if f == nil {
		return out
	}
	out.Summary, out.Labels, out.Updated = f.Summary, f.Labels, time.Time(f.Updated).UTC()
	if f.Project.Key != "" {
		out.Project = f.Project.Key
	}
	if f.Status != nil {
		out.Status, out.StatusID, out.Category = f.Status.Name, f.Status.ID, category(f.Status.StatusCategory.Key)
	}
	if f.Assignee != nil {
		out.Assignee, out.AssigneeName = account(f.Assignee), f.Assignee.DisplayName
	}
	if f.Resolution != nil {
		out.Resolution = f.Resolution.Name
	}
	if due := time.Time(f.Duedate); !due.IsZero() {
		out.Due = due.Format(time.DateOnly)
	}
	return out
}

// category is a status category by its key. "undefined", which Jira gives statuses that nobody sorted, means that work has not
// been said to begin.
func category(key string) threat.Category {
	switch c := threat.Category(key); c {
	case threat.Doing, threat.Done:
		return c
	}
	return threat.ToDo
}
