package trace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/storage"
)

// step is one way in which an author changes a page.
type step func(a *author, v view) source

// author changes a page with what others wrote.
type author struct {
	page   source // its first version
	rng    *rand.Rand
	next   int32    // the place of origin of what is written next
	donors []string // threats of other documents
	words  []string // of other documents
}

// write is text that was nowhere before.
func (a *author) write(f document.Format, text string) source {
	out := source{f, []byte(text), make([]int32, len(text))}
	for i := range out.from {
		out.from[i] = a.next
		a.next++
	}
	return out
}

// donor is a threat that the page never had, each once.
func (a *author) donor() string {
	if len(a.donors) == 0 {
		return ""
	}
	i := a.rng.IntN(len(a.donors))
	text := a.donors[i]
	a.donors = slices.Delete(a.donors, i, i+1)
	return text
}

// permuted puts the pieces of the page into each other's places.
func (a *author) permuted(v view, places []document.Span) (out []edit) {
	for i, j := range a.rng.Perm(len(places)) {
		if i != j {
			out = append(out, edit{places[i], v.cut(places[j])})
		}
	}
	return out
}

// rowsOf are the rows of a table that can change places: none in a table whose cells reach over several.
func rowsOf(table *document.Node) (out []*document.Node) {
	for i, row := range table.Children {
		for _, c := range row.Children {
			if n := c.Attr["rowspan"]; n != "" && n != "1" {
				return nil
			}
		}
		if i > 0 && row.Kind == document.Row {
			out = append(out, row)
		}
	}
	return out
}

func spansOf(nodes []*document.Node) (out []document.Span) {
	for _, n := range nodes {
		out = append(out, n.Span)
	}
	return out
}

func shuffleRows(a *author, v view) source {
	var edits []edit
	for _, table := range nodes(v.doc.Root, document.Table) {
		edits = append(edits, a.permuted(v, spansOf(rowsOf(table)))...)
	}
	return v.apply(edits)
}

// shuffleItems shuffles the items of the outermost lists, or of those inside of items.
func shuffleItems(inner bool) step {
	return func(a *author, v view) source {
		var edits []edit
		document.Walk(v.doc.Root, func(n *document.Node) bool {
			if n.Kind != document.List {
				return true
			}
			lists := []*document.Node{n}
			if inner {
				lists = nil
				for _, item := range n.Children {
					for _, c := range item.Children {
						if c.Kind == document.List {
							lists = append(lists, c)
						}
					}
				}
			}
			for _, list := range lists {
				edits = append(edits, a.permuted(v, spansOf(list.Children))...)
			}
			return false
		})
		return v.apply(edits)
	}
}

// shuffleSections shuffles the sections of one level under each heading that has several.
func shuffleSections(a *author, v view) source {
	type siblings struct {
		level int
		path  string
	}
	groups, order := map[siblings][]document.Span{}, []siblings(nil)
	levels := map[int]bool{}
	for _, s := range v.sections() {
		key := siblings{s.heading.Level, s.path}
		if groups[key] == nil {
			order = append(order, key)
		} else {
			levels[key.level] = true
		}
		groups[key] = append(groups[key], s.Span)
	}
	var several []int
	for level := range 7 {
		if levels[level] {
			several = append(several, level)
		}
	}
	if len(several) == 0 {
		return v.source
	}
	level := several[a.rng.IntN(len(several))]
	var edits []edit
	for _, key := range order {
		if key.level == level {
			edits = append(edits, a.permuted(v, groups[key])...)
		}
	}
	return v.apply(edits)
}

// moveThreat moves one threat to another section of the page: its row into another table of as many columns, its item into
// another list, its paragraph or section behind another.
func moveThreat(a *author, v view) source {
	if len(v.found) == 0 {
		return v.source
	}
	f := a.rng.IntN(len(v.found))
	from, ok := v.elementOf(f)
	if !ok {
		return v.source
	}
	outline := document.NewOutline(v.doc.Root)
	pathOf := func(at int) string { return strings.Join(outline.Path(at), " / ") }
	home := pathOf(from.Start)
	var near, far []document.Span // with threats about, and without
	offer := func(at document.Span) {
		if at.Start < from.End && from.Start < at.End || pathOf(at.Start) == home {
			return
		}
		if len(v.inside(at)) > 0 {
			near = append(near, at)
		} else {
			far = append(far, at)
		}
	}
	if from.kind == document.Heading {
		for _, s := range v.sections() {
			if s.heading.Level == from.node.Level {
				offer(s.Span)
			}
		}
	}
	document.Walk(v.doc.Root, func(n *document.Node) bool {
		switch {
		case n.Kind == document.Table && from.kind == document.Row:
			for _, row := range rowsOf(n) {
				if len(row.Children) == len(from.node.Children) {
					offer(row.Span)
				}
			}
		case n.Kind == document.Item && from.kind == document.Item:
			if v.format == document.Storage || v.column(n.Span.Start) == v.column(from.Start) {
				offer(n.Span)
			}
		case n.Kind == document.Details && from.kind == document.Details:
			offer(n.Span)
		case n.Kind == document.Paragraph && from.kind == document.Paragraph:
			if v.format == document.Storage || v.column(n.Span.Start) == v.column(from.Start) {
				if about := v.inside(n.Span); len(about) != 1 {
					offer(n.Span)
				} else if e, ok := v.elementOf(about[0]); ok && e.kind == from.kind {
					offer(e.Span)
				}
			}
		}
		return n.Kind != document.Item || from.kind == document.Item
	})
	to := near
	if len(to) == 0 || len(far) > 0 && a.rng.IntN(4) == 0 {
		to = far
	}
	if len(to) == 0 {
		return v.source
	}
	target := to[a.rng.IntN(len(to))]
	return v.apply([]edit{v.without(from), a.behind(v, target.End, from.kind, v.cut(from.Span))})
}

// without deletes an element, and the line that it leaves empty.
func (v view) without(e element) edit {
	at := e.Span
	if v.format == document.Markdown && at.End < len(v.text) && v.text[at.End] == '\n' {
		at.End++
	}
	return edit{at: at}
}

// behind puts an element behind the byte at which another of its kind ends.
func (a *author) behind(v view, at int, kind document.Kind, what source) edit {
	if v.format == document.Markdown {
		gap := "\n"
		if kind != document.Row && kind != document.Item {
			gap = "\n\n"
		}
		what = join(a.write(v.format, gap), what)
		if kind == document.Heading {
			what = join(what, a.write(v.format, gap))
		}
	}
	return edit{document.Span{Start: at, End: at}, what}
}

// fresh is an element as the one that is given, with a threat that the page never had. What stands beside the threat in its
// row or item is copied from there, as people do.
func (a *author) fresh(v view, f int, e element) (source, bool) {
	donor := a.donor()
	if donor == "" {
		return source{}, false
	}
	text := escaped(v.format, donor)
	all := strings.Fields(text)
	title := strings.Join(all[:min(6, len(all))], " ")
	switch {
	case e.kind == document.Heading && v.format == document.Markdown:
		return a.write(v.format, fmt.Sprintf("%s %s\n\n%s\n", strings.Repeat("#", e.node.Level), title, text)), true
	case e.kind == document.Heading:
		return a.write(v.format, fmt.Sprintf("<h%d>%s</h%[1]d><p>%s</p>", e.node.Level, title, text)), true
	case e.kind == document.Details && v.format == document.Markdown:
		return a.write(v.format, fmt.Sprintf("<details><summary>%s</summary>\n\n*Threat:* %s\n\n</details>", title, text)), true
	case e.Span != e.node.Span: // a title above, and further paragraphs
		return a.write(v.format, map[document.Format]string{
			document.Markdown: fmt.Sprintf("%s\n\n*Threat:* %s", title, text),
			document.Storage:  fmt.Sprintf("<p>%s</p><p><em>Threat:</em> %s</p>", title, text),
		}[v.format]), true
	}
	at := v.found[f].At
	if e.kind == document.Row { // the cell, and not a part of it
		for _, cell := range e.node.Children {
			if cell.Span.Start <= at.Start && at.End <= cell.Span.End && v.format == document.Markdown {
				at = cell.Inner
			}
		}
	}
	one := v.found[f]
	if one.Statement != "" { // the threat is said in more than one place of the element, and all would have to go
		if e.kind != document.Item {
			return source{}, false
		}
		if v.format == document.Markdown {
			return a.write(v.format, "- "+text), true
		}
		return a.write(v.format, "<li>"+text+"</li>"), true
	}
	rest := []string{
		strings.TrimRight(string(v.text[at.Start:at.End]), "."), title, // where another column says the same
		one.Label, fmt.Sprintf("%s%d", strings.TrimRight(one.Label, "0123456789"), 100+a.rng.IntN(900)),
		one.Ticket, fmt.Sprintf("%s%d", strings.TrimRight(one.Ticket, "0123456789"), 100+a.rng.IntN(900)),
	}
	renew := func(s string) string {
		for i := 0; i < len(rest); i += 2 {
			if rest[i] != "" {
				s = strings.ReplaceAll(s, rest[i], rest[i+1])
			}
		}
		return s
	}
	copied := renew(string(v.text[e.Start:at.Start])) + text + renew(string(v.text[at.End:e.End]))
	if v.format == document.Storage {
		if _, err := storage.Parse([]byte(copied)); err != nil {
			return source{}, false // the threat's span is not a whole number of elements
		}
	}
	return a.write(v.format, copied), true
}

// insertNeighbours states others' threats before or behind about a quarter of the threats.
func insertNeighbours(a *author, v view) source {
	var edits []edit
	for f := range v.found {
		e, ok := v.elementOf(f)
		if !ok || a.rng.IntN(4) > 0 {
			continue
		}
		if what, ok := a.fresh(v, f, e); ok {
			edits = append(edits, a.behind(v, e.End, e.kind, what))
		}
	}
	return v.apply(edits)
}

// deleteThreats deletes about a quarter of the threats, and never all of them.
func deleteThreats(a *author, v view) source {
	var edits []edit
	for f := range v.found {
		if e, ok := v.elementOf(f); ok && a.rng.IntN(4) == 0 && len(edits) < len(v.found)-1 {
			edits = append(edits, v.without(e))
		}
	}
	return v.apply(edits)
}

// replaceThreats deletes about a fifth of the threats and states others in their places.
func replaceThreats(a *author, v view) source {
	var edits []edit
	for f := range v.found {
		e, ok := v.elementOf(f)
		if !ok || a.rng.IntN(5) > 0 {
			continue
		}
		if title := v.titleOf(f); title.Start < title.End && title.Start < e.Start {
			continue // a title that stays says that the threat does
		}
		if what, ok := a.fresh(v, f, e); ok {
			edits = append(edits, edit{e.Span, what})
		}
	}
	return v.apply(edits)
}
