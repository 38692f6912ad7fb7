// Package list finds threats that are the entries of a list: bullets, numbers or tasks in a section that gathers threats, or
// behind a line that announces them.
package list

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

// Finder finds threats in lists.
type Finder struct{}

// Name is "list".
func (Finder) Name() string { return "list" }

// Version of the rules.
func (Finder) Version() int { return 1 }

// Find reads every list that gathers threats.
func (f Finder) Find(page *extract.Page) []extract.Candidate {
	var out []extract.Candidate
	seen := map[*document.Node]bool{}
	for i, b := range page.Blocks {
		if b.Kind != document.Item || b.List == nil || b.Depth != 0 || seen[b.List] {
			continue
		}
		seen[b.List] = true
		l := read(page, i)
		if intent, why := l.intent(); intent > 0 {
			out = append(out, l.threats(intent, why)...)
		}
	}
	return out
}

// listing is one list: its top items, each with what is nested in it, and what stands around it.
type listing struct {
	page    *extract.Page
	section *extract.Section
	intro   *extract.Block // the paragraph or title right before it, nil when there is none
	entries [][]*extract.Block
	after   []*extract.Block // what stands behind it, up to the next list or title
}

func read(page *extract.Page, i int) listing {
	first := page.Blocks[i]
	l := listing{page: page, section: first.Section}
	if i > 0 {
		if prev := page.Blocks[i-1]; prev.Section == first.Section && (prev.Kind == document.Paragraph || prev.Title) {
			l.intro = prev
		}
	}
	for ; i < len(page.Blocks); i++ {
		b := page.Blocks[i]
		if b.Kind == document.Item && b.List == first.List {
			l.entries = append(l.entries, []*extract.Block{b})
			continue
		}
		if !nested(b, first.List) {
			break
		}
		l.entries[len(l.entries)-1] = append(l.entries[len(l.entries)-1], b)
	}
	for ; i < len(page.Blocks) && page.Blocks[i].Section == first.Section && page.Blocks[i].Kind != document.Item; i++ {
		l.after = append(l.after, page.Blocks[i])
	}
	return l
}

// nested reports whether a block stands in an item of the list.
func nested(b *extract.Block, list *document.Node) bool {
	for b = b.Item; b != nil; b = b.Item {
		if b.List == list {
			return true
		}
	}
	return false
}

// intent is how surely the entries of a list are threats; 0 when they are not.
func (l listing) intent() (float64, string) {
	s := l.section
	if s.Within == lexicon.Excluded || s.Within == lexicon.Mitigations {
		return 0, ""
	}
	if l.intro != nil && !l.intro.Title {
		switch says := announces(l.page, l.intro); {
		case says < 0 && l.titled():
			return 0.85, "entry of a list of named attacks and failures"
		case says < 0:
			return 0, ""
		case says == 1 && !s.Within.Gathers():
			return 0.4, "entry of a list that is announced as one of harms"
		case says > 0:
			return 0.92, "entry of a list that is announced as one of threats"
		}
	}
	direct := s.Distance == 0 && s.Topic.Gathers()
	switch {
	case direct && (s.Topic == lexicon.Threats || s.Topic == lexicon.Risks):
		return 0.9, "entry of a list in a section about threats"
	case direct && s.Topic == lexicon.Drawbacks:
		return 0.5, "entry of a list in a section about drawbacks"
	case s.Within == lexicon.Threats || s.Within == lexicon.Risks:
		return 0.6, "entry of a list in a part of a section about threats"
	case s.Within == lexicon.Security || s.Within == lexicon.Drawbacks:
		return 0.5, "entry of a list in a section about security"
	}
	return 0, ""
}

// titled reports whether most entries begin with the name of an attack or a failure ("Plugin poisoning: …").
func (l listing) titled() bool {
	if !l.section.Within.Gathers() {
		return false
	}
	n := 0
	for _, entry := range l.entries {
		if len(entry[0].Parts) == 0 {
			continue
		}
		if title, _ := runIn(l.page.Lexicon, entry[0], entry[0].Parts[0]); title != "" && len(lexicon.Words(title)) <= 6 && nominal(l.page, title) && !l.page.Reader.Class(lexicon.Words(title)[0].Text).Has(lexicon.Measure) {
			n++
		}
	}
	return n > 0 && n*2 >= len(l.entries)
}

// announces judges the paragraph before a list: above 0 when it announces threats (2: in plain words), below when it
// announces something else, 0 when it does not tell.
func announces(page *extract.Page, intro *extract.Block) int {
	text := intro.Text()
	ss := prose.Sentences(text)
	if len(ss) == 0 {
		return 0
	}
	last := ss[len(ss)-1]
	if len(ss) > 1 && len(lexicon.Words(text[last.Start:last.End])) < 3 { // "Notably:"
		last.Start = ss[len(ss)-2].Start
	}
	colon := strings.HasSuffix(text, ":") || strings.Contains(text[last.Start:last.End], "following")
	r := page.Reader.Read(text, last)
	risk, attack, measure, both, troubled := false, false, false, false, false
	for _, w := range lexicon.Words(text[last.Start:last.End]) {
		c := page.Reader.Class(w.Text)
		both = both || risk && page.Lexicon.Word(w.Text) == lexicon.Mitigation // "risks and mitigations"
		risk = risk || c.Has(lexicon.Risk) && !weak(w.Text)
		troubled = troubled || c.Has(lexicon.Risk)
		attack = attack || c.Has(lexicon.Attack|lexicon.Adversary)
		measure = measure || c.Has(lexicon.Prescribe) || c.Has(lexicon.Measure) && !c.Has(lexicon.Harm|lexicon.Attack) || page.Lexicon.Word(w.Text) == lexicon.Mitigation
	}
	switch {
	case !colon:
		return 0
	case both, risk && !measure && r.Measure < 0.8:
		return 2
	case r.Threat >= 0.6 && r.Measure < 0.6:
		return 1
	case measure || r.Measure >= 0.6:
		return -1
	case attack || troubled || r.Threat >= 0.4:
		return 1
	}
	return 0
}

// weak reports whether a word may name any trouble.
func weak(word string) bool {
	return strings.HasPrefix(word, "issue") || strings.HasPrefix(word, "problem") || strings.HasPrefix(word, "disadvantage") || strings.HasPrefix(word, "caveat") || strings.HasPrefix(word, "drawback") || strings.HasPrefix(word, "downside") || strings.HasPrefix(word, "concern") || word == "exposure"
}

// threats reads the entries.
func (l listing) threats(intent float64, why string) []extract.Candidate {
	var out []*extract.Draft
	own := make([]bool, 0, len(l.entries))
	ids := 1 // one id of an entry makes those without one go on about it
	for _, entry := range l.open() {
		head := entry[0]
		if head.Role() == lexicon.Mitigation && len(out) > 0 { // a mitigation beside its threat
			out[len(out)-1].Gather(entry)
			own[len(own)-1] = true
			continue
		}
		if id, _ := extract.ExplicitID(l.page.Lexicon, head.Text()); id == "" && ids > 1 && len(out) > 0 { // "T-1: title", then what it says
			out[len(out)-1].Say(head.Whole())
			out[len(out)-1].Gather(entry)
			continue
		} else if id != "" {
			ids++
		}
		if d, ok := l.entry(entry, intent, why); ok {
			out = append(out, d)
			own = append(own, d.HasMitigations())
			continue
		}
		if len(out) > 0 && head.Role() == lexicon.None && len(head.Text()) > 0 {
			if r := l.page.Reader.Read(head.Text(), prose.Range{End: len(head.Text())}); r.Measure >= 0.7 && r.Threat < 0.5 {
				out[len(out)-1].Mitigate(head.Whole())
			}
		}
	}
	shared := l.shared()
	var found []extract.Candidate
	for i, d := range out {
		if !own[i] {
			for _, p := range shared {
				d.Mitigate(p)
			}
		}
		found = append(found, d.Done())
	}
	return found
}

// open are the entries, those of a group ("1. Networking" with threats below it) in the group's place.
func (l listing) open() [][]*extract.Block {
	var out [][]*extract.Block
	for _, entry := range l.entries {
		if below := l.group(entry); below != nil {
			out = append(out, below...)
		} else {
			out = append(out, entry)
		}
	}
	return out
}

// group splits an entry whose own text only titles the threats nested in it; nil when it is none.
func (l listing) group(entry []*extract.Block) [][]*extract.Block {
	head := entry[0]
	if len(entry) < 2 || head.Role() == lexicon.Threat || head.Role() == lexicon.Mitigation || len(lexicon.Words(head.Text())) > 9 || strings.HasSuffix(head.Text(), ".") {
		return nil
	}
	var out [][]*extract.Block
	bad, good := 0, 0
	for _, b := range entry[1:] {
		if b.Kind == document.Item && b.Item == head {
			if b.Role() != lexicon.None && b.Role() != lexicon.Threat {
				return nil
			}
			if r := l.page.Reader.Read(b.Text(), prose.Range{End: len(b.Text())}); r.Threat >= 0.4 || r.Measure < 0.5 && nominal(l.page, b.Text()) {
				bad++
			} else if r.Measure >= 0.6 {
				good++
			}
			out = append(out, []*extract.Block{b})
			continue
		}
		if len(out) == 0 {
			return nil
		}
		out[len(out)-1] = append(out[len(out)-1], b)
	}
	headed := l.page.Reader.Read(head.Text(), prose.Range{End: len(head.Text())})
	if headed.Threat >= 0.4 || bad == 0 && (good == 0 || nominal(l.page, head.Text())) || bad > 0 && nominal(l.page, head.Text()) && bad <= good {
		return nil
	}
	return out
}

// entry reads one item as a threat; ok is false when it states none.
func (l listing) entry(entry []*extract.Block, intent float64, why string) (*extract.Draft, bool) {
	head := entry[0]
	if len(head.Parts) == 0 {
		return nil, false
	}
	first := head.Parts[0]
	switch first.Role {
	case lexicon.None, lexicon.Threat, lexicon.Concern:
	case lexicon.Actor, lexicon.Element: // "An insider: could …"
		first.Start = first.From
	default:
		return nil, false
	}
	quote := head.Passage(first)
	text := quote.Text()
	if l.page.Lexicon.Empty(text) || len(lexicon.Words(text)) < 2 || strings.HasSuffix(text, ":") && len(entry) == 1 {
		return nil, false
	}
	title, rest := runIn(l.page.Lexicon, head, first)
	if title != "" && goesOn(head.Text()[rest:first.End]) { // in bold, but no sentence of its own
		title, rest = "", first.Start
	}
	if first.Role == lexicon.Actor || first.Role == lexicon.Element {
		title, rest = "", first.Start
	}
	sentences := prose.Sentences(head.Flat.Text[rest:first.End])
	var best, lead prose.Range
	var bestReading prose.Reading
	measures, denies, possible := 0.0, false, false
	for n, s := range sentences {
		at := prose.Range{Start: rest + s.Start, End: rest + s.End}
		r := l.page.Reader.Read(head.Flat.Text, at)
		if n == 0 {
			lead, measures = at, r.Measure
		}
		denies = denies || r.Denies
		possible = possible || r.Possible && r.Measure < 0.6
		if r.Threat > bestReading.Threat {
			best, bestReading = at, r
		}
	}
	reads := bestReading.Threat
	denies = denies && reads < 0.4
	if possible && intent >= 0.85 {
		reads = max(reads, 0.35) // "two clerks could …" in a list of risks
	}
	if strings.Contains(head.Text()[:rest], "?") {
		return nil, false // a question and its answer
	}
	if title != "" && nominal(l.page, title) {
		reads = max(reads, 0.6)
	}
	if title == "" && len(sentences) == 1 && nominal(l.page, text) && measures < 0.5 {
		reads = max(reads, 0.5)
	}
	if head.Linked() {
		return nil, false
	}
	switch {
	case strings.HasSuffix(text, "?") || strings.HasSuffix(title, "?"):
		return nil, false
	case intent < 0.6 && len(sentences) > 1 && (title == "" || !nominal(l.page, title)):
		return nil, false // prose, which is read sentence by sentence
	case intent <= 0.9 && l.section.Level < 7 && title != "" && reads < 0.3 && !recorded(entry):
		return nil, false // an aspect, and what is so about it
	case denies:
		return nil, false
	case measures >= 0.65 && reads < 0.5 && !(intent > 0.9 && (measures < 0.7 || l.worsens(text))):
		return nil, false
	case intent >= 0.92 && (l.section.Within.Gathers() || reads >= 0.3 || l.tells(text)):
	case intent >= 0.85 && (l.section.Topic == lexicon.Threats || l.section.Level >= 7 || reads >= 0.3 || l.tells(text) || recorded(entry)):
	case intent < 0.5 && reads < 0.65:
		return nil, false
	case intent >= 0.6 && reads < 0.5, intent < 0.6 && reads < 0.5:
		return nil, false
	}
	d := l.page.Draft("list", quote)
	d.Kind(l.section.Kind)
	if title != "" {
		d.Entitle(title)
		switch {
		case best.End > 0 && bestReading.Threat >= 0.4:
			d.Say(quote.Cut(best.Start, best.End))
		case lead.End > 0:
			d.Say(quote.Cut(lead.Start, lead.End))
		}
	} else if len(sentences) > 1 {
		if bestReading.Threat >= 0.4 {
			d.Say(quote.Cut(best.Start, best.End))
		} else {
			d.Say(quote.Cut(lead.Start, lead.End))
		}
	}
	if id, rest := extract.ExplicitID(l.page.Lexicon, text); id != "" && title == "" && rest < len(text) {
		d.Label(id)
	}
	d.Gather(entry)
	if !d.HasMitigations() {
		l.measures(d, entry)
	}
	d.Because(min(0.97, intent+reads/10), why)
	return d, true
}

// worsens reports whether an entry tells in the words of an instruction what gets worse: "make cancelling harder".
func (l listing) worsens(text string) bool {
	words := lexicon.Words(text)
	if len(words) == 0 || l.page.Reader.Class(words[0].Text).Has(lexicon.Measure) {
		return false
	}
	for _, w := range words {
		if l.page.Reader.Class(w.Text).Has(lexicon.Harm) {
			return true
		}
	}
	return false
}

// tells reports whether any word of a text speaks of harm.
func (l listing) tells(text string) bool {
	for _, w := range lexicon.Words(text) {
		if l.page.Reader.Class(w.Text).Has(lexicon.Attack | lexicon.Harm | lexicon.Risk | lexicon.Adversary | lexicon.Hostile | lexicon.Negation | lexicon.Nominal) {
			return true
		}
	}
	return false
}

// recorded reports whether an entry has labelled parts of a threat below it: severity, impact, mitigation, owner.
func recorded(entry []*extract.Block) bool {
	for i, b := range entry {
		for n, p := range b.Parts {
			if i == 0 && n == 0 {
				continue
			}
			switch p.Role {
			case lexicon.Mitigation, lexicon.Severity, lexicon.Impact, lexicon.Likelihood, lexicon.Owner:
				return true
			}
		}
	}
	return false
}

// measures reads an item's mitigations where no label says which they are: nested items, and sentences that prescribe.
func (l listing) measures(d *extract.Draft, entry []*extract.Block) {
	for _, b := range entry[1:] {
		if b.Kind != document.Item || b.Item != entry[0] || b.Role() != lexicon.None {
			continue
		}
		at := prose.Range{End: len(b.Text())}
		if r := l.page.Reader.Read(b.Text(), at); r.Threat < 0.5 {
			d.Mitigate(b.Whole())
		}
	}
	if !d.HasMitigations() {
		for _, p := range l.page.Measures(entry[:1]) {
			d.Mitigate(p)
		}
	}
}

// shared are the mitigations that the page lists for all threats of the section: a list titled so beside this one.
func (l listing) shared() []extract.Passage {
	var blocks []*extract.Block
	for _, b := range l.after {
		if b.Section == l.section && b.Role() == lexicon.Mitigation {
			blocks = append(blocks, b)
			continue
		}
	}
	for _, k := range siblings(l.section) {
		if k.Topic == lexicon.Mitigations {
			blocks = append(blocks, l.page.Blocks[k.First:k.End]...)
		}
	}
	out := l.page.Remedies(blocks)
	if len(out) > 0 || len(l.after) == 0 || l.after[0].Kind != document.Paragraph || l.after[0].Title {
		return out
	}
	for _, p := range l.page.Measures(l.after[:1]) { // "As a mitigation, …" right behind the list
		if at := (prose.Range{Start: p.Start, End: p.End}); l.page.Reader.Read(p.Flat.Text, at).Measure >= 0.8 {
			out = append(out, p)
		}
	}
	return out
}

// siblings are the sections below the one that a list stands in, and beside it up to the next one that gathers threats.
func siblings(s *extract.Section) []*extract.Section {
	out := append([]*extract.Section(nil), s.Kids...)
	if s.Parent == nil {
		return out
	}
	at := -1
	for i, k := range s.Parent.Kids {
		if k == s {
			at = i
		}
	}
	for _, k := range s.Parent.Kids[at+1:] {
		if k.Topic.Gathers() || k.Level != s.Level {
			break
		}
		out = append(out, k)
	}
	return out
}

// goesOn reports whether text behind a title goes on with the same sentence.
func goesOn(rest string) bool {
	rest = strings.TrimLeft(rest, " ")
	return rest != "" && (rest[0] == ',' || rest[0] >= 'a' && rest[0] <= 'z')
}

// runIn is the title that an item begins with: in bold, before a colon or dash, or as a short first sentence; "" when there is
// none. rest is where the text behind it starts.
func runIn(lex *lexicon.Lexicon, b *extract.Block, p extract.Part) (title string, rest int) {
	text := b.Flat.Text
	if id, behind := extract.ExplicitID(lex, text[p.Start:p.End]); id != "" {
		p.Start += behind
	}
	if b.Strong > p.Start && b.Strong < p.End {
		t := strings.TrimRight(text[p.Start:b.Strong], " :.-–—")
		if len(lexicon.Words(t)) <= 16 && len(lexicon.Words(t)) > 0 && len(strings.Trim(text[b.Strong:p.End], " :.-–—,")) > 0 {
			return t, b.Strong
		}
	}
	body := text[p.Start:p.End]
	if i := strings.IndexByte(body, ':'); i > 0 && i <= 80 && i < len(body)-2 && body[i+1] == ' ' && len(lexicon.Words(body[:i])) <= 9 {
		return body[:i], p.Start + i + 1
	}
	for _, dash := range []string{" – ", " — ", " - "} {
		if i := strings.Index(body, dash); i > 0 && i <= 70 && len(lexicon.Words(body[:i])) <= 8 {
			return body[:i], p.Start + i + len(dash)
		}
	}
	if ss := prose.Sentences(body); len(ss) > 1 && len(lexicon.Words(body[ss[0].Start:ss[0].End])) <= 7 {
		return strings.TrimRight(body[ss[0].Start:ss[0].End], "."), p.Start + ss[1].Start
	}
	return "", p.Start
}

// nominal reports whether a short text names an attack or a failure.
func nominal(page *extract.Page, text string) bool {
	words := lexicon.Words(text)
	if len(words) > 14 {
		return false
	}
	for _, w := range words {
		if page.Reader.Class(w.Text).Has(lexicon.Nominal | lexicon.Attack | lexicon.Adversary) {
			return true
		}
	}
	return false
}
