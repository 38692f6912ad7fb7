package mapping

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

var (
	projectShape = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)
	issueShape   = regexp.MustCompile(`^[A-Z][A-Z0-9_]+-[1-9][0-9]*$`)
	spaceShape   = regexp.MustCompile(`^(~?[A-Za-z0-9_.:-]+)$`) // personal spaces begin with ~
	labelShape   = regexp.MustCompile(`^[^\s,A-Z"]+$`)          // Confluence keeps labels in lower case, without spaces
)

// ownFields are the fields that Throughline fills in by itself, with what to write instead.
var ownFields = map[string]string{
	"project": "write project:", "issuetype": "write type:", "components": "write component:", "priority": "write priority:", "duedate": "write due:",
	"parent": "write parent:", "summary": "Throughline writes it", "description": "Throughline writes it", "labels": "Throughline writes them",
	"assignee": "the owner is found for each threat", "reporter": "it is the account that files",
}

// reading is one rule of a file being read.
type reading struct {
	tree *ast.File
	at   string // path of the rule
}

// line is where something below the rule stands, else where the rule does.
func (r reading) line(below string) int {
	for _, path := range []string{r.at + below, r.at} {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterFile(r.tree); err == nil && node.GetToken() != nil {
				return first(node)
			}
		}
	}
	return 1
}

// first is the line of a node's first key; a mapping's own token is the colon after it.
func first(node ast.Node) int {
	switch n := node.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return first(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return first(n.Key)
	}
	return node.GetToken().Position.Line
}

func (r reading) wrong(below, format string, args ...any) error {
	return fault.New(fault.Invalid, "line %d: %s", r.line(below), fmt.Sprintf(format, args...))
}

func (r reading) rule(e entry, i int) (Rule, error) {
	rule := Rule{
		Name: e.Name, Line: r.line(""), Spaces: e.Spaces, Labels: e.Labels,
		Project: e.Project, IssueType: e.Type, Component: e.Component, Parent: e.Parent,
	}
	if rule.Name == "" {
		rule.Name = fmt.Sprintf("rule %d", i+1)
	}
	if rule.Name == defaultName {
		return rule, r.wrong(".name", "%q is what the rule outside of this file is called; choose another name", rule.Name)
	}
	for n, s := range e.Spaces {
		if !spaceShape.MatchString(s) {
			return rule, r.wrong(fmt.Sprintf(".spaces[%d]", n), "%q is no key of a space; it is the word after /spaces/ in the address of its pages", s)
		}
	}
	for n, l := range e.Labels {
		if !labelShape.MatchString(l) {
			return rule, r.wrong(fmt.Sprintf(".labels[%d]", n), "%q is no label; labels are lower case and without spaces", l)
		}
	}
	if e.Project != "" && !projectShape.MatchString(e.Project) {
		return rule, r.wrong(".project", "%q is no project key; keys are upper case, such as SEC", e.Project)
	}
	if e.Parent != "" && !issueShape.MatchString(e.Parent) {
		return rule, r.wrong(".parent", "%q is no issue key, such as SEC-12", e.Parent)
	}
	var err error
	if rule.Priority, err = r.priority(e.Priority); err != nil {
		return rule, err
	}
	if rule.DueDays, err = r.due(e.Due); err != nil {
		return rule, err
	}
	rule.Fields, err = r.fields(e.Fields)
	return rule, err
}

// bySeverity reads a value for each severity, or the word none for all of them.
func (r reading) bySeverity(key string, value any) (map[threat.Severity]any, error) {
	out := map[threat.Severity]any{}
	switch v := value.(type) {
	case nil:
	case string:
		if v != none {
			return nil, r.wrong("."+key, "%s is one value for each severity (%s), or none; not %q", key, severityNames(), v)
		}
		for _, s := range severities() {
			out[s] = none
		}
	case map[string]any:
		for name, one := range v {
			s, ok := severity(name)
			if !ok {
				return nil, r.wrong("."+key, "%q is no severity; there are %s", name, severityNames())
			}
			out[s] = one
		}
	default:
		return nil, r.wrong("."+key, "%s is one value for each severity (%s), or none", key, severityNames())
	}
	return out, nil
}

func (r reading) priority(value any) (map[threat.Severity]string, error) {
	said, err := r.bySeverity("priority", value)
	if err != nil || len(said) == 0 {
		return nil, err
	}
	out := map[threat.Severity]string{}
	for s, v := range said {
		name, ok := v.(string)
		if !ok || strings.TrimSpace(name) == "" {
			return nil, r.wrong(".priority", "%v is no name of a priority; write one such as High, in quotes where it is a number, or none", v)
		}
		if name == none {
			name = ""
		}
		out[s] = name
	}
	return out, nil
}

// maxDays is the longest time that a due date may be off: ten years.
const maxDays = 3650

func (r reading) due(value any) (map[threat.Severity]int, error) {
	said, err := r.bySeverity("due", value)
	if err != nil || len(said) == 0 {
		return nil, err
	}
	out := map[threat.Severity]int{}
	for s, v := range said {
		if v == none {
			out[s] = 0
			continue
		}
		days, ok := number(v)
		if !ok || days != math.Trunc(days) || days < 1 || days > maxDays {
			return nil, r.wrong(".due", "%v is no number of days from 1 to %d; or write none", v, maxDays)
		}
		out[s] = int(days)
	}
	return out, nil
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	}
	return 0, false
}

func (r reading) fields(all yaml.MapSlice) ([]Field, error) {
	var out []Field
	for _, item := range all {
		name, ok := item.Key.(string)
		if !ok || strings.TrimSpace(name) == "" {
			return nil, r.wrong(".fields", "%v is no field; write its id, such as customfield_10042, or its name as Jira's forms show it", item.Key)
		}
		below := ".fields.'" + name + "'"
		if instead, own := ownFields[strings.ToLower(name)]; own {
			return nil, r.wrong(below, "%s is not set here: %s", name, instead)
		}
		if slices.ContainsFunc(out, func(f Field) bool { return strings.EqualFold(f.Name, name) }) {
			return nil, r.wrong(below, "%s has a value already; take one out", name)
		}
		f := Field{Name: name, Line: r.line(below)}
		if f.Value, ok = fieldValue(item.Value); !ok {
			return nil, r.wrong(below, "the value of %s is a text, a number or a list of texts; dates are written as \"2026-12-01\"", name)
		}
		out = append(out, f)
	}
	return out, nil
}

func fieldValue(v any) (any, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case []any:
		var list []string
		for _, one := range v {
			s, ok := one.(string)
			if !ok || s == "" {
				return nil, false
			}
			list = append(list, s)
		}
		return list, len(list) > 0
	}
	return number(v)
}
