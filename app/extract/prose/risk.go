package prose

import (
	"strings"

	lx "github.com/throughline/throughline/app/extract/lexicon"
)

// meta reports whether the sentence speaks about threats in general at word i: "these threats are …", "many of the risks",
// "a build threat is …", "the following risks".
func (s *sentence) meta(i int) bool {
	if s.is(i-1, "these", "those", "such", "this", "same") && !s.is(i+1, "applies", "apply") || s.is(i-2, "these", "those", "such", "this") && !s.has(i-1, lx.Risk|lx.Harm) && !s.is(i-1, "some", "a", "the", "poses", "is", "introduces") {
		return true
	}
	if i <= 3 && s.is(0, "for", "if", "when") && s.is(i+1, "to", "is", "was") {
		return true // "for a vulnerability to be considered, …"
	}
	for k := i - 1; k >= max(0, i-4); k-- {
		if s.is(k, "following", "above", "below", "many", "most", "all", "other", "each", "any", "every", "types", "kinds", "kind", "type", "aforementioned", "diese", "ces", "different", "various", "unlike") {
			return true
		}
	}
	if i <= 4 && s.is(i+1, "is", "are") && s.is(i+2, "a", "an", "the", "defined") && s.is(0, "a", "an") && !s.is(i-1, "potential", "main", "possible", "security") {
		return true // a definition
	}
	return i <= 1 && strings.HasSuffix(s.words[i].Text, "s") && s.is(i+1, "in", "that", "are", "for", "to", "of", "can", "may", "which", "like") && !s.is(i, "weakness")
}

// harmful reports whether any word says that somebody does harm or something goes wrong.
func (s *sentence) harmful() bool {
	for i := range s.words {
		if s.has(i, lx.Attack|lx.Harm|lx.Adversary|lx.Hostile|lx.Secret|lx.Deficit) {
			return true
		}
	}
	return false
}

// risk: "there is a risk that …", "a potential risk is …", "the risk of …".
func (s *sentence) risk(i int, out *Reading) {
	if s.negated(i) || s.is(i-1, "no", "any") || s.is(i-2, "taking", "take", "accept", "accepting", "worth") {
		return
	}
	if s.meta(i) {
		return
	}
	for k := max(0, i-6); k < i; k++ { // "reduces the risk of"
		if s.has(k, lx.Measure) || s.is(k, "less", "lower", "reduced", "lowers", "decrease", "decreases", "eliminates", "without") {
			return
		}
	}
	switch {
	case s.is(i+1, "of", "that", "with", "in", "from", "here", "regarding", "about", "associated", "if", "when", "für", "dass", "von", "de", "que", "to", "around", "is", "are", "was", "posed", "include", "includes", "ist", "besteht", "due", "because", "where"):
		score := 0.8
		switch {
		case s.is(i, "issue", "issues", "problem", "problems", "concern", "concerns", "exposure"):
			score = 0.7
		case s.is(i, "drawback", "drawbacks", "downside", "downsides", "disadvantage", "disadvantages", "caveat", "caveats") && !s.harmful():
			score = 0.45 // of using or building it
		}
		if s.is(i+1, "of", "that", "to") || i < 6 {
			out.claim(score, "names a risk")
		} else {
			out.claim(score-0.2, "names a risk")
		}
	case s.is(i, "issue", "issues", "problem", "problems", "problematic", "disadvantage", "disadvantages"):
		out.claim(0.3, "names a problem")
	case s.is(i-1, "the", "a", "an", "main", "potential", "security", "primary", "biggest", "another", "some", "additional", "significant", "serious", "major", "one", "privacy", "real", "poses", "introduces") && i < 8:
		out.claim(0.6, "names a risk")
	case i > 0 && s.is(i-1, "and", "or") || i < 3:
		out.claim(0.4, "names a risk")
	default:
		out.claim(0.5, "names a risk")
	}
}
