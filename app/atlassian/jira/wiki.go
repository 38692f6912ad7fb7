package jira

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordJoiner takes no room and keeps two characters from being read as one piece of markup, where there is no backslash for that.
const wordJoiner = "\u2060"

// Escape writes foreign text as wiki markup that shows it as it is: no macro, mention, link, image, table, list, heading or
// emphasis comes of it. Line breaks stay; other control characters and those that turn the direction of writing are left out.
// Rules: Jira's "Text Formatting Notation Help".
func Escape(text string) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\t", " ").Replace(text)
	text = strings.Map(func(r rune) rune {
		if hidden(r) && r != '\n' {
			return -1
		}
		return r
	}, text)
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		escapeLine(&b, line)
	}
	return b.String()
}

func escapeLine(b *strings.Builder, line string) {
	if block(line) {
		b.WriteString(wordJoiner)
	}
	before := ' '
	for i, r := range line {
		rest := line[i+utf8.RuneLen(r):]
		after, _ := utf8.DecodeRuneInString(rest)
		switch {
		case strings.ContainsRune("{}[]|*!#", r), strings.ContainsRune("-_+^~", r) && (!letter(before) || !letter(after)):
			b.WriteByte('\\') // the second sort means nothing inside a word
			b.WriteRune(r)
		case joins(r, after, rest):
			b.WriteRune(r)
			b.WriteString(wordJoiner)
		default:
			b.WriteRune(r)
		}
		before = r
	}
}

// joins reports whether a character would mean something together with what follows: an escape or a line break, an entity, a
// citation, a smiley.
func joins(r, after rune, rest string) bool {
	switch r {
	case '\\':
		return true
	case '&':
		return after == '#' || letter(after)
	case '?':
		return after == '?'
	case ':', ';':
		return strings.ContainsRune("()DPp", after)
	case '(':
		inside, _, closed := strings.Cut(rest[:min(len(rest), len("flagoff)"))], ")")
		return closed && slices.Contains([]string{"y", "n", "i", "/", "x", "?", "on", "off", "flag", "flagoff"}, inside)
	}
	return false
}

// block reports whether a line would begin a heading or a quotation, whose marks no backslash takes the meaning from.
func block(line string) bool {
	line = strings.TrimLeftFunc(line, unicode.IsSpace)
	if strings.HasPrefix(line, "bq.") {
		return true
	}
	return len(line) > 2 && (line[0] == 'h' || line[0] == 'H') && line[1] >= '0' && line[1] <= '9' && line[2] == '.'
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// hidden are characters that no reader sees and no text of a threat needs: controls, marks of direction, and what is no text.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r == utf8.RuneError || r == '\ufeff' ||
		r >= '\u200b' && r <= '\u200f' && r != '\u200d' || r >= '\u202a' && r <= '\u202e' || r >= '\u2060' && r <= '\u2069'
}

// MaxSummary is how many characters Jira takes as a summary.
const MaxSummary = 255

// Summary makes text fit for an issue's summary: one line, at most MaxSummary characters (as Jira counts, in UTF-16 units), cut
// after a word and marked with an ellipsis where it was longer. Summaries have no markup, so nothing is escaped.
func Summary(text string) string {
	text = strings.Map(func(r rune) rune {
		if hidden(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if units(text) <= MaxSummary {
		return text
	}
	n, end, word := 0, 0, 0
	for i, r := range text {
		if n += width(r); n > MaxSummary-1 { // one for the ellipsis
			break
		}
		if r == ' ' {
			word = i
		}
		end = i + utf8.RuneLen(r)
	}
	if text[end] == ' ' {
		word = end
	}
	if word > end/2 { // else one word is nearly all of it, and cutting inside it loses less
		end = word
	}
	return strings.TrimRight(text[:end], " ,;:-–") + "…"
}

func units(text string) int {
	n := 0
	for _, r := range text {
		n += width(r)
	}
	return n
}

func width(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}
