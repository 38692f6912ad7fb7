package mapping_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/mapping"
	"github.com/throughline/throughline/app/threat"
)

func fallback() mapping.Rule {
	return mapping.Rule{
		Project: "SEC", IssueType: "Task", Component: "Platform",
		Priority: map[threat.Severity]string{threat.Critical: "Highest", threat.High: "High"},
		DueDays:  map[threat.Severity]int{threat.Critical: 7, threat.High: 30, threat.Low: 180},
	}
}

func TestRead(t *testing.T) {
	m, err := mapping.Read([]byte(`
rules:
  - name: Cards
    labels: [pci, cards]
    spaces: [PAY]
    project: PCI
    type: Finding
    component: Vault
    parent: PCI-12
    priority: {critical: P0, unstated: P3}
    due: {critical: 3, low: none}
    fields:
      customfield_10042: Security
      Risk class: [A, B]
      Points: 3
      When: "2026-12-01"
  - spaces: [PAY]
    priority: none
    due: none
  - spaces: ["~ann"]
    project: ANN
`))
	if err != nil {
		t.Fatal(err)
	}
	cards := mapping.Rule{
		Name: "Cards", Line: 3, Labels: []string{"pci", "cards"}, Spaces: []string{"PAY"},
		Project: "PCI", IssueType: "Finding", Component: "Vault", Parent: "PCI-12",
		Priority: map[threat.Severity]string{threat.Critical: "P0", threat.High: "High", threat.Unstated: "P3"},
		DueDays:  map[threat.Severity]int{threat.Critical: 3, threat.High: 30},
		Fields: []mapping.Field{
			{Name: "customfield_10042", Value: "Security", Line: 13},
			{Name: "Risk class", Value: []string{"A", "B"}, Line: 14},
			{Name: "Points", Value: 3.0, Line: 15},
			{Name: "When", Value: "2026-12-01", Line: 16},
		},
	}
	pay := mapping.Rule{
		Name: "rule 2", Line: 17, Spaces: []string{"PAY"}, Project: "SEC", IssueType: "Task", Component: "Platform",
		Priority: map[threat.Severity]string{}, DueDays: map[threat.Severity]int{},
	}
	ann := fallback()
	ann.Name, ann.Line, ann.Spaces, ann.Project, ann.Component = "rule 3", 20, []string{"~ann"}, "ANN", ""
	rest := fallback()
	rest.Name = "the default"
	if diff := cmp.Diff([]mapping.Rule{cards, pay, ann, rest}, m.Rules(fallback())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		name, space string
		labels      []string
		want        string
	}{
		{"the first that matches", "PAY", []string{"design", "cards"}, "Cards"},
		{"a label alone is not enough", "ENG", []string{"pci"}, "the default"},
		{"the space alone", "PAY", []string{"design"}, "rule 2"},
		{"keys are compared as they are", "pay", nil, "the default"},
		{"a personal space", "~ann", nil, "rule 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := m.For(tt.space, tt.labels, fallback()); got.Name != tt.want {
				t.Errorf("got %q, want %q", got.Name, tt.want)
			}
		})
	}
}

func TestZeroMapping(t *testing.T) {
	want := fallback()
	want.Name = "the default"
	got := mapping.Mapping{}.For("ENG", nil, fallback())
	if diff := cmp.Diff(want, got); diff != "" || !got.IsDefault() {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRuleForEveryPage: where a rule takes all pages, the default is never asked, and need not be checked.
func TestRuleForEveryPage(t *testing.T) {
	m, err := mapping.Read([]byte("rules:\n  - labels: [pci]\n    project: PCI\n  - project: OPS\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range m.Rules(fallback()) {
		got = append(got, r.Name+" → "+r.Project)
	}
	if diff := cmp.Diff([]string{"rule 1 → PCI", "rule 2 → OPS"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"nothing", "", "no rules"},
		{"no rules", "rules: []", "no rules"},
		{"no YAML", "rules:\n  - spaces: [PAY\n", "line 2:"},
		{"two documents", "rules:\n  - project: A1\n---\nrules:\n  - project: B1\n", "2 documents"},
		{"an unknown key at the top", "rule:\n  - project: PAY\n", `line 1: nothing reads the key "rule"`},
		{"an unknown key", "rules:\n  - spaces: [PAY]\n    projct: PAY\n", `line 3: nothing reads the key "projct"; a rule has name, spaces`},
		{"a key twice", "rules:\n  - project: PAY\n    project: SEC\n", `line 3: mapping key "project" already defined`},
		{"a list where a text belongs", "rules:\n  - project: [PAY]\n", "line 2:"},
		{"a text where rules belong", "rules: PAY\n", "line 1:"},
		{"a project in lower case", "rules:\n  - project: pay\n", `line 2: "pay" is no project key`},
		{"a parent that is no key", "rules:\n  - spaces: [PAY]\n    parent: the epic\n", `line 3: "the epic" is no issue key`},
		{"a space with a blank", "rules:\n  - spaces: [PAY, My space]\n", `line 2: "My space" is no key of a space`},
		{"a label in upper case", "rules:\n  - labels:\n      - pci\n      - PCI\n", `line 4: "PCI" is no label`},
		{"a severity misspelt", "rules:\n  - spaces: [PAY]\n    due:\n      hgih: 5\n", `line 4: "hgih" is no severity; there are critical, high, medium, low, unstated`},
		{"no days", "rules:\n  - spaces: [PAY]\n    due: {high: soon}\n", `line 3: soon is no number of days from 1 to 3650`},
		{"days below one", "rules:\n  - due: {high: 0}\n", "0 is no number of days"},
		{"half days", "rules:\n  - due: {high: 1.5}\n", "1.5 is no number of days"},
		{"one due for all", "rules:\n  - due: 5\n", "due is one value for each severity"},
		{"a priority by number", "rules:\n  - priority: {high: 2}\n", "2 is no name of a priority; write one such as High, in quotes"},
		{"one priority for all", "rules:\n  - priority: High\n", `priority is one value for each severity`},
		{"a field that is Throughline's", "rules:\n  - project: PAY\n    fields:\n      duedate: \"2026-12-01\"\n", "line 4: duedate is not set here: write due:"},
		{"a field twice", "rules:\n  - fields:\n      Team: A\n      team: B\n", "line 4: team has a value already"},
		{"a field without value", "rules:\n  - fields:\n      Team:\n", "line 3: the value of Team is a text, a number or a list of texts"},
		{"a field of lists", "rules:\n  - fields:\n      Team: [[A]]\n", "the value of Team is"},
		{"a field that is on", "rules:\n  - fields:\n      Team: true\n", "the value of Team is"},
		{"the same pages twice", "rules:\n  - spaces: [PAY]\n    project: PAY\n  - spaces: [PAY]\n    project: SEC\n", "line 4: no page reaches this rule: rule 1, at line 2, takes all"},
		{"a rule below one for its space", "rules:\n  - spaces: [PAY, ENG]\n  - spaces: [PAY]\n    labels: [pci]\n", "line 3: no page reaches this rule"},
		{"a rule below one for all", "rules:\n  - project: SEC\n  - spaces: [PAY]\n", "line 3: no page reaches this rule"},
		{"a name twice", "rules:\n  - name: A\n    spaces: [PAY]\n  - spaces: [ENG]\n    name: A\n", `line 5: "A" is the name of the rule at line 2 already`},
		{"an alias", "rules:\n  - &a {spaces: [PAY]}\n  - *a\n", "line 2: write values out"},
		{"a tag", "rules:\n  - spaces: !set\n0\n", "line 2: write values out"},
		{"the default's name", "rules:\n  - spaces: [PAY]\n    name: the default\n", "line 3: \"the default\" is what"},
		{"too large", strings.Repeat("#", mapping.MaxFile+1), "more than the 1048576 that are read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := mapping.Read([]byte(tt.file))
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
		})
	}
}

// FuzzRead: whatever a file holds, it is read or refused in one line; what is read can be asked, and each rule has its place.
func FuzzRead(f *testing.F) {
	f.Add([]byte("rules:\n  - spaces: [PAY]\n    due: {high: 3, low: none}\n    fields: {Team: [A], Points: 3}\n"))
	f.Add([]byte("rules:\n  - &a {project: PAY}\n  - *a\n"))
	f.Add([]byte("rules: {project: [}"))
	f.Add([]byte("rules:\n  - fields:\n      ? [a, b]\n      : c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := mapping.Read(data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q is not one line of an operator's mistake", err)
			}
			return
		}
		rules := m.Rules(fallback())
		for _, r := range rules {
			if r.Project == "" || r.IssueType == "" || r.Name == "" || r.IsDefault() != (r.Name == "the default") {
				t.Errorf("%+v", r)
			}
		}
		if got := m.For("PAY", []string{"pci"}, fallback()); !got.Matches("PAY", []string{"pci"}) {
			t.Errorf("%+v does not match the page it holds for", got)
		}
	})
}
