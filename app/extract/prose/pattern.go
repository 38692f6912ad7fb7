package prose

import (
	"strings"

	lx "github.com/throughline/throughline/app/extract/lexicon"
)

// claim keeps the strongest pattern.
func (out *Reading) claim(score float64, why string) {
	if score > out.Threat {
		out.Threat, out.Why = score, why
	}
}

// threat looks for the patterns in which people state threats.
func (s *sentence) threat(out *Reading) {
	for i := range s.words {
		c := s.words[i].class
		if c == 0 {
			continue
		}
		if c.Has(lx.Outcome) {
			s.outcome(i, out)
		}
		switch {
		case c.Has(lx.Adversary) || c.Has(lx.Hostile) && s.agent(i):
			s.adversary(i, out)
		case c.Has(lx.Hostile) && s.enabled(i):
			out.claim(0.8, "says what an attacker gains")
		case c.Has(lx.Risk):
			s.risk(i, out)
		}
		if c.Has(lx.Modal) && !(s.is(i, "may") && s.dated(i)) {
			s.modal(i, out)
		}
		if s.has(i, lx.Chance) && s.is(i+1, "of", "for", "that") && !s.negated(i) && s.find(lx.Attack|lx.Harm|lx.Nominal|lx.Hostile, i+2, i+9) > 0 {
			out.claim(0.7, "says what is possible")
		}
		if s.deficient(i) {
			out.claim(0.6, "says what is lacking")
		}
		if s.has(i, lx.Prone) && !s.is(i, "affected", "applicable") && s.is(i+1, "to") && !s.negated(i) {
			if s.is(i, "subject") && s.find(lx.Attack|lx.Harm, i+2, i+6) < 0 {
				continue
			}
			out.claim(0.75, "says what it is vulnerable to")
		}
		if s.is(i, "cannot", "can't") && s.is(i+1, "be") || s.is(i, "not") && s.is(i-1, "can", "could", "should", "may") && s.is(i+1, "be") {
			if k := s.find(0, 0, 0); k < 0 && (s.is(i+2, "assumed", "trusted", "guaranteed", "relied", "verified", "distinguished", "detected", "revoked", "undone", "recovered", "traced", "attributed") || s.is(i+3, "assumed", "trusted", "guaranteed", "verified")) {
				out.claim(0.65, "says what cannot be trusted or known")
			}
		}
		s.present(i, out)
		s.nature(i, out)
		s.access(i, out)
	}
}

// nature: "the attack vector is …", "replays are still possible", "data may contain secrets", "a tenant could read … tokens".
func (s *sentence) nature(i int, out *Reading) {
	switch {
	case s.is(i, "point", "points") && s.is(i-1, "single") && s.is(i+2, "failure"):
		if !s.negated(i - 1) {
			out.claim(0.65, "names a single point of failure")
		}
	case s.is(i, "anyone", "anybody", "everyone", "everybody") && s.is(i-1, "by", "to", "for") && s.find(lx.Modal|lx.Harm, max(0, i-5), i) >= 0:
		out.claim(0.65, "says what anybody could do")
	case s.has(i, lx.Modal) && s.has(i+1, lx.Cause) && s.find(lx.Attack|lx.Harm|lx.Nominal|lx.Deficit, max(0, i-9), i) >= 0 && !s.none(i):
		out.claim(0.6, "says what a failure leads to")
	case s.is(i, "could", "can", "may", "might") && i < 8 && s.find(lx.Attack, i-4, i) >= 0 && s.find(lx.Measure|lx.Relief|lx.Negation, 0, i+2) < 0 && s.find(lx.Measure|lx.Relief, i+1, i+4) < 0 && !s.is(i+1, "only", "still"):
		out.claim(0.55, "says what an attack could do")
	case s.has(i, lx.Negation) && s.is(i-1, "does", "do") && s.is(i+1, "perform", "check", "verify", "validate", "enforce", "protect", "prevent", "guarantee", "ensure", "authenticate", "authorize", "encrypt", "contain", "restrict", "limit", "sanitize") && s.find(lx.Measure|lx.Secret, i+1, i+8) > 0,
		s.is(i, "doesn't", "don't") && s.is(i+1, "perform", "check", "verify", "validate", "enforce", "protect", "prevent", "guarantee", "ensure"):
		out.claim(0.55, "says which protection is missing")
	case s.is(i, "let", "lets", "allow", "allows", "enable", "enables", "permits") && !s.negated(i) && !s.has(i+1, lx.Measure):
		if k := s.find(lx.Attack|lx.Harm, i+1, i+5); k > 0 && s.has(i+1, lx.Agent|lx.Adversary|lx.Hostile) || k > 0 && s.is(i+1, "observers", "others", "an", "any", "one") {
			out.claim(0.6, "says what somebody is let do")
		}
	case s.is(i, "likely", "common", "frequent") && s.is(i-1, "become", "becomes", "more", "is", "are") && s.find(lx.Attack|lx.Harm, max(0, i-5), i) >= 0:
		out.claim(0.55, "says what becomes likely")
	case s.has(i, lx.Burden) && !s.negated(i):
		for k := max(0, i-5); k < i; k++ {
			if s.is(k, "increase", "increases", "increased", "increasing", "additional", "extra", "add", "adds", "adding", "more", "higher", "excessive", "growing", "raise", "raises") {
				out.claim(0.55, "says what becomes a burden")
			}
		}
	case s.has(i, lx.Vector) && s.has(i, lx.Attack) || s.is(i, "vector", "vectors") && s.is(i-1, "attack"):
		if k := s.isWithin(i+1, 8); k > 0 && !s.meta(i) && !s.has(k+1, lx.Negation|lx.Measure) {
			out.claim(0.7, "says what an attack is")
		}
	case s.has(i, lx.Hostile) && s.is(i, "malicious", "rogue", "hostile", "compromised", "evil", "dishonest"):
		for k := i + 2; k < min(i+5, len(s.words)); k++ {
			if strings.HasSuffix(s.words[k].Text, "ing") && !s.has(k, lx.Measure|lx.Agent) {
				out.claim(0.65, "says what an attacker does")
			}
		}
	case s.is(i, "surface", "surfaces") && s.is(i-1, "attack"):
		if k := s.findWord(i, "open", "opens", "opening", "increase", "increases", "increasing", "expand", "expands", "broaden", "broadens", "widen", "widens", "enlarges", "larger", "adds", "broad"); k >= 0 && !s.negated(k) {
			out.claim(0.65, "says what opens an attack surface")
		}
	case s.has(i, lx.Ill) && s.is(i+1, "effect", "effects", "impact", "impacts", "consequence", "consequences", "implication", "implications", "security") && !s.negated(i):
		out.claim(0.6, "says what effect it has")
	case s.has(i, lx.Accident):
		if s.has(i+1, lx.Harm|lx.Attack) {
			out.claim(0.92, "says what must not happen by accident")
		}
	case s.has(i, lx.Easy) && s.is(i-1, "still", "is", "are", "be", "remain", "remains", "also"):
		if k := s.find(lx.Attack|lx.Nominal, max(0, i-7), i); k >= 0 && !s.negated(i) {
			out.claim(0.65, "says which attack is possible")
		}
	case s.has(i, lx.Modal) && s.is(i+1, "contain", "include", "hold", "carry", "reference", "see", "read", "access", "obtain", "retrieve", "gain", "learn", "view", "list"):
		if k := s.find(lx.Secret, i+2, i+9); k > 0 && !s.negated(i+1) && (s.is(i, "may", "might", "could") || s.is(i+1, "see", "read", "obtain", "learn", "gain")) {
			out.claim(0.6, "says what may come to light")
		}
	case s.has(i, lx.Agent) && (s.has(i+1, lx.Modal) || s.has(i+2, lx.Modal)) && !s.is(i+1, "will", "would", "can"):
		if k := s.find(lx.Secret, i+3, i+13); k > 0 && s.find(lx.Negation|lx.Measure, i+1, i+4) < 0 && s.does(i+2) {
			out.claim(0.6, "says what somebody could get")
		}
	}
}

// does reports whether one of the next words is a deed that takes or changes something.
func (s *sentence) does(i int) bool {
	for k := i; k < i+4; k++ {
		if s.is(k, "use", "access", "read", "obtain", "change", "modify", "create", "delete", "send", "execute", "run", "control", "replace", "hide", "push", "submit", "register", "take", "get", "gain", "retrieve", "see", "make", "claim", "redirect", "list", "extract", "download", "upload", "craft", "guess", "reuse", "share") {
			return true
		}
	}
	return false
}

// findWord is the index of one of the words before word i, -1 when there is none.
func (s *sentence) findWord(i int, words ...string) int {
	for k := i - 1; k >= max(0, i-8); k-- {
		if s.is(k, words...) {
			return k
		}
	}
	return -1
}

// isWithin is the index of the first "is", "are", "would" or "involves" among the next words, -1 when there is none.
func (s *sentence) isWithin(from, n int) int {
	for k := from; k < min(from+n, len(s.words)); k++ {
		if s.is(k, "is", "are", "would", "involves", "consists", "works", "ist") {
			return k
		}
	}
	return -1
}

// deficient: "insufficient isolation could …", "lack of encryption", a deficit with a consequence or one that stands alone.
func (s *sentence) deficient(i int) bool {
	if !s.has(i, lx.Deficit) || s.negated(i) {
		return false
	}
	if s.find(lx.Modal, i+1, len(s.words)) > 0 || i < 2 && len(s.words) < 14 {
		return true
	}
	return s.find(lx.Attack|lx.Harm|lx.Risk, 0, i) >= 0
}

// present: a harm that is stated as a fact: "leaks information", "is visible to other containers", "no longer".
func (s *sentence) present(i int, out *Reading) {
	c := s.words[i].class
	switch {
	case c.Has(lx.Attack) && !c.Has(lx.Nominal) && !s.negated(i) && i > 0 && !s.has(i-1, lx.Measure|lx.Hostile) && s.verbal(i):
		out.claim(0.6, "says what harm is done")
	case c.Has(lx.Harm) && !s.negated(i) && i > 0 && s.verbal(i) && !s.has(i-1, lx.Measure):
		out.claim(0.45, "says what goes wrong")
	case s.is(i, "no") && s.is(i+1, "longer"):
		out.claim(0.5, "says what no longer holds")
	case s.is(i, "cannot", "can't") && s.is(i+1, "work", "function", "use", "access", "operate", "start", "run", "join", "connect", "proceed") || s.is(i, "not") && s.is(i-1, "can", "could") && s.is(i+1, "work", "function", "operate"):
		out.claim(0.55, "says what does not work")
	case s.is(i, "not", "cannot", "unable") && s.is(i+1, "able", "work", "available", "supported", "possible", "encrypted", "signed", "verified", "checked", "protected"):
		out.claim(0.45, "says what does not work")
	}
}

// verbal reports whether a word can be a verb in the third person or a participle after "is"/"are".
func (s *sentence) verbal(i int) bool {
	w := s.words[i].Text
	if len(w) > 3 && w[len(w)-1] == 's' && w[len(w)-2] != 's' && !s.has(i, lx.Nominal) {
		return true
	}
	return s.is(i-1, "is", "are", "be", "been", "being", "was", "were", "gets", "get") || s.is(i-2, "is", "are", "be", "was", "were") || s.is(i-1, "that", "which", "who", "to")
}
