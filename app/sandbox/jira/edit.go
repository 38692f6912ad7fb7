package jira

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

func (j *Jira) edit(actor string, v version, key string, u issueUpdate) (*record, *Error) {
	return j.alter(actor, key, func(r *record) ([]item, *Error) {
		p, _ := j.project(r.Project)
		if !j.may(actor, p, editIssues) {
			return nil, refuse(http.StatusForbidden, "You do not have permission to edit issues in this project.")
		}
		return j.apply(actor, r, v, u)
	}, j.tellChange(actor, "issue_updated"))
}

// apply sets the fields and properties that a call sends, all of them or, with an error, none.
func (j *Jira) apply(actor string, r *record, v version, u issueUpdate) ([]item, *Error) {
	bad := &Error{Status: http.StatusBadRequest, Messages: []string{}, Fields: map[string]string{}}
	var items []item
	for _, f := range slices.Sorted(maps.Keys(u.Fields)) {
		if _, twice := u.Update[f]; twice {
			bad.Fields[f] = "Field '" + f + "' cannot appear in both 'fields' and 'update'"
			continue
		}
		more, wrong := j.set(actor, r, v, f, u.Fields[f])
		if wrong != "" {
			bad.Fields[f] = wrong
		}
		items = append(items, more...)
	}
	for _, f := range slices.Sorted(maps.Keys(u.Update)) {
		if f == "comment" {
			for _, op := range u.Update[f] {
				var c commentInput
				if json.Unmarshal(op["add"], &c) != nil {
					bad.Fields[f] = "Comment body is not valid!"
				} else if _, err := j.newComment(actor, r, v, c); err != nil {
					maps.Copy(bad.Fields, err.Fields)
				}
			}
			continue
		}
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
		if r.Properties == nil {
			r.Properties = map[string]json.RawMessage{}
		}
		r.Properties[prop.Key] = prop.Value
	}
	if len(bad.Fields) > 0 || len(bad.Messages) > 0 {
		return nil, bad
	}
	return items, nil
}

// update does the operations of an "update" entry: set, add and remove, the latter two on lists.
func (j *Jira) update(actor string, r *record, v version, field string, ops []map[string]json.RawMessage) ([]item, *Error) {
	var items []item
	for _, op := range ops {
		for _, verb := range slices.Sorted(maps.Keys(op)) {
			value := op[verb]
			if verb != "set" {
				list, ok := j.list(r, field)
				if !ok || verb != "add" && verb != "remove" {
					return nil, refuseField(field, "Field with id '%s' and name '%s' does not support operation '%s' Supported operation(s) are: 'set'", field, field, verb)
				}
				list = slices.DeleteFunc(list, func(old json.RawMessage) bool { return j.same(r, field, old, value) })
				if verb == "add" {
					list = append(list, value)
				}
				value, _ = json.Marshal(list) // each part of it is JSON already
			}
			more, wrong := j.set(actor, r, v, field, value)
			if wrong != "" {
				return nil, refuseField(field, "%s", wrong)
			}
			items = append(items, more...)
		}
	}
	return items, nil
}

// list is a list field's value as a call would send it.
func (j *Jira) list(r *record, field string) ([]json.RawMessage, bool) {
	out := []json.RawMessage{}
	var err error
	add := func(v any) {
		b, e := json.Marshal(v)
		out, err = append(out, b), e
	}
	switch field {
	case "labels":
		for _, l := range r.Labels {
			add(l)
		}
	case "components":
		for _, c := range r.Components {
			add(map[string]string{"id": c})
		}
	default:
		return nil, false
	}
	return out, err == nil
}

func (j *Jira) same(r *record, field string, a, b json.RawMessage) bool {
	if field == "components" {
		p, _ := j.project(r.Project)
		var x, y ref
		_, _ = json.Unmarshal(a, &x), json.Unmarshal(b, &y) // what is no reference names no component
		left, _ := p.component(x.any())
		right, ok := p.component(y.any())
		return ok && left.ID == right.ID
	}
	var x, y string
	_, _ = json.Unmarshal(a, &x), json.Unmarshal(b, &y)
	return x == y
}

func (j *Jira) assign(actor, key, accountID string) (*record, *Error) {
	return j.alter(actor, key, func(r *record) ([]item, *Error) {
		p, _ := j.project(r.Project)
		if !j.may(actor, p, assignIssues) {
			return nil, refuse(http.StatusForbidden, "You do not have permission to assign issues in this project.")
		}
		raw, err := json.Marshal(map[string]string{"accountId": accountID})
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "%v", err)
		}
		items, wrong := j.setAssignee(r, v2, p, raw)
		if wrong != "" {
			return nil, refuseField("assignee", "%s", wrong)
		}
		return items, nil
	}, j.tellChange(actor, "issue_assigned"))
}

// transition moves an issue along the workflow, with the fields that the step's screen asks for.
func (j *Jira) transition(actor string, v version, key string, u issueUpdate) *Error {
	if u.Transition == nil || u.Transition.ID == "" {
		return refuse(http.StatusBadRequest, "Missing 'transition' identifier")
	}
	_, err := j.alter(actor, key, func(r *record) ([]item, *Error) {
		p, _ := j.project(r.Project)
		if !j.may(actor, p, transitionIssues) {
			return nil, refuse(http.StatusForbidden, "You do not have permission to transition issues in this project.")
		}
		steps := p.transitions(r.Status)
		i := slices.IndexFunc(steps, func(t Transition) bool { return t.ID == u.Transition.ID })
		if i < 0 {
			return nil, refuse(http.StatusBadRequest, "It seems that you have tried to perform a workflow operation (%s) that is not valid for the current state of this issue (%s).", u.Transition.ID, r.Key)
		}
		fields := maps.Clone(u.Fields)
		resolution, sent := fields["resolution"]
		delete(fields, "resolution")
		if slices.Contains(steps[i].Required, "resolution") && (!sent || isNull(resolution)) {
			return nil, refuseField("resolution", "%s", missing("resolution"))
		}
		items, err := j.apply(actor, r, v, issueUpdate{Fields: fields, Update: u.Update, Properties: u.Properties})
		if err != nil {
			return nil, err
		}
		more, err := j.move(r, steps[i].To, resolution)
		return append(items, more...), err
	}, j.tellChange(actor, "issue_generic"))
	return err
}

// move sets the status, and with it the resolution: set on the way into the category done, cleared on the way out. Team-managed
// projects have none.
func (j *Jira) move(r *record, to Status, resolution json.RawMessage) ([]item, *Error) {
	from, _ := findStatus(r.Status)
	was, _ := findNamed(resolutions(), r.Resolution)
	var is named
	p, _ := j.project(r.Project)
	if to.Category == "done" && !p.TeamManaged {
		is, _ = findNamed(resolutions(), resolvedDone)
		if !isNull(resolution) {
			var want ref
			_ = json.Unmarshal(resolution, &want) // what is no reference names no resolution
			var ok bool
			if is, ok = findNamed(resolutions(), want.any()); !ok {
				return nil, refuseField("resolution", "Resolution name '%s' is not valid", want.any())
			}
		}
	}
	items := changed("resolution", was.ID, was.Name, is.ID, is.Name)
	items = append(items, changed("status", from.ID, from.Name, to.ID, to.Name)...)
	now := j.site.Now()
	r.Status, r.Resolution = to.ID, is.ID
	if from.Category != to.Category {
		r.Categorised = now
		r.Resolved = time.Time{}
		if to.Category == "done" && !p.TeamManaged {
			r.Resolved = now
		}
	}
	return items, nil
}
