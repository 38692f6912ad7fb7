package control

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

func ids(criteria []threat.Criterion) []string {
	var out []string
	for _, c := range criteria {
		out = append(out, c.ID)
	}
	return out
}

func TestSuggest(t *testing.T) {
	tests := []struct {
		name      string
		framework string
		subject   Subject
		want      []string
	}{
		{"every threat", SOC2, Subject{}, []string{"CC3.2", "CC4.2", "CC5.1"}},
		{"one kind", SOC2, Subject{Text: threat.Text{STRIDE: []threat.STRIDE{threat.Repudiation}}}, []string{"CC3.2", "CC4.2", "CC5.1", "CC7.2", "CC7.3", "PI1.3"}},
		{
			"shared criteria once", SOC2,
			Subject{Text: threat.Text{STRIDE: []threat.STRIDE{threat.Spoofing, threat.Elevation}}},
			[]string{"CC3.2", "CC4.2", "CC5.1", "CC6.1", "CC6.2", "CC6.3", "CC6.6", "CC6.8"},
		},
		{
			"a weakness", SOC2,
			Subject{Text: threat.Text{Title: "Fields are joined", CWE: []string{"CWE-89"}}},
			[]string{"CC3.2", "CC4.2", "CC5.1", "CC6.6", "CC6.8", "PI1.2"},
		},
		{
			"data", SOC2,
			Subject{Text: threat.Text{Title: "Personal data is kept too long", Element: "Profile"}},
			[]string{"CC3.2", "CC4.2", "CC5.1", "C1.1", "P4.1", "P6.3"},
		},
		{
			"an element", SOC2,
			Subject{Text: threat.Text{Title: "It is read", Element: "Webhook of a third-party processor"}},
			[]string{"CC3.2", "CC4.2", "CC5.1", "CC9.2", "P6.1"},
		},
		{
			"what is asked counts for nothing", SOC2,
			Subject{Text: threat.Text{Title: "It is read", Mitigations: []threat.Mitigation{{Quote: "encrypt the backup"}}}},
			[]string{"CC3.2", "CC4.2", "CC5.1"},
		},
		{"what was done", SOC2, Subject{Reassessed: true, Verified: true}, []string{"CC3.2", "CC3.4", "CC4.1", "CC4.2", "CC5.1", "CC5.2"}},
		{"another framework", ASVS, Subject{Text: threat.Text{Title: "Sessions never end"}}, []string{"V3.3", "V7.2", "V7.3", "V7.4", "V7.5"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ids(Suggest(tt.framework, tt.subject))); diff != "" {
				t.Errorf("criteria (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWords(t *testing.T) {
	tests := []struct {
		name, text, word string
		want             bool
	}{
		{"whole", "a dos of the api", "dos", true},
		{"plural", "bots guess", "bot", true},
		{"a short word inside a longer", "a dose, and both", "dos", false},
		{"the beginning of a word", "authenticated", "authenticat", true},
		{"not the end of one", "unauthenticated", "authenticat", false},
		{"a later occurrence", "xdos dos", "dos", true},
		{"other letters", "die verschlüsselung", "verschlüssel", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := speaks(tt.text, tt.word); got != tt.want {
				t.Errorf("speaks(%q, %q) = %v", tt.text, tt.word, got)
			}
		})
	}
}

// TestCatalogueIsWhole holds our list of SOC 2's criteria against the one beside the project.
func TestCatalogueIsWhole(t *testing.T) {
	data, err := os.ReadFile(contracttest.Path(t, "controls", "soc2_tsc_2017_rev2022_ids.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Criteria []struct{ ID string } }
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, c := range list.Criteria {
		want = append(want, c.ID)
	}
	soc, err := Framework("soc2")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range soc.Entries {
		got = append(got, e.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 61 {
		t.Errorf("%d criteria (-want +got):\n%s", len(got), diff)
	}
}

// TestEveryRow: each row of each version names a criterion that exists, says why, and can hold.
func TestEveryRow(t *testing.T) {
	for _, m := range mappings() {
		var known []string
		for _, tp := range m.topics {
			known = append(known, "topic:"+tp.name)
			if tp.words[0] == "" {
				t.Errorf("topic %s has no words", tp.name)
			}
		}
		known = append(known, "any", "fact:verified", "fact:reassessed")
		for _, k := range threat.AllSTRIDE() {
			known = append(known, "stride:"+string(k))
		}
		seen := map[Row]bool{}
		for _, r := range m.Rows {
			c, err := Framework(r.Framework)
			if err != nil {
				t.Fatalf("%s: %v", m.Version, err)
			}
			e, ok := c.Find(r.ID)
			if !ok || e.ID != r.ID {
				t.Errorf("%s: %s has no criterion %s", m.Version, r.Framework, r.ID)
			}
			if r.Why == "" {
				t.Errorf("%s: the row %s → %s has no reason", m.Version, r.When, r.ID)
			}
			if !slices.Contains(known, r.When) {
				t.Errorf("%s: the row %s → %s can never hold", m.Version, r.When, r.ID)
			}
			once := Row{When: r.When, Framework: r.Framework, ID: r.ID}
			if seen[once] {
				t.Errorf("%s: the row %s → %s stands twice", m.Version, r.When, r.ID)
			}
			seen[once] = true
		}
	}
}

func TestRelevantCriteriaAreWithinReach(t *testing.T) {
	m, err := Read(Version)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range catalogues() {
		for _, e := range c.Entries {
			reached := slices.ContainsFunc(m.Rows, func(r Row) bool { return r.Framework == c.Framework && r.ID == e.ID })
			if e.Weight >= Relevant && !reached {
				t.Errorf("%s %s (%s) is security-relevant, and no row leads to it", c.Framework, e.ID, e.Words)
			}
			if e.Weight == 0 && reached {
				t.Errorf("%s %s (%s) is said to have nothing to do with threats, and a row leads to it", c.Framework, e.ID, e.Words)
			}
		}
	}
}

// TestFormerVersion: what mapping@1 suggested can still be explained.
func TestFormerVersion(t *testing.T) {
	m, err := Read("mapping@1")
	if err != nil {
		t.Fatal(err)
	}
	got := m.Matching(SOC2, Subject{Text: threat.Text{Title: "Sessions never end", STRIDE: []threat.STRIDE{threat.Elevation}}})
	want := []Row{
		{"any", SOC2, "CC3.2", "a stated threat is a risk that was identified and analysed"},
		{"any", SOC2, "CC4.2", "its ticket tells the deficiency to an owner who corrects it"},
		{"any", SOC2, "CC5.1", "its mitigation is a control chosen against a risk"},
		{"stride:E", SOC2, "CC6.1", "privileges are part of restricted access"},
		{"stride:E", SOC2, "CC6.3", "roles give the least privilege"},
		{"stride:E", SOC2, "CC6.8", "gained privileges run unauthorised software"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if _, err := Read("mapping@0"); !fault.Is(err, fault.NotFound) {
		t.Errorf("mapping@0: %v", err)
	}
}

func TestChoose(t *testing.T) {
	got, err := Choose("soc2", "cc6.7, CC6.1,CC6.1", "dana")
	want := []threat.Criterion{{Framework: SOC2, ID: "CC6.1", By: "dana"}, {Framework: SOC2, ID: "CC6.7", By: "dana"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Choose: %v (-want +got):\n%s", err, diff)
	}
	for _, list := range []string{"", " , ", "CC6.1,CC99.9"} {
		if _, err := Choose("soc2", list, "dana"); !fault.Is(err, fault.Invalid) {
			t.Errorf("Choose(%q): %v, want fault.Invalid", list, err)
		}
	}
	if _, err := Choose("pci", "1.1", "dana"); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), ISO27001) {
		t.Errorf("unknown framework: %v", err)
	}
}
