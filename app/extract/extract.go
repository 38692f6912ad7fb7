// Package extract finds the threats that a page states. A finder looks for one shape in which people write them; the engine
// runs all finders, merges what restates the same threat, and orders the result as the page does.
package extract

import (
	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/threat"
)

// Finding is one threat as a report gives it: not yet a threat with an identity. Its text carries quote, span, section,
// finder, confidence and reason.
type Finding = threat.Text

// Candidate is one threat as a finder reports it.
type Candidate struct {
	Finding
	// Extent is all that was read as belonging to the threat: its row, its section, its list item. What a weaker finder
	// finds inside it is no threat of its own. It contains At.
	Extent document.Span
}

// Finder finds threats of one shape.
type Finder interface {
	// Name is the finder's name as findings carry it ("table").
	Name() string
	// Version grows whenever the same page may give another result.
	Version() int
	// Find returns candidates in any order. It must not keep or change the page, must accept any tree, and takes time about
	// linear in the page's size.
	Find(page *Page) []Candidate
}

// Report is the result of one scan.
type Report struct {
	Engine   Version   `json:"engine"`
	Findings []Finding `json:"findings"` // in document order
}

// Version says which rules made a report, so that a review can tell whether another run could say something else.
type Version struct {
	Version string   `json:"version"`
	Finders []string `json:"finders"` // "table@1", …
}
