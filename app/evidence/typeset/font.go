package typeset

import (
	"bytes"
	"embed"
	"strings"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/shaping"
)

// files are the fonts that are no Go modules. A file noto/NotoSansNAME-Regular.ttf is the face of the script that Unicode calls NAME
// (without its underlines): together with DejaVu Sans they have every script that Unicode's annex 31 recommends for names or knows in
// limited use, but Nyiakeng Puachue Hmong.
//
//go:embed font
var files embed.FS

// The faces that are no script's own.
const (
	sans  = "sans"  // DejaVu Sans: Latin, Greek, Cyrillic, Hebrew, Armenian, N'Ko, Tifinagh, Lisu, and many symbols
	bold  = "bold"  // the same, bold
	east  = "east"  // Droid Sans Fallback: Chinese, Japanese
	korea = "korea" // NanumSquare: Hangul
	emoji = "emoji" // Noto Emoji, in one colour
)

// face is a font as the shaper and as the PDF need it.
type face struct {
	*font.Face
	name string
	data []byte
}

// fonts are the faces of one document. Each is read when a character first asks for it: most documents need two of them.
type fonts struct {
	read   map[string]*face // nil for a script without one
	shaped map[*font.Face]*face
	chosen map[asked]*face
	bold   bool
	last   *face // of the character before

	segmenter shaping.Segmenter
	shaper    shaping.HarfbuzzShaper
}

// asked is what a face is chosen by.
type asked struct {
	r    rune
	bold bool
}

func newFonts() *fonts {
	return &fonts{read: map[string]*face{}, shaped: map[*font.Face]*face{}, chosen: map[asked]*face{}}
}

// get is the face of a name, nil if there is none.
func (f *fonts) get(name string) *face {
	got, known := f.read[name]
	if known {
		return got
	}
	if data := fontData(name); data != nil {
		parsed, err := font.ParseTTF(bytes.NewReader(data))
		if err != nil {
			panic("typeset: font " + name + ": " + err.Error()) // built in, and read by a test
		}
		got = &face{parsed, name, data}
		f.shaped[parsed] = got
	}
	f.read[name] = got
	return got
}

func fontData(name string) []byte {
	file := "noto/NotoSans" + name + "-Regular.ttf"
	switch name {
	case sans:
		return dejavusans.TTF
	case bold:
		return dejavusansbold.TTF
	case east:
		file = "DroidSansFallbackFull.ttf"
	case korea:
		file = "NanumSquareR.ttf"
	case emoji:
		file = "noto/NotoEmoji-Regular.ttf"
	case "Tibetan":
		file = "noto/NotoSerifTibetan-Regular.ttf"
	}
	data, err := files.ReadFile("font/" + file)
	if err != nil {
		return nil
	}
	return data
}

// ResolveFace is the face that draws a character, for the shaper; DejaVu Sans where none does.
func (f *fonts) ResolveFace(r rune) *font.Face {
	got := f.choose(r)
	if f.last = got; got == nil {
		got = f.get(sans)
	}
	return got.Face
}

// choose is the face that has a character, nil if none has. What belongs to no script, a sign of punctuation or an accent, keeps the
// face before it where that has it.
func (f *fonts) choose(r rune) *face {
	if f.last != nil && r > unicode.MaxASCII && f.last.has(r) && unicode.In(r, unicode.Common, unicode.Inherited) {
		return f.last
	}
	key := asked{r, f.bold}
	got, known := f.chosen[key]
	if !known {
		got = f.find(r)
		f.chosen[key] = got
	}
	return got
}

func (f *fonts) find(r rune) *face {
	names := make([]string, 0, 8)
	if script := scriptOf(r); script != "" {
		names = append(names, strings.ReplaceAll(script, "_", ""))
	}
	if f.bold {
		names = append(names, bold)
	}
	names = append(names, sans)
	switch {
	case unicode.Is(unicode.Hangul, r):
		names = append(names, korea, east)
	case r >= 0x2e80 && r <= 0xffff:
		names = append(names, east, korea)
	case r >= 0x2000:
		names = append(names, emoji)
	}
	for _, name := range names {
		if got := f.get(name); got != nil && got.has(r) {
			return got
		}
	}
	return nil
}

func (f *face) has(r rune) bool {
	_, ok := f.NominalGlyph(r)
	return ok
}

// scriptOf is Unicode's name of the script that a character belongs to, "" if it belongs to none or to many.
func scriptOf(r rune) string {
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) && name != "Common" && name != "Inherited" {
			return name
		}
	}
	return ""
}
