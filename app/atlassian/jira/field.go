package jira

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/outbound"
	"github.com/throughline/throughline/app/fault"
)

// Field is a field that an issue can be created with.
type Field struct {
	ID       string // "duedate", "customfield_10010"
	Name     string
	Required bool
	Default  bool     // Jira fills it in where nothing is sent
	Type     string   // by Jira's schema: "string", "option", "array", "number", "user", "date", …
	Items    string   // of an array: the type of its parts
	Custom   string   // the kind of field that an administrator or an app added; empty for Jira's own
	Allowed  []string // the values that it takes, as people see them; nil: it does not say
}

type wireField struct {
	ID       string `json:"fieldId"`
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Default  bool   `json:"hasDefaultValue"`
	Schema   struct {
		Type   string `json:"type"`
		Items  string `json:"items"`
		Custom string `json:"custom"`
	} `json:"schema"`
	Allowed []struct {
		Value string `json:"value"` // of options
		Name  string `json:"name"`  // of priorities, components, versions
	} `json:"allowedValues"`
}

type createFields struct {
	Cloud      []wireField `json:"fields"`
	DataCenter []wireField `json:"values"`
}

func (w *createFields) price() int { return (len(w.Cloud) + len(w.DataCenter)) * outbound.ObjectPrice }

// CreateFields lists the fields of a project's issue type, by its id, that issues can be created with; at most 200.
func (c *Client) CreateFields(ctx context.Context, project, issueType string) ([]Field, error) {
	seg, err := segment(project)
	if err != nil {
		return nil, err
	}
	kind, err := segment(issueType)
	if err != nil {
		return nil, err
	}
	var w createFields
	if err := c.call(ctx, http.MethodGet, "rest/api/2/issue/createmeta/"+seg+"/issuetypes/"+kind+"?maxResults=200", nil, &w); err != nil {
		return nil, fault.Wrap(err, "read what project %s asks of issue type %s", project, issueType)
	}
	var out []Field
	for _, f := range append(w.Cloud, w.DataCenter...) {
		field := Field{ID: f.ID, Name: f.Name, Required: f.Required, Default: f.Default, Type: f.Schema.Type, Items: f.Schema.Items, Custom: f.Schema.Custom}
		for _, a := range f.Allowed {
			field.Allowed = append(field.Allowed, a.Value+a.Name)
		}
		out = append(out, field)
	}
	return out, nil
}

// epicLink is the kind of Data Center's field that puts an issue below an epic, whatever it is called and in whichever language.
const epicLink = "com.pyxis.greenhopper.jira:gh-epic-link"

// ParentField is the field of a form that puts an issue below another: its parent, or, where a form has none, the link to its epic, as on Data
// Center, where only subtasks have parents.
func ParentField(all []Field) (Field, bool) {
	for _, is := range []func(Field) bool{func(f Field) bool { return f.ID == "parent" }, func(f Field) bool { return f.Custom == epicLink }} {
		if i := slices.IndexFunc(all, is); i >= 0 {
			return all[i], true
		}
	}
	return Field{}, false
}

// FindField finds a field by id, else by its name as people see it, case ignored. A name that several fields bear is refused, for
// which of them is meant only the id tells. fault.Invalid says so, and which fields there are.
func FindField(all []Field, idOrName string) (Field, error) {
	var named []Field
	var names []string
	for _, f := range all {
		if f.ID == idOrName {
			return f, nil
		}
		if strings.EqualFold(f.Name, idOrName) {
			named = append(named, f)
		}
		names = append(names, f.Name)
	}
	switch len(named) {
	case 1:
		return named[0], nil
	case 0:
		return Field{}, fault.New(fault.Invalid, "there is no field %s on the form that creates such an issue; there are %s", idOrName, strings.Join(names, ", "))
	}
	ids := make([]string, len(named))
	for i, f := range named {
		ids[i] = f.ID
	}
	return Field{}, fault.New(fault.Invalid, "%d fields are called %s: name one by its id, %s", len(named), idOrName, strings.Join(ids, " or "))
}

// Encode writes a value (a string, a float64 or a []string) in the shape that the field's schema asks for. People are given by
// account, options, versions and their like by name. fault.Invalid says what the field takes instead.
func (c *Client) Encode(f Field, value any) (any, error) {
	if f.Type != "array" {
		return c.one(f, f.Type, value)
	}
	list, ok := value.([]string)
	if text, single := value.(string); single {
		list, ok = []string{text}, true
	}
	if !ok {
		return nil, fault.New(fault.Invalid, "%s takes a list of texts, not %v", f.Name, value)
	}
	out := make([]any, len(list))
	for i, part := range list {
		one, err := c.one(f, f.Items, part)
		if err != nil {
			return nil, err
		}
		out[i] = one
	}
	return out, nil
}

// one encodes a single value of a type.
func (c *Client) one(f Field, kind string, value any) (any, error) {
	if kind == "number" {
		if n, ok := value.(float64); ok {
			return n, nil
		}
		return nil, fault.New(fault.Invalid, "%s takes a number, not %q", f.Name, fmt.Sprint(value))
	}
	text, ok := value.(string)
	if !ok {
		return nil, fault.New(fault.Invalid, "%s takes one text (%s), not %v", f.Name, kind, value)
	}
	switch kind {
	case "string", "any": // of apps, which mostly write texts: Data Center's link to an epic is one, by key
		return text, nil
	case "date":
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return nil, fault.New(fault.Invalid, "%s takes a date such as 2026-12-01, not %q", f.Name, text)
		}
		return text, nil
	case "user":
		return c.edition.person(text), nil
	case "option", "version", "component", "group":
		key := "name"
		if kind == "option" {
			key = "value"
		}
		if f.Allowed != nil && !slices.Contains(f.Allowed, text) {
			return nil, fault.New(fault.Invalid, "%s does not take %q; it takes %s", f.Name, text, strings.Join(f.Allowed, ", "))
		}
		return map[string]string{key: text}, nil
	}
	return nil, fault.New(fault.Invalid, "%s is a field of the type %s, which Throughline cannot fill in; make it optional, or give it a default in Jira", f.Name, kind)
}
