package extract

import (
	"strings"

	"github.com/throughline/throughline/app/extract/lexicon"
)

// Rating finds the severity that a sentence gives in running text: "we rate this risk as critical", "its severity is high",
// "this is a moderate risk". ok is false for a sentence that rates nothing.
func (p *Page) Rating(s Passage) (rating Passage, ok bool) {
	text := s.Flat.Text[s.Start:s.End]
	words := lexicon.Words(text)
	if len(words) > 30 {
		return Passage{}, false
	}
	for i, w := range words {
		if _, known := p.Lexicon.Severity(w.Text); !known || len(w.Text) < 3 {
			continue
		}
		for k := max(0, i-4); k < min(len(words), i+3); k++ {
			if k == i || !rates(words[k].Text) {
				continue
			}
			return s.Cut(s.Start+w.Start, s.Start+w.End), true
		}
	}
	return Passage{}, false
}

func rates(word string) bool {
	for _, stem := range []string{"rate", "rating", "consider", "severity", "risk", "classif", "deem", "priority", "impact", "criticality", "schweregrad", "risiko", "gravité", "risque", "bewerte"} {
		if strings.HasPrefix(word, stem) {
			return true
		}
	}
	return false
}
