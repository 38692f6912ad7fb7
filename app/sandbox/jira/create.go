package jira

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"
)

// issueUpdate is the body of a create, edit or transition call.
type issueUpdate struct {
	Fields     map[string]json.RawMessage              `json:"fields"`
	Update     map[string][]map[string]json.RawMessage `json:"update"`
	Properties []property                              `json:"properties"`
	Transition *struct {
		ID string `json:"id"`
	} `json:"transition"`
}

type property struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

func (j *Jira) create(actor string, v version, u issueUpdate) (*record, *Error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, items, err := j.draft(actor, v, u)
	if err != nil {
		return nil, err
	}
	return r, j.add(r, items)
}

// draft checks what a create call asks for and makes the issue, not yet stored, with what the event tells as changed.
func (j *Jira) draft(actor string, v version, u issueUpdate) (*record, []item, *Error) {
	bad := &Error{Status: http.StatusBadRequest, Messages: []string{}, Fields: map[string]string{}}
	var pref ref
	if raw, ok := u.Fields["project"]; !ok || json.Unmarshal(raw, &pref) != nil || pref.ID == "" && pref.Key == "" {
		bad.Fields["project"] = "Specify a valid project ID or key"
		return nil, nil, bad
	}
	p, ok := j.project(cmp.Or(pref.Key, pref.ID))
	if pref.ID != "" && ok {
		ok = p.ID == pref.ID
	}
	if !ok {
		bad.Fields["project"] = "Specify a valid project ID or key"
		return nil, nil, bad
	}
	if !j.may(actor, p, createIssues) {
		return nil, nil, refuse(http.StatusForbidden, "You do not have permission to create issues in this project.")
	}
	now := j.site.Now()
	r := &record{
		Project: p.Key, Status: p.Statuses[0], Priority: defaultPriority, Creator: actor, Reporter: actor,
		Created: now, Updated: now, Categorised: now, Stored: now, Properties: map[string]json.RawMessage{},
	}
	if j.absent(p, "priority") {
		r.Priority = ""
	}
	first, _ := findStatus(p.Statuses[0])
	items := renamed(changed("status", "", "", first.ID, first.Name), "Status")
	fields := maps.Clone(u.Fields)
	delete(fields, "project")
	for _, need := range append([]string{"summary", "issuetype"}, p.needs()...) {
		if raw, ok := fields[need]; !ok || isNull(raw) || string(raw) == "[]" {
			bad.Fields[need] = p.missing(need)
			delete(fields, need)
		}
	}
	order := slices.Sorted(maps.Keys(fields))
	if at := slices.Index(order, "issuetype"); at > 0 { // first: what the others may be depends on it
		order = slices.Insert(slices.Delete(order, at, at+1), 0, "issuetype")
	}
	for _, f := range order {
		more, wrong := j.set(actor, r, v, f, fields[f])
		if wrong != "" {
			bad.Fields[f] = wrong
		}
		items = append(items, more...)
	}
	for _, f := range slices.Sorted(maps.Keys(u.Update)) {
		more, err := j.update(actor, r, v, f, u.Update[f])
		if err != nil {
			maps.Copy(bad.Fields, err.Fields)
		}
		items = append(items, more...)
	}
	for _, prop := range u.Properties {
		if wrong := checkProperty(prop.Key, prop.Value); wrong != "" {
			bad.Messages = append(bad.Messages, wrong)
			continue
		}
		r.Properties[prop.Key] = prop.Value
	}
	if len(bad.Fields) > 0 || len(bad.Messages) > 0 {
		return nil, nil, bad
	}
	return r, items, nil
}

func (p Project) missing(field string) string {
	if c, ok := p.custom(field); ok {
		return c.Name + " is required."
	}
	return missing(field)
}

func missing(field string) string {
	switch field {
	case "summary":
		return "You must specify a summary of the issue."
	case "issuetype":
		return "Specify an issue type"
	case "components":
		return "Component/s is required."
	case "duedate":
		return "Due date is required."
	case "resolution":
		return "Resolution is required."
	default:
		return field + " is required."
	}
}

// add stores a drafted issue and tells of it. What it was made with is told, but is no entry of its history.
func (j *Jira) add(r *record, items []item) *Error {
	j.state.Serial[r.Project]++
	r.ID = j.id()
	r.Key = r.Project + "-" + strconv.FormatInt(j.state.Serial[r.Project], 10)
	j.store(r)
	if err := j.keep(); err != nil {
		return refuse(http.StatusInternalServerError, "%v", err)
	}
	j.tellIssue("jira:issue_created", "issue_created", r.Creator, r, &change{ID: j.id(), Items: items})
	return nil
}

// remove deletes an issue.
func (j *Jira) remove(actor, ref string) *Error {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, ok := j.lookup(ref)
	if !ok {
		return j.noIssue()
	}
	if !j.sees(actor, r) {
		return j.unseen()
	}
	p, _ := j.project(r.Project)
	if !j.may(actor, p, deleteIssues) {
		return refuse(http.StatusForbidden, "You do not have permission to delete issues in this project.")
	}
	now := j.site.Now()
	gone := r.clone()
	gone.Stored, gone.dead = now, true
	j.remember(r, now)
	j.remember(gone, now)
	delete(j.state.Issues, decimal(r.ID))
	delete(j.keys, r.Key)
	if err := j.keep(); err != nil {
		return refuse(http.StatusInternalServerError, "%v", err)
	}
	j.tellIssue("jira:issue_deleted", "", actor, r, nil)
	return nil
}

const (
	maxProperty    = 32768 // characters of an entity property's value
	maxPropertyKey = 255
)

func checkProperty(key string, value json.RawMessage) string {
	switch {
	case key == "" || utf8.RuneCountInString(key) > maxPropertyKey:
		return "The property key must be between 1 and 255 characters long."
	case !json.Valid(value):
		return "The property value is not valid JSON."
	case utf8.RuneCount(value) > maxProperty:
		return "The property value is too long: it cannot exceed 32768 characters."
	}
	return ""
}
