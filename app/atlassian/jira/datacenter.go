package jira

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/atlassian/outbound"
)

// dataCenter is Jira Data Center, from 8.14 on, which is where personal access tokens begin. It has REST 2 only: search by startAt
// and total, no bulk fetch, and people by username. By Atlassian's reference of the Jira Data Center REST API (10.3); a bulk
// create takes issue properties there as a single one does, and nothing depends on it, for tickets are found by their labels.
//
// Of a person's key and username the username is taken for the account: it is what assignees are set by, and the one name
// that Jira and Confluence share.
type dataCenter struct{}

type dcAsk struct {
	JQL    string   `json:"jql"`
	Fields []string `json:"fields"`
	Expand []string `json:"expand,omitempty"`
	Start  int      `json:"startAt"`
	Most   int      `json:"maxResults"`
	Strict bool     `json:"validateQuery"` // what does not exist is refused; else it is passed over
}

type dcFound struct {
	Issues []gojira.Issue `json:"issues"`
	Total  int            `json:"total"`
}

func (f *dcFound) price() int { return len(f.Issues) * outbound.ObjectPrice }

func (d dataCenter) search(ctx context.Context, c *Client, q query, yield func(Issue) bool) error {
	return d.ask(ctx, c, dcAsk{JQL: q.jql, Fields: q.fields, Most: q.most, Strict: true}, yield)
}

// ask goes from page to page. Issues that come or go meanwhile may be seen twice or not at all, as with any paging by position.
func (dataCenter) ask(ctx context.Context, c *Client, q dcAsk, yield func(Issue) bool) error {
	ctx = outbound.Repeatable(ctx) // a read, although by POST
	for {
		var w dcFound
		if err := c.call(ctx, http.MethodPost, "rest/api/2/search", q, &w); err != nil {
			return err
		}
		for _, i := range w.Issues {
			if !yield(c.issue(i)) {
				return nil
			}
		}
		// A site may answer with fewer than were asked for.
		if q.Start += len(w.Issues); len(w.Issues) == 0 || q.Start >= w.Total {
			return nil
		}
	}
}

// these is the query for issues: there is no other way to read many. Without validation an issue that is gone is passed over; with it
// the whole query would be refused. "issuekey" takes numbers for ids and strings for keys.
func these(idsOrKeys []string) string {
	quoted := make([]string, len(idsOrKeys))
	for i, id := range idsOrKeys {
		if quoted[i] = id; strings.Trim(id, "0123456789") != "" {
			quoted[i] = Quote(id)
		}
	}
	return "issuekey in (" + strings.Join(quoted, ", ") + ")"
}

// pasts reads them in one page: it is at most MaxFetch, and a site that answers with fewer than were asked for leaves the rest for
// the next time, as it does those that are gone.
func (dataCenter) pasts(ctx context.Context, c *Client, idsOrKeys []string) ([]past, error) {
	var w pasts
	q := dcAsk{JQL: these(idsOrKeys), Fields: pastFields(), Expand: []string{"changelog"}, Most: MaxFetch}
	err := c.call(outbound.Repeatable(ctx), http.MethodPost, "rest/api/2/search", q, &w)
	return w.Issues, err
}

func (dataCenter) whole() bool { return true }

// hides: an issue that an account does not see is refused as 403, as is what it may not do to one that it sees. A search tells the two apart,
// whatever the words of the refusal, which are in the account's language; where it fails too, the account itself is in trouble.
func (d dataCenter) hides(ctx context.Context, c *Client, idOrKey string) bool {
	found, err := d.issues(ctx, c, []string{idOrKey}, nil)
	return err == nil && len(found) == 0
}

func (d dataCenter) issues(ctx context.Context, c *Client, idsOrKeys, _ []string) ([]Issue, error) {
	out := []Issue{}
	q := dcAsk{JQL: these(idsOrKeys), Fields: fields[:], Most: MaxFetch}
	err := d.ask(ctx, c, q, func(i Issue) bool {
		out = append(out, i)
		return true
	})
	return out, err
}

func (dataCenter) person(account string) any {
	return struct {
		Name *string `json:"name"`
	}{name(account)}
}

func (dataCenter) mention(account string) string { return "[~" + account + "]" }

func name(account string) *string {
	if account == "" {
		return nil
	}
	return &account
}

// named: the search goes over the beginnings of usernames, names and addresses alike, and whose username is just that may come last.
func (dataCenter) named(nameOrAccount string, account bool) url.Values {
	query := url.Values{"username": {nameOrAccount}}
	if account {
		query.Set("maxResults", "1000") // Jira gives no more
	}
	return query
}
