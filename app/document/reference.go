package document

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longestName bounds how far a reference's end is looked for; the longest name of HTML has 31 letters.
const longestName = 34

// Reference decodes the character reference that s begins with ("&amp;", "&#x2014;") and returns its length in s, 0 when
// it is none. All names of HTML are known, each with its semicolon.
func Reference(s string) (string, int) {
	end := strings.IndexByte(s[:min(len(s), longestName)], ';')
	if end < 2 {
		return "", 0
	}
	switch body := s[1:end]; {
	case body == "amp":
		return "&", 5
	case body == "lt":
		return "<", 4
	case body == "gt":
		return ">", 4
	case body == "quot":
		return `"`, 6
	case body == "nbsp":
		return "\u00a0", 6
	case body[0] == '#':
		r, ok := numeric(body[1:])
		if !ok {
			return "", 0
		}
		return string(r), end + 1
	default:
		return named(s[:end+1])
	}
}

func named(s string) (string, int) {
	decoded := html.UnescapeString(s)
	// The library also knows names without a semicolon, and then leaves the rest as it was.
	if decoded == s || strings.HasSuffix(decoded, ";") && s != "&semi;" {
		return "", 0
	}
	return decoded, len(s)
}

// numeric reads the number of a reference. Only what XML allows as a character is one.
func numeric(body string) (rune, bool) {
	base := 10
	if body != "" && body[0] == 'x' {
		base, body = 16, body[1:]
	}
	if body == "" || body[0] == '+' || body[0] == '-' || strings.Contains(body, "_") {
		return 0, false
	}
	n, err := strconv.ParseUint(body, base, 32)
	if err != nil || n > utf8.MaxRune || !IsCharacter(rune(n)) {
		return 0, false
	}
	return rune(n), true
}

// IsCharacter is Char of XML 1.0: what a document may hold at all.
func IsCharacter(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// NextReference finds the first character reference in s: where it begins, what it means and its length; len(s), "", 0 when
// there is none.
func NextReference(s string) (at int, decoded string, length int) {
	for at < len(s) {
		i := strings.IndexByte(s[at:], '&')
		if i < 0 {
			break
		}
		at += i
		if decoded, length = Reference(s[at:]); length > 0 {
			return at, decoded, length
		}
		at++
	}
	return len(s), "", 0
}

// Decode resolves all references of s; what is none stays as it is.
func Decode(s string) string {
	i, decoded, n := NextReference(s)
	if n == 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for n > 0 {
		b.WriteString(s[:i])
		b.WriteString(decoded)
		s = s[i+n:]
		i, decoded, n = NextReference(s)
	}
	b.WriteString(s)
	return b.String()
}
