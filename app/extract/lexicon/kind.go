package lexicon

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/app/threat"
)

// points is how strongly a word points to each kind of STRIDE, in the scheme's order: 1, or 2 for a word that is enough by itself.
type points [6]int8

func (l *Lexicon) loadKinds(kinds map[string][]string) {
	for at, kind := range threat.AllSTRIDE() {
		for _, w := range kinds[string(kind)] {
			w, strong := strings.CutSuffix(w, "!")
			weight := int8(1)
			if strong {
				weight = 2
			}
			stem, isStem := strings.CutSuffix(w, "*")
			into := l.kindWords
			if isStem {
				into = l.kindStems
			}
			p := into[stem]
			p[at] = weight
			into[stem] = p
		}
	}
}

// Kinds concludes from a text's words which kinds of STRIDE it is about, in the scheme's order; none when they do not tell.
func (l *Lexicon) Kinds(text string) []threat.STRIDE {
	var sum [6]int
	for _, w := range Words(text) {
		add(&sum, l.kindWords[w.Text])
		for n := min(len(w.Text), longestKind); n > 2; n-- {
			if p, ok := l.kindStems[w.Text[:n]]; ok {
				add(&sum, p)
				break
			}
		}
	}
	best := slices.Max(sum[:])
	var out []threat.STRIDE
	for at, kind := range threat.AllSTRIDE() {
		if n := sum[at]; n >= 2 && n*2 > best && len(out) < 2 {
			out = append(out, kind)
		}
	}
	return out
}

// longestKind is longer than every stem of kinds, in bytes.
const longestKind = 16

func add(sum *[6]int, p points) {
	for i, n := range p {
		sum[i] += int(n)
	}
}
