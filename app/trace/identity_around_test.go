package trace

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/threat"
)

// splitTables parts every table with threats in two, the second under a heading row of its own.
func splitTables(a *author, v view) source {
	var edits []edit
	for _, table := range nodes(v.doc.Root, document.Table) {
		rows := rowsOf(table)
		head := table.Children
		if len(rows) < 2 || len(v.inside(table.Span)) < 2 || slices.ContainsFunc(head[0].Children, func(c *document.Node) bool { return c.Attr["header"] != "true" && v.format == document.Storage }) {
			continue
		}
		at := rows[1+a.rng.IntN(len(rows)-1)].Span.Start
		between := "</tbody></table><p>And further:</p><table><tbody>" + string(v.text[head[0].Span.Start:head[0].Span.End])
		if v.format == document.Markdown {
			between = "\nAnd further:\n\n" + string(v.text[head[0].Span.Start:head[1].Span.Start])
		} else if !bytes.Contains(v.cut(table.Span).text, []byte("<tbody>")) || bytes.Contains(v.cut(table.Span).text, []byte("<thead>")) {
			continue
		}
		edits = append(edits, edit{document.Span{Start: at, End: at}, a.write(v.format, between)})
	}
	return v.apply(edits)
}

// renamePageHeadings gives about half of the headings further words; those that state a threat themselves are left alone.
func renamePageHeadings(a *author, v view) source {
	var edits []edit
	for _, h := range nodes(v.doc.Root, document.Heading) {
		if slices.ContainsFunc(v.found, func(f threat.Text) bool { return f.At.Start < h.Span.End && h.Span.Start < f.At.End }) || a.rng.IntN(2) == 0 || h.Inner.Start >= h.Inner.End {
			continue
		}
		word := a.words[a.rng.IntN(len(a.words))]
		at := document.Span{Start: h.Inner.End, End: h.Inner.End}
		text := []string{" of the " + word, " and " + word, " (" + word + ")"}[a.rng.IntN(3)]
		edits = append(edits, edit{at, a.write(v.format, text)})
	}
	return v.apply(edits)
}

// rerate states other severities and owners where the page states some, and adds a column for them to tables that have none.
func rerate(a *author, v view) source {
	severities := []string{"Low", "Medium", "High", "Critical"}
	names := []string{"Alice Berg", "Bob Chen", "Carol Diaz"}
	var edits []edit
	for f, t := range v.found {
		e, ok := v.elementOf(f)
		if !ok {
			continue
		}
		document.Walk(e.node, func(n *document.Node) bool {
			s := strings.TrimSpace(n.Text)
			switch {
			case n.Kind == document.Mention:
				with := bytes.ReplaceAll(v.cut(n.Span).text, []byte(n.Name), []byte(fmt.Sprintf("712020:%04d", a.rng.IntN(1000))))
				edits = append(edits, edit{n.Span, a.write(v.format, string(with))})
			case n.Kind != document.Text || s == "" || !n.Exact():
			case strings.EqualFold(s, t.SeverityRaw):
				edits = append(edits, edit{n.Span, a.write(v.format, severities[a.rng.IntN(4)])})
			case s == t.Person.Name:
				edits = append(edits, edit{n.Span, a.write(v.format, names[a.rng.IntN(3)])})
			}
			return true
		})
	}
	for _, table := range nodes(v.doc.Root, document.Table) {
		about := v.inside(table.Span)
		if len(about) < 2 || rowsOf(table) == nil || v.found[about[0]].SeverityRaw != "" {
			continue
		}
		for i, row := range table.Children {
			cell := severities[a.rng.IntN(4)]
			if i == 0 {
				cell = "Severity"
			}
			end := row.Span.End
			switch {
			case v.format == document.Storage && bytes.HasSuffix(v.text[:end], []byte("</tr>")):
				tag := "td"
				if i == 0 {
					tag = "th"
				}
				end -= len("</tr>")
				edits = append(edits, edit{document.Span{Start: end, End: end}, a.write(v.format, fmt.Sprintf("<%s>%s</%[1]s>", tag, cell))})
			case v.format == document.Markdown:
				text := " " + cell + " |"
				if !bytes.HasSuffix(bytes.TrimSpace(v.text[row.Span.Start:end]), []byte("|")) {
					text = " |" + text
				}
				edits = append(edits, edit{document.Span{Start: end, End: end}, a.write(v.format, text)})
				if rule := bytes.IndexByte(v.text[end+1:], '\n'); i == 0 && rule > 0 {
					at := end + 1 + rule
					edits = append(edits, edit{document.Span{Start: at, End: at}, a.write(v.format, "---|")})
				}
			}
		}
	}
	return v.apply(edits)
}

// rewrite is what a busy week leaves: a part of everything, on different threats.
func rewrite(part float64) []step {
	some := func(a *author) float64 {
		if a.rng.Float64() > part {
			return 0
		}
		return 0.3 * a.rng.Float64()
	}
	return []step{replaceThreats, rewordPage(some, foreignWord), moveThreat, mistypeSome, shuffleSections, renamePageHeadings, rerate, insertNeighbours}
}

func mistypeSome(a *author, v view) source {
	v.found = slices.DeleteFunc(slices.Clone(v.found), func(threat.Text) bool { return a.rng.IntN(3) > 0 })
	return mistypePage(a, v)
}

func foreignWord(a *author, _ view) string { return a.words[a.rng.IntN(len(a.words))] }

// ownWord is a word of another threat of the page.
func ownWord(a *author, v view) string {
	all := words(v.found[a.rng.IntN(len(v.found))].Quote)
	if len(all) == 0 {
		return "it"
	}
	return all[a.rng.IntN(len(all))]
}
