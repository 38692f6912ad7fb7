package jira

import (
	"encoding/json"

	"github.com/throughline/throughline/app/sandbox/site"
)

// Webhook payloads have REST v2's shapes, whichever version the change was made through. They are drawn and handed on under the
// lock, so nothing that draws takes it.

// tell hands an event to the site.
func (j *Jira) tell(name, actor string, r *record, payload object) {
	now := j.site.Now()
	payload["timestamp"], payload["webhookEvent"] = now.UnixMilli(), name
	body, err := json.Marshal(payload)
	if err != nil { // made of what was read as JSON, and of strings
		return
	}
	j.site.Emit(site.Event{Product: "jira", Name: name, Actor: actor, At: now, Body: body, Sees: func(account string) bool { return j.sees(account, r) }})
}

func (j *Jira) payloads() renderer { return renderer{j: j, v: j.told} }

func (j *Jira) tellIssue(name, kind, actor string, r *record, c *change) {
	d := j.payloads()
	payload := object{"user": d.user(actor), "issue": d.issue(r, nil)}
	if kind != "" {
		payload["issue_event_type_name"] = kind
	}
	if c != nil {
		payload["changelog"] = object{"id": decimal(c.ID), "items": d.items(c.Items)}
	}
	j.tell(name, actor, r, payload)
}

// tellChange tells of a changed issue, and of the comments that came with the change.
func (j *Jira) tellChange(actor, kind string) told {
	return func(r *record, c *change) {
		if c != nil {
			j.tellIssue("jira:issue_updated", kind, actor, r, c)
		}
		for _, m := range r.fresh {
			j.tellComment("comment_created", actor, r, m)
		}
	}
}

func (j *Jira) tellComment(name, actor string, r *record, m comment) {
	d := j.payloads()
	payload := object{"comment": d.comment(r, m)}
	if d.v != dc { // whose comment events name no issue but in the comment's address
		payload["issue"] = d.brief(r)
	}
	j.tell(name, actor, r, payload)
}

func (j *Jira) tellProperty(name, actor string, r *record, key string, value json.RawMessage) {
	d := j.payloads()
	property := object{"key": key, "self": d.self("/issue/%d/properties/%s", r.ID, key)}
	if value != nil {
		property["value"] = value
	}
	j.tell(name, actor, r, object{"user": d.user(actor), "property": property, "issue": d.brief(r)})
}

// brief is the part of an issue that comment and property events hold.
func (d renderer) brief(r *record) object {
	fields := d.fields(r)
	out := object{}
	for _, name := range []string{"summary", "issuetype", "project", "assignee", "priority", "status"} {
		out[name] = fields[name]
	}
	return object{"id": decimal(r.ID), "key": r.Key, "self": d.self("/issue/%d", r.ID), "fields": out}
}
