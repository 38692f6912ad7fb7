package jira

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/app/sandbox/site"
)

// Project is a project of the site.
type Project struct {
	ID, Key, Name, Description string
	Lead                       string      // account id
	Components                 []Component // in name order
	Types                      []string    // ids of the issue types that it takes
	Required                   []string    // fields that creating an issue needs beside project, issue type and summary
	Statuses                   []string    // ids of its workflow's statuses; issues begin in the first
	TeamManaged                bool        // issue types and statuses are its own, there are no components, and nothing is ever resolved
	Custom                     []Custom    // further fields of its forms
	flow                       []step
	absent                     []string // fields that its forms have not
	Assignable                 []string // account ids; nil: every active person who may work on issues
	Readers                    []string // account ids of those who only read and comment
	Levels                     []Level  // security levels that its issues can have
}

// Component is a part of a project, with the person who leads it.
type Component struct {
	ID, Name, Description, Lead string
}

// Custom is a field that an administrator added.
type Custom struct {
	ID, Name string   // "customfield_10042", "Risk class"
	Type     string   // "string", "number", "date", "user", "option", "array" of options, or "any": the key of an epic
	Options  []string // that it can have, in order
	Required bool     // to create an issue
}

// IssueType is a kind of issue.
type IssueType struct {
	ID, Name, Description string
	Subtask               bool
	Level                 int // 0 for ordinary types, -1 for subtasks, 1 for epics
}

// Status is a step of the workflow. Category is "new", "indeterminate" or "done".
type Status struct {
	ID, Name, Description, Category string
}

type named struct{ ID, Name, Description string }

// The ids of the statuses, as the workflow names them.
const (
	toDo       = "10000"
	inProgress = "10001"
	inReview   = "10002"
	done       = "10003"
)

func statuses() []Status {
	return []Status{
		{toDo, "To Do", "Nobody has begun to work on it.", "new"},
		{inProgress, "In Progress", "Somebody is working on it.", "indeterminate"},
		{inReview, "In Review", "The work waits for a review.", "indeterminate"},
		{done, "Done", "The work is complete.", "done"},
		{"10100", "Zu erledigen", "Niemand hat damit angefangen.", "new"},
		{"10101", "In Arbeit", "Jemand arbeitet daran.", "indeterminate"},
		{"10102", "In Prüfung", "Die Arbeit wird geprüft.", "indeterminate"},
		{"10103", "Erledigt", "Die Arbeit ist getan.", "done"},
		{"10200", "Backlog", "", "new"},
		{"10201", "Triage", "", "new"},
		{"10202", "Ready", "", "new"},
		{"10203", "Selected", "", "new"},
		{"10204", "Reopened", "", "new"},
		{"10210", "Analysis", "", "indeterminate"},
		{"10211", "Building", "", "indeterminate"},
		{"10212", "Blocked", "", "indeterminate"},
		{"10213", "Review", "", "indeterminate"},
		{"10214", "Rollout", "", "indeterminate"},
		{"10220", "Resolved", "", "done"},
		{"10221", "Deployed", "", "done"},
		{"10222", "Closed", "", "done"},
		{"10223", "Archived", "", "done"},
		{"10224", "Cancelled", "", "done"},
		{"10300", "To Do", "", "new"},
		{"10301", "In Progress", "", "indeterminate"},
		{"10302", "Done", "", "done"},
	}
}

func issueTypes() []IssueType {
	return []IssueType{
		{"10000", "Epic", "A big piece of work that holds others.", false, 1},
		{"10001", "Task", "A piece of work.", false, 0},
		{"10002", "Bug", "A fault in the product.", false, 0},
		{"10003", "Story", "Something a user gains.", false, 0},
		{"10004", "Sub-task", "A part of a larger piece of work.", true, -1},
		{"10300", "Epic", "Epics of the team.", false, 1},
		{"10301", "Task", "Tasks of the team.", false, 0},
		{"10302", "Subtask", "Subtasks of the team.", true, -1},
	}
}

func priorities() []named {
	return []named{
		{"1", "Highest", "This will block progress."},
		{"2", "High", "Serious problem that could block progress."},
		{"3", "Medium", "Has the potential to affect progress."},
		{"4", "Low", "Minor problem or easily worked around."},
		{"5", "Lowest", "Trivial problem with little or no impact on progress."},
	}
}

const defaultPriority = "3"

func resolutions() []named {
	return []named{
		{"10000", "Done", "Work has been completed."},
		{"10001", "Won't Do", "This will not be done."},
		{"10002", "Duplicate", "The problem is a duplicate of another issue."},
	}
}

const resolvedDone = "10000"

// Demo is the catalogue of the demo site: SEC takes most kinds of issue and hides some from all but its team, PAY has no bugs and a few people, AUD refuses an
// issue without a component and a due date, DEU has German statuses, OPS five statuses of each category, steps from each to each
// and fields of its own, and TEAM is managed by its team.
func Demo() []Project {
	all := []string{"10000", "10001", "10002", "10003", "10004"}
	readers := []string{site.Grace}
	classic := []string{toDo, inProgress, inReview, done}
	many := []string{
		"10200", "10201", "10202", "10203", "10204", "10210", "10211", "10212", "10213", "10214", "10220", "10221", "10222", "10223", "10224",
	}
	return []Project{
		{
			ID: "10000", Key: "SEC", Name: "Security", Description: "Mitigations and security findings.", Lead: site.Sofia, Types: all, Readers: readers,
			Statuses: classic, flow: workflow(),
			Components: []Component{
				{"10000", "Data Protection", "Storage, encryption, privacy.", site.Lucia},
				{"10001", "Identity", "Sign-in, sessions, authorisation.", site.Kenji},
				{"10002", "Platform", "Network, hosts, deployment.", site.Amir},
				{"10003", "Suppliers", "Third parties. Nobody leads it.", ""},
			},
			Levels: []Level{{"10100", "Security team", "The security team alone sees it.", []string{site.Sofia, site.Kenji, site.Lucia}}},
		},
		{
			ID: "10001", Key: "PAY", Name: "Payments", Description: "The payments product.", Lead: site.Amir, Readers: readers,
			Statuses: classic, flow: workflow(),
			Types: []string{"10000", "10001", "10003", "10004"}, Assignable: []string{site.Amir, site.Kenji, site.Dana},
			Components: []Component{{"10010", "Checkout", "The shop's last page.", site.Kenji}, {"10011", "Ledger", "Bookings.", site.Amir}},
		},
		{
			ID: "10002", Key: "AUD", Name: "Audit", Description: "Audit findings.", Lead: site.Dana, Types: []string{"10001"}, Readers: readers,
			Components: []Component{{"10020", "Access", "Who may do what.", site.Dana}}, Required: []string{"components", "duedate"},
			Statuses: classic, flow: workflow(),
		},
		{
			ID: "10003", Key: "DEU", Name: "Sicherheit", Description: "Maßnahmen des Münchner Teams.", Lead: site.Lucia, Types: all, Readers: readers,
			Components: []Component{{"10030", "Anmeldung", "Sitzungen und Rechte.", site.Lucia}},
			Statuses:   []string{"10100", "10101", "10102", "10103"}, flow: germanWorkflow(),
		},
		{
			ID: "10004", Key: "OPS", Name: "Operations", Description: "Changes to what runs.", Lead: site.Amir, Types: []string{"10000", "10001", "10004"}, Readers: readers,
			Statuses: many, flow: anyToAny(many),
			Custom: []Custom{
				{ID: "customfield_10042", Name: "Risk class", Type: "option", Options: []string{"A", "B", "C"}, Required: true},
				{ID: "customfield_10043", Name: "Environments", Type: "array", Options: []string{"Production", "Staging"}},
				{ID: "customfield_10044", Name: "Effort", Type: "number"},
				{ID: "customfield_10045", Name: "Reviewer", Type: "user"},
				{ID: "customfield_10046", Name: "Reviewed on", Type: "date"},
				{ID: "customfield_10047", Name: "Reference", Type: "string"},
			},
		},
		{
			ID: "10005", Key: "TEAM", Name: "Web team", Description: "Managed by the team itself.", Lead: site.Kenji, Types: []string{"10300", "10301", "10302"},
			TeamManaged: true, Statuses: []string{"10300", "10301", "10302"}, flow: anyToAny([]string{"10300", "10301", "10302"}),
			absent: []string{"components", "priority", "environment"}, Readers: readers,
		},
	}
}

// find returns the element whose id or name (case ignored) is given.
func find[T any](list []T, ref string, id, name func(T) string) (T, bool) {
	i := slices.IndexFunc(list, func(v T) bool { return id(v) == ref || strings.EqualFold(name(v), ref) })
	if i < 0 {
		var zero T
		return zero, false
	}
	return list[i], true
}

func findStatus(ref string) (Status, bool) {
	return find(statuses(), ref, func(s Status) string { return s.ID }, func(s Status) string { return s.Name })
}

func findType(ref string) (IssueType, bool) {
	return find(issueTypes(), ref, func(s IssueType) string { return s.ID }, func(s IssueType) string { return s.Name })
}

func findNamed(list []named, ref string) (named, bool) {
	return find(list, ref, func(s named) string { return s.ID }, func(s named) string { return s.Name })
}

func (p Project) component(ref string) (Component, bool) {
	return find(p.Components, ref, func(c Component) string { return c.ID }, func(c Component) string { return c.Name })
}

func (p Project) custom(id string) (Custom, bool) {
	i := slices.IndexFunc(p.Custom, func(c Custom) bool { return c.ID == id })
	if i < 0 {
		return Custom{}, false
	}
	return p.Custom[i], true
}

// owner is the project that a team-managed status or issue type belongs to; none for those that projects share.
func (j *Jira) owner(of func(Project) []string, id string) (Project, bool) {
	i := slices.IndexFunc(j.projects, func(p Project) bool { return p.TeamManaged && slices.Contains(of(p), id) })
	if i < 0 {
		return Project{}, false
	}
	return j.projects[i], true
}

func (j *Jira) project(ref string) (Project, bool) {
	return find(j.projects, ref, func(p Project) string { return p.ID }, func(p Project) string { return p.Key })
}
