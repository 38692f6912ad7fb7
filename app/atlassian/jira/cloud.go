package jira

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/atlassian/outbound"
)

// cloud is Jira Cloud: search by page tokens, bulk fetch, account ids.
type cloud struct{}

// found is a page of results.
type found struct {
	Issues []gojira.Issue `json:"issues"`
	Next   string         `json:"nextPageToken"`
	Last   bool           `json:"isLast"`
}

func (f *found) price() int { return len(f.Issues) * outbound.ObjectPrice }

func (cloud) search(ctx context.Context, c *Client, what query, yield func(Issue) bool) error {
	type ask struct {
		JQL    string   `json:"jql"`
		Fields []string `json:"fields"`
		Most   int      `json:"maxResults"`
		Page   string   `json:"nextPageToken,omitempty"`
	}
	ctx = outbound.Repeatable(ctx) // a read, although by POST
	for q := (ask{JQL: what.jql, Fields: what.fields, Most: what.most}); ; {
		var w found
		if err := c.call(ctx, http.MethodPost, "rest/api/2/search/jql", q, &w); err != nil {
			return err
		}
		for _, i := range w.Issues {
			if !yield(c.issue(i)) {
				return nil
			}
		}
		if w.Last || w.Next == "" || w.Next == q.Page {
			return nil
		}
		q.Page = w.Next
	}
}

func (cloud) issues(ctx context.Context, c *Client, idsOrKeys, properties []string) ([]Issue, error) {
	in := struct {
		Fields []string `json:"fields"`
		Issues []string `json:"issueIdsOrKeys"`
		Props  []string `json:"properties,omitempty"`
	}{fields[:], idsOrKeys, properties}
	var w fetched
	if err := c.call(outbound.Repeatable(ctx), http.MethodPost, "rest/api/2/issue/bulkfetch", in, &w); err != nil { // a read, although by POST
		return nil, err
	}
	out := make([]Issue, len(w.Issues))
	for i, issue := range w.Issues {
		out[i] = c.issue(issue.Issue)
		if len(properties) > 0 {
			out[i].Properties = map[string]json.RawMessage{}
			maps.Copy(out[i].Properties, issue.Properties)
		}
	}
	return out, nil
}

func (cloud) pasts(ctx context.Context, c *Client, idsOrKeys []string) ([]past, error) {
	in := struct {
		Expand []string `json:"expand"`
		Fields []string `json:"fields"`
		Issues []string `json:"issueIdsOrKeys"`
	}{[]string{"changelog"}, pastFields(), idsOrKeys}
	var w pasts
	err := c.call(outbound.Repeatable(ctx), http.MethodPost, "rest/api/2/issue/bulkfetch", in, &w) // a read, although by POST
	return w.Issues, err
}

func (cloud) whole() bool { return false }

// hides: to whom Cloud does not show an issue it says that there is none.
func (cloud) hides(context.Context, *Client, string) bool { return false }

type fetched struct {
	Issues []struct {
		gojira.Issue
		Properties map[string]json.RawMessage `json:"properties"` // which the library has no place for
	} `json:"issues"`
}

func (f *fetched) price() int { return len(f.Issues) * outbound.ObjectPrice }

type accountRef struct {
	ID *string `json:"accountId"`
}

func (cloud) person(account string) any {
	if account == "" {
		return accountRef{}
	}
	return accountRef{&account}
}

func (cloud) mention(account string) string { return "[~accountid:" + account + "]" }

func (cloud) named(nameOrAccount string, account bool) url.Values {
	if account {
		return url.Values{"accountId": {nameOrAccount}}
	}
	return url.Values{"query": {nameOrAccount}}
}
