package trace

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// shortest is the length from which on a word that is one slip away from another is taken for it.
const shortest = 5

// alias takes words that are new on the page and one slip (a letter more, less, other, or two exchanged) away from exactly
// one word that was there for that word. Words with digits are names: node1 is not node2.
func (v *vocabulary) alias(r *reconciler) {
	slips := map[string]int32{} // a known word less one letter, and the word itself; several: none
	for id, word := range v.words {
		if v.in[sideKnown][id] > 0 && slippery(word) {
			eachSlip(word, func(s string) {
				if other, ok := slips[s]; ok && other != int32(id) {
					slips[s] = none
				} else {
					slips[s] = int32(id)
				}
			})
		}
	}
	as := map[int32]int32{}
	for id, word := range v.words {
		if v.in[sideKnown][id] > 0 || !slippery(word) {
			continue
		}
		target, several := int32(none), false
		eachSlip(word, func(s string) {
			if other, ok := slips[s]; ok {
				if other == none || target != none && target != other {
					several = true
				}
				target = other
			}
		})
		if target != none && !several && oneSlip(word, v.words[target]) {
			as[int32(id)] = target
		}
	}
	if len(as) == 0 {
		return
	}
	for i := range r.f {
		changed := false
		for j, t := range r.f[i].terms {
			if target, ok := as[t.word]; ok {
				v.in[sideFound][t.word]--
				r.f[i].terms[j].word = target
				v.in[sideFound][target]++
				changed = true
			}
		}
		if changed {
			v.packed = v.packed[:0]
			for _, t := range r.f[i].terms {
				v.packed = append(v.packed, t.pack())
			}
			r.f[i].terms = once(v.packed)
		}
	}
}

func slippery(word string) bool {
	return utf8.RuneCountInString(word) >= shortest && !strings.ContainsAny(word, "\x000123456789")
}

// eachSlip yields a word, and the word less each of its letters: two words that are one slip apart have one of them in common.
func eachSlip(word string, yield func(string)) {
	yield(word)
	for i, c := range word {
		yield(word[:i] + word[i+utf8.RuneLen(c):])
	}
}

// oneSlip reports whether one letter more, less or other, or two neighbours exchanged, make a into b.
func oneSlip(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(x)+1 == len(y) {
		return slices.Equal(x[i:], y[i+1:])
	}
	if len(x) != len(y) || i == len(x) {
		return false
	}
	if slices.Equal(x[i+1:], y[i+1:]) {
		return true
	}
	return i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && slices.Equal(x[i+2:], y[i+2:])
}
