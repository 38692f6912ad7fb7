package jira_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/fault"
)

func TestEncode(t *testing.T) {
	field := func(kind, items string, allowed ...string) jira.Field {
		return jira.Field{ID: "customfield_1", Name: "Risk", Type: kind, Items: items, Allowed: allowed}
	}
	tests := []struct {
		name  string
		field jira.Field
		value any
		want  string // as JSON; begins with "!" for what a refusal says
	}{
		{"a text", field("string", ""), "x", `"x"`},
		{"a number where a text belongs", field("string", ""), 3.0, "!Risk takes one text"},
		{"an option", field("option", "", "A", "B"), "A", `{"value":"A"}`},
		{"an option that is not there", field("option", "", "A", "B"), "C", `!Risk does not take "C"; it takes A, B`},
		{"options of another case are others", field("option", "", "A"), "a", "!does not take"},
		{"several options", field("array", "option", "A", "B"), []string{"A", "B"}, `[{"value":"A"},{"value":"B"}]`},
		{"one of several options", field("array", "option", "A"), "A", `[{"value":"A"}]`},
		{"several options, one of them wrong", field("array", "option", "A"), []string{"A", "C"}, `!does not take "C"`},
		{"several texts", field("array", "string"), []string{"x", "y"}, `["x","y"]`},
		{"several people", field("array", "user"), []string{"5b10"}, `[{"accountId":"5b10"}]`},
		{"a number for a list", field("array", "string"), 3.0, "!Risk takes a list of texts"},
		{"a list for one option", field("option", "", "A"), []string{"A"}, "!Risk takes one text"},
		{"a number", field("number", ""), 3.5, `3.5`},
		{"a text for a number", field("number", ""), "3", `!Risk takes a number, not "3"`},
		{"somebody", field("user", ""), "5b10", `{"accountId":"5b10"}`},
		{"a date", field("date", ""), "2026-12-01", `"2026-12-01"`},
		{"no date", field("date", ""), "next week", "!Risk takes a date such as 2026-12-01"},
		{"versions", field("array", "version", "1.0"), []string{"1.0"}, `[{"name":"1.0"}]`},
		{"what cannot be filled in", field("option-with-child", ""), "A", "!of the type option-with-child, which Throughline cannot fill in"},
	}
	c, err := jira.New("https://acme.atlassian.net", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Encode(tt.field, tt.value)
			if says, refused := strings.CutPrefix(tt.want, "!"); refused {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
					t.Errorf("error %v, want one that says %q", err, says)
				}
				return
			}
			text, bad := json.Marshal(got)
			if string(text) != tt.want || err != nil || bad != nil {
				t.Errorf("got %s, %v, %v; want %s", text, err, bad, tt.want)
			}
		})
	}
}

func TestFindField(t *testing.T) {
	all := []jira.Field{{ID: "summary", Name: "Summary"}, {ID: "customfield_1", Name: "Team"}, {ID: "customfield_2", Name: "team"}, {ID: "customfield_3", Name: "Risk"}}
	tests := []struct{ name, ask, want string }{
		{"by id", "customfield_1", "customfield_1"},
		{"by name", "risk", "customfield_3"},
		{"two of a name", "Team", "!2 fields are called Team: name one by its id, customfield_1 or customfield_2"},
		{"none", "Points", "!there is no field Points on the form that creates such an issue; there are Summary, Team"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := jira.FindField(all, tt.ask)
			if says, refused := strings.CutPrefix(tt.want, "!"); refused {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
					t.Errorf("error %v, want one that says %q", err, says)
				}
				return
			}
			if got.ID != tt.want || err != nil {
				t.Errorf("got %s, %v", got.ID, err)
			}
		})
	}
}

func TestParentField(t *testing.T) {
	own, link := jira.Field{ID: "parent", Name: "Parent"}, jira.Field{ID: "customfield_10008", Name: "Epos", Custom: "com.pyxis.greenhopper.jira:gh-epic-link"}
	other := jira.Field{ID: "customfield_1", Name: "Parent"}
	tests := []struct {
		name string
		form []jira.Field
		want jira.Field
	}{
		{"a parent", []jira.Field{other, own}, own},
		{"a parent and an epic", []jira.Field{link, own}, own},
		{"an epic, whatever it is called", []jira.Field{other, link}, link},
		{"neither", []jira.Field{other}, jira.Field{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := jira.ParentField(tt.form)
			if diff := cmp.Diff(tt.want, got); diff != "" || ok != (tt.want.ID != "") {
				t.Errorf("found %v (-want +got):\n%s", ok, diff)
			}
		})
	}
}
