package table

import (
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/threat"
)

// matrix reads a table of elements and kinds of STRIDE, either way round; nil when it is none. Cells that only tick a kind
// state no threat.
func (r reader) matrix(header int) []extract.Candidate {
	if found := r.across(r.grid, header); found != nil {
		return found
	}
	if header != 0 || len(r.grid.rows) > 12 { // the kinds as rows: six, with headers and gaps
		return nil
	}
	for _, c := range r.grid.rows[0][1:] {
		if r.page.Lexicon.Role(c.text()) == lexicon.Threat {
			return nil // a row for each kind, with its threat and what is done in columns of their own
		}
	}
	return r.across(r.grid.turned(), 0)
}

// across reads a grid whose header row names at least three kinds.
func (r reader) across(g *grid, header int) []extract.Candidate {
	lex := r.page.Lexicon
	if header >= len(g.rows) {
		return nil
	}
	kinds := make([]threat.STRIDE, g.wide)
	named := 0
	for col, c := range g.rows[header] {
		if k, ok := lex.STRIDE(c.text()); ok && col > 0 {
			kinds[col] = k
			named++
		}
	}
	if named < 3 {
		return nil
	}
	out := []extract.Candidate{}
	for i := header + 1; i < len(g.rows); i++ {
		element := g.rows[i][0]
		if element == nil || lex.Role(element.text()) == lexicon.Mitigation {
			continue
		}
		for col, c := range g.rows[i] {
			if kinds[col] == "" || c == nil || c == element || lex.Empty(c.text()) || ticked(lex, c.text()) {
				continue
			}
			list := items(c)
			if len(list) == 0 {
				list = lines(c)
			}
			if len(list) == 0 {
				list = []extract.Passage{c.passage()}
			}
			for _, quote := range list {
				d := r.page.Draft("table", quote)
				d.Kind(kinds[col])
				d.Put(lexicon.Element, element.passage())
				d.Marks(c.marks)
				d.Because(0.93, "cell of a matrix of elements and kinds of STRIDE")
				found := d.Done()
				found.Extent = found.At // the element's cell belongs to the whole row
				out = append(out, found)
			}
		}
	}
	return out
}

// ticked reports whether a cell only rates or ticks.
func ticked(lex *lexicon.Lexicon, text string) bool {
	if _, ok := lex.Severity(text); ok {
		return true
	}
	return len(lexicon.Words(text)) < 2
}
