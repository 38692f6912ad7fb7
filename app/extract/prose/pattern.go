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
	case s.has(i, lx.Negation) && s.is(i-1, "does", "do") && s.is(i+1, "perform", "check", "verify", "validate", "enforce", "protect", "prevent", "guarantee", "ensure", "authenticate", "authorize", "encrypt", "contain", "restrict", "limit", "sanitize") && s.find(lx.Measure|lx.Secret, i+1, i+8) > 0,
		s.is(i, "doesn't", "don't") && s.is(i+1, "perform", "check", "verify", "validate", "enforce", "protect", "prevent", "guarantee", "ensure"):
		out.claim(0.55, "says which protection is missing")
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

// meta reports whether the sentence speaks about threats in general at word i: "these threats are …", "many of the risks",
// "a build threat is …", "the following risks".
func (s *sentence) meta(i int) bool {
	if s.is(i-1, "these", "those", "such", "this") || s.is(i-2, "these", "those", "such", "this") && !s.has(i-1, lx.Risk|lx.Harm) && !s.is(i-1, "some", "a", "the", "poses", "is", "introduces", "interface") {
		return true
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

// enabled reports whether a hostile one is let do something: "would allow a bad actor to".
func (s *sentence) enabled(i int) bool {
	k := i - 1
	if s.is(k, "a", "an", "any", "some") {
		k--
	}
	return s.is(k, "allow", "allows", "allowing", "enable", "enables", "enabling", "let", "lets", "letting", "permit", "permits", "help", "helps", "tempt") && !s.negated(k)
}

// dated reports whether the word "May" at i is a month.
func (s *sentence) dated(i int) bool {
	return i+1 < len(s.words) && s.words[i+1].Text[0] >= '0' && s.words[i+1].Text[0] <= '9' || s.is(i-1, "in", "since", "until", "of") && s.text[s.words[i].Start] == 'M'
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
	for k := i + 1; k < min(i+9, len(s.words)); k++ {
		if s.has(k, lx.Measure) && !s.has(k, lx.Harm|lx.Attack) && k < i+3 {
			return // "attacker detection"
		}
		if s.has(k, lx.Modal) && !s.is(k, "will", "would") || s.is(k, "can", "able") {
			if s.has(k+1, lx.Negation) || s.is(k, "cannot") {
				return
			}
			out.claim(0.9, "says what an attacker could do")
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
		if s.is(i, "issue", "issues", "problem", "problems", "concern", "concerns", "exposure") {
			score = 0.7
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

// modal: "could leak …", "may lead to …", "might not be able to …".
func (s *sentence) modal(i int, out *Reading) {
	if s.has(i+1, lx.Negation) || s.is(i, "cannot") {
		if k := s.find(lx.Secret|lx.Measure, i+1, i+6); k > 0 && s.has(k, lx.Measure) {
			out.claim(0.45, "says what might not hold")
		}
		return
	}
	if s.none(i) || s.is(i-1, "what") {
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
			if k > i+5 {
				out.claim(discount(0.5, weak, 0.1), "says what could go wrong")
			} else {
				out.claim(discount(0.7, weak, 0.1), "says what could go wrong")
			}
			return
		case c.Has(lx.Measure) && !c.Has(lx.Harm) && k <= i+2:
			return
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
	case s.is(i, "cannot", "can't") && s.is(i+1, "work", "function", "use", "access", "operate") || s.is(i, "not") && s.is(i-1, "can", "could") && s.is(i+1, "work", "function", "operate"):
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

// measure judges whether the sentence says what is done about a threat.
func (s *sentence) measure(out *Reading) {
	first := s.words[0]
	if first.class.Has(lx.Imperative) && !s.is(1, "of", "is", "are", "can", "could", "may", "might") {
		out.Measure = 0.7
	}
	if s.is(0, "see", "refer", "note") {
		out.Measure = 0
		return
	}
	lead := 0
	if s.is(0, "the", "a", "an") {
		lead = 1
	}
	if s.is(lead, "necessity", "importance", "need", "implementation", "introduction", "adoption", "enforcement", "usage", "use") && s.is(lead+1, "of", "for", "to") {
		out.Measure = 0.75
	}
	if strings.HasSuffix(first.Text, "ing") && first.class.Has(lx.Measure) && !first.class.Has(lx.Harm|lx.Attack) && s.find(lx.Modal, 1, 9) < 0 {
		out.Measure = max(out.Measure, 0.7)
	}
	if s.is(0, "if", "when", "where", "for", "to", "in", "therefore", "wenn", "si") {
		for k := 1; k < len(s.words)-2; k++ {
			if s.text[s.words[k-1].End] == ',' {
				if s.has(k, lx.Imperative) && !s.is(k, "always", "never", "only", "see", "back", "access", "test", "review") {
					out.Measure = 0.75
				}
				break
			}
		}
	}
	if k := s.plan(); k >= 0 && s.find(lx.Harm|lx.Attack, k+1, k+4) < 0 { // "we will …", "webhooks will therefore …"
		out.Measure = max(out.Measure, 0.6)
	}
	for i := range s.words {
		c := s.words[i].class
		if !c.Has(lx.Prescribe | lx.Measure) {
			continue
		}
		switch {
		case s.is(i, "need", "needs") && s.is(i+1, "to"):
			out.Measure = max(out.Measure, 0.6)
		case c.Has(lx.Prescribe) && s.is(i+1, "be") && s.is(i+2, "noted", "aware", "understood", "mentioned", "pointed"):
		case c.Has(lx.Prescribe) && !s.is(i, "need", "needs", "important", "essential"):
			out.Measure = max(out.Measure, 0.65)
			if k := s.find(lx.Measure, i+1, i+7); k > 0 {
				out.Measure = max(out.Measure, 0.8)
			}
		case c.Has(lx.Measure) && s.is(i, "mitigated", "mitigate", "mitigates", "mitigation", "mitigations", "mitigating"):
			out.Measure = max(out.Measure, 0.85)
		case c.Has(lx.Measure) && (s.is(i-1, "will", "to", "can", "we", "which") || s.is(i-2, "will", "can", "we") || s.is(i-1, "be", "is", "are")):
			out.Measure = max(out.Measure, 0.6)
		case c.Has(lx.Measure) && (i < 6 || strings.HasSuffix(s.words[i].Text, "s") || s.is(i, "require")):
			out.Measure = max(out.Measure, 0.5)
		}
	}
}

// plan is the index of the words by which a sentence says what its authors will do, -1 when it does not.
func (s *sentence) plan() int {
	for i := 0; i < min(8, len(s.words)-1); i++ {
		switch {
		case s.is(i, "we") && s.is(i+1, "will", "plan", "intend", "propose", "are", "only", "have") && !(s.is(i+1, "are", "have") && !s.is(i+2, "going", "planning", "added", "implemented", "introduced")):
			return i + 1
		case s.is(i, "will") && s.is(i+1, "therefore", "thus", "hence", "instead"):
			return i + 1
		case s.is(i, "planned", "scheduled", "deferred", "envisioned"):
			return i
		}
	}
	return -1
}

// deny weighs what speaks against a threat.
func (s *sentence) deny(out *Reading) {
	for i := range s.words {
		if !s.has(i, lx.Negation|lx.Safe|lx.Risk|lx.Relief|lx.Prone) && !s.is(i, "low", "minimal", "negligible", "inconsequential", "impossible", "infeasible", "impractical", "possible", "feasible", "exploitable") {
			continue
		}
		switch {
		case s.is(i, "not", "doesn't", "don't", "n't", "never", "cannot") && (s.is(i+1, "introduce", "pose", "add", "increase", "create", "affect", "represent", "constitute", "bring", "raise", "identify", "anticipate", "expect", "foresee", "believe", "directly", "itself", "worsen", "expand", "believed", "expected") || s.is(i+1, "aware") && s.is(i+2, "of") && s.is(i+3, "any") || s.is(i+1, "a", "an") && s.has(i+2, lx.Risk) || s.is(i+1, "significantly", "directly", "really") && s.is(i+2, "increase", "introduce", "affect", "change")):
			out.Denies = true
		case s.is(i, "no") && (s.has(i+1, lx.Risk) || s.has(i+2, lx.Risk) || s.has(i+3, lx.Risk) && !s.is(i+1, "longer") || s.is(i+1, "security", "known", "additional", "new", "impact", "implications", "significant", "direct") || s.is(i+2, "implications", "considerations", "impact")):
			out.Denies = true
		case s.has(i, lx.Safe) && (s.is(i, "unlikely", "outweigh", "outweighs", "outweighed") || s.is(i+1, "from", "to", "against")), s.is(i-1, "not") && s.is(i, "susceptible", "vulnerable", "affected", "exposed", "applicable"), s.is(i, "not") && s.is(i+1, "applicable"):
			out.Denies = true
		case s.has(i, lx.Risk) && s.is(i+1, "is", "are") && s.is(i+2, "low", "lower", "minimal", "small", "negligible", "acceptable", "mitigated", "limited", "not", "reduced", "eliminated", "minor"):
			out.Denies = true
		case s.has(i, lx.Risk) && s.is(i+1, "is", "are", "can", "could", "will") && (s.is(i+2, "very", "quite", "relatively", "fairly", "rather", "extremely") && s.is(i+3, "low", "small", "limited", "minimal", "unlikely") || s.is(i+3, "mitigated", "avoided", "reduced", "lower", "low", "addressed", "eliminated") || s.is(i+2, "mitigated", "avoided", "reduced", "addressed") || s.is(i+4, "mitigated", "avoided", "reduced")):
			out.Denies = true
		case s.is(i, "impossible", "infeasible", "impractical") || s.is(i, "possible", "feasible", "exploitable") && s.is(i-1, "not") || s.is(i, "exploitable") && s.is(i-2, "not", "ever"):
			out.Denies = out.Denies || s.find(lx.Attack, max(0, i-2), len(s.words)) > 0 && s.find(lx.Relief, 0, i) < 0
		case s.is(i, "low", "minimal", "negligible", "inconsequential") && s.is(i-1, "very", "is", "are", "relatively") && s.find(lx.Risk|lx.Harm, 0, i) >= 0:
			out.Denies = true
		case s.has(i, lx.Relief) && i < len(s.words)-1:
			if s.is(i-1, "to", "can", "not", "cannot") && s.is(i-1, "not", "cannot") || s.is(i-2, "not", "cannot") {
				continue
			}
			if k := s.find(lx.Attack|lx.Harm|lx.Risk|lx.Adversary|lx.Hostile, i+1, len(s.words)); k > 0 {
				out.Threat -= 0.25
			}
		}
	}
	if out.Denies && !(out.Threat >= 0.8 && s.is(2, "is") && s.is(3, "that") && s.has(1, lx.Risk)) {
		out.Threat = min(out.Threat, 0.3)
	}
	if s.mundane() {
		out.Threat -= 0.3
	}
	if s.past() {
		out.Threat -= 0.2
	}
	if s.asks() {
		out.Threat = 0
	}
	if s.is(0, "see", "refer") {
		out.Threat -= 0.4
	}
	if out.Measure >= 0.65 && out.Threat < 0.8 {
		out.Threat -= 0.35
	}
	out.Threat = max(0, out.Threat)
}

// narrow finds the clause that states the threat: behind "there is a risk that", before ", so …".
func (s *sentence) narrow(out *Reading) {
	if out.Threat == 0 {
		return
	}
	start, end := 0, len(s.words)
	for i := range s.words {
		if i > 12 {
			break
		}
		if s.has(i, lx.Risk) && s.is(i+1, "that", "of", "is", "regarding", "are", "dass", "que") {
			start = i + 2
			if s.is(start, "that") {
				start++
			}
			break
		}
	}
	if start == 0 && (s.has(0, lx.Additive) || s.is(0, "however", "but", "also")) && len(s.words) > 5 {
		start = 1
	}
	if k := s.clauseEnd(start); k < len(s.words) && k-start >= 5 {
		end = k
	}
	if end-start < 3 {
		return
	}
	out.Clause = Range{s.words[start].Start, s.words[end-1].End}
	if end == len(s.words) {
		out.Clause.End = s.at.End
	}
}

// asks reports whether the sentence is a question.
func (s *sentence) asks() bool {
	end := s.at.End
	for end > s.at.Start && (s.text[end-1] == '"' || s.text[end-1] == ')') {
		end--
	}
	return end > s.at.Start && s.text[end-1] == '?'
}

// past reports whether the sentence tells what happened once, with no word of what could happen again.
func (s *sentence) past() bool {
	told := false
	for i := range s.words {
		if s.has(i, lx.Modal) && !s.is(i, "potential", "possible") {
			return false
		}
		told = told || s.has(i, lx.Past)
	}
	return told
}

// mundane reports whether the sentence is about the effort of building or learning something, and about nobody's harm.
func (s *sentence) mundane() bool {
	effort := false
	for i := range s.words {
		if s.has(i, lx.Attack|lx.Adversary|lx.Hostile) || s.has(i, lx.Secret) && !s.is(i, "access", "key", "memory", "keys", "logs", "log") {
			return false
		}
		effort = effort || s.has(i, lx.Effort)
	}
	return effort
}
