package score

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	linkTarget = regexp.MustCompile(`\]\([^)]*\)`)
	markup     = regexp.MustCompile(`<[^>]+>`)
)

// words are a text's words in lower case, without link targets, tags and the words that every text has.
func words(text string) []string {
	text = linkTarget.ReplaceAllString(text, "]")
	text = markup.ReplaceAllString(text, " ")
	var out []string
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		switch w = strings.ToLower(w); w {
		case "a", "an", "the", "of", "to", "and", "or", "in", "on", "for", "by", "is", "are", "be", "with", "that", "this", "it", "its", "as", "at", "from":
		default:
			out = append(out, w)
		}
	}
	return out
}

// overlap is how well a text matches a label, 0 when it does not: of the label's words at least 60 % must be in the text, and
// of the text's words at least 40 % in the label.
func overlap(label, text string) float64 {
	a, b := words(label), words(text)
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	rest := map[string]int{}
	for _, w := range b {
		rest[w]++
	}
	shared := 0
	for _, w := range a {
		if rest[w] > 0 {
			rest[w]--
			shared++
		}
	}
	cover, precise := float64(shared)/float64(len(a)), float64(shared)/float64(len(b))
	if cover < 0.6 || precise < 0.4 {
		return 0
	}
	return 2 * cover * precise / (cover + precise)
}

// common reports whether two texts share a word.
func common(a, b string) bool {
	in := map[string]bool{}
	for _, w := range words(a) {
		in[w] = true
	}
	for _, w := range words(b) {
		if in[w] {
			return true
		}
	}
	return false
}
