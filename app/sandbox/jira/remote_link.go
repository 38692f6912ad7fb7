package jira

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"unicode/utf8"
)

// remoteLinkInput is a link as a call sends it. What it leaves out becomes empty, also where the link existed before.
type remoteLinkInput struct {
	GlobalID     string          `json:"globalId"`
	Application  json.RawMessage `json:"application"`
	Relationship string          `json:"relationship"`
	Object       json.RawMessage `json:"object"`
}

func (in remoteLinkInput) check() *Error {
	bad := &Error{Status: http.StatusBadRequest, Messages: []string{}, Fields: map[string]string{}}
	if utf8.RuneCountInString(in.GlobalID) > 255 {
		bad.Fields["globalId"] = "'globalId' should be no longer than 255 characters."
	}
	var o struct{ URL, Title string }
	if isNull(in.Object) || json.Unmarshal(in.Object, &o) != nil {
		bad.Fields["object"] = "'object' is required."
	} else {
		if o.Title == "" {
			bad.Fields["title"] = "'title' is required."
		}
		if u, err := url.Parse(o.URL); err != nil || u.Scheme == "" || u.Host == "" {
			bad.Fields["url"] = "'url' must be a valid URL."
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// putLink creates a link or replaces the one that at finds. It stands in the history but is no issue_updated event.
func (j *Jira) putLink(actor, key string, in remoteLinkInput, at func(remoteLink) bool, must bool) (link remoteLink, created bool, err *Error) {
	if err := in.check(); err != nil {
		return link, false, err
	}
	_, err = j.alter(actor, key, func(r *record) ([]item, *Error) {
		if err := j.mayEdit(actor, r); err != nil {
			return nil, err
		}
		i := slices.IndexFunc(r.Links, at)
		if i < 0 && must {
			return nil, refuse(http.StatusNotFound, "The remote issue link does not exist.")
		}
		link = remoteLink{GlobalID: in.GlobalID, Application: in.Application, Relationship: in.Relationship, Object: in.Object}
		if created = i < 0; created {
			link.ID = j.id()
			r.Links = append(r.Links, link)
			return linkItem("", decimal(link.ID), link), nil
		}
		link.ID = r.Links[i].ID
		r.Links[i] = link
		return nil, nil
	}, nil)
	return link, created, err
}

func linkItem(from, to string, l remoteLink) []item {
	var o struct{ Title string }
	_ = json.Unmarshal(l.Object, &o) // checked when it was set
	text := "This issue links to \"" + o.Title + "\""
	if from != "" {
		return renamed(changed("RemoteIssueLink", from, text, "", ""), "RemoteIssueLink")
	}
	return renamed(changed("RemoteIssueLink", "", "", to, text), "RemoteIssueLink")
}

func (j *Jira) postRemoteLink(c *call) (int, any, *Error) {
	var in remoteLinkInput
	if err := c.body(&in); err != nil {
		return 0, nil, err
	}
	same := func(l remoteLink) bool { return in.GlobalID != "" && l.GlobalID == in.GlobalID }
	link, created, err := j.putLink(c.actor.AccountID, c.r.PathValue("issueIdOrKey"), in, same, false)
	if err != nil {
		return 0, nil, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	key := c.r.PathValue("issueIdOrKey")
	return status, map[string]any{"id": link.ID, "self": c.self("/issue/%s/remotelink/%d", key, link.ID)}, nil
}

func (j *Jira) putRemoteLink(c *call) (int, any, *Error) {
	var in remoteLinkInput
	if err := c.body(&in); err != nil {
		return 0, nil, err
	}
	id := c.r.PathValue("linkId")
	_, _, err := j.putLink(c.actor.AccountID, c.r.PathValue("issueIdOrKey"), in, func(l remoteLink) bool { return decimal(l.ID) == id }, true)
	return http.StatusNoContent, nil, err
}

func (j *Jira) listRemoteLinks(c *call) (int, any, *Error) {
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	if global := c.query("globalId"); global != "" {
		return c.oneLink(r, func(l remoteLink) bool { return l.GlobalID == global })
	}
	links := []any{}
	for _, l := range r.Links {
		links = append(links, c.link(r, l))
	}
	c.count(len(links), 0)
	return http.StatusOK, links, nil
}

func (j *Jira) getRemoteLink(c *call) (int, any, *Error) {
	r, err := c.issue()
	if err != nil {
		return 0, nil, err
	}
	id := c.r.PathValue("linkId")
	return c.oneLink(r, func(l remoteLink) bool { return decimal(l.ID) == id })
}

func (c *call) oneLink(r *record, is func(remoteLink) bool) (int, any, *Error) {
	i := slices.IndexFunc(r.Links, is)
	if i < 0 {
		return 0, nil, refuse(http.StatusNotFound, "The remote issue link does not exist.")
	}
	c.count(1, 0)
	return http.StatusOK, c.link(r, r.Links[i]), nil
}

// deleteRemoteLink deletes by link id, or by the globalId of the query.
func (j *Jira) deleteRemoteLink(c *call) (int, any, *Error) {
	id, global := c.r.PathValue("linkId"), c.query("globalId")
	if id == "" && global == "" {
		return 0, nil, refuse(http.StatusBadRequest, "The globalId query parameter is required.")
	}
	_, err := j.alter(c.actor.AccountID, c.r.PathValue("issueIdOrKey"), func(r *record) ([]item, *Error) {
		if err := j.mayEdit(c.actor.AccountID, r); err != nil {
			return nil, err
		}
		i := slices.IndexFunc(r.Links, func(l remoteLink) bool {
			return id != "" && decimal(l.ID) == id || id == "" && l.GlobalID == global
		})
		if i < 0 {
			return nil, refuse(http.StatusNotFound, "The remote issue link does not exist.")
		}
		l := r.Links[i]
		r.Links = slices.Delete(r.Links, i, i+1)
		return linkItem(decimal(l.ID), "", l), nil
	}, nil)
	return http.StatusNoContent, nil, err
}

func (c *call) link(r *record, l remoteLink) map[string]any {
	out := map[string]any{"id": l.ID, "self": c.self("/issue/%s/remotelink/%d", r.Key, l.ID), "object": l.Object}
	if l.GlobalID != "" {
		out["globalId"] = l.GlobalID
	}
	if l.Relationship != "" {
		out["relationship"] = l.Relationship
	}
	if !isNull(l.Application) {
		out["application"] = l.Application
	} else {
		out["application"] = map[string]any{}
	}
	return out
}
