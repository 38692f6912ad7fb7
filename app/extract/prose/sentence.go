// Package prose reads sentences: where they begin and end, and whether one states a threat, prescribes a measure or does neither.
package prose

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Range is a half-open range of byte offsets into a text.
type Range struct{ Start, End int }

// Sentences splits a text. Lines and cells ("\n", "\t") end a sentence too; abbreviations, numbers, file names and initials
// do not. Ranges hold no white space at their ends and are never empty.
func Sentences(text string) []Range {
	var out []Range
	start := 0
	cut := func(end int) {
		s, e := start, end
		for s < e && isSpace(text[s]) {
			s++
		}
		for e > s && isSpace(text[e-1]) {
			e--
		}
		if e > s {
			out = append(out, Range{s, e})
		}
		start = end
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\n', '\t':
			cut(i)
			depth = 0
		case '(':
			depth++
		case ')':
			depth = max(0, depth-1)
		case '.', '!', '?':
			if end, ok := boundary(text, i); ok && (depth == 0 || closes(text[i+1:end])) {
				cut(end)
				depth = 0
				i = end - 1
			}
		}
	}
	cut(len(text))
	return out
}

func closes(s string) bool { return strings.Contains(s, ")") }

// boundary reports whether the mark at i ends a sentence, and where the sentence then ends: behind closing quotes and brackets.
func boundary(text string, i int) (end int, ok bool) {
	end = i + 1
	for end < len(text) && strings.IndexByte(".!?\"')]*_`", text[end]) >= 0 {
		end++
	}
	for strings.HasPrefix(text[end:], "”") || strings.HasPrefix(text[end:], "’") {
		end += len("”")
	}
	if end == len(text) {
		return end, true
	}
	if !isSpace(text[end]) {
		return 0, false
	}
	next := end
	for next < len(text) && isSpace(text[next]) {
		next++
	}
	if next == len(text) || text[end] == '\n' {
		return end, true
	}
	r, _ := utf8.DecodeRuneInString(text[next:])
	if unicode.IsLower(r) {
		return 0, false
	}
	if text[i] == '.' && abbreviates(text[:i]) {
		return 0, false
	}
	return end, true
}

// abbreviates reports whether a full stop after this text belongs to an abbreviation.
func abbreviates(before string) bool {
	k := strings.LastIndexAny(before, " \n\t(")
	w := strings.ToLower(before[k+1:])
	switch w {
	case "e.g", "i.e", "eg", "ie", "vs", "cf", "resp", "approx", "no", "fig", "mr", "mrs", "ms", "dr", "inc", "st", "al", "z.b", "d.h", "bzw", "ca", "u.a", "p.ex", "incl", "esp", "sec", "mgmt", "a.k.a", "nr":
		return true
	}
	if len(w) == 1 && w[0] >= 'a' && w[0] <= 'z' && w != "i" {
		return true // an initial
	}
	return w != "" && strings.Trim(w, "0123456789.") == "" && (k < 0 || before[k] == '\n') // the number of an entry
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' }
