// Package control knows the criteria of control frameworks and which of them a threat bears on. The mapping is data with a
// version and a reason a row: a suggestion by rule, which a person may confirm or change.
package control

import (
	"slices"
	"strings"
	"sync"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

// Version names the mapping that suggests; a change of a row makes a new one. Former versions stay, for what they said is in
// ledgers.
const Version = "mapping@2"

// ByRule reports whether a criterion was suggested by a mapping; else a person chose it.
func ByRule(c threat.Criterion) bool { return strings.HasPrefix(c.By, "mapping@") }

// Subject is what a mapping looks at: what a page says of a threat, and, where evidence is made, what was done since.
type Subject struct {
	Text       threat.Text
	Reassessed bool // its page changed what it says, and a review assessed it anew
	Verified   bool
}

// Row says that a threat bears on a criterion when something holds of it, and why.
type Row struct {
	When      string `json:"when"` // "any", "stride:S", "topic:session", "fact:verified"
	Framework string `json:"framework"`
	ID        string `json:"id"`
	Why       string `json:"why"`
}

// Mapping is one version of the rows.
type Mapping struct {
	Version string
	Rows    []Row
	topics  []topic
}

var mappings = sync.OnceValue(func() []*Mapping {
	return []*Mapping{
		{Version: "mapping@1", Rows: rows("mapping/mapping-1.csv")},
		{Version: "mapping@2", Rows: rows("mapping/mapping-2.csv"), topics: topics("mapping/topics-2.csv")},
	}
})

func rows(name string) []Row {
	var out []Row
	for _, r := range table(name, 4) {
		out = append(out, Row{r[0], r[1], r[2], r[3]})
	}
	return out
}

// Read returns a version of the mapping, former ones too. fault.NotFound when there never was one of this name.
func Read(version string) (*Mapping, error) {
	for _, m := range mappings() {
		if m.Version == version {
			return m, nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no %q: the newest is %s", version, Version)
}

// Suggest returns the criteria of a framework that a threat bears on by the present mapping, in the catalogue's order, each once.
func Suggest(framework string, s Subject) []threat.Criterion {
	m, err := Read(Version)
	if err != nil {
		panic("control: " + err.Error())
	}
	var out []threat.Criterion
	for _, r := range m.Matching(framework, s) {
		c := threat.Criterion{Framework: framework, ID: r.ID, By: m.Version}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	sort(framework, out)
	return out
}

func sort(framework string, criteria []threat.Criterion) {
	c, err := Framework(framework)
	if err != nil {
		return
	}
	slices.SortFunc(criteria, func(a, b threat.Criterion) int { return c.Order(a.ID, b.ID) })
}

// Matching returns the rows that hold of a subject, in the file's order: the reasons for what Suggest says.
func (m *Mapping) Matching(framework string, s Subject) []Row {
	var held []string
	if s.Reassessed {
		held = append(held, "fact:reassessed")
	}
	if s.Verified {
		held = append(held, "fact:verified")
	}
	for _, k := range s.Text.STRIDE {
		held = append(held, "stride:"+string(k))
	}
	words := said(s.Text)
	for _, t := range m.topics {
		if t.holds(words, s.Text.CWE) {
			held = append(held, "topic:"+t.name)
		}
	}
	var out []Row
	for _, r := range m.Rows {
		if r.Framework == framework && (r.When == "any" || slices.Contains(held, r.When)) {
			out = append(out, r)
		}
	}
	return out
}

// Choose reads a person's list of criteria, such as "CC6.1, CC6.7", as chosen by somebody. fault.Invalid names those that the
// framework lacks.
func Choose(framework, list, by string) ([]threat.Criterion, error) {
	c, err := Framework(framework)
	if err != nil {
		return nil, err
	}
	var out []threat.Criterion
	var unknown []string
	for _, id := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == ';' }) {
		e, ok := c.Find(id)
		if !ok {
			unknown = append(unknown, id)
			continue
		}
		if one := (threat.Criterion{Framework: c.Framework, ID: e.ID, By: by}); !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	switch {
	case len(unknown) > 0:
		return nil, fault.New(fault.Invalid, "%s has no %s: `throughline criteria --framework %s` lists what it has", c.Title, strings.Join(unknown, ", "), c.Framework)
	case len(out) == 0:
		return nil, fault.New(fault.Invalid, "no criterion is named: give at least one, such as %s", c.Entries[0].ID)
	}
	sort(c.Framework, out)
	return out, nil
}
