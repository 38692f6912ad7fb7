package trace

import "github.com/throughline/throughline/app/threat"

// Match is what a new version of a page says, held against what was known of it. Every known threat is in exactly one pair or in
// Gone; every finding is in exactly one pair or in New. Order is the page's.
type Match struct {
	New     []threat.Text
	Same    []Pair // nothing a reader would call a change; spans and section may differ
	Changed []Pair
	Back    []Pair          // Known was withdrawn
	Gone    []threat.Threat // live ones whose text is not there any more; a withdrawn threat that stays so is in neither
}

// Pair is a known threat and the finding that states it now.
type Pair struct {
	Known threat.Threat
	Found threat.Text
	What  []string // which parts changed, in a reader's words: "wording", "mitigation", "severity", "owner", "STRIDE", "ticket", "status"
}
