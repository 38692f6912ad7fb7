package lexicon

import (
	"strings"

	"github.com/throughline/throughline/app/threat"
)

// points is how strongly a word points to a kind of STRIDE: 1, or 2 for a word that is enough by itself.
type points map[threat.STRIDE]int

func (l *Lexicon) loadKinds(kinds map[string][]string) {
	for letter, words := range kinds {
		for _, w := range words {
			w, strong := strings.CutSuffix(w, "!")
			weight := 1
			if strong {
				weight = 2
			}
			stem, isStem := strings.CutSuffix(w, "*")
			into := l.kindWords
			if isStem {
				into = l.kindStems
			}
			if into[stem] == nil {
				into[stem] = points{}
			}
			into[stem][threat.STRIDE(letter)] = weight
		}
	}
}

// Kinds concludes from a text's words which kinds of STRIDE it is about, in the scheme's order; none when they do not tell.
func (l *Lexicon) Kinds(text string) []threat.STRIDE {
	sum := points{}
	for _, w := range Words(text) {
		for k, n := range l.kindWords[w.Text] {
			sum[k] += n
		}
		for n := len(w.Text); n > 2; n-- {
			if p, ok := l.kindStems[w.Text[:n]]; ok {
				for k, n := range p {
					sum[k] += n
				}
				break
			}
		}
	}
	best := 0
	for _, n := range sum {
		best = max(best, n)
	}
	var out []threat.STRIDE
	for _, k := range threat.AllSTRIDE() {
		if n := sum[k]; n >= 2 && n*2 > best && len(out) < 2 {
			out = append(out, k)
		}
	}
	return out
}
