package prose

import (
	"strings"

	lx "github.com/throughline/throughline/app/extract/lexicon"
)

// outcome: what comes of it: "may result in nodes being …", "which allows SSRF", "opens the door to …", "leaves objects open",
// "is sent in the clear", "users cannot verify …", "a leaked token remains valid".
func (s *sentence) outcome(i int, out *Reading) {
	switch {
	case s.is(i, "result", "results", "lead", "leads", "cause", "causes") && s.is(i-1, "could", "may", "might", "can", "potentially", "also") && s.improves(i) < 0 && !s.negated(i):
		out.claim(0.5, "says what it could lead to")
	case s.is(i, "allow", "allows", "allowing", "enable", "enables", "enabling", "facilitate", "facilitates", "permits", "leads", "leading", "results", "resulting", "causes", "causing") && !s.negated(i):
		k := s.find(lx.Attack|lx.Nominal, i+1, i+4)
		if k > 0 && s.find(lx.Measure|lx.Relief, i+1, k) < 0 && s.find(lx.Measure|lx.Relief, 0, i) < 0 && s.find(lx.Measure, k+1, k+2) < 0 {
			out.claim(0.6, "says which attack it allows")
		}
	case s.is(i, "open", "opens", "opening", "leave", "leaves", "leaving") && s.findFrom(i+1, i+4, "the", "a", "an", "new", "up") > 0 && s.findFrom(i+2, i+5, "door", "doors", "avenue", "avenues", "possibility", "window") > 0 && !s.negated(i):
		out.claim(0.65, "says what it opens the door to")
	case s.is(i, "leave", "leaves", "leaving", "left") && s.findFrom(i+1, i+6, "unprotected", "exposed", "vulnerable", "unencrypted", "unsecured", "unguarded", "unchecked", "inconsistent", "broken", "behind", "dangling", "orphaned") > 0 && !s.negated(i):
		out.claim(0.55, "says what is left open")
	case s.is(i, "stored", "sent", "transmitted", "kept", "passed", "written", "logged", "exchanged", "transferred") && s.is(i-1, "is", "are", "be", "being", "get", "gets"):
		if k := s.findFrom(i+1, i+6, "unencrypted", "plaintext", "cleartext", "clear", "plain", "unprotected", "unauthenticated"); k > 0 && !s.negated(i) {
			out.claim(0.6, "says what is not protected")
		}
	case s.is(i, "not") && s.is(i-1, "is", "are") && s.is(i+1, "verified", "checked", "validated", "authenticated", "encrypted", "sanitized", "escaped", "enforced", "signed", "restricted", "authorized") && !s.is(0, "if", "when", "unless"):
		out.claim(0.5, "says what is not protected")
	case s.is(i, "not") && s.is(i+1, "be") && s.is(i+2, "able", "possible", "available") && s.is(i-1, "will", "would", "may", "might", "could"):
		out.claim(0.5, "says what will not work")
	case s.is(i, "cannot", "can't", "unable", "not") && (s.is(i, "cannot", "can't", "unable") || s.is(i-1, "can", "could")) && s.find(lx.Adversary|lx.Attack|lx.Hostile, 0, i) < 0:
		k := i + 1
		if s.is(k, "to", "easily", "reliably") {
			k++
		}
		if s.is(k, "verify", "distinguish", "detect", "tell", "know", "trust", "revoke", "recover", "audit", "trace", "determine", "undo", "differentiate", "attribute", "notice") {
			out.claim(0.55, "says what cannot be told or undone")
		}
	case s.is(i, "remain", "remains", "stay", "stays", "continue", "continues", "keep", "keeps") && s.find(lx.Hostile, i-5, i) >= 0,
		s.is(i, "remain", "remains", "stay", "stays", "continue", "continues") && s.findFrom(i-6, i, "revoked", "expired", "deleted", "removed", "old", "stale") >= 0 && s.findFrom(i+1, i+5, "valid", "accessible", "active", "usable", "accepted", "trusted", "used", "work") > 0:
		if !s.negated(i) {
			out.claim(0.55, "says what stays usable")
		}
	case s.is(i, "apply", "applies") && !s.negated(i) && s.find(lx.Measure, 0, i) < 0:
		if k := s.find(lx.Nominal, i-8, i); k >= 0 {
			out.claim(0.6, "says which attack applies")
		}
	case s.is(i, "possible", "feasible", "trivial", "easy", "easier", "simple", "straightforward") && s.is(i+1, "for", "to") && !s.negated(i):
		if k := s.find(lx.Adversary|lx.Hostile|lx.Attack, i+2, i+7); k > 0 && s.find(lx.Measure, i+2, k) < 0 {
			out.claim(0.7, "says what is possible")
		}
	case s.is(i, "possible") && s.is(i+1, "that") && !s.negated(i) && s.find(lx.Harm|lx.Attack|lx.Agent|lx.Hostile, i+2, i+14) > 0 && s.improves(i) < 0:
		out.claim(0.55, "says what is possible")
	case s.is(i, "ability", "power", "right", "rights", "authority") && s.is(i+1, "to") && s.findFrom(i-4, i, "has", "have", "gives", "give", "gain", "gains", "retain", "retains") >= 0 && s.findFrom(i+2, i+6, "alter", "change", "modify", "remove", "delete", "execute", "transfer", "mint", "burn", "steal", "replace", "read", "impersonate", "act") > 0 && s.findFrom(0, i, "only", "no") < 0 && s.findFrom(i-4, i, "that", "who", "which", "refers") < 0:
		out.claim(0.5, "says who has the power to do what")
	case s.is(i, "unbounded", "unlimited", "unrestricted") && !s.negated(i) && s.findFrom(i-3, i, "no", "prevents", "prevent", "avoid", "against") < 0 && i > 0:
		out.claim(0.5, "says what has no bounds")
	case s.is(i, "put", "puts", "putting", "place", "places") && s.findFrom(i+2, i+8, "risk", "jeopardy", "danger") > 0 && !s.negated(i):
		out.claim(0.6, "says what is put at risk")
	case s.is(i, "impossible", "hard", "difficult", "infeasible") && s.is(i+1, "to") && s.is(i+2, "guarantee", "verify", "ensure", "know", "detect", "tell", "distinguish", "revoke", "trace", "audit", "undo", "recover") && s.find(lx.Adversary, i+2, i+9) < 0:
		out.claim(0.55, "says what cannot be told or undone")
	case s.is(i, "no") && s.is(i+1, "guarantee", "guarantees", "assurance") && s.is(i-1, "is", "are", "provides", "gives", "with", "offers"):
		out.claim(0.55, "says what is not guaranteed")
	case s.is(i, "silent", "silently", "unnoticed", "permanently", "irreversibly", "indefinitely", "forever"):
		if k := s.find(lx.Harm, i-4, i+3); k >= 0 && k != i && !s.negated(k) && !s.is(k, "unnoticed") {
			out.claim(0.55, "says what goes wrong unnoticed or for good")
		}
	}
}

// improves is the index of a word behind i that says that things get better, -1 when there is none.
func (s *sentence) improves(i int) int {
	return s.findFrom(i+1, i+9, "better", "improve", "improved", "improves", "improving", "improvement", "improvements", "faster", "fewer", "simpler", "cleaner", "easier", "reduced", "smaller", "safer")
}

// compound reports whether two words are a term for an attack that neither of them is alone.
func compound(a, b string) bool {
	switch a {
	case "front":
		return strings.HasPrefix(b, "run")
	case "brute":
		return strings.HasPrefix(b, "forc")
	case "side":
		return strings.HasPrefix(b, "channel")
	case "give", "gives", "giving", "given":
		return b == "away"
	case "take", "takes", "taken", "taking":
		return b == "over"
	case "locked", "lock", "locking":
		return b == "out"
	case "arbitrary", "remote", "malicious":
		return b == "code" || strings.HasPrefix(b, "command")
	}
	return false
}
