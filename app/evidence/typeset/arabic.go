package typeset

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// forms are the shapes that an Arabic letter takes: isolated, final, and, where it joins to both sides, initial and medial.
type forms []rune

// shapes are the letters' forms by Unicode's presentation forms: each decomposes to its letter, and the forms of one letter stand in
// this order in the standard's blocks. Ligatures of lam and alef are keyed by both.
var shapes = sync.OnceValue(func() map[string]forms {
	out := map[string]forms{}
	add := func(from, to rune) {
		for r := from; r <= to; r++ {
			base := norm.NFKD.String(string(r))
			if base == string(r) || strings.ContainsRune(base, ' ') {
				continue
			}
			base = norm.NFC.String(base) // alef with hamza is one letter
			if n := len([]rune(base)); n == 1 || n == 2 && strings.HasPrefix(base, "ل") {
				out[base] = append(out[base], r)
			}
		}
	}
	add(0xfb50, 0xfbb1) // letters of Persian, Urdu and others
	add(0xfbd3, 0xfbff)
	add(0xfe80, 0xfefc)
	return out
})

// joinArabic gives Arabic letters the forms that they have beside their neighbours, in logical order. Text without Arabic comes back as
// it is.
func joinArabic(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Arabic, r) }) {
		return text
	}
	table := shapes()
	letters := []rune(text)
	var out strings.Builder
	joins := false // the letter before joins to this one
	for i := 0; i < len(letters); i++ {
		r := letters[i]
		if unicode.Is(unicode.Mn, r) { // a vowel sign changes no joining
			out.WriteRune(r)
			continue
		}
		width := 1
		f := table[string(r)]
		if i+1 < len(letters) {
			if both := table[string(letters[i:i+2])]; both != nil {
				f, width = both, 2
			}
		}
		switch {
		case f == nil:
			out.WriteRune(r)
			joins = r == 'ـ' // a stretched line joins to both sides
			continue
		case len(f) >= 4 && next(letters[i+width:], table):
			out.WriteRune(f[2+at(joins)])
			joins = true
		default:
			out.WriteRune(f[min(at(joins), len(f)-1)])
			joins = false
		}
		i += width - 1
	}
	return out.String()
}

// next reports whether the letter that follows can join to the one before it.
func next(rest []rune, table map[string]forms) bool {
	for _, r := range rest {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		return r == 'ـ' || len(table[string(r)]) >= 2
	}
	return false
}

func at(joins bool) int {
	if joins {
		return 1
	}
	return 0
}
