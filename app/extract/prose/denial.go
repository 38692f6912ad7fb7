package prose

import (
	lx "github.com/throughline/throughline/app/extract/lexicon"
)

// deny weighs what speaks against a threat.
func (s *sentence) deny(out *Reading) {
	for i := range s.words {
		if !s.has(i, lx.Negation|lx.Safe|lx.Risk|lx.Relief|lx.Prone) && !s.is(i, "low", "minimal", "negligible", "inconsequential", "impossible", "infeasible", "impractical", "possible", "feasible", "exploitable") {
			continue
		}
		switch {
		case s.is(i, "not", "doesn't", "don't", "n't", "never", "cannot") && (s.is(i+1, "introduce", "pose", "add", "increase", "create", "affect", "represent", "constitute", "bring", "raise", "identify", "anticipate", "expect", "foresee", "believe", "directly", "itself", "worsen", "expand", "believed", "expected") || s.is(i+1, "aware") && s.is(i+2, "of") && s.is(i+3, "any") || s.is(i+1, "a", "an", "considered", "constitute") && (s.has(i+2, lx.Risk) || s.has(i+3, lx.Risk)) || s.is(i+1, "significantly", "directly", "really") && s.is(i+2, "increase", "introduce", "affect", "change")):
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
	if s.remedied() || s.supposes() {
		out.Threat = min(out.Threat, 0.4)
	}
	if out.Measure >= 0.65 && (out.Threat < 0.8 || s.has(0, lx.Imperative) && !s.is(1, "of") && out.Threat < 0.9 && out.Measure >= 0.7) {
		out.Threat -= 0.35
	}
	out.Threat = max(0, out.Threat)
}

// remedied reports whether a condition of harm leads to what is then done: "If the key was compromised, the owner can revoke it."
func (s *sentence) remedied() bool {
	if !s.is(0, "if", "when", "should", "once") && !s.is(1, "if") && !(s.is(0, "in") && s.is(2, "event", "case")) {
		return false
	}
	main := 0
	for k := 2; k < len(s.words)-2 && main == 0; k++ {
		if s.text[s.words[k-1].End] == ',' {
			main = k
		}
	}
	if main == 0 || s.find(lx.Adversary, 0, main) >= 0 || s.find(lx.Attack|lx.Harm|lx.Hostile|lx.Risk|lx.Nominal|lx.Negation, main, len(s.words)) >= 0 {
		return false
	}
	k := s.findFrom(main, main+6, "can", "could", "must", "should", "may", "will")
	return k > 0 && (s.find(lx.Agent, main, k) >= 0 || s.findFrom(main, k, "you", "they", "we", "one") >= 0) && s.find(lx.Secret, k, len(s.words)) < 0
}

// supposes reports whether the sentence says from what its authors start, what they aim at, or where something is told: "We
// assume an attacker who can …", "The goal of X is …", "… are listed below".
func (s *sentence) supposes() bool {
	if s.findFrom(0, 6, "assume", "assumes", "assumed", "assumption", "suppose") >= 0 && s.findFrom(0, 6, "if", "not", "cannot", "wrongly", "falsely") < 0 {
		return true
	}
	if s.is(0, "we") && s.is(1, "consider", "considered") || s.is(1, "goal", "aim", "purpose", "objective", "goals") && s.is(2, "of", "is") {
		return true
	}
	for i := range s.words {
		if s.is(i, "below") && s.is(i-1, "listed", "described", "discussed", "outlined", "summarized", "enumerated", "detailed", "explained") {
			return true
		}
	}
	return false
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
		told = told || s.has(i, lx.Past) || s.is(i, "enabled", "allowed", "permitted", "required", "made") && !s.is(i-1, "is", "are", "be", "been", "being", "if", "when", "not", "has", "have") && i < 4
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
