package task

import (
	"context"
	"strings"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/mapping"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// fallback is the rule of pages that the mapping does not name. Its priorities are Jira's default scheme; a project without them
// gets tickets without.
func (p Policy) fallback() mapping.Rule {
	return mapping.Rule{
		Project: p.Project, IssueType: p.IssueType, Component: p.Component, DueDays: p.DueDays,
		Priority: map[threat.Severity]string{threat.Critical: "Highest", threat.High: "High", threat.Medium: "Medium", threat.Low: "Low"},
	}
}

// rule is what holds for the tickets of a page. Tickets that were filed stay where they are when it changes.
func (p Policy) rule(page trace.Page) mapping.Rule {
	return p.Mapping.For(page.Space, page.Labels, p.fallback())
}

// form is what a rule's tickets are created with: the issue type, and the rule's further fields in the shape that the project asks for.
type form struct {
	kind    jira.IssueType
	further map[string]any
	parent  string // key; empty where a further field names it
}

// form looks up how issues of a rule's type are created in its project; of the fields only where the rule has a parent or further ones.
// fault.Invalid says what Jira does not take so, and where that stands.
func (a asking) form(ctx context.Context, rule mapping.Rule) (form, error) {
	types, err := remember(a, &a.types, directoryKey{tenant: a.tenant, project: rule.Project}, func() ([]jira.IssueType, error) {
		return a.jira.CreateTypes(ctx, rule.Project)
	})
	if err != nil {
		return form{}, err
	}
	kind, ok := typeNamed(types, rule.IssueType)
	if !ok {
		return form{}, fault.New(fault.Invalid, "project %s has no issue type %s; it has %s", rule.Project, rule.IssueType, typeNames(types))
	}
	out := form{kind: kind, parent: rule.Parent}
	if len(rule.Fields) == 0 && rule.Parent == "" {
		return out, nil
	}
	fields, err := remember(a, &a.fields, directoryKey{a.tenant, rule.Project, kind.ID}, func() ([]jira.Field, error) {
		return a.jira.CreateFields(ctx, rule.Project, kind.ID)
	})
	if err != nil {
		return form{}, err
	}
	out.further = make(map[string]any, len(rule.Fields))
	if field, ok := jira.ParentField(fields); ok && rule.Parent != "" && field.ID != "parent" {
		out.further[field.ID], out.parent = rule.Parent, ""
	}
	for _, f := range rule.Fields {
		field, value, err := encode(a.jira, fields, f)
		if err != nil {
			return form{}, fault.Wrap(err, "the mapping's line %d cannot be followed in project %s", f.Line, rule.Project)
		}
		out.further[field.ID] = value
	}
	return out, nil
}

func encode(client *jira.Client, fields []jira.Field, f mapping.Field) (jira.Field, any, error) {
	field, err := jira.FindField(fields, f.Name)
	if err != nil {
		return field, nil, err
	}
	value, err := client.Encode(field, f.Value)
	return field, value, err
}

func typeNamed(all []jira.IssueType, name string) (jira.IssueType, bool) {
	for _, t := range all {
		if strings.EqualFold(t.Name, name) {
			return t, true
		}
	}
	return jira.IssueType{}, false
}

// typeNames lists the types that tickets can be of; a subtask needs a parent of its own.
func typeNames(all []jira.IssueType) string {
	var names []string
	for _, t := range all {
		if !t.Subtask {
			names = append(names, t.Name)
		}
	}
	return strings.Join(names, ", ")
}
