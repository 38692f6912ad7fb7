package extract

import (
	"slices"
	"strconv"
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/threat"
)

// band is one step of a scale: scores from least on have the severity.
type band struct {
	least    float64
	severity threat.Severity
}

// usual are the bands of a 5 × 5 risk matrix where the page states none: 1–4, 5–9, 10–16, 17–25.
func usual() []band {
	return []band{{17, threat.Critical}, {10, threat.High}, {5, threat.Medium}, {1, threat.Low}}
}

// scale reads the bands that a page states for its scores: "from 20 critical, from 12 high", "10–14: medium". It looks at
// sentences about scores only, and is read once.
func (p *Page) scale() []band {
	if p.scaled {
		return p.bands
	}
	p.scaled = true
	for _, b := range p.Blocks {
		if b.Kind == document.Table || b.Kind == document.Heading {
			continue
		}
		text := strings.ToLower(b.Text())
		if !strings.Contains(text, "score") && !strings.Contains(text, "rating") && !strings.Contains(text, "product") && !strings.Contains(text, "wert") {
			continue
		}
		if bands := bandsIn(p.Lexicon, text); len(bands) > len(p.bands) && len(bands) > 1 {
			p.bands = bands
		}
	}
	slices.SortFunc(p.bands, func(a, b band) int { return int(b.least*100) - int(a.least*100) })
	return p.bands
}

// bandsIn pairs each severity word of a text with the number nearest before it, or where none stands there behind it.
func bandsIn(lex *lexicon.Lexicon, text string) []band {
	words := lexicon.Words(text)
	var out []band
	used := -1 // the last number taken
	for i, w := range words {
		s, ok := lex.Severity(w.Text)
		if !ok || digits(w.Text) || s == "" {
			continue
		}
		at := -1
		for k := i - 1; k >= max(used+1, i-4); k-- {
			if digits(words[k].Text) {
				at = k
				if k-1 > used && digits(words[k-1].Text) { // "10–14 medium"
					at = k - 1
				}
				break
			}
		}
		if at < 0 && len(out) == 0 {
			for k := i + 1; k < min(len(words), i+4); k++ {
				if digits(words[k].Text) {
					at = k
					break
				}
			}
		}
		switch {
		case at >= 0:
			n, _ := strconv.ParseFloat(words[at].Text, 64)
			out = append(out, band{n, s})
			used = max(i, at)
		case i > 1 && len(out) > 0 && (words[i-1].Text == "that" || words[i-1].Text == "below" || words[i-1].Text == "else" || words[i-1].Text == "rest"):
			out = append(out, band{0, s}) // "and below that low"
		}
	}
	return out
}

// graded is the severity of a score, by the page's own bands or for a product of two numbers up to 5 by the usual ones.
func (p *Page) graded(score float64, product bool) threat.Severity {
	bands := p.scale()
	if len(bands) == 0 {
		if !product {
			return threat.Unstated
		}
		bands = usual()
	}
	for _, b := range bands {
		if score >= b.least {
			return b.severity
		}
	}
	return threat.Unstated
}
