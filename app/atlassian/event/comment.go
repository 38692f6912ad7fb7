package event

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/command"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// jiraComment is a comment in Jira's payloads. Its body is wiki markup or a document.
type jiraComment struct {
	ID      id              `json:"id"`
	Self    string          `json:"self"`
	Author  *jiraUser       `json:"author"`
	Editor  *jiraUser       `json:"updateAuthor"`
	Body    json.RawMessage `json:"body"`
	Created string          `json:"created"`
	Updated string          `json:"updated"`
}

// heed decodes a comment event. Data Center's carry no issue, but the comment's own address names it.
func (w *jiraPayload) heed(e Event, at time.Time, dated bool) (work.Delivery, error) {
	issue, err := w.commented(e.Name)
	if err != nil {
		return work.Delivery{}, err
	}
	d := work.Delivery{Seen: e.Seen}
	if e.Identifier != "" && len(e.Identifier) <= 200 {
		d.Key = key(tenant.Jira, e.Name, e.Body, true, "by-identifier", e.Identifier)
	} else {
		d.Key = key(tenant.Jira, e.Name, e.Body, dated, issue, "", string(w.Comment.ID), "", strconv.FormatInt(at.UnixMilli(), 10))
	}
	c := w.comment(issue, e.Name, at)
	c.Deleted = issueEvents[e.Name] == unsaid
	d.Jobs, err = commentJob(c, e.Seen)
	return d, err
}

// forgeComment decodes a comment event of Forge.
func (w *jiraPayload) forgeComment(e ForgeEvent, env Envelope, at time.Time, by string) (work.Delivery, error) {
	issue, err := w.commented(env.Type)
	if err != nil {
		return work.Delivery{}, err
	}
	effect := forgeEvents[env.Type].effect
	c := w.comment(issue, env.Type, at)
	for _, t := range []time.Time{w.Timestamp.time(), c.Updated, e.Seen.UTC()} {
		if c.At.IsZero() {
			c.At = t
		}
	}
	c.By, c.Deleted = cmp.Or(by, c.By), effect == unsaid
	c.Author = cmp.Or(c.Author, by) // Forge's events may tell who did it, and not who is who
	d := work.Delivery{Seen: e.Seen, Key: forgeKey(e, env, true, issue, c.ID, strconv.FormatInt(c.Updated.UnixMilli(), 10))}
	d.Jobs, err = commentJob(c, e.Seen)
	return d, err
}

// commented is the id of the issue that a comment stands on.
func (w *jiraPayload) commented(event string) (string, error) {
	if !w.Comment.ID.valid() {
		return "", fault.New(fault.Invalid, "event %s names no comment", event)
	}
	if w.Issue != nil && w.Issue.ID.valid() {
		return string(w.Issue.ID), nil
	}
	if u, err := url.Parse(w.Comment.Self); err == nil {
		parts := strings.Split(u.Path, "/")
		for i := range len(parts) - 2 {
			if parts[i] == "issue" && parts[i+2] == "comment" && id(parts[i+1]).valid() {
				return parts[i+1], nil
			}
		}
	}
	return "", fault.New(fault.Invalid, "event %s names no issue", event)
}

func (w *jiraPayload) comment(issue, event string, at time.Time) Comment {
	c := w.Comment
	out := Comment{
		ID: string(c.ID), Issue: issue, Author: c.Author.account(), Editor: c.Editor.account(), Text: command.Text(c.Body),
		Created: jiraTime(c.Created), Updated: jiraTime(c.Updated), By: w.User.account(), At: at, Event: event,
	}
	if c.Author != nil {
		out.AuthorName, out.AuthorType = c.Author.DisplayName, c.Author.AccountType
	}
	if out.By == "" {
		out.By = out.Editor
	}
	if out.Updated.IsZero() {
		out.Updated = out.Created
	}
	return out
}

// commentJob makes the job of a comment. Each text that it had waits by itself: which was the first matters.
func commentJob(c Comment, seen time.Time) ([]work.Job, error) {
	subject := c.Issue + "/" + c.ID
	switch {
	case c.Deleted:
		subject += "/deleted"
	case c.Updated.After(c.Created):
		subject += "/" + strconv.FormatInt(c.Updated.UnixMilli(), 10)
	}
	jobs, err := job(work.HeedComment, subject, c, c.At, seen)
	for i := range jobs {
		jobs[i].Lane = c.Issue
	}
	return jobs, err
}
