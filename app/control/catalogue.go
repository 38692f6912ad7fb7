package control

import (
	"embed"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/throughline/throughline/app/fault"
)

// The frameworks, by the names that criteria carry.
const (
	SOC2     = "soc2-tsc-2017"  // Trust Services Criteria of 2017, points of focus of 2022
	ISO27001 = "iso27001-2022"  // Annex A of ISO/IEC 27001:2022
	NIST     = "nist-800-53-r5" // base controls of NIST SP 800-53 revision 5 that threats bear on
	ASVS     = "asvs-5.0"       // sections of OWASP ASVS 5.0
)

// Catalogue is one framework's criteria: their identifiers, and our own words for them, which are not the framework's text.
type Catalogue struct {
	Framework string   `json:"framework"`
	Title     string   `json:"title"`
	Scope     string   `json:"scope"` // what of the framework is listed
	Entries   []Listed `json:"criteria"`
}

// Listed is one criterion of a catalogue.
type Listed struct {
	ID     string `json:"id"`
	Group  string `json:"group"`
	Words  string `json:"words"`  // ours
	Weight int    `json:"weight"` // how much threats bear on it: 0 not at all, 1 indirectly, 2 and 3 security-relevant
}

// Relevant is the weight from which on a criterion must be within the mapping's reach.
const Relevant = 2

//go:embed catalogue/*.csv mapping/*.csv
var files embed.FS

// Frameworks lists the catalogues' names, SOC 2 first.
func Frameworks() []string { return []string{SOC2, ISO27001, NIST, ASVS} }

// Framework finds a catalogue by its name or a short one ("soc2", "iso27001", "nist", "asvs"); empty means SOC 2. fault.Invalid for
// an unknown one.
func Framework(name string) (*Catalogue, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, c := range catalogues() {
		if name == "" || name == c.Framework || name == strings.SplitN(c.Framework, "-", 2)[0] {
			return c, nil
		}
	}
	return nil, fault.New(fault.Invalid, "unknown framework %q: use one of %s", name, strings.Join(Frameworks(), ", "))
}

// Find returns a criterion by its identifier, in any case of letters; false when the catalogue has none.
func (c *Catalogue) Find(id string) (Listed, bool) {
	for _, e := range c.Entries {
		if strings.EqualFold(e.ID, id) {
			return e, true
		}
	}
	return Listed{}, false
}

// Order compares two identifiers by their places in the catalogue; those that it lacks come last, by name.
func (c *Catalogue) Order(a, b string) int {
	place := func(id string) int {
		if i := slices.IndexFunc(c.Entries, func(e Listed) bool { return e.ID == id }); i >= 0 {
			return i
		}
		return len(c.Entries)
	}
	if d := place(a) - place(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

var catalogues = sync.OnceValue(func() []*Catalogue {
	all := []*Catalogue{
		{Framework: SOC2, Title: "SOC 2, Trust Services Criteria 2017 (points of focus 2022)", Scope: "all 61 criteria"},
		{Framework: ISO27001, Title: "ISO/IEC 27001:2022 Annex A", Scope: "all 93 controls"},
		{Framework: NIST, Title: "NIST SP 800-53 revision 5", Scope: "base controls that threats of a design bear on"},
		{Framework: ASVS, Title: "OWASP ASVS 5.0", Scope: "its sections"},
	}
	for _, c := range all {
		for _, row := range table("catalogue/"+c.Framework+".csv", 4) {
			weight, err := strconv.Atoi(row[3])
			if err != nil {
				panic("control: weight of " + row[0] + ": " + err.Error())
			}
			c.Entries = append(c.Entries, Listed{row[0], row[1], row[2], weight})
		}
	}
	return all
})

// table reads an embedded file without its head. The files are part of the program: one that cannot be read is a bug, which every
// test of this package finds.
func table(name string, columns int) [][]string {
	f, err := files.Open(name)
	if err != nil {
		panic("control: " + err.Error())
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.FieldsPerRecord = columns
	rows, err := in.ReadAll()
	if err != nil {
		panic("control: " + name + ": " + err.Error())
	}
	return rows[1:]
}
