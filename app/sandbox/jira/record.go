package jira

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// record is one issue as it stands after one change. A record that has been stored is never written to again: a change makes a
// clone, so readers need no lock and search can be shown an older one.
type record struct {
	ID          int64                      `json:"id"`
	Key         string                     `json:"key"`
	Project     string                     `json:"project"` // project key
	Type        string                     `json:"type"`    // ids of the catalogue
	Status      string                     `json:"status"`
	Resolution  string                     `json:"resolution,omitzero"`
	Priority    string                     `json:"priority"`
	Summary     string                     `json:"summary"`
	Description text                       `json:"description,omitzero"`
	Environment text                       `json:"environment,omitzero"`
	Labels      []string                   `json:"labels,omitzero"`
	Components  []string                   `json:"components,omitzero"`
	Security    string                     `json:"security,omitzero"` // id of a level
	Parent      string                     `json:"parent,omitzero"`   // issue key
	ParentID    string                     `json:"parentId,omitzero"`
	Assignee    string                     `json:"assignee,omitzero"`
	Reporter    string                     `json:"reporter,omitzero"`
	Creator     string                     `json:"creator"`
	DueDate     string                     `json:"duedate,omitzero"` // YYYY-MM-DD
	Created     time.Time                  `json:"created"`
	Updated     time.Time                  `json:"updated"`
	Resolved    time.Time                  `json:"resolved,omitzero"`
	Categorised time.Time                  `json:"categorised"`     // when the status category last changed
	Custom      map[string]json.RawMessage `json:"custom,omitzero"` // further fields by id, as calls send them
	Comments    []comment                  `json:"comments,omitzero"`
	Attachments []attachment               `json:"attachments,omitzero"`
	Properties  map[string]json.RawMessage `json:"properties,omitzero"`
	Links       []remoteLink               `json:"links,omitzero"`
	History     []change                   `json:"history,omitzero"`
	Stored      time.Time                  `json:"stored"` // last change of any kind, also those that leave Updated alone

	dead  bool      // deleted; kept only for search to lag behind
	fresh []comment // comments that the change which made this record added, to be told of
}

type comment struct {
	ID      int64           `json:"id"`
	Author  string          `json:"author"`
	Editor  string          `json:"editor"`
	Body    text            `json:"body"`
	Created time.Time       `json:"created"`
	Updated time.Time       `json:"updated"`
	Visible json.RawMessage `json:"visibility,omitzero"`
}

type change struct {
	ID     int64     `json:"id"`
	Author string    `json:"author"`
	At     time.Time `json:"at"`
	Items  []item    `json:"items"`
}

// item is one field's change, in the shape of Jira's changelog.
type item struct {
	Field      string  `json:"field"`
	FieldType  string  `json:"fieldtype"`
	FieldID    string  `json:"fieldId,omitzero"`
	From       *string `json:"from"`
	FromString *string `json:"fromString"`
	To         *string `json:"to"`
	ToString   *string `json:"toString"`
}

type remoteLink struct {
	ID           int64           `json:"id"`
	GlobalID     string          `json:"globalId,omitzero"`
	Application  json.RawMessage `json:"application,omitzero"`
	Relationship string          `json:"relationship,omitzero"`
	Object       json.RawMessage `json:"object"`
}

// clone copies everything that a change may touch in place.
func (r *record) clone() *record {
	c := *r
	c.fresh = nil
	c.Labels = slices.Clone(r.Labels)
	c.Components = slices.Clone(r.Components)
	c.Comments = slices.Clone(r.Comments)
	c.Attachments = slices.Clone(r.Attachments)
	c.Custom = maps.Clone(r.Custom)
	c.Properties = maps.Clone(r.Properties)
	c.Links = slices.Clone(r.Links)
	c.History = slices.Clone(r.History)
	return &c
}
