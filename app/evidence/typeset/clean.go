package typeset

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// drawable prepares text for one paragraph: what no face can draw is replaced by its script's name, so that a reader sees that there is
// something, and what, instead of boxes. It reports whether it had to. White space becomes single spaces.
func (f *fonts) drawable(text string) (string, bool) {
	var out strings.Builder
	lost, marked := "", false
	f.last = nil
	for _, r := range norm.NFC.String(seen(text)) {
		if joins(r) {
			out.WriteRune(r)
			continue
		}
		if f.last = f.choose(r); f.last != nil {
			out.WriteRune(r)
			if r != ' ' {
				lost = ""
			}
			continue
		}
		name := strings.ReplaceAll(scriptOf(r), "_", " ")
		if name == "" {
			name = "symbol"
		}
		if name != lost { // once a stretch
			out.WriteString("‹" + name + "›")
			lost, marked = name, true
		}
	}
	return out.String(), marked
}

// seen is text without what steers and is not drawn, its white space as single spaces.
func seen(text string) string {
	var out strings.Builder
	before := ' '
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			if before != ' ' {
				out.WriteByte(' ')
			}
			before = ' '
			continue
		case joins(r) && before > 0x2ff:
		case unicode.IsControl(r), isFormat(r):
			continue
		}
		out.WriteRune(r)
		before = r
	}
	return strings.TrimSuffix(out.String(), " ")
}

// isFormat reports characters that steer and are not drawn. Those that turn the direction of text go as well: what is shown stands in
// the order of its letters.
func isFormat(r rune) bool { return unicode.Is(unicode.Cf, r) || r == '\ufe0e' || r == '\ufe0f' }

// joins reports the characters by which scripts and emoji choose a form, or a place where a line may end: they stay behind letters
// of such scripts.
func joins(r rune) bool { return r >= '\u200b' && r <= '\u200d' }
