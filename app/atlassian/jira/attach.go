package jira

import (
	"context"
	"net/http"
	"net/url"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// RemoteLink leads from an issue to something outside Jira.
type RemoteLink struct {
	GlobalID     string // names the link: one with the same id is replaced; at most 255 characters
	URL          string
	Title        string
	Relationship string // "threat stated on"
	Summary      string
}

// Link sets a remote link, replacing the one with the same GlobalID, so it may be repeated.
func (c *Client) Link(ctx context.Context, issue string, link RemoteLink) error {
	if link.GlobalID == "" || len(link.GlobalID) > 255 {
		return fault.New(fault.Invalid, "jira: a remote link needs a global id of at most 255 characters, not %q", link.GlobalID)
	}
	in := gojira.RemoteLink{
		GlobalID: link.GlobalID, Relationship: link.Relationship,
		Application: &gojira.RemoteLinkApplication{Type: "com.github.throughline", Name: "Throughline"},
		Object:      &gojira.RemoteLinkObject{URL: link.URL, Title: link.Title, Summary: link.Summary},
	}
	err := c.ofIssue(outbound.Repeatable(ctx), http.MethodPost, issue, "/remotelink", in, nil)
	return fault.Wrap(err, "link issue %s", issue)
}

// Linked reports whether an issue has the remote link of a global id.
func (c *Client) Linked(ctx context.Context, issue, globalID string) (bool, error) {
	var w struct {
		ID int64 `json:"id"`
	}
	err := c.ofIssue(ctx, http.MethodGet, issue, "/remotelink?"+url.Values{"globalId": {globalID}}.Encode(), nil, &w)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, fault.Wrap(err, "look for a link of issue %s", issue)
}

// AddLabels adds labels to an issue and leaves the others. It may be repeated.
func (c *Client) AddLabels(ctx context.Context, issue string, labels ...string) error {
	type add struct {
		Label string `json:"add"`
	}
	var in struct {
		Update struct {
			Labels []add `json:"labels"`
		} `json:"update"`
	}
	for _, l := range labels {
		in.Update.Labels = append(in.Update.Labels, add{l})
	}
	err := c.ofIssue(outbound.Repeatable(ctx), http.MethodPut, issue, "", in, nil)
	return fault.Wrap(err, "label issue %s", issue)
}

// SetProperty sets an issue property to a value that encodes as at most 32,768 characters of JSON. It may be repeated.
func (c *Client) SetProperty(ctx context.Context, issue, key string, value any) error {
	seg, err := segment(key)
	if err != nil {
		return err
	}
	err = c.ofIssue(outbound.Repeatable(ctx), http.MethodPut, issue, "/properties/"+seg, value, nil)
	return fault.Wrap(err, "set property %s of issue %s", key, issue)
}

// Comment adds a comment, in wiki markup, and returns its id. fault.Uncertain when it may have been added.
func (c *Client) Comment(ctx context.Context, issue, body string) (string, error) {
	in := struct { // gojira.Comment would send its empty author and visibility along
		Body string `json:"body"`
	}{body}
	var out gojira.Comment
	err := c.ofIssue(ctx, http.MethodPost, issue, "/comment", in, &out)
	return out.ID, fault.Wrap(err, "comment on issue %s", issue)
}

// Assign sets the assignee by account; an empty one unassigns. It may be repeated.
func (c *Client) Assign(ctx context.Context, issue, account string) error {
	err := c.ofIssue(outbound.Repeatable(ctx), http.MethodPut, issue, "/assignee", c.edition.person(account), nil)
	return fault.Wrap(err, "assign issue %s", issue)
}
