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
	Assignable                 []string    // account ids; nil: every active person who may work on issues
	Readers                    []string    // account ids of those who only read and comment
}

// Component is a part of a project, with the person who leads it.
type Component struct {
	ID, Name, Description, Lead string
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
	}
}

func issueTypes() []IssueType {
	return []IssueType{
		{"10000", "Epic", "A big piece of work that holds others.", false, 1},
		{"10001", "Task", "A piece of work.", false, 0},
		{"10002", "Bug", "A fault in the product.", false, 0},
		{"10003", "Story", "Something a user gains.", false, 0},
		{"10004", "Sub-task", "A part of a larger piece of work.", true, -1},
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

// Demo is the catalogue of the demo site: SEC takes most kinds of issue, PAY has no bugs and a few people, and AUD refuses an
// issue without a component and a due date.
func Demo() []Project {
	all := []string{"10000", "10001", "10002", "10003", "10004"}
	readers := []string{site.Grace}
	return []Project{
		{
			ID: "10000", Key: "SEC", Name: "Security", Description: "Mitigations and security findings.", Lead: site.Sofia, Types: all, Readers: readers,
			Components: []Component{
				{"10000", "Data Protection", "Storage, encryption, privacy.", site.Lucia},
				{"10001", "Identity", "Sign-in, sessions, authorisation.", site.Kenji},
				{"10002", "Platform", "Network, hosts, deployment.", site.Amir},
				{"10003", "Suppliers", "Third parties. Nobody leads it.", ""},
			},
		},
		{
			ID: "10001", Key: "PAY", Name: "Payments", Description: "The payments product.", Lead: site.Amir, Readers: readers,
			Types: []string{"10000", "10001", "10003", "10004"}, Assignable: []string{site.Amir, site.Kenji, site.Dana},
			Components: []Component{{"10010", "Checkout", "The shop's last page.", site.Kenji}, {"10011", "Ledger", "Bookings.", site.Amir}},
		},
		{
			ID: "10002", Key: "AUD", Name: "Audit", Description: "Audit findings.", Lead: site.Dana, Types: []string{"10001"}, Readers: readers,
			Components: []Component{{"10020", "Access", "Who may do what.", site.Dana}}, Required: []string{"components", "duedate"},
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

func (j *Jira) project(ref string) (Project, bool) {
	return find(j.projects, ref, func(p Project) string { return p.ID }, func(p Project) string { return p.Key })
}
