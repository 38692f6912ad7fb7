package table

import (
	"strings"

	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
)

// card reads a table with keys in its first column: one threat a column beside them.
func (r reader) card() []extract.Candidate {
	g := r.grid
	if g.wide < 2 || len(g.rows) < 2 {
		return nil
	}
	from, title := 0, ""
	var titled *cell
	if single(g.rows[0]) {
		from, titled, title = 1, g.rows[0][0], g.rows[0][0].text()
	}
	lex := r.page.Lexicon
	roles := make([]lexicon.Role, len(g.rows))
	known, threats, described, mitigated := 0, false, false, false
	for i := from; i < len(g.rows); i++ {
		key := g.rows[i][0]
		if key == nil || len(key.text()) > 60 {
			continue
		}
		roles[i] = lex.Role(key.text())
		if roles[i] != lexicon.None {
			known++
		}
		threats = threats || roles[i] == lexicon.Threat
		described = described || roles[i] == lexicon.Description || roles[i] == lexicon.Title
		mitigated = mitigated || roles[i] == lexicon.Mitigation
	}
	id, _ := extract.ExplicitID(lex, title)
	if !threats && !(described && mitigated && (r.expected || id != "")) || known < 2 || known*2 < len(g.rows)-from {
		return nil
	}
	if !g.sided(from) && g.wide > 2 {
		return nil
	}
	var out []extract.Candidate
	for col := 1; col < g.wide; col++ {
		if c, ok := r.column(roles, from, col, titled); ok {
			out = append(out, c)
		}
	}
	return out
}

// column reads the threat that one value column of a card states.
func (r reader) column(roles []lexicon.Role, from, col int, titled *cell) (extract.Candidate, bool) {
	lex := r.page.Lexicon
	find := func(roles []lexicon.Role, want ...lexicon.Role) *cell {
		for _, w := range want {
			for i := from; i < len(roles); i++ {
				if c := r.grid.rows[i][col]; roles[i] == w && c != nil && c != r.grid.rows[i][0] && !lex.Empty(c.text()) {
					if _, rating := lex.Severity(c.text()); rating && w == lexicon.Threat {
						continue
					}
					return c
				}
			}
		}
		return nil
	}
	quote := find(roles, lexicon.Threat, lexicon.Title, lexicon.Description)
	if quote == nil {
		return extract.Candidate{}, false
	}
	d := r.page.Draft("table", quote.passage())
	d.Kind(r.block.Section.Kind)
	d.Cover(r.block.Node.Span)
	if say := find(roles, lexicon.Description); say != nil && say != quote {
		d.Say(say.passage())
		d.Entitle(quote.text())
	}
	if titled != nil {
		if id, rest := extract.ExplicitID(lex, titled.text()); id != "" {
			d.Label(id)
			if rest < len(titled.text()) {
				d.Entitle(titled.text())
			}
		} else if lex.Role(titled.text()) == lexicon.None && strings.TrimSpace(titled.text()) != "" {
			d.Entitle(titled.text())
		}
	}
	if head := r.block.Section; titled == nil && r.only && r.grid.wide == 2 && !head.Known && !head.Names && head.Head != nil {
		if id, rest := extract.ExplicitID(lex, head.Title); id != "" && rest >= len(head.Title) {
			d.Label(id)
		} else if head.Level > 1 && quote != find(roles, lexicon.Title) {
			d.Entitle(head.Title)
		}
	}
	for i := from; i < len(roles); i++ {
		c := r.grid.rows[i][col]
		if c == nil || c == quote || c == r.grid.rows[i][0] {
			if c != nil {
				d.Marks(c.marks)
			}
			continue
		}
		if role := roles[i]; role == lexicon.Mitigation {
			if list := items(c); len(list) > 0 {
				for _, p := range list {
					d.Mitigate(p)
				}
			} else {
				d.Mitigate(c.passage())
			}
			d.Marks(ticketsOnly(c.marks))
		} else {
			d.Marks(c.marks)
			if role == lexicon.Title {
				d.Entitle(c.text())
			} else if role != lexicon.Description && (len(c.marks) == 0 || c.text() != "") {
				d.Put(role, c.passage())
			}
		}
	}
	d.Because(0.95, "card whose keys name a threat and its parts")
	return d.Done(), true
}
