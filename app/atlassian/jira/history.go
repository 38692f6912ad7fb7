package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

// Past is an issue with how it came to be as it is.
type Past struct {
	Issue
	Steps    []threat.Step // of the fields that a ticket follows, oldest first; their categories are not filled in
	Comments []Comment     // oldest first; nil where they were not asked for
}

// history is an issue's changelog as it comes with the issue, the newest entry first, or as pages, the oldest first.
type history struct {
	Total   int     `json:"total"`
	Entries []entry `json:"histories"`
	Values  []entry `json:"values"`
	Last    bool    `json:"isLast"`
}

// expanded is how many entries Jira adds to an issue, at most; what the total counts then, its description leaves open.
const expanded = 40

type entry struct {
	ID      string  `json:"id"`
	Author  *author `json:"author"`
	Created string  `json:"created"`
	Items   []struct {
		Field    string `json:"field"`
		FieldID  string `json:"fieldId"`
		From     string `json:"from"`
		FromName string `json:"fromString"`
		To       string `json:"to"`
		ToName   string `json:"toString"`
	} `json:"items"`
}

type author struct {
	ID       string `json:"accountId"`
	Username string `json:"name"` // Data Center
	Type     string `json:"accountType"`
	Name     string `json:"displayName"`
}

// account is how people are named to clients: see account.
func (a *author) account() string { return cmp.Or(a.ID, a.Username) }

func (h *history) price() int { return len(h.Values) * outbound.ObjectPrice }

// past is an issue as it is read with its history.
type past struct {
	ID     string          `json:"id"`
	Key    string          `json:"key"`
	Fields json.RawMessage `json:"fields"`
	Log    history         `json:"changelog"`
}

// Past reads an issue and its history at one moment. fault.NotFound when there is none that the app may see.
func (c *Client) Past(ctx context.Context, idOrKey string) (Past, error) {
	var w past
	if err := c.ofIssue(ctx, http.MethodGet, idOrKey, "?expand=changelog&fields="+strings.Join(fields[:], ","), nil, &w); err != nil {
		return Past{}, fault.Wrap(err, "read issue %s with its history", idOrKey)
	}
	return c.past(ctx, w, false)
}

// pasts is many of them.
type pasts struct {
	Issues []past `json:"issues"`
}

func (p *pasts) price() int { return len(p.Issues) * outbound.ObjectPrice }

// pastFields are those that an issue is read with beside its history.
func pastFields() []string { return append(slices.Clone(fields[:]), "comment") }

// Pasts reads up to MaxFetch issues with their histories and comments in one call. Issues that are gone, or not visible to the
// app, are left out. Of an issue with a long history, or many comments, the rest is read by calls of its own.
func (c *Client) Pasts(ctx context.Context, idsOrKeys []string) ([]Past, error) {
	if len(idsOrKeys) == 0 {
		return nil, nil
	}
	if len(idsOrKeys) > MaxFetch {
		return nil, fault.New(fault.Invalid, "jira: %d issues are too many for one call; read at most %d", len(idsOrKeys), MaxFetch)
	}
	all, err := c.edition.pasts(ctx, c, idsOrKeys)
	if err != nil {
		return nil, fault.Wrap(err, "read %d issues with their histories", len(idsOrKeys))
	}
	out := make([]Past, len(all))
	for i, issue := range all {
		if out[i], err = c.past(ctx, issue, true); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *Client) past(ctx context.Context, w past, comments bool) (Past, error) {
	issue := gojira.Issue{ID: w.ID, Key: w.Key}
	if err := json.Unmarshal(w.Fields, &issue.Fields); err != nil {
		return Past{}, fault.As(fault.Internal, err, "read the fields of issue %s", w.Key)
	}
	out := Past{Issue: c.issue(issue)}
	entries := w.Log.Entries
	if !c.edition.whole() && (len(entries) < w.Log.Total || len(entries) >= expanded) {
		var err error
		if entries, err = c.changelog(ctx, w.ID); err != nil {
			return Past{}, err
		}
	}
	out.Steps = steps(entries)
	if !comments {
		return out, nil
	}
	var said struct {
		Comment page `json:"comment"`
	}
	if err := json.Unmarshal(w.Fields, &said); err != nil {
		return Past{}, fault.As(fault.Internal, err, "read the comments of issue %s", w.Key)
	}
	if len(said.Comment.Comments) < said.Comment.Total {
		var err error
		out.Comments, err = c.Comments(ctx, w.ID)
		return out, err
	}
	out.Comments = said.Comment.read()
	return out, nil
}

// changelog reads an issue's whole history, page by page.
func (c *Client) changelog(ctx context.Context, issue string) ([]entry, error) {
	var out []entry
	for {
		var w history
		if err := c.ofIssue(ctx, http.MethodGet, issue, "/changelog?"+url.Values{"startAt": {strconv.Itoa(len(out))}, "maxResults": {"100"}}.Encode(), nil, &w); err != nil {
			return nil, fault.Wrap(err, "read the history of issue %s", issue)
		}
		out = append(out, w.Values...)
		if w.Last || len(w.Values) == 0 {
			return out, nil
		}
	}
}

// steps puts entries in order and leaves out what no ticket follows.
func steps(entries []entry) []threat.Step {
	var out []threat.Step
	for _, e := range entries {
		n, err := strconv.ParseInt(e.ID, 10, 64)
		if err != nil {
			continue // entries about workflows have no number; they change no field
		}
		s := threat.Step{ID: n, At: moment(e.Created)}
		if e.Author != nil {
			s.By = e.Author.account()
		}
		for _, i := range e.Items {
			field := cmp.Or(i.FieldID, i.Field)
			if i.Field == threat.FieldKey {
				field = i.Field // its id is "issuekey"
			}
			byKey := field == threat.FieldAssignee && e.Author != nil && e.Author.ID == "" && e.Author.Username != ""
			if !threat.Followed(field) || byKey { // user keys are not what people are known by: who is assigned stands in the issue
				continue
			}
			s.Changes = append(s.Changes, threat.Change{Field: field, From: i.From, FromName: i.FromName, To: i.To, ToName: i.ToName})
			if field == threat.FieldAssignee {
				s.Name = i.ToName
			}
		}
		if len(s.Changes) > 0 {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b threat.Step) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// moment reads a time as Jira writes it; anything else is the zero time.
func moment(text string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// Statuses reads the status categories of the site's statuses, by status id. Names of statuses say nothing: they are the site's.
func (c *Client) Statuses(ctx context.Context) (map[string]threat.Category, error) {
	var w []gojira.Status
	if err := c.call(ctx, http.MethodGet, "rest/api/2/status", nil, &w); err != nil {
		return nil, fault.Wrap(err, "read the site's statuses")
	}
	out := make(map[string]threat.Category, len(w))
	for _, s := range w {
		out[s.ID] = category(s.StatusCategory.Key)
	}
	return out, nil
}
