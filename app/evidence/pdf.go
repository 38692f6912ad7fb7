package evidence

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/evidence/typeset"
	"github.com/throughline/throughline/app/threat"
)

// The colours of a summary. States have the same on every page.
var (
	ink    = typeset.Color{30, 30, 30}
	blue   = typeset.Color{31, 78, 121}
	grey   = typeset.Color{110, 110, 110}
	white  = typeset.Color{255, 255, 255}
	red    = typeset.Color{176, 32, 32}
	green  = typeset.Color{34, 110, 60}
	orange = typeset.Color{178, 92, 0}
)

// stack are the states that a criterion's bar is made of, worst first.
var stack = []struct {
	name  string
	color typeset.Color
	of    func(*Bearing) int
}{
	{"open or in progress", typeset.Color{200, 70, 60}, func(b *Bearing) int { return b.Open }},
	{"accepted", typeset.Color{225, 160, 60}, func(b *Bearing) int { return b.Accepted }},
	{"mitigated", typeset.Color{90, 150, 205}, func(b *Bearing) int { return b.Mitigated }},
	{"verified", typeset.Color{60, 145, 90}, func(b *Bearing) int { return b.Verified }},
	{"other: proposed, dismissed or withdrawn", typeset.Color{175, 180, 186}, func(b *Bearing) int { return b.Other }},
}

// writePDF writes what an auditor reads first.
func (c *collection) writePDF(w io.Writer, facts []fact) error {
	p := typeset.New("Throughline evidence: "+facts[0].text, c.query.AsOf)
	c.cover(p, facts)
	c.coverage(p)
	c.reviews(p)
	c.exceptions(p)
	c.signOffs(p)
	c.sample(p)
	c.method(p)
	return p.Write(w)
}

func heading(p *typeset.Pen, text string) {
	p.Room(40)
	p.Skip(3)
	p.Outline(text)
	p.Font(13, true, blue)
	p.At(typeset.Margin, p.Y()+5, text)
	p.Skip(9)
}

func say(p *typeset.Pen, text string) {
	p.Font(9, false, ink)
	p.Paragraph(text)
	p.Skip(2)
}

const headline = "Evidence of threat traceability"

// span says which time a pack is about.
func (c *collection) span() string {
	return "From " + begin(c.query.From) + " to " + clock(c.query.End()) + " UTC, as known at " + clock(c.query.AsOf) + " UTC"
}

func (c *collection) cover(p *typeset.Pen, facts []fact) {
	s := c.summary
	p.Box(0, 0, 210, 46, blue)
	p.Font(22, true, white)
	p.At(typeset.Margin, 22, headline)
	p.Font(11, false, white)
	p.At(typeset.Margin, 31, facts[0].text)
	p.At(typeset.Margin, 38, c.span())
	p.Skip(36)
	boxes := []struct {
		name  string
		count int
		color typeset.Color
	}{
		{"threats", s.Population, blue},
		{"open or in progress", s.States[threat.Open] + s.States[threat.InProgress], red},
		{"mitigated", s.States[threat.Mitigated], typeset.Color{60, 110, 165}},
		{"verified", s.States[threat.Verified], green},
		{"with exceptions", s.Excepted, orange},
	}
	wide := (typeset.Width - 4*3) / 5
	y := p.Y()
	for i, b := range boxes {
		x := typeset.Margin + float64(i)*(wide+3)
		p.Box(x, y, wide, 21, typeset.Color{244, 247, 250})
		p.Box(x, y, 1.2, 21, b.color)
		p.Font(16, true, b.color)
		p.At(x+4, y+10, thousands(b.count))
		p.Font(7.2, false, grey)
		p.At(x+4, y+16, b.name)
	}
	p.Skip(27)
	if !s.Reconciled.Agrees() {
		p.Font(9, true, red)
		p.Paragraph("Not reconciled with Jira, or with differences: see Reconciliation below and Exceptions.")
		p.Skip(3)
	}
	if beginsLate(s.Begins, c.query.Window) {
		p.Font(9, true, red)
		p.Paragraph("The log begins at " + clock(s.Begins) + " UTC, later than the window: there is no evidence before it.")
		p.Skip(3)
	}
	rows := make([][]string, len(facts))
	for i, f := range facts {
		rows[i] = []string{f.name, f.text}
	}
	p.Table([]typeset.Col{{Head: "What", Width: 34}, {Head: "Value", Width: typeset.Width - 34}}, rows)
	heading(p, "Population")
	say(p, "Every threat that counted at some instant of the window is in the population, exceptions included; none was left out by hand. "+
		"Counts by state and severity, as known at the instant of knowledge:")
	var states [][]string
	for _, st := range threat.States() {
		if n := s.States[st]; n > 0 {
			states = append(states, []string{string(st), thousands(n), share(n, s.Population)})
		}
	}
	for _, v := range []string{"critical", "high", "medium", "low", "unstated"} {
		if n := s.Severities[v]; n > 0 {
			states = append(states, []string{"severity " + v, thousands(n), share(n, s.Population)})
		}
	}
	states = append(states, []string{"all threats", thousands(s.Population), ""}, []string{"design pages with a threat", thousands(s.Pages), ""},
		[]string{"design pages read in the window without one", thousands(s.Bare), ""}, []string{"tickets", thousands(s.Tickets), ""})
	p.Table([]typeset.Col{{Head: "State, severity", Width: 70}, {Head: "Count", Width: 25, Right: true}, {Head: "Share", Width: 25, Right: true}}, states)
}

func (c *collection) coverage(p *typeset.Pen) {
	p.Page()
	heading(p, "Coverage by criterion")
	say(p, c.catalogue.Title+". The words are Throughline's own, not the framework's. A threat bears on several criteria. That a criterion has threats says that risks to it "+
		"were found and are followed; it says nothing about controls that no design page states.")
	all := c.summary.bearings(c.catalogue)
	most := 1
	var shown []*Bearing
	empty := 0
	for _, b := range all {
		switch {
		case b.Threats > 0:
			shown = append(shown, b)
			most = max(most, b.Threats)
		case b.Weight >= control.Relevant:
			empty++
		}
	}
	var parts []legend
	for _, part := range stack {
		parts = append(parts, legend{part.name, part.color})
	}
	explain(p, parts)
	const label, number = 20.0, 18.0
	scale := (typeset.Width - label - number) / float64(most)
	for _, b := range shown {
		p.Room(6)
		p.Font(8, true, ink)
		p.At(typeset.Margin, p.Y()+3.4, b.ID)
		x := typeset.Margin + label
		for _, part := range stack {
			if n := part.of(b); n > 0 {
				p.Box(x, p.Y(), float64(n)*scale, 4.4, part.color)
				x += float64(n) * scale
			}
		}
		p.Font(7.5, false, grey)
		p.At(x+1.5, p.Y()+3.3, thousands(b.Threats))
		p.Skip(5.6)
	}
	p.Skip(4)
	say(p, uncovered(len(all), len(shown), empty))
	var rows [][]string
	for _, b := range all {
		if b.Threats > 0 || b.Weight >= control.Relevant {
			rows = append(rows, []string{b.ID, b.Words, thousands(b.Threats), thousands(b.Open), thousands(b.Mitigated), thousands(b.Verified), thousands(b.Accepted), thousands(b.Other), thousands(b.Excepted)})
		}
	}
	p.Table([]typeset.Col{
		{Head: "Criterion", Width: 19},
		{Head: "In our words", Width: typeset.Width - 19 - 113},
		{Head: "Threats", Width: 15, Right: true},
		{Head: "Open", Width: 13, Right: true},
		{Head: "Mitigated", Width: 18, Right: true},
		{Head: "Verified", Width: 16, Right: true},
		{Head: "Accepted", Width: 18, Right: true},
		{Head: "Other", Width: 13, Right: true},
		{Head: "Exceptions", Width: 20, Right: true},
	}, rows)
}

// uncovered says how many of all criteria have no threat, and where these stand; usual are those of them that threats usually bear on.
func uncovered(all, with, usual int) string {
	if all == with {
		return fmt.Sprintf("Each of the %d criteria has a threat in this population.", all)
	}
	words := fmt.Sprintf("Of %d criteria, %d %s threats in this population, and %d %s none.", all, with, verb(with), all-with, verb(all-with))
	if usual > 0 {
		words += fmt.Sprintf(" The table below has %d of these, which threats usually bear on, with 0.", usual)
	}
	if rest := all - with - usual; rest > 0 {
		words += fmt.Sprintf(" The other %d %s on the sheet Criteria only, and in criteria.csv.", rest, map[bool]string{true: "stands", false: "stand"}[rest == 1])
	}
	return words
}

// legend is what a colour of a chart stands for.
type legend struct {
	name  string
	color typeset.Color
}

func explain(p *typeset.Pen, parts []legend) {
	x := typeset.Margin
	for _, part := range parts {
		p.Box(x, p.Y(), 3, 3, part.color)
		p.Font(7.5, false, ink)
		x += 4.2 + p.At(x+4.2, p.Y()+2.6, part.name) + 5
	}
	p.Skip(7)
}

// person is who has an account: by name where the ledger knows it. The sheets name accounts.
func (c *collection) person(account string) string { return or(c.names[account], account) }

func (c *collection) reviews(p *typeset.Pen) {
	p.Room(90)
	heading(p, "Reviews of design pages over time")
	months := slices.Sorted(maps.Keys(c.summary.Reviews))
	if len(months) == 0 {
		say(p, "No design page was reviewed in the window.")
		return
	}
	if len(months) > 24 {
		say(p, "The last 24 months of the window; the sheet Reviews has all.")
		months = months[len(months)-24:]
	}
	most := 1
	for _, m := range months {
		t := c.summary.Reviews[m]
		most = max(most, t.Reviewed+t.Failed+t.Removed)
	}
	reviewed, removed, failed := legend{"reviewed", typeset.Color{90, 150, 205}}, legend{"removed", typeset.Color{175, 180, 186}}, legend{"failed", typeset.Color{200, 70, 60}}
	explain(p, []legend{reviewed, removed, failed})
	const tall = 42.0
	base := p.Y() + tall
	p.Line(typeset.Margin, base, typeset.Margin+typeset.Width, base, grey)
	step := min(typeset.Width/float64(len(months)), 28)
	for i, m := range months {
		t := c.summary.Reviews[m]
		x, y := typeset.Margin+float64(i)*step+step*0.15, base
		for _, part := range []struct {
			n     int
			color typeset.Color
		}{{t.Reviewed, reviewed.color}, {t.Removed, removed.color}, {t.Failed, failed.color}} {
			h := float64(part.n) / float64(most) * (tall - 7)
			y -= h
			if part.n > 0 {
				p.Box(x, y, step*0.7, h, part.color)
			}
		}
		p.Font(7, true, ink)
		p.At(x, y-1.4, thousands(t.Reviewed+t.Failed+t.Removed))
		p.Font(6.4, false, grey)
		p.At(x, base+3.6, m)
	}
	p.Skip(tall + 9)
	var rows [][]string
	for _, m := range months {
		t := c.summary.Reviews[m]
		rows = append(rows, []string{m, thousands(t.Reviewed), thousands(t.Failed), thousands(t.Removed)})
	}
	p.Table([]typeset.Col{
		{Head: "Month (UTC)", Width: 40}, {Head: "Reviewed", Width: 45, Right: true}, {Head: "Failed", Width: 45, Right: true}, {Head: "Removed", Width: typeset.Width - 130, Right: true},
	}, rows)
}

func (c *collection) exceptions(p *typeset.Pen) {
	s := c.summary
	heading(p, "Exceptions")
	say(p, "What an auditor asks about first. Nothing switches an exception off; the sheet Exceptions has every one, with its ledger entry.")
	var rows [][]string
	all := 0
	for _, k := range kinds() {
		rows = append(rows, []string{k.name, thousands(s.Exceptions[k.name]), k.about})
		all += s.Exceptions[k.name]
	}
	p.Table([]typeset.Col{{Head: "Kind", Width: 42}, {Head: "Count", Width: 16, Right: true}, {Head: "What it is", Width: typeset.Width - 58}}, rows)
	if len(s.first) == 0 {
		return
	}
	if all > len(s.first) {
		say(p, fmt.Sprintf("The first %d of %s, in the order of the pages:", len(s.first), thousands(all)))
	}
	rows = nil
	for _, x := range s.first {
		since := ""
		if !x.Since.IsZero() {
			since = x.Since.UTC().Format("2006-01-02")
		}
		rows = append(rows, []string{x.Kind, or(x.threat, x.page), x.title, since, x.What})
	}
	p.Table([]typeset.Col{
		{Head: "Kind", Width: 27, Lines: 2}, {Head: "Threat", Width: 21, Lines: 2}, {Head: "Title", Width: 52, Lines: 2}, {Head: "Since", Width: 18}, {Head: "What", Width: typeset.Width - 118, Lines: 3},
	}, rows)
}

func (c *collection) signOffs(p *typeset.Pen) {
	s := c.summary
	heading(p, "Sign-offs in the window")
	say(p, fmt.Sprintf("%s and %s were recorded in the window. Each names who, when and on what evidence, on the sheets Verifications and Acceptances. "+
		"What became of one later, up to the instant of knowledge, stands behind it in brackets.",
		holding(plural(s.Verified, "verification", "verifications"), s.VerifiedHold), holding(plural(s.Accepted, "acceptance of a risk", "acceptances of risks"), s.AcceptedHold)))
	if len(s.signed) == 0 {
		return
	}
	if n := s.Verified + s.Accepted; n > len(s.signed) {
		say(p, fmt.Sprintf("The first %d of %s:", len(s.signed), thousands(n)))
	}
	var rows [][]string
	for _, o := range s.signed {
		rows = append(rows, []string{o.at.UTC().Format("2006-01-02 15:04"), o.threat, o.what, c.person(o.by), o.note})
	}
	p.Table([]typeset.Col{
		{Head: "When (UTC)", Width: 29}, {Head: "Threat", Width: 21}, {Head: "What", Width: 33, Lines: 2}, {Head: "By", Width: 34, Lines: 2}, {Head: "In their words", Width: typeset.Width - 117, Lines: 3},
	}, rows)
}

func (c *collection) sample(p *typeset.Pen) {
	if len(c.drawn) == 0 {
		return
	}
	heading(p, "Sample")
	say(p, "Drawn from the population for closer tests: "+sampleWords(c.query)+". Whoever has the population can draw it again.")
	drawn := c.drawn[:min(len(c.drawn), coverExceptions)]
	if len(c.drawn) > len(drawn) {
		say(p, fmt.Sprintf("The first %d of %s; the sheet Sample has all:", len(drawn), thousands(len(c.drawn))))
	}
	var rows [][]string
	for i, d := range drawn {
		rows = append(rows, []string{strconv.Itoa(i + 1), d.threat, d.title, d.state, d.ticket, d.page})
	}
	p.Table([]typeset.Col{
		{Head: "Draw", Width: 12, Right: true}, {Head: "Threat", Width: 21}, {Head: "Title", Width: 56, Lines: 2}, {Head: "State", Width: 20}, {Head: "Ticket", Width: 20}, {Head: "Page", Width: typeset.Width - 129, Lines: 2},
	}, rows)
}

func (c *collection) method(p *typeset.Pen) {
	p.Room(120)
	heading(p, "How to verify this pack")
	for _, text := range []string{
		"The command “throughline verify NAME.zip” checks, without a network, that every file is the one that the manifest names, that the entries of the ledger are the ones that its tree was built of, and that the checkpoint is signed; with --tsa-roots also whose word the time stamps are. Then it makes every table, sheet and summary again from the disclosed entries, and they must be the same. VERIFY.md says how to do the same without Throughline.",
		"The ledger's own entry evidence.exported, made right after this pack, keeps the SHA-256 of manifest.json, who made the pack and when. The same window, instant of knowledge, maker and ledger give the same bytes again, as long as Jira gives the same answer.",
	} {
		say(p, text)
	}
	heading(p, "Method")
	for _, text := range []string{
		"Source. All tables are replayed from the site's append-only ledger up to the instant of knowledge, entry by entry; nothing is read from what is known today. Each fact has three times: occurred (by the source's clock), observed (when Throughline heard of it), recorded (when it was committed). The window goes by recorded.",
		"Threats are read off every version of every design page by rules; a threat keeps its identity while its page is edited. Its state follows the status category of its ticket, never the name of a status. Done means mitigated, not verified: that takes evidence.",
		"Criteria are suggested by rule (" + control.Version + ") from STRIDE, weaknesses, data and elements; where a person chose, their choice stands, and the table mapping and the sheet Decisions keep both. Verification and reassessment add the criteria that they are evidence for.",
		"Reconciliation compares the tickets that Throughline filed, as the ledger knows them, with Jira's own count for its label at the time of the export, over the whole site whatever the scope is.",
	} {
		say(p, text)
	}
	heading(p, "Limits")
	limits := []string{
		"What no design page states is not in the population: this is evidence that stated risks are followed, not that all risks are stated.",
		"The ledger proves that nothing was changed or taken out after it was recorded. It does not prove that what people wrote into pages and tickets is true.",
		"How many entries of the ledger are not disclosed is proven. Why, and where exactly in time each of them lies, is the maker's word: any of them may be asked for by its number.",
		"A ticket's moves are the steps of its history in Jira, each with who and when by Jira's clock. Of a ticket that was deleted, only those that were heard of before are known.",
		"Due dates have no zone: a ticket is late when its day has ended in UTC.",
	}
	if p.Lost() {
		limits = append(limits, "Some characters are in none of this document's fonts (or need shaping that it does not do): their script stands in ‹ › instead. The sheets and tables have them as they are.")
	}
	for _, text := range limits {
		say(p, text)
	}
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func share(n, of int) string {
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", float64(n)*100/float64(of))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// holding says how many of some sign-offs hold.
func holding(all string, n int) string {
	return fmt.Sprintf("%s (of which %s %s)", all, thousands(n), map[bool]string{true: "holds", false: "hold"}[n == 1])
}

func verb(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}
