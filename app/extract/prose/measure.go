package prose

import (
	"strings"

	lx "github.com/throughline/throughline/app/extract/lexicon"
)

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
	for k := 3; k < len(s.words)-2; k++ { // "X could crash; consider Y"
		if s.has(k, lx.Imperative) && s.text[s.words[k-1].End] == ';' {
			out.Measure = max(out.Measure, 0.7)
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
		case s.is(i, "important", "essential", "crucial", "vital", "imperative") && s.is(i+1, "to", "that"):
			out.Measure = max(out.Measure, 0.7)
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
