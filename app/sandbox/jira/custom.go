package jira

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// setCustom gives a further field the value that a call sends, and returns what changed, or what is wrong with the value.
func (j *Jira) setCustom(r *record, v version, c Custom, raw json.RawMessage) ([]item, string) {
	old := r.Custom[c.ID]
	if c.Type == "user" && !isNull(raw) { // kept by account id, whichever way a call names people
		var to ref
		if json.Unmarshal(raw, &to) != nil {
			return nil, "data was not an object"
		}
		raw, _ = json.Marshal(map[string]string{"accountId": j.named(to, v)}) // of a string
	}
	if !isNull(raw) {
		if wrong := j.checkCustom(c, c.Type, raw); wrong != "" {
			return nil, wrong
		}
	}
	from, to := j.customText(c, old), j.customText(c, raw)
	if r.Custom == nil {
		r.Custom = map[string]json.RawMessage{}
	}
	if r.Custom[c.ID] = raw; isNull(raw) {
		delete(r.Custom, c.ID)
	}
	items := changed(c.ID, "", from, "", to)
	for i := range items {
		items[i].Field, items[i].FieldType = c.Name, "custom"
	}
	return items, ""
}

func (j *Jira) checkCustom(c Custom, kind string, raw json.RawMessage) string {
	switch kind {
	case "string":
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return "Operation value must be a string"
		}
	case "number":
		var n float64
		if json.Unmarshal(raw, &n) != nil {
			return "Operation value must be a number"
		}
	case "date":
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return "Operation value must be a string"
		}
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return "Error parsing date string: " + s
		}
	case "user":
		var to ref
		if json.Unmarshal(raw, &to) != nil {
			return "data was not an object"
		}
		if u, ok := j.site.User(to.AccountID); !ok || !u.Active {
			return fmt.Sprintf("Specify a valid value for %s", c.Name)
		}
	case "option":
		var o option
		if json.Unmarshal(raw, &o) != nil {
			return fmt.Sprintf("Specify a valid 'id' or 'name' for %s", c.Name)
		}
		if c.option(o) < 0 {
			return fmt.Sprintf("Option value '%s' is not valid", o.Value)
		}
	case "any":
		var key string
		if json.Unmarshal(raw, &key) != nil {
			return "Operation value must be a string"
		}
		r, ok := j.lookup(key)
		if !ok {
			return "Issue '" + key + "' does not exist."
		}
		if t, _ := findType(r.Type); t.Level != 1 {
			return "Issue '" + key + "' is not an epic."
		}
	case "array":
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return "data was not an array"
		}
		for _, one := range list {
			if wrong := j.checkCustom(c, "option", one); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

// option is a value of a select list, as calls name it.
type option struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// option is the place of an option in the field's list, -1 for none of them.
func (c Custom) option(o option) int {
	return slices.IndexFunc(c.Options, func(v string) bool { return v == o.Value || o.ID != "" && c.optionID(v) == o.ID })
}

func (c Custom) optionID(value string) string {
	return strings.TrimPrefix(c.ID, "customfield_") + fmt.Sprint(slices.Index(c.Options, value))
}

// options reads the values of a field that has one or several of a list.
func (c Custom) options(raw json.RawMessage) []string {
	var list []option
	if c.Type == "option" {
		list = make([]option, 1)
		_ = json.Unmarshal(raw, &list[0]) // checked when it was set
	} else {
		_ = json.Unmarshal(raw, &list) // likewise
	}
	var out []string
	for _, o := range list {
		if i := c.option(o); i >= 0 {
			out = append(out, c.Options[i])
		}
	}
	return out
}

// customText is a value as people read it.
func (j *Jira) customText(c Custom, raw json.RawMessage) string {
	if isNull(raw) {
		return ""
	}
	switch c.Type {
	case "option", "array":
		return strings.Join(c.options(raw), ", ")
	case "user":
		var to ref
		_ = json.Unmarshal(raw, &to) // checked when it was set
		return j.name(to.AccountID)
	case "number":
		return string(raw)
	}
	var s string
	_ = json.Unmarshal(raw, &s) // likewise
	return s
}

// custom draws a further field's value.
func (d renderer) custom(c Custom, raw json.RawMessage) any {
	if isNull(raw) {
		return nil
	}
	draw := func(value string) any {
		return object{"self": d.self("/customFieldOption/%s", c.optionID(value)), "id": c.optionID(value), "value": value}
	}
	switch c.Type {
	case "option":
		for _, v := range c.options(raw) {
			return draw(v)
		}
		return nil
	case "array":
		out := []any{}
		for _, v := range c.options(raw) {
			out = append(out, draw(v))
		}
		return out
	case "user":
		var to ref
		_ = json.Unmarshal(raw, &to) // checked when it was set
		return d.user(to.AccountID)
	}
	return raw
}

// customMeta tells of a further field what forms need.
func (d renderer) customMeta(c Custom) object {
	out := object{"required": c.Required, "schema": c.schema(), "name": c.Name, "key": c.ID, "hasDefaultValue": false, "operations": []string{"set"}}
	if c.Options != nil {
		allowed := []any{}
		for _, v := range c.Options {
			allowed = append(allowed, object{"self": d.self("/customFieldOption/%s", c.optionID(v)), "id": c.optionID(v), "value": v})
		}
		out["allowedValues"] = allowed
	}
	return out
}

func (c Custom) schema() object {
	number := 0
	_, _ = fmt.Sscanf(c.ID, "customfield_%d", &number)
	widget := map[string]string{
		"string": "textfield", "number": "float", "date": "datepicker", "user": "userpicker", "option": "select", "array": "multiselect",
	}[c.Type]
	out := object{"type": c.Type, "custom": "com.atlassian.jira.plugin.system.customfieldtypes:" + widget, "customId": number}
	if c.Type == "any" {
		out["custom"] = "com.pyxis.greenhopper.jira:gh-epic-link"
	}
	if c.Type == "array" {
		out["items"] = "option"
	}
	return out
}
