package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/evidence/archive"
	"github.com/throughline/throughline/app/ledger"
)

// Why an entry of the ledger is not disclosed in a pack, as its manifest and cover say it.
const (
	ofEnded          = "of threats that did not count in the window"
	ofThreatsOutside = "of threats outside of the scope"
	ofPagesOutside   = "of pages outside of the scope"
)

// discloses reports whether an entry goes into the pack: those of the population's threats and of the scope's pages, and those of the
// whole site.
func (c *collection) discloses(e ledger.Entry) bool {
	if e.Threat != "" {
		return c.population[e.Threat]
	}
	return c.disclosesPage(e.Page)
}

// disclosesPage reports it for the entries of a page, or of the whole site, that are of no threat.
func (c *collection) disclosesPage(id string) bool {
	return id == "" || c.query.Scope.zero() || c.pages[id] || c.reviewed[id]
}

// other counts an entry that is of no threat. Whether its page is in scope is known at the end only.
func (c *collection) other(e ledger.Entry) {
	counts := c.others[e.Page]
	if counts == nil {
		counts = new([archive.After + 1]int)
		c.others[e.Page] = counts
	}
	counts[archive.ZoneOf(c.query.From, c.query.To, e.Recorded)]++
}

func (c *collection) shareOthers() {
	for page, counts := range c.others {
		why := ""
		if !c.disclosesPage(page) {
			why = ofPagesOutside
		}
		c.share(*counts, why)
	}
}

// share counts entries as disclosed, or as not disclosed for a reason.
func (c *collection) share(counts [archive.After + 1]int, why string) {
	for z, n := range counts {
		c.summary.Spread.Of(archive.Zone(z)).Add(n, why)
	}
}

// spreadWords says how many entries there are, and how many of them the pack has.
func spreadWords(s archive.Spread) string {
	var parts []string
	for _, z := range archive.Zones() {
		parts = append(parts, fmt.Sprintf("%s %s", z, shareWords(*s.Of(z))))
	}
	return strings.Join(parts, "; ")
}

func shareWords(s archive.Share) string {
	words := fmt.Sprintf("%s, %s disclosed, %s not", thousands(s.Entries), thousands(s.Disclosed), thousands(s.Hidden()))
	var reasons []string
	for _, why := range slices.Sorted(maps.Keys(s.Undisclosed)) {
		reasons = append(reasons, thousands(s.Undisclosed[why])+" "+why)
	}
	if len(reasons) > 0 {
		words += " (" + strings.Join(reasons, ", ") + ")"
	}
	return words
}
