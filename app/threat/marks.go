package threat

import (
	"slices"
	"time"
)

// What Throughline keeps on a ticket, beside the ticket itself.
const (
	MarkLabel    = "label"
	MarkProperty = "property"
	MarkLink     = "link"
)

// Marks is what became of what Throughline keeps on a ticket.
type Marks struct {
	Linked   time.Time `json:"linked,omitzero"`    // UTC, by our clock: when the link back to the page was last set
	Restored []string  `json:"restored,omitempty"` // what was taken off and put back once
	Lacks    []string  `json:"lacks,omitempty"`    // what was taken off again, and stays off
}

// Lacking decides about what a ticket lacks now: what is to be put back, since it is lacking for the first time, and what is to
// be told of, since it was put back before. Next is what is known then, should all of it succeed.
func (m Marks) Lacking(lacks []string) (next Marks, mend, told []string) {
	next = Marks{Linked: m.Linked, Restored: slices.Clone(m.Restored)}
	for _, what := range lacks {
		if !slices.Contains(m.Restored, what) {
			mend, next.Restored = append(mend, what), append(next.Restored, what)
			continue
		}
		next.Lacks = append(next.Lacks, what)
		if !slices.Contains(m.Lacks, what) {
			told = append(told, what)
		}
	}
	return next, mend, told
}
