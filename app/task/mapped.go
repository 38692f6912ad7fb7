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

// furtherFields writes a rule's further fields in the shape that its project and issue type ask for. It costs no call where the
// rule has none. fault.Invalid says which field Jira does not take so, and where the rule stands.
func (a asking) furtherFields(ctx context.Context, rule mapping.Rule) (map[string]any, error) {
	if len(rule.Fields) == 0 {
		return nil, nil
	}
	form, err := remember(a, &a.forms, directoryKey{a.tenant, rule.Project, rule.IssueType}, func() ([]jira.Field, error) {
		return createForm(ctx, a.jira, rule)
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string]any, len(rule.Fields))
	for _, f := range rule.Fields {
		field, value, err := encode(form, f)
		if err != nil {
			return nil, fault.Wrap(err, "the mapping's line %d cannot be followed in project %s", f.Line, rule.Project)
		}
		out[field.ID] = value
	}
	return out, nil
}

func encode(form []jira.Field, f mapping.Field) (jira.Field, any, error) {
	field, err := jira.FindField(form, f.Name)
	if err != nil {
		return field, nil, err
	}
	value, err := field.Encode(f.Value)
	return field, value, err
}

// createForm is the fields of the form that creates issues of a rule's type in its project.
func createForm(ctx context.Context, client *jira.Client, rule mapping.Rule) ([]jira.Field, error) {
	types, err := client.CreateTypes(ctx, rule.Project)
	if err != nil {
		return nil, err
	}
	kind, ok := typeNamed(types, rule.IssueType)
	if !ok {
		return nil, fault.New(fault.Invalid, "project %s has no issue type %s; it has %s", rule.Project, rule.IssueType, typeNames(types))
	}
	return client.CreateFields(ctx, rule.Project, kind.ID)
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
