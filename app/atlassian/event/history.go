package event

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/app/threat"
)

// changelog is the entry of an issue's history that an event tells of.
type changelog struct {
	ID    id           `json:"id"`
	Items []changeItem `json:"items"`
}

// changeItem is what one field was and is.
type changeItem struct {
	Field    string `json:"field"`
	FieldID  string `json:"fieldId"` // Data Center has none
	From     loose  `json:"from"`
	FromName loose  `json:"fromString"`
	To       loose  `json:"to"`
	ToName   loose  `json:"toString"`
}

// loose is a text; what is none reads as empty.
type loose string

func (l *loose) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*l = loose(s)
	}
	return nil
}

// follow adds to an issue the step that the event tells of. Jira's history bears the issue's own time of change.
func (w *jiraPayload) follow(issue *Issue) {
	issue.Look = slices.ContainsFunc(w.Changelog.Items, changeItem.covers)
	n, err := strconv.ParseInt(string(w.Changelog.ID), 10, 64)
	if err != nil || n <= 0 || issue.Deleted {
		return
	}
	s := threat.Step{ID: n, By: issue.By, At: issue.Updated, Changes: []threat.Change{}}
	for _, i := range w.Changelog.Items {
		c, ok := i.change()
		if c.Field == threat.FieldStatus && c.From == "" && c.FromName == "" {
			return // of its creation, which is no entry of its history
		}
		if ok && (c.Field != threat.FieldAssignee || !w.User.byName()) {
			s.Changes = append(s.Changes, c)
		}
	}
	for _, c := range s.Changes {
		if c.Field == threat.FieldStatus && (c.To == issue.StatusID || issue.StatusID == "" && c.ToName == issue.Status) {
			s.Category = issue.Category
		}
		if c.Field == threat.FieldAssignee && c.To == issue.Assignee {
			s.Name = issue.AssigneeName
		}
	}
	issue.Steps = []threat.Step{s}
}

// covers reports whether a change may take an issue out of the sight of some.
func (i changeItem) covers() bool {
	field := cmp.Or(i.FieldID, i.Field)
	return strings.EqualFold(field, "security") || strings.EqualFold(field, "project")
}

// change is an item in the house's words; false for a field that no ticket follows.
func (i changeItem) change() (threat.Change, bool) {
	field := cmp.Or(i.FieldID, i.Field)
	for _, f := range []string{threat.FieldStatus, threat.FieldResolution, threat.FieldAssignee, threat.FieldDue, threat.FieldKey} {
		if strings.EqualFold(field, f) || strings.EqualFold(i.Field, f) && i.FieldID == "" {
			return threat.Change{Field: f, From: string(i.From), FromName: string(i.FromName), To: string(i.To), ToName: string(i.ToName)}, true
		}
	}
	return threat.Change{}, false
}
