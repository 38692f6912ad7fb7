package prose

import (
	lx "github.com/throughline/throughline/app/extract/lexicon"
)

// enabled reports whether a hostile one is let do something: "would allow a bad actor to".
func (s *sentence) enabled(i int) bool {
	k := i - 1
	if s.is(k, "a", "an", "any", "some") {
		k--
	}
	return s.is(k, "allow", "allows", "allowing", "enable", "enables", "enabling", "let", "lets", "letting", "permit", "permits", "help", "helps", "tempt") && !s.negated(k)
}

// agent reports whether a word that means harm stands before somebody or something that acts: "a malicious endpoint could".
func (s *sentence) agent(i int) bool {
	if s.has(i+1, lx.Modal) || s.has(i+2, lx.Modal) || s.has(i+3, lx.Modal) || s.has(i+4, lx.Modal) {
		return true
	}
	return s.is(i, "malicious", "rogue", "hostile", "compromised", "untrusted", "evil", "unauthorized", "unauthorised") && i+1 < len(s.words)
}

// adversary: "an attacker could …", "a malicious tenant reads …".
func (s *sentence) adversary(i int, out *Reading) {
	if i < 6 && s.is(0, "as", "als") {
		if k := s.findAfter(i, "want", "would", "möchte"); k > 0 {
			out.claim(0.96, "is an attacker's user story")
			return
		}
	}
	for k := i + 1; k < min(i+9, len(s.words)); k++ {
		if s.has(k, lx.Measure) && !s.has(k, lx.Harm|lx.Attack) && k < i+3 {
			return // "attacker detection"
		}
		if s.has(k, lx.Modal) && !s.is(k, "will", "would") || s.is(k, "can", "able") {
			if s.has(k+1, lx.Negation) || s.is(k, "cannot") || s.is(k, "able") && s.negated(k) {
				return
			}
			if s.relative(i) {
				out.claim(0.6, "says what an attacker could do")
			} else {
				out.claim(0.9, "says what an attacker could do")
			}
			return
		}
	}
	if s.is(i+1, "would", "must", "needs", "has") && s.is(i+2, "need", "have", "to") { // how hard it is
		return
	}
	end := s.clauseEnd(i)
	if k := s.find(lx.Attack|lx.Harm, i+1, min(i+5, end)); k > 0 && !s.negated(k) {
		out.claim(0.7, "says what an attacker does")
		return
	}
	for k := i - 1; k >= max(0, i-6); k-- { // "could be abused by an attacker", "allows an attacker to"
		if s.has(k, lx.Attack|lx.Harm) || s.is(k, "allow", "allows", "allowing", "enable", "enables", "enabling", "let", "lets", "letting", "permit", "permits", "easier", "opportunity") {
			if !s.negated(k) {
				out.claim(0.75, "says what an attacker gains")
			}
			return
		}
	}
}

// relative reports whether the clause of an attacker only describes the noun before it: "a method an attacker could use".
func (s *sentence) relative(i int) bool {
	if !s.is(i-1, "an", "a", "the") || i < 3 {
		return false
	}
	if gap := s.text[s.words[i-2].End:s.words[i-1].Start]; gap != " " {
		return false
	}
	return !s.is(i-2, "that", "if", "so", "and", "or", "but", "then", "because", "which", "where", "when", "as", "while", "since", "thus", "therefore", "hence", "whether", "however", "is", "case", "scenario", "exploited", "is", "how", "what", "otherwise", "consequently", "this", "way") && s.words[i-2].class&^lx.Outcome == 0
}

// findAfter is the index of one of the words among the next few, -1 when there is none.
func (s *sentence) findAfter(i int, words ...string) int {
	for k := i + 1; k < min(i+6, len(s.words)); k++ {
		if s.is(k, words...) {
			return k
		}
	}
	return -1
}
