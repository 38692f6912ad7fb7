package table

import (
	"strconv"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
)

// cell is one field of the grid. A cell that spans several fields stands in each of them.
type cell struct {
	node   *document.Node
	flat   *document.Flat
	header bool
	marks  []*document.Node
}

func (c *cell) text() string {
	if c == nil {
		return ""
	}
	return c.flat.Text
}

func (c *cell) passage() extract.Passage {
	return extract.Passage{Flat: c.flat, End: len(c.flat.Text)}
}

// grid is a table with its spans resolved: every row has the same number of fields, nil where there is none.
type grid struct {
	rows [][]*cell
	node []*document.Node // the row's own node
	wide int
}

// Limits against a page that claims to span a million columns.
const (
	widest  = 200
	tallest = 5000
)

func newGrid(table *document.Node) *grid {
	g := &grid{}
	type hang struct {
		cell *cell
		rows int
	}
	var hanging []hang // cells of rows above that reach down, by column
	for _, row := range table.Children {
		if row.Kind != document.Row || len(row.Children) == 0 {
			continue
		}
		var line []*cell
		fill := func() {
			for len(line) < len(hanging) && hanging[len(line)].rows > 0 {
				hanging[len(line)].rows--
				line = append(line, hanging[len(line)].cell)
			}
		}
		for _, n := range row.Children {
			if n.Kind != document.Cell {
				continue
			}
			fill()
			flat := document.FlattenAll(n.Children)
			c := &cell{node: n, flat: &flat, header: n.Attr["header"] == "true"}
			marks(c, n)
			for range span(n.Attr["colspan"], widest) {
				if len(line) >= widest {
					break
				}
				for len(hanging) <= len(line) {
					hanging = append(hanging, hang{})
				}
				hanging[len(line)] = hang{c, span(n.Attr["rowspan"], tallest) - 1}
				line = append(line, c)
			}
		}
		fill()
		if len(line) == 0 {
			continue
		}
		g.rows, g.node = append(g.rows, line), append(g.node, row)
		g.wide = max(g.wide, len(line))
	}
	for i, line := range g.rows {
		for len(line) < g.wide {
			line = append(line, nil)
		}
		g.rows[i] = line
	}
	return g
}

func span(s string, most int) int {
	if s == "" {
		return 1
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 1
	}
	return min(n, most)
}

// marks collects what names people, tickets and states in a cell.
func marks(c *cell, n *document.Node) {
	document.Walk(n, func(k *document.Node) bool {
		switch k.Kind {
		case document.Mention, document.Ticket, document.Status:
			c.marks = append(c.marks, k)
		case document.Table:
			return false
		}
		return true
	})
}

// headed reports whether all fields of a row are header cells.
func (g *grid) headed(r int) bool {
	for _, c := range g.rows[r] {
		if c == nil || !c.header {
			return false
		}
	}
	return true
}

// sided reports whether the first field of every row from r on is a header cell and no other one is.
func (g *grid) sided(r int) bool {
	for _, line := range g.rows[r:] {
		if line[0] == nil || !line[0].header {
			return false
		}
		for _, c := range line[1:] {
			if c != nil && c.header && c != line[0] {
				return false
			}
		}
	}
	return len(g.rows) > r
}

// turned is the grid with rows and columns exchanged.
func (g *grid) turned() *grid {
	t := &grid{wide: len(g.rows)}
	for col := range g.wide {
		line := make([]*cell, len(g.rows))
		for r := range g.rows {
			line[r] = g.rows[r][col]
		}
		t.rows, t.node = append(t.rows, line), append(t.node, nil)
	}
	return t
}
