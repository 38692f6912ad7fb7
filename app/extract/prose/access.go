package prose

import (
	lx "github.com/throughline/throughline/app/extract/lexicon"
)

// access: who may get at what: "anyone with the link can view …", "can be read by any process", "operators can read all media",
// "has permission to list every secret", "gives the node access to all …".
func (s *sentence) access(i int, out *Reading) {
	switch {
	case s.has(i, lx.Modal) && s.is(i, "can", "could", "may", "might"):
		s.reach(i, out)
	case s.is(i, "access", "permission", "permissions", "privileges", "control", "visibility"):
		if s.negated(i) || s.is(i+1, "control", "controls", "token", "tokens", "model", "check", "checks") {
			return
		}
		wide := s.findFrom(i-2, i+5, "all", "any", "every", "full", "entire", "unrestricted", "cluster-wide", "arbitrary", "everything", "more") >= 0
		if wide && s.findFrom(i-7, i, "has", "have", "having", "gives", "give", "giving", "gain", "gains", "gaining", "grant", "grants", "granting", "gets", "get", "requires", "require", "with") >= 0 {
			if k := s.findFrom(i-7, i, "give", "gives", "giving", "gain", "gains", "gaining", "grant", "grants", "granting"); k >= 0 && !s.negated(k) {
				out.claim(0.55, "says who gets access")
			} else if s.has(i, lx.Secret) && s.findFrom(i-7, i, "has", "have", "having", "gets", "get") >= 0 && s.find(lx.Measure, 0, i) < 0 {
				out.claim(0.5, "says who has access")
			}
		}
	}
}

// reach judges what can be done at the modal verb i, and by whom.
func (s *sentence) reach(i int, out *Reading) {
	if s.has(i+1, lx.Negation) || s.none(i) || s.findFrom(i-4, i, "only") >= 0 || s.is(i+1, "only", "already", "always") && s.is(i+2, "be", "do") {
		return
	}
	if s.is(i+1, "be") || s.is(i+2, "be") {
		by := s.findFrom(i+2, i+9, "by")
		if by > 0 && s.findFrom(i+2, by, "read", "seen", "accessed", "viewed", "observed", "modified", "changed", "deleted", "called", "triggered", "used", "obtained", "recovered", "extracted", "inspected", "replaced", "overwritten", "claimed", "registered", "submitted") > 0 &&
			s.findFrom(by+1, by+4, "any", "anyone", "anybody", "all", "other", "others", "every", "everyone", "another", "unrelated", "whoever", "third") > 0 {
			out.claim(0.6, "says who can get at it")
		}
		return
	}
	deed := s.does(i+1) && !s.has(i+1, lx.Measure)
	if s.findFrom(i+2, i+4, "arbitrary", "fake", "forged", "false") < 0 && s.findFrom(i+1, i+3, "use", "make", "create", "run", "take", "get", "share", "send", "submit", "register", "list") > 0 {
		deed = false // too plain to be one
	}
	switch {
	case deed && s.findFrom(i-9, i, "anyone", "anybody", "everyone", "everybody", "whoever") >= 0:
		out.claim(0.6, "says what anybody could do")
	case deed && s.findFrom(i-7, i, "any", "every", "other", "another", "all") >= 0 && s.find(lx.Agent, i-7, i) >= 0 && s.find(lx.Secret, i+2, i+9) > 0:
		out.claim(0.55, "says what anybody could do")
	case deed && s.find(lx.Agent, i-4, i) >= 0 && s.findFrom(i+2, i+6, "all", "any", "every", "anything", "everything", "others", "arbitrary") > 0:
		out.claim(0.55, "says what somebody could get at")
	case s.findFrom(i+1, i+6, "unlimited", "unbounded", "huge", "excessive", "repeatedly", "enormous", "indefinitely") > 0 && !s.has(i+1, lx.Measure), s.is(i+3, "large", "high", "great") && s.is(i+4, "number", "numbers", "amount", "amounts", "volume", "volumes"), s.is(i+4, "large", "high") && s.is(i+5, "number", "numbers", "amount", "amounts", "volume"):
		out.claim(0.55, "says what could be too much")
	}
}

// findFrom is the index of one of the words in [from, to), -1 when there is none.
func (s *sentence) findFrom(from, to int, words ...string) int {
	for k := max(0, from); k < min(to, len(s.words)); k++ {
		if s.is(k, words...) {
			return k
		}
	}
	return -1
}
