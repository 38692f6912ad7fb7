package extract

import (
	"slices"

	"github.com/throughline/throughline/app/document"
)

// Claims are the places that finders read as threats, for the finders behind them.
type Claims struct {
	quotes  []document.Span // ordered by start
	extents []document.Span // ordered by start
	reach   []int           // the farthest end of the extents up to each one
}

func claim(found []Candidate) Claims {
	c := Claims{quotes: make([]document.Span, 0, len(found)), extents: make([]document.Span, 0, len(found)), reach: make([]int, 0, len(found))}
	for _, f := range found {
		c.quotes, c.extents = append(c.quotes, f.At), append(c.extents, f.Extent)
	}
	order := func(a, b document.Span) int { return a.Start - b.Start }
	slices.SortFunc(c.quotes, order)
	slices.SortFunc(c.extents, order)
	far := 0
	for _, e := range c.extents {
		far = max(far, e.End)
		c.reach = append(c.reach, far)
	}
	return c
}

// Covers reports whether a place lies in what was read as belonging to one threat.
func (c Claims) Covers(at document.Span) bool {
	i, _ := slices.BinarySearchFunc(c.extents, at.Start+1, func(e document.Span, start int) int { return e.Start - start })
	return i > 0 && c.reach[i-1] >= at.End
}

// Within counts the threats stated in a place, up to most.
func (c Claims) Within(span document.Span, most int) int {
	i, _ := slices.BinarySearchFunc(c.quotes, span.Start, func(q document.Span, start int) int { return q.Start - start })
	n := 0
	for ; i < len(c.quotes) && c.quotes[i].Start < span.End && n < most; i++ {
		if c.quotes[i].End <= span.End {
			n++
		}
	}
	return n
}
