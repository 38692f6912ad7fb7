package extract

import (
	"fmt"
	"slices"
	"sort"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/lexicon"
)

// Rules is the version of the engine's own rules: merging, order, and reading of blocks.
const Rules = "2"

// Engine runs finders over pages. It is safe for concurrent use.
type Engine struct {
	lexicon *lexicon.Lexicon
	finders []Finder
}

// New makes an engine of finders. Where two of them find the same threat, the earlier one's reading is kept.
func New(lex *lexicon.Lexicon, finders ...Finder) *Engine {
	return &Engine{lexicon: lex, finders: finders}
}

// Version says which rules the engine works by.
func (e *Engine) Version() Version {
	v := Version{Version: fmt.Sprintf("%s.%d", Rules, e.lexicon.Version()), Finders: make([]string, len(e.finders))}
	for i, f := range e.finders {
		v.Finders[i] = fmt.Sprintf("%s@%d", f.Name(), f.Version())
	}
	return v
}

// Scan finds the threats that a document states, in its order. The same document gives the same report; a document that
// states none gives a report without findings. What a finder finds inside of what one before it read is no threat of its own.
func (e *Engine) Scan(doc *document.Document) Report {
	page := NewPage(doc, e.lexicon)
	var all []Candidate
	for i, f := range e.finders {
		found := f.Find(page)
		if len(found) == 0 {
			continue
		}
		sort.SliceStable(found, func(i, j int) bool { return found[i].At.Start < found[j].At.Start })
		found = slices.DeleteFunc(found, func(c Candidate) bool {
			return page.Claims.Covers(c.At) || page.Claims.Within(c.At, 1) > 0
		})
		if all == nil {
			all = found
		} else {
			all = append(all, found...)
		}
		if i < len(e.finders)-1 {
			page.Claims = claim(all)
		}
	}
	report := Report{Engine: e.Version(), Findings: restate(all)}
	sort.SliceStable(report.Findings, func(i, j int) bool {
		a, b := report.Findings[i].At, report.Findings[j].At
		return a.Start < b.Start || a.Start == b.Start && a.End < b.End
	})
	return report
}
