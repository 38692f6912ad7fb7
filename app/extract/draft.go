package extract

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/threat"
)

// Draft is a candidate while a finder reads it.
type Draft struct {
	page       *Page
	c          Candidate
	title      string
	likelihood level
	impact     level
	score      float64 // a bare number given as severity
}

// level is a likelihood or impact, as a word or a number.
type level struct {
	severity threat.Severity
	number   float64
}

// Draft begins a candidate with the passage that states the threat best.
func (p *Page) Draft(finder string, quote Passage) *Draft {
	d := &Draft{page: p}
	d.c.Finder, d.c.Origin = finder, threat.Stated
	d.c.Quote, d.c.At = quote.Text(), quote.Span()
	d.c.Section = slices.Clip(p.Path(d.c.At))
	d.c.Extent = d.c.At
	d.read(d.c.Quote)
	return d
}

// Entitle gives the threat its title; an id at its beginning becomes the threat's label.
func (d *Draft) Entitle(title string) {
	title = d.tags(strings.TrimSpace(title))
	if number := strings.TrimLeft(title, "0123456789"); len(number) < len(title) && len(number) > 2 && (number[0] == '.' || number[0] == ')') && number[1] == ' ' {
		title = number[2:] // an outline's number
	}
	if id, rest := ExplicitID(d.page.Lexicon, title); id != "" {
		d.Label(id)
		title = title[min(rest, len(title)):]
	}
	d.title = strings.TrimSpace(title)
	d.read(title)
}

// tags reads what stands in brackets behind a title ("… [State: open] [Priority: high]") and gives the title without it.
func (d *Draft) tags(title string) string {
	for strings.HasSuffix(title, "]") {
		i := strings.LastIndexByte(title, '[')
		if i <= 0 {
			break
		}
		key, value, ok := strings.Cut(title[i+1:len(title)-1], ":")
		if !ok {
			break
		}
		switch value = strings.TrimSpace(value); d.page.Lexicon.Role(key) {
		case lexicon.Severity:
			if s, ok := d.page.Lexicon.Severity(value); ok {
				d.c.Severity, d.c.SeverityRaw = s, value
			}
		case lexicon.Status:
			d.c.Status = value
		default:
			return title
		}
		title = strings.TrimSpace(title[:i])
	}
	return title
}

// Label gives the threat the page's own id.
func (d *Draft) Label(id string) {
	if d.c.Label == "" {
		d.c.Label = strings.Trim(strings.TrimSpace(id), "[]():. ")
	}
}

// Say gives the sentence that states the threat, where the quote is its title only.
func (d *Draft) Say(p Passage) {
	if d.c.Statement == "" && !p.Blank() {
		d.c.Statement = p.Text()
		d.read(d.c.Statement)
		d.Cover(p.Span())
	}
}

// Cover adds to what was read as belonging to the threat.
func (d *Draft) Cover(s document.Span) {
	if s.End == 0 {
		return
	}
	d.c.Extent.Start, d.c.Extent.End = min(d.c.Extent.Start, s.Start), max(d.c.Extent.End, s.End)
}

// Because says how sure the finding is and why.
func (d *Draft) Because(confidence float64, why string) {
	d.c.Confidence, d.c.Why = math.Round(confidence*100)/100, why
}

// Kind gives a kind of STRIDE that the page states.
func (d *Draft) Kind(k threat.STRIDE) {
	if k == "" {
		return
	}
	if !slices.Contains(d.c.STRIDE, k) {
		d.c.STRIDE = append(d.c.STRIDE, k)
	}
	d.c.STRIDEBy = "stated"
}

// Put gives what a column, label or key of that role says.
func (d *Draft) Put(role lexicon.Role, p Passage) {
	text := p.Text()
	if d.page.Lexicon.Empty(text) && role != lexicon.Status {
		return
	}
	d.Cover(p.Span())
	switch role {
	case lexicon.ID:
		d.Label(text)
	case lexicon.Title:
		d.Entitle(text)
	case lexicon.Description:
		d.Say(p)
	case lexicon.Category:
		d.category(text)
	case lexicon.Element:
		if d.c.Element == "" && len(text) <= 160 {
			d.c.Element = text
		}
	case lexicon.Component:
		if d.c.Component == "" && len(text) <= 160 {
			d.c.Component = text
		}
	case lexicon.Mitigation:
		d.Mitigate(p)
	case lexicon.Severity:
		if s, ok := d.page.Lexicon.Severity(text); ok {
			d.c.Severity, d.c.SeverityRaw = s, text
		} else if d.c.SeverityRaw == "" && len(text) <= 24 {
			d.c.SeverityRaw = text
			d.score, _ = strconv.ParseFloat(text, 64)
		}
	case lexicon.Likelihood:
		d.likelihood, _ = d.level(text)
	case lexicon.Impact:
		if l, ok := d.level(text); ok {
			d.impact = l
		} else {
			d.Say(p)
		}
	case lexicon.Owner:
		if d.c.Person == (threat.Person{}) && len(text) <= 80 {
			d.c.Person.Name = strings.Trim(text, "@.,; ")
		}
	case lexicon.Status:
		d.c.Status = text
	case lexicon.Ticket:
		if key := issueKey(text); key != "" && d.c.Ticket == "" {
			d.c.Ticket = key
		}
	}
	d.weaknesses(text)
}

// level reads a likelihood or impact.
func (d *Draft) level(text string) (level, bool) {
	if s, ok := d.page.Lexicon.Severity(text); ok {
		return level{severity: s}, true
	}
	n, err := strconv.ParseFloat(text, 64)
	return level{number: n}, err == nil
}

// category reads the kinds that a cell or label states: "Spoofing", "S, T", "Tampering / Elevation of privilege".
func (d *Draft) category(text string) {
	lex := d.page.Lexicon
	if k, ok := lex.STRIDE(text); ok {
		d.Kind(k)
		return
	}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(",;/&+\n|", r) }) {
		if k, ok := lex.STRIDE(strings.TrimSpace(part)); ok {
			d.Kind(k)
		}
	}
	if len(d.c.STRIDE) == 0 && len(text) <= 6 && strings.Trim(text, "STRIDE ") == "" { // "STE"
		for _, c := range strings.ReplaceAll(text, " ", "") {
			d.Kind(threat.STRIDE(c))
		}
	}
}

// Marks reads mentions, tickets, status lozenges that stand in the threat's own text.
func (d *Draft) Marks(nodes []*document.Node) {
	for _, n := range nodes {
		switch n.Kind {
		case document.Mention:
			if d.c.Person.Account == "" {
				d.c.Person = threat.Person{Account: n.Name}
			}
		case document.Ticket:
			if d.c.Ticket == "" {
				d.c.Ticket = n.Name
			}
		case document.Status:
			if s, ok := d.page.Lexicon.Severity(n.Text); ok && d.page.Lexicon.Status(n.Text) == "" {
				if d.c.Severity == "" {
					d.c.Severity, d.c.SeverityRaw = s, n.Text
				}
			} else if d.c.Status == "" {
				d.c.Status = n.Text
			}
		}
	}
}

// read reads what any text of the threat may name.
func (d *Draft) read(text string) {
	d.weaknesses(text)
}

// severity concludes a severity from a score, or from likelihood and impact; an impact alone stands for it.
func (d *Draft) severity() threat.Severity {
	if d.score > 0 {
		if s := d.page.graded(d.score, false); s != "" {
			return s
		}
	}
	l, i := d.likelihood, d.impact
	switch {
	case l.number > 0 && i.number > 0:
		return d.page.graded(l.number*i.number, l.number <= 5 && i.number <= 5)
	case l.severity != "" && i.severity != "":
		return lexicon.Combine(l.severity, i.severity)
	}
	return i.severity
}

// Done ends the draft.
func (d *Draft) Done() Candidate {
	c := d.c
	if c.Severity == "" {
		c.Severity = d.severity()
		switch {
		case c.Severity == "" || c.SeverityRaw != "":
		case d.likelihood.number > 0:
			c.SeverityRaw = fmt.Sprintf("%g × %g", d.likelihood.number, d.impact.number)
		case d.likelihood.severity != "" && d.impact.severity != "":
			c.SeverityRaw = string(d.likelihood.severity) + " × " + string(d.impact.severity)
		default:
			c.SeverityRaw = string(d.impact.severity)
		}
	}
	if len(c.STRIDE) == 0 {
		if kinds := d.page.Lexicon.Kinds(d.title + "\n" + c.Quote + "\n" + c.Statement); len(kinds) > 0 {
			c.STRIDE, c.STRIDEBy = kinds, "words of the statement"
		}
	}
	slices.SortFunc(c.STRIDE, func(a, b threat.STRIDE) int {
		return strings.Index("STRIDE", string(a)) - strings.Index("STRIDE", string(b))
	})
	if c.Title = brief(d.title); c.Title == "" {
		c.Title = brief(c.Quote)
		if c.Finder == "statement" && c.Statement != "" {
			c.Title = brief(c.Statement) // without the words that lead over to it
		}
	}
	if c.Statement == c.Quote || c.Statement == c.Title {
		c.Statement = ""
	}
	slices.SortStableFunc(c.Mitigations, func(a, b threat.Mitigation) int { return a.At.Start - b.At.Start })
	return c
}

// Requote makes another passage the one that states the threat.
func (d *Draft) Requote(p Passage) {
	d.c.Quote, d.c.At = p.Text(), p.Span()
	d.Cover(d.c.At)
	d.read(d.c.Quote)
}

// Quote is the text that the draft began with.
func (d *Draft) Quote() string { return d.c.Quote }
