package mapping

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

// MaxFile is the largest mapping that is read, in bytes.
const MaxFile = 1 << 20

// entry is a rule as a file writes it.
type entry struct {
	Name      string        `yaml:"name"`
	Spaces    []string      `yaml:"spaces"`
	Labels    []string      `yaml:"labels"`
	Project   string        `yaml:"project"`
	Type      string        `yaml:"type"`
	Component string        `yaml:"component"`
	Parent    string        `yaml:"parent"`
	Priority  any           `yaml:"priority"`
	Due       any           `yaml:"due"`
	Fields    yaml.MapSlice `yaml:"fields"`
}

var (
	projectShape = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)
	issueShape   = regexp.MustCompile(`^[A-Z][A-Z0-9_]+-[1-9][0-9]*$`)
	spaceShape   = regexp.MustCompile(`^(~?[A-Za-z0-9_.:-]+)$`)    // personal spaces begin with ~
	labelShape   = regexp.MustCompile(`^[^\s,A-Z"]+$`)             // Confluence keeps labels in lower case, without spaces
	whatIsUsed   = regexp.MustCompile(`(?s)^unknown field "(.*)"`) // the library's words for a key that nothing reads
)

// ownFields are the fields that Throughline fills in by itself, with what to write instead.
var ownFields = map[string]string{
	"project": "write project:", "issuetype": "write type:", "components": "write component:", "priority": "write priority:", "duedate": "write due:",
	"parent": "write parent:", "summary": "Throughline writes it", "description": "Throughline writes it", "labels": "Throughline writes them",
	"assignee": "the owner is found for each threat", "reporter": "it is the account that files",
}

// Read reads a mapping file. fault.Invalid says the line and what to do, for what is no YAML, a key that nothing reads, a value that
// cannot be meant, and a rule that no page can reach.
func Read(data []byte) (Mapping, error) {
	if len(data) > MaxFile {
		return Mapping{}, fault.New(fault.Invalid, "the mapping has %d bytes, more than the %d that are read", len(data), MaxFile)
	}
	var file struct {
		Rules []entry `yaml:"rules"`
	}
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return Mapping{}, told(err)
	}
	if len(tree.Docs) > 1 {
		return Mapping{}, fault.New(fault.Invalid, "the mapping has %d documents; write one, without further --- lines", len(tree.Docs))
	}
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		var plain plainOnly
		if ast.Walk(&plain, doc.Body); plain.odd != nil {
			return Mapping{}, fault.New(fault.Invalid, "line %d: write values out; anchors, aliases and tags are not read", plain.odd.GetToken().Position.Line)
		}
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		return Mapping{}, told(err)
	}
	if len(file.Rules) == 0 {
		return Mapping{}, fault.New(fault.Invalid, "the mapping has no rules; write at least one below rules:")
	}
	var m Mapping
	for i, e := range file.Rules {
		r := reading{tree: tree, at: fmt.Sprintf("$.rules[%d]", i)}
		rule, err := r.rule(e, i)
		if err != nil {
			return Mapping{}, err
		}
		for _, before := range m.rules {
			if before.covers(rule) {
				return Mapping{}, r.wrong("", "no page reaches this rule: %s, at line %d, takes all of its pages before; change the order, or take one out", before.Name, before.Line)
			}
			if before.Name == rule.Name {
				return Mapping{}, r.wrong(".name", "%q is the name of the rule at line %d already; choose another", rule.Name, before.Line)
			}
		}
		m.rules = append(m.rules, rule)
	}
	return m, nil
}

// plainOnly finds what a mapping needs none of, and the library does not survive in every place.
type plainOnly struct{ odd ast.Node }

func (p *plainOnly) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		if p.odd == nil {
			p.odd = n
		}
		return nil
	}
	return p
}

// told puts the library's complaint into our words: the line, and what to do about an unknown key.
func told(err error) error {
	var e yaml.Error
	if !errors.As(err, &e) {
		return fault.New(fault.Invalid, "the mapping cannot be read: %s", firstLine(err.Error()))
	}
	what := firstLine(e.GetMessage())
	if key := whatIsUsed.FindStringSubmatch(what); key != nil {
		what = fmt.Sprintf("nothing reads the key %q; a rule has name, spaces, labels, project, type, component, parent, priority, due and fields", key[1])
	}
	line := 1
	if t := e.GetToken(); t != nil && t.Position != nil {
		line = t.Position.Line
	}
	return fault.New(fault.Invalid, "line %d: %s", line, what)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
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
