package control

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline/throughline/app/threat"
)

// topic is what a threat may be about, known by a weakness that its page names or by words that it uses.
type topic struct {
	name  string
	cwe   []string
	words []string // lower case
}

func topics(name string) []topic {
	var out []topic
	for _, r := range table(name, 3) {
		out = append(out, topic{r[0], strings.Fields(r[1]), strings.Split(r[2], "|")})
	}
	return out
}

func (t topic) holds(said string, cwe []string) bool {
	return slices.ContainsFunc(cwe, func(id string) bool { return slices.Contains(t.cwe, id) }) ||
		slices.ContainsFunc(t.words, func(w string) bool { return speaks(said, w) })
}

// said is what a page says of the threat itself and of what it threatens, not of what is to be done about it: a mitigation names
// many things that the threat is not about.
func said(t threat.Text) string {
	return strings.ToLower(strings.Join([]string{t.Title, t.Statement, t.Element, t.Component}, "\n"))
}

// short is the length up to which a word counts only whole, or with a plural's s: "dos" is no "dose".
const short = 4

// speaks reports whether a text has a word that begins with the given one.
func speaks(text, word string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		begin, end := at+i, at+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		if rest := text[end:]; !inWord(before) && (len(word) > short || ends(rest) || ends(strings.TrimPrefix(rest, "s"))) {
			return true
		}
		at = end
	}
}

func ends(rest string) bool {
	r, size := utf8.DecodeRuneInString(rest)
	return size == 0 || !inWord(r)
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
