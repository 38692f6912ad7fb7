package prose

import (
	lx "github.com/throughline/throughline/app/extract/lexicon"
)

// dated reports whether the word "May" at i is a month.
func (s *sentence) dated(i int) bool {
	return i+1 < len(s.words) && s.words[i+1].Text[0] >= '0' && s.words[i+1].Text[0] <= '9' || s.is(i-1, "in", "since", "until", "of") && s.text[s.words[i].Start] == 'M'
}

// modal: "could leak …", "may lead to …", "might not be able to …".
func (s *sentence) modal(i int, out *Reading) {
	if s.has(i+1, lx.Negation) || s.is(i, "cannot") {
		if k := s.find(lx.Secret|lx.Measure, i+1, i+6); k > 0 && s.has(k, lx.Measure) {
			out.claim(0.45, "says what might not hold")
			if s.is(k, "check", "verify", "validate", "enforce", "protect", "authenticate", "detect", "prevent", "encrypt", "handle", "restrict") && s.is(i, "may", "might", "could") {
				out.claim(0.5, "says what might not hold")
			}
		}
		return
	}
	if s.none(i) || s.is(i-1, "what") || s.is(i-1, "we") && s.is(i, "will", "would", "can") {
		return
	}
	end := min(i+8, s.clauseEnd(i))
	weak := s.is(i, "will", "would", "can", "possible")
	for k := i + 1; k < end; k++ {
		c := s.words[k].class
		switch {
		case c.Has(lx.Attack):
			if s.negated(k) && k > i+2 {
				return
			}
			out.claim(discount(0.8, weak, 0.1), "says what could be abused")
			return
		case c.Has(lx.Harm):
			if s.negated(k) && k > i+2 {
				return
			}
			if s.is(k, "impact", "impacts") && k > i+1 {
				continue
			}
			if s.is(k, "error", "errors") && s.findFrom(k-4, k, "return", "returns", "returned", "raise", "raised", "throw", "report", "reported", "log", "emit", "respond", "show", "with") >= 0 {
				continue // an answer as foreseen
			}
			if k > i+5 {
				out.claim(discount(0.5, weak, 0.1), "says what could go wrong")
			} else {
				out.claim(discount(0.7, weak, 0.1), "says what could go wrong")
			}
			return
		case c.Has(lx.Measure) && !c.Has(lx.Harm) && k <= i+2:
			return
		case c.Has(lx.Hostile) && s.find(lx.Cause, i+1, k) > 0 && s.find(lx.Relief|lx.Negation, i+1, k) < 0:
			out.claim(0.6, "says what it could make possible")
		}
	}
}

// none reports whether "no …" or "nothing …" is what could: "no transfers can bypass the checks".
func (s *sentence) none(i int) bool {
	for k := i - 1; k >= max(0, i-10); k-- {
		if s.is(k, "no", "nothing", "none", "neither", "kein", "keine") {
			return true
		}
		if gap := s.text[s.words[k].End:s.words[k+1].Start]; gap != " " && len(gap) > 1 && (gap[0] == ',' || gap[0] == ';') {
			return false
		}
	}
	return false
}

func discount(v float64, when bool, by float64) float64 {
	if when {
		return v - by
	}
	return v
}
