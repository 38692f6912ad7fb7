package event

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
)

// issueEvents are the events of Jira that concern issues.
var issueEvents = map[string]effect{
	"jira:issue_created":     changed,
	"jira:issue_updated":     changed,
	"jira:issue_deleted":     vanished,
	"comment_created":        said,
	"comment_updated":        said,
	"comment_deleted":        unsaid,
	"issue_property_set":     noted,
	"issue_property_deleted": noted,
}

// jiraUser is a person: with an account id on Cloud, with key and username on Data Center, where the username is the account.
type jiraUser struct {
	AccountID   string `json:"accountId"`
	AccountType string `json:"accountType"`
	Key         string `json:"key"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

func (u *jiraUser) account() string {
	if u == nil {
		return ""
	}
	return cmp.Or(u.AccountID, u.Name, u.Key)
}

// byName reports whether people are known by their usernames, as on Data Center. Histories name assignees by user key there, which is
// not what they are known by: who is assigned then stands in the issue itself.
func (u *jiraUser) byName() bool { return u != nil && u.AccountID == "" && u.Name != "" }

type named struct {
	Name string `json:"name"`
}

// jiraPayload is the part of Jira's payloads that is used.
type jiraPayload struct {
	Event     string    `json:"webhookEvent"`
	Kind      string    `json:"issue_event_type_name"`
	Timestamp millis    `json:"timestamp"`
	User      *jiraUser `json:"user"`
	Issue     *struct {
		ID     id     `json:"id"`
		Key    string `json:"key"`
		Fields struct {
			Summary string `json:"summary"`
			Status  *struct {
				ID       id     `json:"id"`
				Name     string `json:"name"`
				Category struct {
					Key string `json:"key"`
				} `json:"statusCategory"`
			} `json:"status"`
			Assignee   *jiraUser `json:"assignee"`
			Due        string    `json:"duedate"`
			Resolution *named    `json:"resolution"`
			Labels     []string  `json:"labels"`
			Updated    string    `json:"updated"`
			Project    struct {
				Key string `json:"key"`
			} `json:"project"`
		} `json:"fields"`
	} `json:"issue"`
	Changelog changelog   `json:"changelog"`
	Comment   jiraComment `json:"comment"`
	Property  struct {
		Key string `json:"key"`
	} `json:"property"`
}

// jira decodes issue, comment and property events.
func jira(e Event) (work.Delivery, error) {
	var w jiraPayload
	if err := decode(e.Body, &w); err != nil {
		return work.Delivery{}, fault.As(fault.Invalid, err, "jira event %s", e.Name)
	}
	if w.Event != "" && w.Event != e.Name {
		return work.Delivery{}, fault.New(fault.Invalid, "a jira event that calls itself %q came to the address of %s", short(w.Event), e.Name)
	}
	at := w.Timestamp.time()
	dated := !at.IsZero()
	if !dated {
		at = e.Seen.UTC()
	}
	if effect := issueEvents[e.Name]; effect == said || effect == unsaid {
		return w.heed(e, at, dated)
	}
	if w.Issue == nil || !w.Issue.ID.valid() {
		return work.Delivery{}, fault.New(fault.Invalid, "jira event %s names no issue", e.Name)
	}
	issue := w.issue(e.Name)
	issue.At = at
	if issue.Updated.IsZero() {
		issue.Updated = at
	}
	d := work.Delivery{Seen: e.Seen}
	if e.Identifier != "" && len(e.Identifier) <= 200 {
		d.Key = key(tenant.Jira, e.Name, e.Body, true, "by-identifier", e.Identifier)
	} else {
		d.Key = key(tenant.Jira, e.Name, e.Body, dated, issue.ID, string(w.Changelog.ID), string(w.Comment.ID), w.Property.Key,
			strconv.FormatInt(at.UnixMilli(), 10))
	}
	if issueEvents[e.Name] == noted {
		return d, nil
	}
	w.follow(&issue)
	var err error
	if d.Jobs, err = syncJob(issue, at, e.Seen); err != nil || w.Comment.ID == "" {
		return d, err
	}
	// Data Center tells of comments so.
	more, err := commentJob(w.comment(issue.ID, e.Name, at), e.Seen)
	d.Jobs = append(d.Jobs, more...)
	return d, err
}

// syncJob makes the job of an issue. One that tells of a step of its history waits by itself, so that no step is lost by another; all
// of one issue are done one after the other.
func syncJob(issue Issue, at, seen time.Time) ([]work.Job, error) {
	subject := issue.ID
	if len(issue.Steps) == 1 {
		subject += "#" + strconv.FormatInt(issue.Steps[0].ID, 10)
	}
	jobs, err := job(work.SyncTicket, subject, issue, at, seen)
	for i := range jobs {
		jobs[i].Lane = issue.ID
	}
	return jobs, err
}

func (w *jiraPayload) issue(event string) Issue {
	f := &w.Issue.Fields
	out := Issue{
		ID: string(w.Issue.ID), Key: w.Issue.Key, Project: f.Project.Key, Summary: f.Summary, Due: f.Due, Labels: f.Labels,
		Assignee: f.Assignee.account(), Updated: jiraTime(f.Updated),
		Created: event == "jira:issue_created" || event == "avi:jira:created:issue", Deleted: issueEvents[event] == vanished, By: w.User.account(), Event: event,
	}
	if out.Project == "" {
		out.Project, _, _ = strings.Cut(out.Key, "-")
	}
	if f.Assignee != nil {
		out.AssigneeName = f.Assignee.DisplayName
	}
	if f.Resolution != nil {
		out.Resolution = f.Resolution.Name
	}
	if f.Status != nil {
		out.Status, out.StatusID = f.Status.Name, string(f.Status.ID)
		switch c := threat.Category(f.Status.Category.Key); c {
		case threat.ToDo, threat.Doing, threat.Done:
			out.Category = c
		case "undefined": // a status that nobody sorted: work has not been said to begin
			out.Category = threat.ToDo
		}
	}
	return out
}
