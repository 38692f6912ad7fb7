package document

import "sort"

// Outline knows the headings that each place of a page stands under.
type Outline struct {
	turns []turn // ordered by at
}

// turn is a place from which on another path holds.
type turn struct {
	at   int
	path []string
}

// level is an open heading.
type level struct {
	level int
	title string
}

// NewOutline reads the headings of a tree. A heading inside a cell, macro, quote, item or <details> holds to the end of that;
// one in a layout holds beyond it, as pages are written.
func NewOutline(root *Node) *Outline {
	o := &Outline{turns: []turn{{}}}
	o.read(root, nil)
	return o
}

// Path is the titles of the headings that enclose the byte at offset, outermost first. A heading is not under itself. The
// slice is shared: do not change it.
func (o *Outline) Path(offset int) []string {
	i := sort.Search(len(o.turns), func(i int) bool { return o.turns[i].at > offset })
	if i == 0 {
		return nil
	}
	return o.turns[i-1].path
}

func (o *Outline) read(n *Node, open []level) []level {
	if n == nil {
		return open
	}
	for _, c := range n.Children {
		switch c.Kind {
		case Heading:
			for len(open) > 0 && open[len(open)-1].level >= c.Level {
				open = open[:len(open)-1]
			}
			o.turn(c.Span.Start, open)
			open = append(open[:len(open):len(open)], level{c.Level, Flatten(c).Text})
			o.turn(c.Span.End, open)
		case Layout:
			open = o.read(c, open)
		case Item, Cell, Quote, Details, Macro, Def, List, Table, Row, Terms:
			before := len(o.turns)
			o.read(c, open)
			if len(o.turns) > before {
				o.turn(c.Span.End, open)
			}
		}
	}
	return open
}

func (o *Outline) turn(at int, open []level) {
	var path []string
	for _, l := range open {
		if l.title != "" {
			path = append(path, l.title)
		}
	}
	o.turns = append(o.turns, turn{at, path})
}
