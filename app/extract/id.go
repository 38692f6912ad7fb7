package extract

import (
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/app/extract/lexicon"
)

// ExplicitID reads the id that a title or cell begins with ("T-03: …", "STRIDE-SPOOF-1 - …", "[R2] …", "Threat 4 – …") and
// where the text behind it starts; "" and 0 when it begins with none. Names of standards and advisories are no ids.
func ExplicitID(lex *lexicon.Lexicon, text string) (id string, rest int) {
	start := 0
	if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "(") {
		start = 1
	}
	end := start
	for end < len(text) && (isUpper(text[end]) || isDigit(text[end]) || end > start && (text[end] == '-' || text[end] == '_' || text[end] == '.') && end+1 < len(text) && (isUpper(text[end+1]) || isDigit(text[end+1]))) {
		end++
	}
	if id = text[start:end]; isID(id) && separated(text, end, strings.ContainsAny(id, "-_")) {
		return id, behind(text, end)
	}
	if id, rest = hyphenated(lex, text); id != "" {
		return id, rest
	}
	return numbered(lex, text)
}

// hyphenated reads "Threat-03-T - …", "Risk-7: …".
func hyphenated(lex *lexicon.Lexicon, text string) (id string, rest int) {
	end := 0
	for end < len(text) && (isLetter(text[end]) || isDigit(text[end]) || text[end] == '-' && end+1 < len(text) && text[end+1] != ' ') {
		end++
	}
	word, number, ok := strings.Cut(text[:end], "-")
	if !ok || number == "" || !isDigit(number[0]) || lex.Role(word) != lexicon.Threat || !separated(text, end, true) {
		return "", 0
	}
	return text[:end], behind(text, end)
}

// numbered reads "Threat 4: …", "Risk #2 - …", "Abuse case 1. …".
func numbered(lex *lexicon.Lexicon, text string) (id string, rest int) {
	start := text[:cut(text, 40)]
	if !strings.ContainsAny(start, "0123456789") {
		return "", 0
	}
	words := lexicon.Words(start)
	for n := 1; n <= 2 && n < len(words); n++ {
		if !digits(words[n].Text) || lex.Role(text[:words[n-1].End]) != lexicon.Threat {
			continue
		}
		if end := words[n].End; separated(text, end, false) || end == len(text) {
			return text[:end], behind(text, end)
		}
	}
	return "", 0
}

// isID reports whether s has an id's form: capitals and a number, "T3", "TM-04", "STRIDE-DOS-1".
func isID(s string) bool {
	if len(s) > 3 && s[len(s)-2] == '-' && isUpper(s[len(s)-1]) { // "T-01-S"
		s = s[:len(s)-2]
	}
	if len(s) < 2 || len(s) > 32 || !isUpper(s[0]) || !isDigit(s[len(s)-1]) {
		return false
	}
	letters := strings.TrimRight(s, "0123456789.")
	prefix, _, hyphen := strings.Cut(letters, "-")
	prefix, _, under := strings.Cut(prefix, "_")
	switch prefix {
	case "CVE", "CWE", "CAPEC", "RFC", "ISO", "SHA", "AES", "UTF", "GHSA", "NIST", "KEP", "EIP", "ERC", "PEP", "BIP", "SSL", "TLS", "HTTP", "IPV", "MD", "RSA", "ASVS", "SOC", "WCAG", "API", "GDPR", "FIPS", "PKCS", "K", "EC", "S", "P", "H", "L", "V":
		return (prefix == "S" || prefix == "V") && hyphen
	}
	if hyphen || under {
		return true
	}
	return len(letters) <= 3
}

// separated reports whether what stands at i sets an id apart from a title. An id with a hyphen needs no more than a space.
func separated(text string, i int, sure bool) bool {
	if i >= len(text) {
		return sure
	}
	t := strings.TrimLeft(text[i:], " ")
	if t == "" {
		return sure
	}
	switch r, _ := utf8.DecodeRuneInString(t); r {
	case ':', ')', ']', '–', '—', '|', '\n', '\t':
		return true
	case '.':
		return len(t) > 1 && t[1] == ' '
	case '-':
		return len(t) > 1 && t[1] == ' '
	}
	return sure && text[i] == ' '
}

// behind is the offset of the text behind an id's separator.
func behind(text string, i int) int {
	t := strings.TrimLeft(text[i:], " :.)]–—|-\n\t")
	return len(text) - len(t)
}

func cut(s string, n int) int {
	n = min(n, len(s))
	for n < len(s) && n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
func isUpper(c byte) bool  { return c >= 'A' && c <= 'Z' }
func isLetter(c byte) bool { return isUpper(c) || c >= 'a' && c <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
