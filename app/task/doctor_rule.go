package task

import (
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/mapping"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
)

// rule checks what a rule says of tickets against what its project lets issues be created with.
func (d *doctor) rule(client *jira.Client, edition tenant.Edition, rule mapping.Rule) {
	r := ruling{doctor: d, edition: edition, rule: rule, client: client, prefix: "Jira: "}
	if !rule.IsDefault() {
		r.prefix = fmt.Sprintf("Mapping, line %d (%s): ", rule.Line, rule.Name)
	}
	if r.form() {
		r.component()
		r.priorities()
		r.due()
		r.assignee()
		r.parent()
		given := r.further()
		r.required(given)
	}
}

// ruling is one rule being checked.
type ruling struct {
	*doctor
	edition tenant.Edition
	rule    mapping.Rule
	client  *jira.Client
	prefix  string // of the checks' names
	kind    jira.IssueType
	fields  []jira.Field
}

// set says where a setting is to be changed: a variable, or a key of the rule.
func (r *ruling) set(variable, key string) string {
	if r.rule.IsDefault() {
		return "set " + variable
	}
	return "set " + key + ": of this rule"
}

// form finds the issue type and reads the form that creates issues of it.
func (r *ruling) form() bool {
	types, err := r.client.CreateTypes(r.ctx, r.rule.Project)
	name := r.prefix + "issue type " + r.rule.IssueType
	if err != nil {
		return r.met(name, err, "", "give the account CREATE_ISSUES in "+r.rule.Project)
	}
	kind, ok := typeNamed(types, r.rule.IssueType)
	if !r.add(name, ok, r.rule.Project+" has "+typeNames(types), r.set("THROUGHLINE_ISSUE_TYPE", "type")+" to one of these") {
		return false
	}
	r.kind = kind
	r.fields, err = r.client.CreateFields(r.ctx, r.rule.Project, kind.ID)
	if err != nil {
		return r.met(r.prefix+"required fields", err, "", "give the account CREATE_ISSUES in "+r.rule.Project)
	}
	return true
}

// field finds a field of the form by its id.
func (r *ruling) field(id string) (jira.Field, bool) {
	i := slices.IndexFunc(r.fields, func(f jira.Field) bool { return f.ID == id })
	if i < 0 {
		return jira.Field{}, false
	}
	return r.fields[i], true
}

// component checks the rule's component, and that tickets can have one at all: also without a rule, a threat's element may name one.
func (r *ruling) component() {
	name := strings.TrimSpace(r.prefix + "component " + r.rule.Component)
	all, err := r.client.Components(r.ctx, r.rule.Project)
	if err != nil {
		r.met(name, err, "", "see that the account may browse "+r.rule.Project)
		return
	}
	if _, there := r.field("components"); !there && (len(all) > 0 || r.rule.Component != "") {
		r.lacks(name, "component", "take the component out of the settings and the project")
		return
	}
	if r.rule.Component == "" {
		return
	}
	has := slices.ContainsFunc(all, func(c jira.Component) bool { return strings.EqualFold(c.Name, r.rule.Component) })
	r.add(name, has, "is there: "+yes(has), r.set("THROUGHLINE_COMPONENT", "component")+" to a component of "+r.rule.Project)
}

// lacks adds a check that fails since the project's form has not a field: tickets are filed without it.
func (r *ruling) lacks(name, field, otherwise string) {
	r.add(name, false, fmt.Sprintf("a %s in %s is created without %s: tickets are filed without", r.rule.IssueType, r.rule.Project, field),
		fmt.Sprintf("put the field on the screen that creates a %s, and let the account set it, or %s", r.rule.IssueType, otherwise))
}

// none says how a rule leaves a field out; the default has no such setting, but a rule that takes every page has.
func (r *ruling) none(key string) string {
	if r.rule.IsDefault() {
		return "write " + key + ": none in a rule of a mapping (THROUGHLINE_MAPPING) that takes every page"
	}
	return "write " + key + ": none in this rule"
}

// due checks that due dates can be set, where the rule has any.
func (r *ruling) due() {
	if len(r.rule.DueDays) == 0 {
		return
	}
	if _, there := r.field("duedate"); !there {
		r.lacks(r.prefix+"due dates", "a due date", r.none("due"))
	}
}

// assignee checks that owners can be given their tickets.
func (r *ruling) assignee() {
	if _, there := r.field("assignee"); !there {
		r.lacks(r.prefix+"assignee", "an assignee", "assign the tickets by hand")
	}
}

// priorities checks a rule's names. The default's are those of Jira's own scheme.
func (r *ruling) priorities() {
	f, there := r.field("priority")
	if len(r.rule.Priority) == 0 || there && f.Allowed == nil {
		return
	}
	var lacking []string
	for _, name := range r.rule.Priority {
		if !slices.Contains(f.Allowed, name) && !slices.Contains(lacking, name) {
			lacking = append(lacking, name)
		}
	}
	slices.Sort(lacking)
	if !there {
		r.lacks(r.prefix+"priorities", "a priority", r.none("priority"))
		return
	}
	says := "are there"
	if lacking != nil {
		says = fmt.Sprintf("%s has no %s; it has %s", r.rule.Project, strings.Join(lacking, ", "), strings.Join(f.Allowed, ", "))
	}
	of := "this rule"
	if r.rule.IsDefault() {
		of = "a mapping's rule"
	}
	r.add(r.prefix+"priorities", lacking == nil, says, "name the project's own for each severity under priority: of "+of+", or "+r.none("priority"))
}

func (r *ruling) parent() {
	key := r.rule.Parent
	name := r.prefix + "parent " + key
	link, takes := jira.ParentField(r.fields)
	switch {
	case key == "" && r.kind.Subtask:
		r.add(r.prefix+"parent", false, r.rule.IssueType+" is a subtask, and the rule names no parent", "set parent: of this rule, or choose another type")
		return
	case key == "":
		return
	case !takes:
		r.add(name, false, fmt.Sprintf("a %s in %s takes no parent", r.rule.IssueType, r.rule.Project), "take parent: out of this rule, or let the project's form have the field")
		return
	}
	place, err := r.client.Place(r.ctx, key)
	if err != nil {
		r.met(name, err, "", "see that the issue exists and that the account may browse it, or change parent: of this rule")
		return
	}
	if r.edition == tenant.DataCenter { // it tells no levels
		r.add(name, true, fmt.Sprintf("it is a %s, named by the field %s", place.Type, link.Name), "")
		return
	}
	r.add(name, place.Level == r.kind.Level+1, fmt.Sprintf("it is a %s, of level %d; a %s is of level %d", place.Type, place.Level, r.rule.IssueType, r.kind.Level),
		fmt.Sprintf("name an issue of level %d as parent: of this rule, such as an epic for tasks", r.kind.Level+1))
}

// further checks the rule's further fields, and returns the ids of those that are set.
func (r *ruling) further() []string {
	var given []string
	for _, f := range r.rule.Fields {
		field, _, err := encode(r.client, r.fields, f)
		r.met(fmt.Sprintf("%sfield %s", r.prefix, f.Name), err, "is taken", fmt.Sprintf("change it at line %d", f.Line))
		if err == nil {
			given = append(given, field.ID)
		}
	}
	return given
}

// required checks that tickets fill in all that Jira will not do without.
func (r *ruling) required(given []string) {
	parent, _ := jira.ParentField(r.fields)
	given = append(given, "project", "issuetype", "summary", "description", "labels", "reporter")
	for id, set := range map[string]bool{
		"components": r.rule.Component != "", parent.ID: r.rule.Parent != "",
		"priority": covers(r.rule.Priority), "duedate": covers(r.rule.DueDays),
	} {
		if set {
			given = append(given, id)
		}
	}
	var lacking []string
	for _, f := range r.fields {
		if f.Required && !f.Default && !slices.Contains(given, f.ID) {
			lacking = append(lacking, fmt.Sprintf("%s (%s)", f.Name, f.ID))
		}
	}
	says := "none that tickets could lack"
	if lacking != nil {
		says = "tickets may lack " + strings.Join(lacking, ", ")
	}
	r.add(r.prefix+"required fields", lacking == nil, says, fmt.Sprintf("make these fields optional for %s in %s, choose another issue type or project, or give them values: "+
		"under fields: of a mapping's rule, by %s where it is the component, and by priority: and due: for every severity, unstated too",
		r.rule.IssueType, r.rule.Project, strings.TrimPrefix(r.set("THROUGHLINE_COMPONENT", "component"), "set ")))
}

// covers reports whether every severity has a value.
func covers[V any](by map[threat.Severity]V) bool {
	for _, s := range []threat.Severity{threat.Critical, threat.High, threat.Medium, threat.Low, threat.Unstated} {
		if _, ok := by[s]; !ok {
			return false
		}
	}
	return true
}
