package jql_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/sandbox/jql"
)

func TestParse(t *testing.T) {
	field := func(name string) jql.Field { return jql.Field{Name: name} }
	value := func(texts ...string) (out []jql.Value) {
		for _, s := range texts {
			out = append(out, jql.Value{Text: s})
		}
		return out
	}
	for _, tc := range []struct {
		name, in string
		want     jql.Query
	}{
		{"nothing", "", jql.Query{}},
		{"order alone", "order by created DESC, key", jql.Query{Order: []jql.Sort{{Field: field("created"), Desc: true}, {Field: field("key")}}}},
		{"a clause", `project = SEC`, jql.Query{Where: jql.Clause{Field: field("project"), Op: "=", Values: value("SEC")}}},
		{"quotes and escapes", `summary ~ "a \"b\" c" AND 'Field X' != 'd\u0065'`, jql.Query{Where: jql.And{
			jql.Clause{Field: field("summary"), Op: "~", Values: value(`a "b" c`)}, jql.Clause{Field: field("field x"), Op: "!=", Values: value("de")},
		}}},
		{"precedence", "a=1 OR b=2 AND NOT c=3", jql.Query{Where: jql.Or{
			jql.Clause{Field: field("a"), Op: "=", Values: value("1")},
			jql.And{jql.Clause{Field: field("b"), Op: "=", Values: value("2")}, jql.Not{Expr: jql.Clause{Field: field("c"), Op: "=", Values: value("3")}}},
		}}},
		{"brackets", "(a=1 or b=2) and c=3", jql.Query{Where: jql.And{
			jql.Or{jql.Clause{Field: field("a"), Op: "=", Values: value("1")}, jql.Clause{Field: field("b"), Op: "=", Values: value("2")}},
			jql.Clause{Field: field("c"), Op: "=", Values: value("3")},
		}}},
		{"lists", "labels not in (a, 'b c') order by key asc", jql.Query{
			Where: jql.Clause{Field: field("labels"), Op: "not in", Values: value("a", "b c")}, Order: []jql.Sort{{Field: field("key")}},
		}},
		{"empty", "assignee is not EMPTY", jql.Query{Where: jql.Clause{Field: field("assignee"), Op: "is not", Values: []jql.Value{{Empty: true}}}}},
		{"functions", "assignee = currentUser() AND updated >= startOfDay('-1d')", jql.Query{Where: jql.And{
			jql.Clause{Field: field("assignee"), Op: "=", Values: []jql.Value{{Func: "currentuser"}}},
			jql.Clause{Field: field("updated"), Op: ">=", Values: []jql.Value{{Func: "startofday", Args: []string{"-1d"}}}},
		}}},
		{"a property", "issue.property[throughline.threat].page.id = 5", jql.Query{Where: jql.Clause{
			Field: jql.Field{Name: "issue.property", Property: "throughline.threat", Path: "page.id"}, Op: "=", Values: value("5"),
		}}},
		{"a relative date", "updated >= -5m", jql.Query{Where: jql.Clause{Field: field("updated"), Op: ">=", Values: value("-5m")}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := jql.Parse(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"project", "project =", "= SEC", "project = SEC AND", "project = SEC key = 1", "(a=1", "a=1)", "a in 1", "a in ()", "a in (1,)", "a is SEC",
		`a = "b`, `a = "\q"`, `a = "\u12"`, "a = b@c", "order", "order by", "a=1 order by", "a = and", "issue.property[x] = 1", "a not = 1", "a=f(", "\xff = 1",
		strings.Repeat("(", 5000) + "a=1" + strings.Repeat(")", 5000), strings.Repeat("not ", 5000) + "a=1",
	} {
		_, err := jql.Parse(in)
		var e *jql.Error
		if !errors.As(err, &e) {
			t.Errorf("%.60q: got %v", in, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"project = SEC AND labels in (a,'b') order by key", `issue.property[a.b].c ~ "x"`, "not (a is empty or b >= -1d) and c = currentUser()"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := jql.Parse(s)
		var e *jql.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%q: an error that is no *jql.Error: %v", s, err)
		}
		if err == nil && q.Where == nil && strings.Contains(s, "=") {
			t.Errorf("%q restricts nothing", s)
		}
	})
}
