package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/command"
	"github.com/throughline/throughline/app/fault"
)

// Comment is a comment of an issue.
type Comment struct {
	ID         string
	Author     string // account id
	AuthorName string
	AuthorType string // "atlassian", "app" or "customer"
	Editor     string // account id of who changed it last
	Text       string // in wiki markup
	Created    time.Time
	Updated    time.Time
}

// page is a page of comments.
type page struct {
	Total    int `json:"total"`
	Comments []struct {
		ID      string          `json:"id"`
		Author  author          `json:"author"`
		Editor  author          `json:"updateAuthor"`
		Body    json.RawMessage `json:"body"`
		Created string          `json:"created"`
		Updated string          `json:"updated"`
	} `json:"comments"`
}

func (p *page) price() int { return len(p.Comments) * outbound.ObjectPrice }

func (p *page) read() []Comment {
	out := make([]Comment, len(p.Comments))
	for i, c := range p.Comments {
		out[i] = Comment{
			ID: c.ID, Author: c.Author.account(), AuthorName: c.Author.Name, AuthorType: c.Author.Type, Editor: c.Editor.account(),
			Text: command.Text(c.Body), Created: moment(c.Created), Updated: moment(c.Updated),
		}
	}
	return out
}

// Comments reads an issue's comments, oldest first. They don't go by an index: what was said a moment ago is among them.
func (c *Client) Comments(ctx context.Context, issue string) ([]Comment, error) {
	out := []Comment{}
	for {
		var w page
		if err := c.ofIssue(ctx, http.MethodGet, issue, "/comment?"+url.Values{"orderBy": {"created"}, "startAt": {strconv.Itoa(len(out))}, "maxResults": {"100"}}.Encode(), nil, &w); err != nil {
			return nil, fault.Wrap(err, "read the comments of issue %s", issue)
		}
		out = append(out, w.read()...)
		if len(w.Comments) == 0 || len(out) >= w.Total {
			return out, nil
		}
	}
}

// Attachment is a file of an issue.
type Attachment struct {
	ID   int64 // a later one has a higher; 0 where the site has other ids
	Name string
	URL  string    // of its content, for people who are signed in
	By   string    // account of who attached it
	At   time.Time // UTC
	Size int       // bytes
}

// Attachments lists an issue's files.
func (c *Client) Attachments(ctx context.Context, issue string) ([]Attachment, error) {
	var w gojira.Issue
	if err := c.ofIssue(ctx, http.MethodGet, issue, "?fields=attachment", nil, &w); err != nil {
		return nil, fault.Wrap(err, "read the attachments of issue %s", issue)
	}
	var out []Attachment
	if w.Fields != nil {
		for _, a := range w.Fields.Attachments {
			id, _ := strconv.ParseInt(a.ID, 10, 64) // 0 for what is no number
			f := Attachment{ID: id, Name: a.Filename, URL: a.Content, At: moment(a.Created), Size: a.Size}
			if a.Author != nil {
				f.By = account(a.Author)
			}
			out = append(out, f)
		}
	}
	return out, nil
}
