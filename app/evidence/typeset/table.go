package typeset

// Col is a column of a table.
type Col struct {
	Head  string
	Width float64
	Right bool // numbers
	Lines int  // of a cell, at most; 0: as many as it takes
}

// Table writes rows under a head that stands on every page the table goes over.
func (p *Pen) Table(cols []Col, rows [][]string) {
	size := 7.6
	head := func() {
		y := p.Y()
		p.Box(Margin, y, Width, 6, Color{31, 78, 121})
		p.Font(size, true, Color{255, 255, 255})
		x := Margin
		for _, c := range cols {
			if c.Right {
				p.Right(x+c.Width-1.2, y+4.2, c.Head)
			} else {
				p.At(x+1.2, y+4.2, c.Head)
			}
			x += c.Width
		}
		p.Skip(6)
	}
	p.Room(20)
	head()
	for i, row := range rows {
		p.Font(size, false, Color{30, 30, 30})
		cells := make([][]line, len(cols))
		tall := 1
		for j, c := range cols {
			cells[j] = p.lines(row[j], c.Width-2.4, c.Lines)
			tall = max(tall, len(cells[j]))
		}
		height := float64(tall)*p.leading() + 1.6
		if p.Room(height) {
			head()
			p.Font(size, false, Color{30, 30, 30})
		}
		y := p.Y()
		if i%2 == 1 {
			p.Box(Margin, y, Width, height, Color{244, 247, 250})
		}
		x := Margin
		for j, c := range cols {
			for k, l := range cells[j] {
				foot := y + 0.8 + (float64(k)+0.78)*p.leading()
				if c.Right {
					l.rtl = true
				}
				p.put(x+1.2, c.Width-2.4, foot, l)
			}
			x += c.Width
		}
		p.Line(Margin, y+height, Margin+Width, y+height, Color{214, 220, 226})
		p.Skip(height)
	}
	p.Skip(4)
}
