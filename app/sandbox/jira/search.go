package jira

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/sandbox/jql"
)

type searchInput struct {
	JQL             string   `json:"jql"`
	NextPageToken   string   `json:"nextPageToken"`
	MaxResults      *int     `json:"maxResults"`
	Fields          []string `json:"fields"`
	Properties      []string `json:"properties"`
	ReconcileIssues []int64  `json:"reconcileIssues"`
	Expand          string   `json:"expand"`
}

const (
	defaultPage   = 50
	maxPage       = 100  // issues of a page with fields
	maxIDPage     = 5000 // issues of a page of ids and keys
	maxReconcile  = 50
	maxProperties = 5
)

func (j *Jira) getSearch(c *call) (int, any, *Error) {
	in := searchInput{
		JQL: c.query("jql"), NextPageToken: c.query("nextPageToken"), Fields: c.list("fields"), Properties: c.list("properties"), Expand: c.query("expand"),
	}
	if c.query("maxResults") != "" {
		n, err := c.number("maxResults", defaultPage)
		if err != nil {
			return 0, nil, err
		}
		in.MaxResults = &n
	}
	for _, id := range c.list("reconcileIssues") {
		var n int64
		if json.Unmarshal([]byte(id), &n) != nil {
			return 0, nil, refuse(http.StatusBadRequest, "reconcileIssues takes the ids of issues, not '%s'.", id)
		}
		in.ReconcileIssues = append(in.ReconcileIssues, n)
	}
	return j.search(c, in)
}

func (j *Jira) postSearch(c *call) (int, any, *Error) {
	var in searchInput
	if err := c.body(&in); err != nil {
		return 0, nil, err
	}
	return j.search(c, in)
}

func (j *Jira) search(c *call, in searchInput) (int, any, *Error) {
	switch {
	case len(in.ReconcileIssues) > maxReconcile:
		return 0, nil, refuse(http.StatusBadRequest, "reconcileIssues takes at most %d issues.", maxReconcile)
	case len(in.Properties) > maxProperties:
		return 0, nil, refuse(http.StatusBadRequest, "properties takes at most %d keys.", maxProperties)
	case in.MaxResults != nil && *in.MaxResults < 0:
		return 0, nil, refuse(http.StatusBadRequest, "maxResults must not be negative.")
	}
	found, err := j.find(c.actor.AccountID, in.JQL, in.ReconcileIssues)
	if err != nil {
		return 0, nil, err
	}
	start, err := readToken(in.NextPageToken, in.JQL)
	if err != nil {
		return 0, nil, err
	}
	idsOnly := !slices.ContainsFunc(in.Fields, func(f string) bool { return f != "id" && f != "key" })
	size := defaultPage
	if in.MaxResults != nil && *in.MaxResults > 0 {
		size = *in.MaxResults
	}
	if idsOnly && len(in.Properties) == 0 {
		size = min(size, maxIDPage)
	} else {
		size = min(size, maxPage)
	}
	d := c.draw()
	issues := []any{}
	page := window(found, start, size)
	for _, r := range page {
		out := object{"id": decimal(r.ID)}
		if len(in.Fields) > 0 && !slices.Equal(in.Fields, []string{"id"}) {
			out = d.issue(r, selector(in.Fields))
			if idsOnly {
				delete(out, "fields")
			}
		}
		d.expand(out, r, strings.Split(in.Expand, ","), in.Properties)
		issues = append(issues, out)
	}
	c.count(len(issues), 0)
	answer := object{"issues": issues, "isLast": start+len(page) >= len(found)}
	if start+len(page) < len(found) {
		answer["nextPageToken"] = pageToken(in.JQL, start+len(page))
	}
	return http.StatusOK, answer, nil
}

// find returns the issues that a query means, in its order, as far as the index knows them; the ids of fresh are read past the index.
func (j *Jira) find(caller, query string, fresh []int64) ([]*record, *Error) {
	q, err := jql.Parse(query)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	if q.Where == nil {
		return nil, refuse(http.StatusBadRequest, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
	}
	return j.selected(matcher{j: j, caller: caller, now: j.site.Now()}, q, fresh)
}

func (j *Jira) selected(m matcher, q jql.Query, fresh []int64) ([]*record, *Error) {
	match, wrong := m.compile(q.Where, false)
	order, unknown := m.order(q.Order)
	if wrong = append(wrong, unknown...); len(wrong) > 0 {
		return nil, &Error{Status: http.StatusBadRequest, Messages: wrong, Fields: map[string]string{}}
	}
	known := j.indexed()
	for _, id := range fresh {
		known = slices.DeleteFunc(known, func(r *record) bool { return r.ID == id })
		if r, ok := j.get(decimal(id)); ok {
			known = append(known, r)
		}
	}
	sees := j.eyes(m.caller)
	found := slices.DeleteFunc(known, func(r *record) bool { return !match(r) || !sees(r) })
	slices.SortStableFunc(found, order)
	return found, nil
}

// order compiles ORDER BY; without one the newest issue comes first.
func (m matcher) order(sorts []jql.Sort) (func(a, b *record) int, []string) {
	type by struct {
		compare func(a, b *record) int
		desc    bool
	}
	var list []by
	for _, s := range sorts {
		var compare func(a, b *record) int
		switch name := canonical(s.Field.Name); name {
		case "created":
			compare = func(a, b *record) int { return a.Created.Compare(b.Created) }
		case "updated":
			compare = func(a, b *record) int { return a.Updated.Compare(b.Updated) }
		case "resolved":
			compare = func(a, b *record) int { return a.Resolved.Compare(b.Resolved) }
		case "duedate":
			compare = func(a, b *record) int { return strings.Compare(a.DueDate, b.DueDate) }
		case "summary":
			compare = func(a, b *record) int { return strings.Compare(a.Summary, b.Summary) }
		default:
			read, ok := m.reader(name)
			if !ok {
				return nil, []string{fmt.Sprintf("Field '%s' does not exist or this field cannot be viewed by anonymous users.", s.Field)}
			}
			compare = func(a, b *record) int {
				return slices.CompareFunc(read(a), read(b), compareValues)
			}
		}
		list = append(list, by{compare, s.Desc})
	}
	return func(a, b *record) int {
		for _, s := range list {
			if c := s.compare(a, b); c != 0 {
				if s.desc {
					return -c
				}
				return c
			}
		}
		return cmp.Compare(b.ID, a.ID)
	}, nil
}

type cursor struct {
	Query string `json:"q"`
	Start int    `json:"s"`
}

func digest(query string) string {
	sum := sha256.Sum256([]byte(query))
	return hex.EncodeToString(sum[:8])
}

func pageToken(query string, start int) string {
	raw, _ := json.Marshal(cursor{digest(query), start}) // of a string and a number
	return base64.RawURLEncoding.EncodeToString(raw)
}

func readToken(token, query string) (int, *Error) {
	if token == "" {
		return 0, nil
	}
	var at cursor
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(raw, &at) != nil || at.Query != digest(query) || at.Start < 0 {
		return 0, refuse(http.StatusBadRequest, "The nextPageToken is not one that was given for this query.")
	}
	return at.Start, nil
}

func (j *Jira) approximateCount(c *call) (int, any, *Error) {
	var in searchInput
	if err := c.body(&in); err != nil {
		return 0, nil, err
	}
	found, err := j.find(c.actor.AccountID, in.JQL, nil)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, object{"count": len(found)}, nil
}

func removedSearch(*call) (int, any, *Error) {
	return 0, nil, refuse(http.StatusGone, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046")
}
