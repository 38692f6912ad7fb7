// Package typeset sets text of any script in a PDF: letters of many scripts from embedded fonts, from right to left where they are
// written so, and honestly marked where no font has them.
package typeset

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

//go:embed font/DroidSansFallbackFull.ttf
var east []byte

//go:embed font/NanumSquareR.ttf
var korea []byte

// Face is one of the fonts.
type Face string

// The faces.
const (
	Sans  Face = "sans"  // DejaVu Sans: Latin, Greek, Cyrillic, Hebrew, Arabic, Armenian, Georgian and more
	East  Face = "east"  // Droid Sans Fallback: Chinese, Japanese
	Korea Face = "korea" // NanumSquare: Hangul
)

// coverage are the parsed fonts, to ask which characters they have.
var coverage = sync.OnceValue(func() map[Face]*sfnt.Font {
	out := map[Face]*sfnt.Font{}
	for face, data := range map[Face][]byte{Sans: dejavusans.TTF, East: east, Korea: korea} {
		f, err := sfnt.Parse(data)
		if err != nil {
			panic("typeset: " + string(face) + ": " + err.Error())
		}
		out[face] = f
	}
	return out
})

func fontFiles() map[[2]string][]byte {
	return map[[2]string][]byte{
		{string(Sans), ""}: dejavusans.TTF, {string(Sans), "B"}: dejavusansbold.TTF,
		{string(East), ""}: east, {string(East), "B"}: east,
		{string(Korea), ""}: korea, {string(Korea), "B"}: korea,
	}
}

// run is a stretch of text in one face, in the order in which it is drawn.
type run struct {
	face Face
	text string
}

// drawable replaces what no face can draw by its script's name: a reader sees that there is something, and what, instead of boxes. It
// also reports whether it had to.
func drawable(text string) (string, bool) {
	text = norm.NFC.String(text)
	var out strings.Builder
	lost, marked := "", false
	for _, r := range text {
		switch {
		case r == '\t', r == '\n', r == '\r', r == '\u00a0':
			r = ' '
		case unicode.IsControl(r), isFormat(r):
			continue
		}
		if _, ok := faceOf(r); ok {
			out.WriteRune(r)
			if r != ' ' {
				lost = ""
			}
			continue
		}
		if name := scriptOf(r); name != lost { // once a stretch
			out.WriteString("‹" + name + "›")
			lost, marked = name, true
		}
	}
	return out.String(), marked
}

// isFormat reports characters that steer and are not drawn. Those that turn the direction of text go as well: what is shown stands in
// the order of its letters.
func isFormat(r rune) bool { return unicode.Is(unicode.Cf, r) || r == '\ufe0e' || r == '\ufe0f' }

// faceOf is the face that has a character. The PDF library takes none beyond the basic plane.
func faceOf(r rune) (Face, bool) {
	if r > 0xffff {
		return Sans, false
	}
	var buf sfnt.Buffer
	for _, face := range []Face{Sans, East, Korea} {
		if i, err := coverage()[face].GlyphIndex(&buf, r); err == nil && i != 0 {
			return face, true
		}
	}
	return Sans, false
}

func scriptOf(r rune) string {
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
			return strings.ReplaceAll(name, "_", " ")
		}
	}
	return "symbol"
}

// visual brings a line into the order in which it is drawn, and into runs of one face.
func visual(line string) []run {
	line = joinArabic(line)
	var out []run
	add := func(text string) {
		for _, r := range text {
			face, _ := faceOf(r)
			if n := len(out); n > 0 && (out[n-1].face == face || r == ' ') {
				out[n-1].text += string(r)
				continue
			}
			out = append(out, run{face, string(r)})
		}
	}
	var p bidi.Paragraph
	if _, err := p.SetString(line); err != nil || line == "" {
		add(line)
		return out
	}
	order, err := p.Order()
	if err != nil {
		add(line)
		return out
	}
	for i := range order.NumRuns() {
		part := order.Run(i)
		text := part.String()
		if part.Direction() == bidi.RightToLeft {
			text = bidi.ReverseString(text)
		}
		add(text)
	}
	return out
}

// breakable reports whether a line may end behind a character that is no space: scripts of East Asia have none between words.
func breakable(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}
