package jira

import (
	"encoding/json"
	"errors"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/sandbox/jql"
	"github.com/throughline/throughline/app/sandbox/site"
)

// View is an issue as the site's pages show it. People that are not set have an empty account id.
type View struct {
	ID, Key, Summary            string
	Project                     Project
	Type                        IssueType
	Status                      Status
	Priority, Resolution        string // names; Resolution is empty while unresolved
	Description                 template.HTML
	DescriptionText             string // wiki markup, as a form edits it
	Assignee, Reporter, Creator site.User
	Labels, Components          []string
	Parent                      string      // key, or empty
	Custom                      [][2]string // further fields that have a value: name and what people read
	DueDate                     string      // YYYY-MM-DD or empty
	Created, Updated            time.Time
	Comments                    []CommentView    // oldest first
	Attachments                 []AttachmentView // oldest first
	Level                       string           // name of its security level, or empty
	Links                       []LinkView
	Properties                  map[string]json.RawMessage
	History                     []ChangeView // newest first
}

// CommentView is a comment of an issue.
type CommentView struct {
	ID               string
	Author           site.User
	Body             template.HTML
	Text             string // wiki markup, as a form edits it
	Created, Updated time.Time
}

// Edited reports whether the comment was changed after it was written.
func (c CommentView) Edited() bool { return c.Updated.After(c.Created) }

// AttachmentView is a file of an issue.
type AttachmentView struct {
	ID, Name, Type string
	Author         site.User
	Created        time.Time
	Size           int // bytes
}

// File is a file and its content, as far as an account sees the issue that it belongs to.
func (j *Jira) File(account, id string) (AttachmentView, []byte, error) {
	_, a, refused := j.attached(account, id)
	if refused != nil {
		return AttachmentView{}, nil, refused
	}
	content, err := j.content(a.ID)
	return j.attachmentView(a), content, err
}

func (j *Jira) attachmentView(a attachment) AttachmentView {
	return AttachmentView{decimal(a.ID), a.Name, a.Type, j.person(a.Author), a.Created, a.Size}
}

// LinkView is a remote link of an issue.
type LinkView struct{ GlobalID, Relationship, Title, URL, Summary string }

// ChangeView is one entry of an issue's history.
type ChangeView struct {
	Author site.User
	At     time.Time
	Items  []ItemView
}

// ItemView is what happened to one field, in the words a reader sees.
type ItemView struct{ Field, From, To string }

// Issue finds an issue by key or id.
func (j *Jira) Issue(ref string) (View, bool) {
	r, ok := j.get(ref)
	if !ok {
		return View{}, false
	}
	return j.view(r), true
}

// Issues returns every issue, oldest first.
func (j *Jira) Issues() []View {
	records := j.all()
	out := make([]View, len(records))
	for i, r := range records {
		out[i] = j.view(r)
	}
	return out
}

// Projects returns the projects in a fixed order.
func (j *Jira) Projects() []Project { return slices.Clone(j.projects) }

// Transitions are the steps that the issue's status allows.
func (j *Jira) Transitions(ref string) []Transition {
	r, ok := j.get(ref)
	if !ok {
		return nil
	}
	p, _ := j.project(r.Project)
	return p.transitions(r.Status)
}

// Assignable are the people whom the issue can be assigned to.
func (j *Jira) Assignable(ref string) []site.User {
	r, ok := j.get(ref)
	if !ok {
		return nil
	}
	p, _ := j.project(r.Project)
	return j.assignable(p)
}

// Count returns how many issues there are, and how many bear each label.
func (j *Jira) Count() (issues int, labels map[string]int) {
	labels = map[string]int{}
	records := j.all()
	for _, r := range records {
		for _, l := range r.Labels {
			labels[l]++
		}
	}
	return len(records), labels
}

func (j *Jira) person(accountID string) site.User {
	u, ok := j.site.User(accountID)
	if !ok && accountID != "" {
		return site.User{AccountID: accountID, Name: "Former user", Type: "unknown"}
	}
	return u
}

func (j *Jira) view(r *record) View {
	p, _ := j.project(r.Project)
	kind, _ := findType(r.Type)
	status, _ := findStatus(r.Status)
	priority, _ := findNamed(priorities(), r.Priority)
	resolution, _ := findNamed(resolutions(), r.Resolution)
	v := View{
		ID: decimal(r.ID), Key: r.Key, Summary: r.Summary, Project: p, Type: kind, Status: status,
		Priority: priority.Name, Resolution: resolution.Name,
		Description: r.Description.html(j.name), DescriptionText: r.Description.wiki(),
		Assignee: j.person(r.Assignee), Reporter: j.person(r.Reporter), Creator: j.person(r.Creator),
		Labels: r.Labels, DueDate: r.DueDate, Created: r.Created, Updated: r.Updated, Properties: r.Properties,
	}
	v.Parent = r.Parent
	for _, c := range p.Custom {
		if text := j.customText(c, r.Custom[c.ID]); text != "" {
			v.Custom = append(v.Custom, [2]string{c.Name, text})
		}
	}
	for _, id := range r.Components {
		c, _ := p.component(id)
		v.Components = append(v.Components, c.Name)
	}
	for _, c := range r.Comments {
		v.Comments = append(v.Comments, CommentView{decimal(c.ID), j.person(c.Author), c.Body.html(j.name), c.Body.wiki(), c.Created, c.Updated})
	}
	for _, a := range r.Attachments {
		v.Attachments = append(v.Attachments, j.attachmentView(a))
	}
	if l, ok := p.level(r.Security); ok {
		v.Level = l.Name
	}
	for _, l := range r.Links {
		var o struct{ Title, URL, Summary string }
		_ = json.Unmarshal(l.Object, &o) // checked when it was set
		v.Links = append(v.Links, LinkView{l.GlobalID, l.Relationship, o.Title, o.URL, o.Summary})
	}
	for _, c := range slices.Backward(r.History) {
		h := ChangeView{Author: j.person(c.Author), At: c.At}
		for _, i := range c.Items {
			h.Items = append(h.Items, ItemView{i.Field, deref(i.FromString), deref(i.ToString)})
		}
		v.History = append(v.History, h)
	}
	return v
}

// name is how a mention of an account reads.
func (j *Jira) name(accountID string) string { return j.person(accountID).Name }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Match reports whether an issue is one that a query means, past the search index. It is false for an issue that is gone.
func (j *Jira) Match(ref, query string) (bool, error) {
	q, err := jql.Parse(query)
	if err != nil {
		return false, err
	}
	if q.Where == nil {
		return true, nil
	}
	match, wrong := matcher{j: j, now: j.site.Now()}.compile(q.Where, false)
	if len(wrong) > 0 {
		return false, errors.New(strings.Join(wrong, "; "))
	}
	r, ok := j.get(ref)
	return ok && match(r), nil
}
