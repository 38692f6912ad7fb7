package jira

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

type commentInput struct {
	Body       json.RawMessage `json:"body"`
	Visibility json.RawMessage `json:"visibility"`
}

// newComment appends a comment to a record that is being changed.
func (j *Jira) newComment(actor string, r *record, v version, in commentInput) (comment, *Error) {
	body, wrong := readText(v, in.Body)
	if wrong != "" || body.empty() {
		return comment{}, refuseField("comment", "Comment body is not valid!")
	}
	p, _ := j.project(r.Project)
	if !j.may(actor, p, addComments) {
		return comment{}, refuse(http.StatusForbidden, "You do not have the permission to comment on this issue.")
	}
	now := j.site.Now()
	c := comment{ID: j.id(), Author: actor, Editor: actor, Body: body, Created: now, Updated: now, Visible: in.Visibility}
	r.Comments = append(r.Comments, c)
	r.fresh = append(r.fresh, c)
	r.Updated = now
	return c, nil
}

func (j *Jira) addComment(actor string, v version, key string, in commentInput) (comment, *Error) {
	var c comment
	_, err := j.alter(actor, key, func(r *record) ([]item, *Error) {
		var err *Error
		c, err = j.newComment(actor, r, v, in)
		return nil, err
	}, j.tellChange(actor, "issue_commented"))
	return c, err
}

// changeComment edits a comment (in is not nil) or deletes it. Only its author and the administrator may.
func (j *Jira) changeComment(actor string, v version, key, id string, in *commentInput) (comment, *Error) {
	var c comment
	name := "comment_deleted"
	_, err := j.alter(actor, key, func(r *record) ([]item, *Error) {
		i := slices.IndexFunc(r.Comments, func(c comment) bool { return decimal(c.ID) == id })
		if i < 0 {
			return nil, refuse(http.StatusNotFound, "Can not find a comment for the id: %s.", id)
		}
		c = r.Comments[i]
		p, _ := j.project(r.Project)
		if c.Author != actor && !j.may(actor, p, administer) {
			return nil, refuse(http.StatusForbidden, "You do not have permission to change the comment with id: %s.", id)
		}
		r.Updated = j.site.Now()
		if in == nil {
			r.Comments = slices.Delete(r.Comments, i, i+1)
			return nil, nil
		}
		body, wrong := readText(v, in.Body)
		if wrong != "" || body.empty() {
			return nil, refuseField("comment", "Comment body is not valid!")
		}
		name = "comment_updated"
		c.Body, c.Editor, c.Updated = body, actor, r.Updated
		r.Comments[i] = c
		return nil, nil
	}, func(r *record, _ *change) { j.tellComment(name, actor, r, c) })
	return c, err
}

func (j *Jira) listComments(c *call) (int, any, *Error) {
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	comments := slices.Clone(r.Comments)
	switch c.query("orderBy") {
	case "", "created", "+created":
	case "-created":
		slices.Reverse(comments)
	default:
		return 0, nil, refuse(http.StatusBadRequest, "The orderBy field must be created.")
	}
	start, limit, err := c.window(5000, 5000)
	if err != nil {
		return 0, nil, err
	}
	page := window(comments, start, limit)
	c.count(len(page), 0)
	return http.StatusOK, map[string]any{
		"startAt": start, "maxResults": limit, "total": len(comments), "comments": c.comments(r, page),
	}, nil
}

func (j *Jira) getComment(c *call) (int, any, *Error) {
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	id := c.r.PathValue("id")
	i := slices.IndexFunc(r.Comments, func(c comment) bool { return decimal(c.ID) == id })
	if i < 0 {
		return 0, nil, refuse(http.StatusNotFound, "Can not find a comment for the id: %s.", id)
	}
	c.count(1, 0)
	return http.StatusOK, c.comment(r, r.Comments[i]), nil
}

func (j *Jira) postComment(c *call) (int, any, *Error) {
	var in commentInput
	if err := c.body(&in); err != nil {
		return 0, nil, err
	}
	made, err := j.addComment(c.actor.AccountID, c.v, c.r.PathValue("issueIdOrKey"), in)
	if err != nil {
		return 0, nil, err
	}
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.comment(r, made), nil
}

func (j *Jira) putComment(c *call) (int, any, *Error) {
	var in commentInput
	if err := c.body(&in); err != nil {
		return 0, nil, err
	}
	made, err := j.changeComment(c.actor.AccountID, c.v, c.r.PathValue("issueIdOrKey"), c.r.PathValue("id"), &in)
	if err != nil {
		return 0, nil, err
	}
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.comment(r, made), nil
}

func (j *Jira) deleteComment(c *call) (int, any, *Error) {
	_, err := j.changeComment(c.actor.AccountID, c.v, c.r.PathValue("issueIdOrKey"), c.r.PathValue("id"), nil)
	return http.StatusNoContent, nil, err
}

// stamp is a time as Jira writes it: milliseconds and a zone without a colon.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }
