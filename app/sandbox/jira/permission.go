package jira

import (
	"slices"

	"github.com/throughline/throughline/app/sandbox/site"
)

type user = site.User

// permission is a project permission by the key that Jira gives it.
type permission struct{ Key, Name, Description string }

const (
	browseProjects    = "BROWSE_PROJECTS"
	createIssues      = "CREATE_ISSUES"
	editIssues        = "EDIT_ISSUES"
	assignIssues      = "ASSIGN_ISSUES"
	assignableUser    = "ASSIGNABLE_USER"
	transitionIssues  = "TRANSITION_ISSUES"
	addComments       = "ADD_COMMENTS"
	deleteIssues      = "DELETE_ISSUES"
	linkIssues        = "LINK_ISSUES"
	scheduleIssues    = "SCHEDULE_ISSUES"
	moveIssues        = "MOVE_ISSUES"
	setIssueSecurity  = "SET_ISSUE_SECURITY"
	createAttachments = "CREATE_ATTACHMENTS"
	administer        = "ADMINISTER"
)

func permissions() []permission {
	return []permission{
		{browseProjects, "Browse Projects", "Ability to browse projects and the issues within them."},
		{createIssues, "Create Issues", "Ability to create issues."},
		{editIssues, "Edit Issues", "Ability to edit issues."},
		{assignIssues, "Assign Issues", "Ability to assign issues to other people."},
		{assignableUser, "Assignable User", "Users with this permission may be assigned to issues."},
		{transitionIssues, "Transition Issues", "Ability to transition issues."},
		{addComments, "Add Comments", "Ability to comment on issues."},
		{deleteIssues, "Delete Issues", "Ability to delete issues."},
		{linkIssues, "Link Issues", "Ability to link issues."},
		{scheduleIssues, "Schedule Issues", "Ability to view or edit an issue's due date."},
		{moveIssues, "Move Issues", "Ability to move issues between projects."},
		{setIssueSecurity, "Set Issue Security", "Ability to set the level of security on an issue."},
		{createAttachments, "Create Attachments", "Users with this permission may create attachments."},
		{administer, "Administer Jira", "Ability to perform most administration functions."},
	}
}

// may reports whether an account holds a permission in a project. Apps hold what Jira's add-on role gives them: all of a project.
// The auditor reads and comments; the administrator of the site is its first person.
func (j *Jira) may(accountID string, p Project, key string) bool {
	u, ok := j.site.User(accountID)
	switch {
	case !ok || !u.Active:
		return false
	case key == administer:
		users := j.site.Users()
		return len(users) > 0 && users[0].AccountID == accountID
	case j.denied(accountID, key):
		return false
	case key == assignableUser:
		return slices.ContainsFunc(j.assignable(p), func(a user) bool { return a.AccountID == accountID })
	case slices.Contains(p.Readers, accountID):
		return key == browseProjects || key == addComments
	}
	return true
}

// Deny takes permissions away from an account in all projects, by Jira's keys ("CREATE_ISSUES"); those it was denied before are
// given back.
func (j *Jira) Deny(accountID string, keys ...string) {
	j.denials.Store(accountID, keys)
}

// TakeOff takes fields off the create screens of a project; those that were taken off before are put back.
func (j *Jira) TakeOff(project string, fields ...string) { j.screens.Store(project, fields) }

// absent reports whether a field is on no screen of a project.
func (j *Jira) absent(p Project, field string) bool {
	off, _ := j.screens.Load(p.Key)
	list, _ := off.([]string)
	return slices.Contains(p.absent, field) || slices.Contains(list, field)
}

func (j *Jira) denied(accountID, key string) bool {
	keys, _ := j.denials.Load(accountID)
	list, _ := keys.([]string)
	return slices.Contains(list, key)
}

// assignable are the people who can be given the project's issues, in the site's order.
func (j *Jira) assignable(p Project) []user {
	var out []user
	for _, u := range j.site.Users() {
		if !u.Active || u.Type != "atlassian" || slices.Contains(p.Readers, u.AccountID) {
			continue
		}
		if p.Assignable == nil || slices.Contains(p.Assignable, u.AccountID) {
			out = append(out, u)
		}
	}
	return out
}
