// Package mapping decides where the tickets of a page go: project, issue type, component, parent, priority and due date by
// severity, and custom fields. Rules are asked in order, and the first that a page matches wins.
package mapping

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/app/threat"
)

// Rule says where the tickets of some pages go, and with what. What a rule of a file leaves out comes from the default.
type Rule struct {
	Name   string   // as people call it: "Payments", "rule 2"; "the default" for what no rule of a file matches
	Line   int      // of the file, where it begins; 0 for the default
	Spaces []string // keys of spaces; empty: any
	Labels []string // a page carries at least one of them; empty: any page

	Project   string // key
	IssueType string // name
	Component string // name of the one that tickets get when their threat's element names none; may be empty
	Parent    string // key of the issue, mostly an epic, that tickets belong to; may be empty
	Priority  map[threat.Severity]string
	DueDays   map[threat.Severity]int // days from filing; a severity that is not in it has no due date
	Fields    []Field                 // in the file's order
}

// Field is a further field that tickets are filed with.
type Field struct {
	Name  string // its id ("customfield_10042") or its name as Jira's forms show it
	Value any    // string, float64, or []string
	Line  int
}

const defaultName = "the default"

// IsDefault reports whether a rule is the one that holds where no rule of a file does.
func (r Rule) IsDefault() bool { return r.Line == 0 }

// Matches reports whether a page of a space, with its labels, is one of the rule's.
func (r Rule) Matches(space string, labels []string) bool {
	return (len(r.Spaces) == 0 || slices.Contains(r.Spaces, space)) &&
		(len(r.Labels) == 0 || slices.ContainsFunc(labels, func(l string) bool { return slices.Contains(r.Labels, l) }))
}

// covers reports whether every page that other matches is matched by r.
func (r Rule) covers(other Rule) bool {
	within := func(outer, inner []string) bool {
		if len(outer) == 0 {
			return true
		}
		return len(inner) > 0 && !slices.ContainsFunc(inner, func(s string) bool { return !slices.Contains(outer, s) })
	}
	return within(r.Spaces, other.Spaces) && within(r.Labels, other.Labels)
}

// Mapping is the rules of a site. The zero value has none: then the default holds everywhere.
type Mapping struct{ rules []Rule }

// Rules are all that may hold, in the order in which they are asked: the default is the last, unless a rule before it takes every page.
func (m Mapping) Rules(fallback Rule) []Rule {
	var out []Rule
	for _, r := range m.rules {
		out = append(out, r.over(fallback))
	}
	if slices.ContainsFunc(m.rules, func(r Rule) bool { return r.covers(Rule{}) }) {
		return out
	}
	return append(out, fallback.named())
}

// For is the rule that holds for a page of a space, with its labels.
func (m Mapping) For(space string, labels []string, fallback Rule) Rule {
	for _, r := range m.rules {
		if r.Matches(space, labels) {
			return r.over(fallback)
		}
	}
	return fallback.named()
}

func (r Rule) named() Rule {
	r.Name = defaultName
	return r
}

// over completes a rule by what the default says. A component is the default's project's own, and is not taken to another.
func (r Rule) over(fallback Rule) Rule {
	if r.Project == "" {
		r.Project = fallback.Project
	}
	if r.IssueType == "" {
		r.IssueType = fallback.IssueType
	}
	if r.Component == "" && r.Project == fallback.Project {
		r.Component = fallback.Component
	}
	r.Priority = over(r.Priority, fallback.Priority)
	r.DueDays = over(r.DueDays, fallback.DueDays)
	return r
}

// over joins what is said of some severities to what holds else; a zero value says that there is none.
func over[V comparable](own, fallback map[threat.Severity]V) map[threat.Severity]V {
	var none V
	out := map[threat.Severity]V{}
	for _, s := range severities() {
		v, said := own[s]
		if !said {
			v = fallback[s]
		}
		if v != none {
			out[s] = v
		}
	}
	return out
}

func severities() []threat.Severity {
	return []threat.Severity{threat.Critical, threat.High, threat.Medium, threat.Low, threat.Unstated}
}

// severity reads a severity as a file names it.
func severity(name string) (threat.Severity, bool) {
	if name == unstated {
		return threat.Unstated, true
	}
	s := threat.Severity(name)
	return s, s != threat.Unstated && slices.Contains(severities(), s)
}

// unstated is what a file calls the severity of threats whose page states none, and none what it says to have no value.
const (
	unstated = "unstated"
	none     = "none"
)

func severityNames() string {
	return strings.Join([]string{"critical", "high", "medium", "low", unstated}, ", ")
}
