package table

import (
	"strings"

	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

// columns says what each column of a table about threats holds.
type columns struct {
	roles  []lexicon.Role
	threat int // the column that states the threat
	say    int // the column that describes it further, -1 when there is none
	first  int // the first row behind the headers
	sure   float64
	why    string
}

// readColumns reads a header row. ok is false when the table is not about threats.
func readColumns(page *extract.Page, g *grid, header int, expected bool) (columns, bool) {
	lex, read := page.Lexicon, page.Reader
	c := columns{threat: -1, say: -1, first: header + 1}
	known := 0
	for col, h := range g.rows[header] {
		role := lex.Role(h.text())
		if col > 0 && h == g.rows[header][col-1] {
			role = c.roles[col-1]
		}
		if role != lexicon.None {
			known++
		}
		c.roles = append(c.roles, role)
	}
	for col, role := range c.roles {
		if role == lexicon.Threat || role == lexicon.Concern {
			switch what := g.content(lex, col, c.first); {
			case what == rated:
				c.roles[col] = lexicon.Severity
			case what == kinds:
				c.roles[col] = lexicon.Category
			case c.threat < 0 || c.roles[c.threat] == lexicon.Concern && role == lexicon.Threat:
				c.threat = col
			case what == text && c.say < 0:
				c.say = col
			}
		}
	}
	for col, role := range c.roles {
		switch {
		case role == lexicon.Description && c.say < 0:
			c.say = col
		case role == lexicon.ID && g.content(lex, col, c.first) == text && g.wordy(col, c.first):
			c.roles[col] = lexicon.Title
		case role == lexicon.Impact && g.content(lex, col, c.first) == rated, role == lexicon.Likelihood:
		case role == lexicon.Severity && g.content(lex, col, c.first) == text:
			c.roles[col] = lexicon.Reference
		}
	}
	if c.threat >= 0 && c.say >= 0 && g.says(read, c.say, c.first) > g.says(read, c.threat, c.first)+0.5 {
		c.roles[c.threat] = lexicon.Element // the first column names areas, the description what threatens them
		c.threat, c.say = c.say, -1
	}
	mitigated := c.has(lexicon.Mitigation)
	categorised := c.has(lexicon.Category)
	switch {
	case c.threat >= 0 && c.roles[c.threat] == lexicon.Concern && !expected && !mitigated:
		return c, false
	case c.threat >= 0:
		c.sure, c.why = 0.97, "row of a table whose header names threats"
		if mitigated {
			c.why += " and mitigations"
		}
		if known < 2 && !expected {
			c.sure = 0.8
		}
		if known == 1 && g.wide > 2 && !expected {
			return c, false // one word that means a threat among columns about something else
		}
		return c, g.wide > 1 || expected
	case c.say >= 0 && (categorised && g.states(lex, c) || mitigated && expected || expected && known > 1 && c.has(lexicon.ID)):
		c.threat, c.say = c.say, -1
		c.sure, c.why = 0.9, "row of a table whose header names categories or mitigations of threats and describes each"
		return c, true
	case expected && mitigated && known > 1:
		for col, role := range c.roles {
			if role == lexicon.Title || role == lexicon.None && c.threat < 0 || role == lexicon.Actor && c.threat < 0 {
				c.threat = col
			}
		}
		c.sure, c.why = 0.85, "row of a table with mitigations in a section about threats"
		return c, c.threat >= 0
	}
	return c, false
}

func (c columns) has(role lexicon.Role) bool {
	for _, r := range c.roles {
		if r == role {
			return true
		}
	}
	return false
}

// states reports whether a table's category column holds kinds of STRIDE.
func (g *grid) states(lex *lexicon.Lexicon, c columns) bool {
	for col, role := range c.roles {
		if role == lexicon.Category && g.content(lex, col, c.first) == kinds {
			return true
		}
	}
	return false
}

// sort says what the cells of a column hold.
type sort int

const (
	text sort = iota
	rated
	kinds
	nothing
)

// content says what most cells of a column from row first on hold.
func (g *grid) content(lex *lexicon.Lexicon, col, first int) sort {
	var filled, ratings, letters int
	for _, line := range g.sample(first) {
		words := strings.TrimSpace(line[col].text())
		if lex.Empty(words) {
			continue
		}
		filled++
		if _, ok := lex.Severity(words); ok {
			ratings++
		}
		if _, ok := lex.STRIDE(words); ok || isKinds(lex, words) {
			letters++
		}
	}
	switch {
	case filled == 0:
		return nothing
	case ratings*10 >= filled*6:
		return rated
	case letters*10 >= filled*7:
		return kinds
	}
	return text
}

// isKinds reports whether a text lists kinds of STRIDE only: "S, T", "Tampering / Elevation of privilege".
func isKinds(lex *lexicon.Lexicon, text string) bool {
	n := 0
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(",;/&+\n|", r) }) {
		if _, ok := lex.STRIDE(strings.TrimSpace(part)); !ok {
			return false
		}
		n++
	}
	return n > 0
}

// says is the share of a column's cells whose words say that something bad can happen.
func (g *grid) says(read *prose.Reader, col, first int) float64 {
	filled, bad := 0, 0
	for _, line := range g.sample(first) {
		if line[col].text() == "" {
			continue
		}
		filled++
		for _, w := range lexicon.Words(line[col].text()) {
			if read.Class(w.Text).Has(lexicon.Nominal | lexicon.Attack | lexicon.Harm | lexicon.Adversary | lexicon.Risk) {
				bad++
				break
			}
		}
	}
	return float64(bad) / float64(max(1, filled))
}

// wordy reports whether a column's cells hold more than ids.
func (g *grid) wordy(col, first int) bool {
	filled, words := 0, 0
	for _, line := range g.sample(first) {
		if t := line[col].text(); t != "" {
			filled++
			words += len(lexicon.Words(t))
		}
	}
	return words > filled*3
}

// sample is the rows from first on by which a column is judged: not more than a reader would look at.
func (g *grid) sample(first int) [][]*cell {
	return g.rows[min(first, len(g.rows)):min(first+200, len(g.rows))]
}
