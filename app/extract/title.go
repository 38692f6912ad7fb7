package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline/throughline/app/extract/prose"
)

const longestTitle = 120 // runes

// brief shortens a statement to a title: its first sentence, cut at a word.
func brief(s string) string {
	if ss := prose.Sentences(s); len(ss) > 1 {
		s = s[ss[0].Start:ss[0].End]
	}
	if strings.ContainsAny(s, "\n\t") || strings.Contains(s, "  ") {
		s = strings.Join(strings.Fields(s), " ")
	}
	s = strings.TrimRight(s, ".;, ")
	if r, n := utf8.DecodeRuneInString(s); unicode.IsLower(r) {
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	if utf8.RuneCountInString(s) > longestTitle {
		r := []rune(s)
		short := string(r[:longestTitle-1])
		if k := strings.LastIndexByte(short, ' '); k > longestTitle/2 {
			short = short[:k]
		}
		return strings.TrimRight(short, " ,;:") + "…"
	}
	return s
}
