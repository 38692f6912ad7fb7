// Package control maps threats to the control criteria they bear on. The mapping is data with a version and a reason a row:
// a suggestion by rule, which a person may confirm or change.
package control

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/app/threat"
)

// SOC2 names the framework of the mapping: the Trust Services Criteria of 2017 with the points of focus of 2022.
const SOC2 = "soc2-tsc-2017"

// Version names the mapping; it grows with every change of a row.
const Version = "mapping@1"

// row says that threats of a kind bear on a criterion, and why. An empty kind means every threat.
type row struct {
	kind threat.STRIDE
	id   string
	why  string
}

var rows = []row{
	{"", "CC3.2", "a stated threat is a risk that was identified and analysed"},
	{"", "CC4.2", "its ticket tells the deficiency to an owner who corrects it"},
	{"", "CC5.1", "its mitigation is a control chosen against a risk"},
	{threat.Spoofing, "CC6.1", "who somebody is must be established before access"},
	{threat.Spoofing, "CC6.2", "credentials are issued to registered people only"},
	{threat.Spoofing, "CC6.6", "impostors come from outside of the boundary"},
	{threat.Tampering, "CC6.1", "changing data takes access that is restricted"},
	{threat.Tampering, "CC6.8", "altered software is unauthorised software"},
	{threat.Tampering, "CC8.1", "changes are authorised and tested"},
	{threat.Repudiation, "CC7.2", "an action that leaves no trace cannot be monitored"},
	{threat.Repudiation, "CC7.3", "events that cannot be attributed cannot be evaluated"},
	{threat.Disclosure, "C1.1", "confidential data is protected"},
	{threat.Disclosure, "CC6.1", "reading data takes access that is restricted"},
	{threat.Disclosure, "CC6.7", "data in motion is protected"},
	{threat.DenialOfService, "A1.1", "capacity meets demand"},
	{threat.DenialOfService, "A1.2", "the service recovers"},
	{threat.DenialOfService, "CC6.6", "floods come from outside of the boundary"},
	{threat.DenialOfService, "CC7.2", "exhaustion shows as an anomaly"},
	{threat.Elevation, "CC6.1", "privileges are part of restricted access"},
	{threat.Elevation, "CC6.3", "roles give the least privilege"},
	{threat.Elevation, "CC6.8", "gained privileges run unauthorised software"},
}

// Suggest returns the criteria that a threat of these kinds bears on, ordered by id, each once, chosen by Version.
func Suggest(kinds []threat.STRIDE) []threat.Criterion {
	var out []threat.Criterion
	for _, r := range rows {
		if r.kind != "" && !slices.Contains(kinds, r.kind) {
			continue
		}
		c := threat.Criterion{Framework: SOC2, ID: r.id, By: Version}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b threat.Criterion) int { return strings.Compare(a.ID, b.ID) })
	return out
}
