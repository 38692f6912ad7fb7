package jira

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/sandbox/adf"
	"github.com/throughline/throughline/app/sandbox/jql"
)

// matcher decides which issues a query means, for one caller at one time.
type matcher struct {
	j      *Jira
	caller string
	now    time.Time
	lax    bool // a value that does not exist matches nothing, instead of being refused
}

// test is a compiled query.
type test func(r *record) bool

// compile turns an expression into a test. Negation is carried down to the clauses, so that NOT (labels = x) is labels != x and,
// like it, leaves out issues without labels, as Jira does.
func (m matcher) compile(e jql.Expr, negate bool) (test, []string) {
	switch e := e.(type) {
	case jql.Not:
		return m.compile(e.Expr, !negate)
	case jql.And:
		return m.join(e, negate, !negate)
	case jql.Or:
		return m.join(e, negate, negate)
	case jql.Clause:
		if negate {
			e.Op = opposite(e.Op)
		}
		return m.clause(e)
	}
	return nil, []string{"The query is empty."}
}

func (m matcher) join(parts []jql.Expr, negate, every bool) (test, []string) {
	var tests []test
	var wrong []string
	for _, p := range parts {
		t, w := m.compile(p, negate)
		tests, wrong = append(tests, t), append(wrong, w...)
	}
	return func(r *record) bool {
		for _, t := range tests {
			if t(r) != every {
				return !every
			}
		}
		return every
	}, wrong
}

func opposite(op string) string {
	pairs := []string{"=", "!=", "~", "!~", "in", "not in", "is", "is not", ">", "<=", "<", ">="}
	i := slices.Index(pairs, op)
	return pairs[i^1]
}

// clause compiles one comparison. An issue without a value matches only IS EMPTY and = EMPTY.
func (m matcher) clause(c jql.Clause) (test, []string) {
	values, wrong := m.values(c)
	if wrong != nil {
		return nil, wrong
	}
	name := canonical(c.Field.Name)
	switch {
	case c.Field.Property != "":
		return m.compare(c, values, func(r *record) []string { return propertyValues(r, c.Field) })
	case name == "created" || name == "updated" || name == "resolved" || name == "duedate":
		return m.date(c, name, values)
	case name == "summary" || name == "description" || name == "text" || name == "comment":
		return contains(c, name, values)
	}
	read, ok := m.reader(name)
	if !ok {
		return nil, []string{fmt.Sprintf("Field '%s' does not exist or you do not have permission to view it.", c.Field)}
	}
	if c.Op == "~" || c.Op == "!~" {
		return nil, []string{fmt.Sprintf("The operator '%s' is not supported by the '%s' field.", c.Op, c.Field)}
	}
	for i, v := range values {
		if v.Empty {
			continue
		}
		resolved, ok := m.resolve(name, v.Text)
		if !ok && !m.lax {
			return nil, []string{fmt.Sprintf("The value '%s' does not exist for the field '%s'.", v.Text, c.Field)}
		}
		values[i].Text = resolved
	}
	return m.compare(c, values, read)
}

// compare tests a field's values against the clause's.
func (m matcher) compare(c jql.Clause, values []jql.Value, read func(*record) []string) (test, []string) {
	equal := func(have []string, v jql.Value) bool {
		if v.Empty {
			return len(have) == 0
		}
		return slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, v.Text) })
	}
	matches := func(have []string) bool {
		return slices.ContainsFunc(values, func(v jql.Value) bool { return equal(have, v) })
	}
	switch c.Op {
	case "=", "in", "is":
		return func(r *record) bool { return matches(read(r)) }, nil
	case "!=", "not in", "is not":
		return func(r *record) bool {
			have := read(r)
			return len(have) > 0 && !matches(have)
		}, nil
	case "~", "!~":
		return func(r *record) bool {
			have := read(r)
			found := slices.ContainsFunc(have, func(h string) bool { return strings.Contains(strings.ToLower(h), strings.ToLower(values[0].Text)) })
			return len(have) > 0 && found == (c.Op == "~")
		}, nil
	default:
		return func(r *record) bool {
			return slices.ContainsFunc(read(r), func(h string) bool { return ordered(compareValues(h, values[0].Text), c.Op) })
		}, nil
	}
}

func ordered(order int, op string) bool {
	switch op {
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	default:
		return order <= 0
	}
}

// compareValues orders numbers by value, issue keys by project and number, and all else as text.
func compareValues(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	pa, na, okA := strings.Cut(a, "-")
	pb, nb, okB := strings.Cut(b, "-")
	if okA && okB && strings.EqualFold(pa, pb) {
		ia, errA := strconv.Atoi(na)
		ib, errB := strconv.Atoi(nb)
		if errA == nil && errB == nil {
			return cmp.Compare(ia, ib)
		}
	}
	return cmp.Compare(strings.ToLower(a), strings.ToLower(b))
}

// contains compiles ~ on text: every word of the value stands in the field; a word may end in an asterisk, as Jira's index has it.
func contains(c jql.Clause, name string, values []jql.Value) (test, []string) {
	read := func(r *record) string {
		parts := []string{}
		if name == "summary" || name == "text" {
			parts = append(parts, r.Summary)
		}
		if (name == "description" || name == "text") && !r.Description.empty() {
			parts = append(parts, adf.Text(r.Description.adf()))
		}
		if name == "comment" || name == "text" {
			for _, m := range r.Comments {
				parts = append(parts, adf.Text(m.Body.adf()))
			}
		}
		return strings.Join(parts, "\n")
	}
	switch c.Op {
	case "is", "is not":
		return func(r *record) bool { return (strings.TrimSpace(read(r)) == "") == (c.Op == "is") }, nil
	case "~", "!~":
	default:
		return nil, []string{fmt.Sprintf("The operator '%s' is not supported by the '%s' field.", c.Op, c.Field)}
	}
	phrase := strings.HasPrefix(values[0].Text, `"`)
	wanted := words(values[0].Text)
	if phrase {
		wanted = []string{strings.Join(wanted, " ")}
	}
	return func(r *record) bool {
		have := words(read(r))
		all := true
		for _, w := range wanted {
			if phrase {
				all = all && strings.Contains(" "+strings.Join(have, " ")+" ", " "+w+" ")
				continue
			}
			prefix, wild := strings.CutSuffix(w, "*")
			all = all && slices.ContainsFunc(have, func(h string) bool { return h == w || wild && strings.HasPrefix(h, prefix) })
		}
		return all == (c.Op == "~")
	}, nil
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return r <= 127 && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '*'
	})
}

// propertyValues reads a path such as a.b out of an entity property, as texts; a list gives each of its elements.
func propertyValues(r *record, f jql.Field) []string {
	raw, ok := r.Properties[f.Property]
	if !ok {
		return nil
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	for step := range strings.SplitSeq(f.Path, ".") {
		o, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		if v, ok = lookupFold(o, step); !ok {
			return nil
		}
	}
	return texts(v)
}

func lookupFold(o map[string]any, key string) (any, bool) {
	if v, ok := o[key]; ok {
		return v, true
	}
	for k, v := range o {
		if strings.EqualFold(k, key) {
			return v, true
		}
	}
	return nil, false
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case bool:
		return []string{strconv.FormatBool(v)}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, texts(e)...)
		}
		return out
	}
	return nil
}
