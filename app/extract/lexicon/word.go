package lexicon

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Word is one word of a text.
type Word struct {
	Text       string // in lower case, a typographic apostrophe written as "'"
	Start, End int    // byte offsets into the text
}

// Words splits a text. A word is a run of letters and digits; hyphens and apostrophes inside hold it together.
func Words(text string) []Word {
	return AppendWords(make([]Word, 0, len(text)/6+1), text)
}

// AppendWords adds a text's words to out.
func AppendWords(out []Word, text string) []Word {
	for i := 0; i < len(text); {
		n := wordRune(text[i:])
		if n == 0 {
			if i++; text[i-1] >= utf8.RuneSelf {
				i += runeLen(text[i-1:]) - 1
			}
			continue
		}
		start := i
		for i < len(text) {
			if plainLetter(text[i]) {
				i++
				continue
			}
			if n = wordRune(text[i:]); n > 0 {
				i += n
				continue
			}
			if j := joint(text[i:]); j > 0 && i+j < len(text) && wordRune(text[i+j:]) > 0 {
				i += j
				continue
			}
			break
		}
		out = append(out, Word{Text: lower(text[start:i]), Start: start, End: i})
	}
	return out
}

// plainLetter reports whether c is a letter or digit of ASCII.
func plainLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// joint is the length of a character that holds a word together, 0 for another.
func joint(s string) int {
	switch {
	case s[0] == '-' || s[0] == '\'':
		return 1
	case strings.HasPrefix(s, "’"):
		return len("’")
	}
	return 0
}

func wordRune(s string) int {
	if s[0] < utf8.RuneSelf {
		if plainLetter(s[0]) {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRuneInString(s)
	if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) {
		return n
	}
	return 0
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf {
			return strings.ReplaceAll(strings.ToLower(s), "’", "'")
		}
	}
	return s
}
