// Package table finds threats in tables: one a row where the header says so, key/value cards with a header column, and
// matrices of elements and kinds of STRIDE.
package table

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
)

// Finder finds threats in tables.
type Finder struct{}

// Name is "table".
func (Finder) Name() string { return "table" }

// Version of the rules.
func (Finder) Version() int { return 2 }

// Find reads every table of the page.
func (f Finder) Find(page *extract.Page) []extract.Candidate {
	var out []extract.Candidate
	tables := map[*extract.Section]int{}
	for _, b := range page.Blocks {
		if b.Kind == document.Table {
			tables[b.Section]++
		}
	}
	for _, b := range page.Blocks {
		if b.Kind == document.Table && b.Section.Within != lexicon.Excluded {
			if found := f.read(page, b, tables[b.Section] == 1); out == nil {
				out = found // a page may be one table of many thousand rows
			} else {
				out = append(out, found...)
			}
		}
	}
	return out
}

func (f Finder) read(page *extract.Page, b *extract.Block, only bool) []extract.Candidate {
	g := newGrid(b.Node)
	if len(g.rows) == 0 || g.wide == 0 {
		return nil
	}
	r := reader{page: page, block: b, grid: g, only: only, expected: expected(b.Section)}
	header := r.header()
	if header >= 0 {
		found := r.matrix(header)
		if len(found) > 0 {
			return found
		}
		if found != nil && !r.names(header) {
			return nil // ticks only; letters beside a column of threats are scores ("D R E A D")
		}
		if c, ok := readColumns(page, g, header, r.expected); ok {
			return r.rows(c)
		}
	}
	return r.card()
}

// expected reports whether a section says that its tables are about threats.
func expected(s *extract.Section) bool {
	return s.Within == lexicon.Threats || s.Within == lexicon.Risks || s.Within == lexicon.Security
}

// reader reads one table.
type reader struct {
	page     *extract.Page
	block    *extract.Block
	grid     *grid
	only     bool // it is the only table of its section
	expected bool // its section says that tables are about threats
}

// header is the index of the header row, -1 when there is none: the first row of header cells behind at most one that titles
// the whole table; without header cells a first row of which at least two fields name roles, one of them the threat.
func (r reader) header() int {
	g := r.grid
	for i := 0; i < min(2, len(g.rows)); i++ {
		if single(g.rows[i]) && g.wide > 1 {
			continue
		}
		if g.headed(i) {
			return i
		}
		if g.sided(i) {
			return -1
		}
		known, threats := 0, false
		for _, c := range g.rows[i] {
			role := r.page.Lexicon.Role(c.text())
			if role != lexicon.None {
				known++
			}
			threats = threats || role == lexicon.Threat
		}
		if known >= 2 && threats && known*2 >= g.wide {
			return i
		}
		return -1
	}
	return -1
}

// names reports whether a header row names threats.
func (r reader) names(header int) bool {
	for _, c := range r.grid.rows[header] {
		if r.page.Lexicon.Role(c.text()) == lexicon.Threat {
			return true
		}
	}
	return false
}

// single reports whether one cell fills the whole row.
func single(line []*cell) bool {
	for _, c := range line[1:] {
		if c != line[0] {
			return false
		}
	}
	return true
}

// rows reads one threat a row. A threat cell that spans rows gathers what stands beside it; a row without one goes on with the
// threat above it.
func (r reader) rows(c columns) []extract.Candidate {
	out := make([]extract.Candidate, 0, len(r.grid.rows))
	category := ""
	for i := c.first; i < len(r.grid.rows); {
		line := r.grid.rows[i]
		if r.grid.wide > 1 && single(line) {
			category = line[0].text() // a row that titles those below it
			i++
			continue
		}
		end := i + 1
		for end < len(r.grid.rows) && r.continues(c, i, end) {
			end++
		}
		out = r.entry(out, c, i, end, category)
		clear(r.grid.rows[i:end]) // read; a table of many thousand rows is let go as it is read
		i = end
	}
	return out
}

// continues reports whether row k goes on with the threat of row i.
func (r reader) continues(c columns, i, k int) bool {
	a, b := r.grid.rows[i][c.threat], r.grid.rows[k][c.threat]
	if a != nil && a == b {
		return c.say < 0 || r.grid.rows[i][c.say] == r.grid.rows[k][c.say] // else each description is a threat
	}
	return b.text() == "" && !single(r.grid.rows[k]) && (c.say < 0 || r.grid.rows[k][c.say].text() == "")
}

// entry adds the threat or, where the cell lists several, the threats of rows i to end.
func (r reader) entry(out []extract.Candidate, c columns, i, end int, category string) []extract.Candidate {
	line := r.grid.rows[i]
	lead := line[c.threat]
	if lead == nil || r.page.Lexicon.Empty(lead.text()) {
		if c.say < 0 || line[c.say] == nil || r.page.Lexicon.Empty(line[c.say].text()) {
			return out
		}
		lead = line[c.say]
	}
	if heading := r.page.Lexicon.Role(lead.text()); heading == lexicon.Threat && r.page.Lexicon.Role(at(line, c.threat+1).text()) != lexicon.None {
		return out // the header again
	}
	several := items(lead)
	if len(several) == 0 {
		several = []extract.Passage{lead.passage()}
	}
	for n, quote := range several {
		d := r.page.Draft("table", quote)
		d.Kind(r.block.Section.Kind)
		if k, ok := r.page.Lexicon.STRIDE(category); ok {
			d.Kind(k)
		}
		title := quote.Text()
		if c.say >= 0 && lead == line[c.threat] && len(several) == 1 {
			d.Say(at(line, c.say).passageOrNone())
			d.Entitle(title)
		} else if id, rest := extract.ExplicitID(r.page.Lexicon, title); id != "" && rest < len(title) {
			d.Label(id)
		}
		if len(title) <= 100 && !strings.Contains(title, "\n") {
			d.Entitle(title)
		}
		for row := i; row < end; row++ {
			r.fields(d, c, row, n, len(several))
		}
		d.Because(c.sure, c.why)
		out = append(out, d.Done())
	}
	return out
}

func at(line []*cell, i int) *cell {
	if i < 0 || i >= len(line) {
		return nil
	}
	return line[i]
}

func (c *cell) passageOrNone() extract.Passage {
	if c == nil {
		return extract.Passage{}
	}
	return c.passage()
}

// fields gives a draft what the other columns of a row say. Where the threat cell lists several threats and the mitigation
// cell as many mitigations, they belong together one by one.
func (r reader) fields(d *extract.Draft, c columns, row, n, several int) {
	line := r.grid.rows[row]
	if r.grid.node[row] != nil {
		d.Cover(r.grid.node[row].Span)
	}
	for col, role := range c.roles {
		field := line[col]
		if field == nil || col == c.threat || col == c.say || col > 0 && field == line[col-1] {
			if field != nil && col == c.threat {
				d.Marks(field.marks)
			}
			continue
		}
		switch role {
		case lexicon.Mitigation:
			list := items(field)
			switch {
			case several > 1 && len(list) == several:
				d.Mitigate(list[n])
			case len(list) > 0:
				for _, p := range list {
					d.Mitigate(p)
				}
			default:
				d.Mitigate(field.passage())
			}
			d.Marks(ticketsOnly(field.marks))
		case lexicon.Title:
			if d.Quote() != field.text() {
				d.Entitle(field.text())
			}
		case lexicon.None:
			d.Marks(field.marks)
			if col == 0 && d.Quote() != "" {
				r.leading(d, field)
			}
		default:
			d.Marks(field.marks)
			if len(field.marks) == 0 || field.text() != "" {
				d.Put(role, field.passage())
			}
		}
	}
}

// leading reads a first column that the header does not name: an id, a kind or the element.
func (r reader) leading(d *extract.Draft, field *cell) {
	text := field.text()
	if id, _ := extract.ExplicitID(r.page.Lexicon, text+":"); id != "" && len(text) <= len(id)+1 {
		d.Label(id)
		return
	}
	if _, ok := r.page.Lexicon.STRIDE(text); ok {
		d.Put(lexicon.Category, field.passage())
		return
	}
	if len(text) > 3 && len(text) <= 60 {
		d.Put(lexicon.Element, field.passage())
	}
}

func ticketsOnly(nodes []*document.Node) []*document.Node {
	var out []*document.Node
	for _, n := range nodes {
		if n.Kind != document.Status {
			out = append(out, n)
		}
	}
	return out
}

// items are the entries of a cell that lists several things: its list's items, or its numbered lines.
func items(c *cell) []extract.Passage {
	if c == nil {
		return nil
	}
	var out []extract.Passage
	for _, k := range c.node.Children {
		if k.Kind != document.List {
			if k.IsBlock() && strings.TrimSpace(document.Flatten(k).Text) != "" || !k.IsBlock() && strings.TrimSpace(document.Flatten(k).Text) != "" {
				out = nil
				break
			}
			continue
		}
		for _, item := range k.Children {
			flat := document.FlattenAll(item.Children)
			if flat.Text != "" {
				out = append(out, extract.Passage{Flat: &flat, End: len(flat.Text)})
			}
		}
	}
	if len(out) > 1 {
		return out
	}
	return numberedLines(c)
}

// lines are the lines of a cell where it has several, each of them a few words; nil for a text that goes on.
func lines(c *cell) []extract.Passage {
	var out []extract.Passage
	from := 0
	for line := range strings.SplitSeq(c.flat.Text, "\n") {
		if n := len(lexicon.Words(line)); n < 2 || n > 20 || line[0] >= 'a' && line[0] <= 'z' {
			return nil
		}
		out = append(out, extract.Passage{Flat: c.flat, Start: from, End: from + len(line)})
		from += len(line) + 1
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// numberedLines are the lines of a cell whose every line begins with a number or a bullet sign.
func numberedLines(c *cell) []extract.Passage {
	text := c.flat.Text
	if !strings.Contains(text, "\n") {
		return nil
	}
	var out []extract.Passage
	from := 0
	for line := range strings.SplitSeq(text, "\n") {
		bare := strings.TrimLeft(line, " ")
		mark := strings.TrimLeft(bare, "0123456789.)-•*–")
		if len(mark) == len(bare) || !strings.HasPrefix(mark, " ") {
			return nil
		}
		start := from + len(line) - len(strings.TrimLeft(mark, " "))
		out = append(out, extract.Passage{Flat: c.flat, Start: start, End: from + len(line)})
		from += len(line) + 1
	}
	if len(out) < 2 {
		return nil
	}
	return out
}
