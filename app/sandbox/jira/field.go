package jira

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ref is how a call names something: by id, name, key or account id.
type ref struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Key       string `json:"key"`
	AccountID string `json:"accountId"`
}

func (r ref) any() string {
	for _, s := range []string{r.ID, r.Name, r.Key} {
		if s != "" {
			return s
		}
	}
	return ""
}

// set gives one field of r the value that a call of the version sends, and returns what changed, or what is wrong with the value.
func (j *Jira) set(actor string, r *record, v version, field string, raw json.RawMessage) ([]item, string) {
	p, _ := j.project(r.Project)
	if j.absent(p, field) {
		return nil, "Field '" + field + "' cannot be set. It is not on the appropriate screen, or unknown."
	}
	if c, ok := p.custom(field); ok {
		return j.setCustom(r, v, c, raw)
	}
	switch field {
	case "summary":
		return setSummary(r, raw)
	case "description":
		return setText(&r.Description, field, v, raw)
	case "environment":
		return setText(&r.Environment, field, v, raw)
	case "labels":
		return setLabels(r, raw)
	case "components":
		return setComponents(r, p, raw)
	case "priority":
		return setPriority(r, raw)
	case "issuetype":
		return setType(r, p, raw)
	case "duedate":
		return setDueDate(r, raw)
	case "assignee":
		return j.setAssignee(r, v, p, raw)
	case "reporter":
		return j.setReporter(r, v, raw)
	case "parent":
		if kind, _ := findType(r.Type); j.told == dc && !kind.Subtask {
			return nil, "Field 'parent' cannot be set. It is not on the appropriate screen, or unknown."
		}
		return j.setParent(r, raw)
	case "security":
		return j.setSecurity(actor, r, p, raw)
	default:
		return nil, "Field '" + field + "' cannot be set. It is not on the appropriate screen, or unknown."
	}
}

func changed(field string, from, fromString, to, toString string) []item {
	if from == to && fromString == toString {
		return nil
	}
	return []item{{
		Field: field, FieldType: "jira", FieldID: field,
		From: pointer(from), FromString: pointer(fromString), To: pointer(to), ToString: pointer(toString),
	}}
}

func pointer(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func setSummary(r *record, raw json.RawMessage) ([]item, string) {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return nil, "Operation value must be a string"
	}
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return nil, "You must specify a summary of the issue."
	case utf8.RuneCountInString(s) > 255:
		return nil, "Summary can't exceed 255 characters."
	case strings.ContainsAny(s, "\r\n"):
		return nil, "The summary is invalid because it contains newline characters."
	}
	items := changed("summary", "", r.Summary, "", s)
	r.Summary = s
	return items, ""
}

func setText(t *text, field string, v version, raw json.RawMessage) ([]item, string) {
	now, wrong := readText(v, raw)
	if wrong != "" {
		return nil, wrong
	}
	items := changed(field, "", t.wiki(), "", now.wiki())
	*t = now
	return items, ""
}

func setLabels(r *record, raw json.RawMessage) ([]item, string) {
	var labels []string
	if json.Unmarshal(raw, &labels) != nil {
		return nil, "data was not an array"
	}
	for _, l := range labels {
		switch {
		case strings.ContainsAny(l, " \t\r\n"):
			return nil, "The label '" + l + "' contains spaces which is invalid."
		case l == "":
			return nil, "The label must not be empty."
		case utf8.RuneCountInString(l) > 255:
			return nil, "The label '" + l + "' exceeds the maximum length for a single label of 255 characters."
		}
	}
	labels = slices.Clone(labels)
	slices.Sort(labels)
	labels = slices.Compact(labels)
	items := changed("labels", "", strings.Join(r.Labels, " "), "", strings.Join(labels, " "))
	r.Labels = labels
	return items, ""
}

func setComponents(r *record, p Project, raw json.RawMessage) ([]item, string) {
	var refs []ref
	if json.Unmarshal(raw, &refs) != nil {
		return nil, "data was not an array"
	}
	var ids []string
	for _, c := range refs {
		found, ok := p.component(c.any())
		switch {
		case !ok && c.ID != "":
			return nil, "Component id '" + c.ID + "' is not valid"
		case !ok:
			return nil, "Component name '" + c.Name + "' is not valid"
		case !slices.Contains(ids, found.ID):
			ids = append(ids, found.ID)
		}
	}
	var items []item
	for _, id := range r.Components { // Jira writes one item a component, taken away or added
		if c, _ := p.component(id); !slices.Contains(ids, id) {
			items = append(items, renamed(changed("components", id, c.Name, "", ""), "Component")...)
		}
	}
	for _, id := range ids {
		if c, _ := p.component(id); !slices.Contains(r.Components, id) {
			items = append(items, renamed(changed("components", "", "", id, c.Name), "Component")...)
		}
	}
	r.Components = ids
	return items, ""
}

// renamed gives changelog items the display name that Jira uses where it differs from the field's id.
func renamed(items []item, name string) []item {
	for i := range items {
		items[i].Field = name
	}
	return items
}

func setPriority(r *record, raw json.RawMessage) ([]item, string) {
	var to ref
	if json.Unmarshal(raw, &to) != nil {
		return nil, "data was not an object"
	}
	p, ok := findNamed(priorities(), to.any())
	if !ok {
		return nil, "Priority name '" + to.any() + "' is not valid"
	}
	old, _ := findNamed(priorities(), r.Priority)
	r.Priority = p.ID
	return changed("priority", old.ID, old.Name, p.ID, p.Name), ""
}

func setType(r *record, p Project, raw json.RawMessage) ([]item, string) {
	var to ref
	if json.Unmarshal(raw, &to) != nil || to.any() == "" {
		return nil, "Specify an issue type"
	}
	kind, ok := findType(to.any())
	if !ok {
		return nil, "Specify a valid issue type"
	}
	if !slices.Contains(p.Types, kind.ID) {
		return nil, "The issue type selected is invalid."
	}
	old, _ := findType(r.Type)
	r.Type = kind.ID
	return changed("issuetype", old.ID, old.Name, kind.ID, kind.Name), ""
}

func setDueDate(r *record, raw json.RawMessage) ([]item, string) {
	var s string
	if !isNull(raw) && json.Unmarshal(raw, &s) != nil {
		return nil, "Operation value must be a string"
	}
	if s != "" {
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return nil, "Error parsing date string: " + s
		}
	}
	items := changed("duedate", r.DueDate, r.DueDate, s, s)
	r.DueDate = s
	return items, ""
}

func (j *Jira) setAssignee(r *record, v version, p Project, raw json.RawMessage) ([]item, string) {
	var to ref
	if !isNull(raw) && json.Unmarshal(raw, &to) != nil {
		return nil, "data was not an object"
	}
	id := j.named(to, v)
	if id == "-1" { // the project's default, which here is nobody
		id = ""
	}
	if id != "" && !slices.ContainsFunc(j.assignable(p), func(u user) bool { return u.AccountID == id }) {
		return nil, "User '" + id + "' cannot be assigned issues."
	}
	items := changed("assignee", r.Assignee, j.name(r.Assignee), id, j.name(id))
	r.Assignee = id
	return items, ""
}

// named is the account id of whom a call names, or what the call says where there is nobody of that name.
func (j *Jira) named(to ref, v version) string {
	if v == dc {
		return j.dcAccount(to.Name)
	}
	return cmp.Or(to.AccountID, to.ID)
}

func (j *Jira) setReporter(r *record, v version, raw json.RawMessage) ([]item, string) {
	var to ref
	if !isNull(raw) && json.Unmarshal(raw, &to) != nil {
		return nil, "data was not an object"
	}
	id := j.named(to, v)
	if u, ok := j.site.User(id); !ok || !u.Active {
		return nil, "The reporter specified is not a user."
	}
	items := changed("reporter", r.Reporter, j.name(r.Reporter), id, j.name(id))
	r.Reporter = id
	return items, ""
}

// setParent runs under the lock.
func (j *Jira) setParent(r *record, raw json.RawMessage) ([]item, string) {
	var to ref
	if !isNull(raw) && json.Unmarshal(raw, &to) != nil {
		return nil, "data was not an object"
	}
	key, id := "", ""
	if to.any() != "" {
		parent, ok := j.lookup(to.any())
		if !ok || parent.Project != r.Project {
			return nil, "Could not find issue by id or key."
		}
		above, _ := findType(parent.Type)
		if kind, typed := findType(r.Type); typed && above.Level != kind.Level+1 {
			return nil, "Given parent work item does not belong to appropriate hierarchy."
		}
		key, id = parent.Key, decimal(parent.ID)
	}
	items := renamed(changed("parent", r.ParentID, r.Parent, id, key), "Parent")
	r.Parent, r.ParentID = key, id
	return items, ""
}
