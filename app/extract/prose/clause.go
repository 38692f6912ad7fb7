package prose

import (
	lx "github.com/throughline/throughline/app/extract/lexicon"
)

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
	if k := s.clauseEnd(start); k < len(s.words) && k-start >= 5 && s.find(lx.Attack|lx.Harm|lx.Risk|lx.Adversary|lx.Hostile, start, k) >= 0 {
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
