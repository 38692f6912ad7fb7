package list

import (
	"strings"

	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

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
