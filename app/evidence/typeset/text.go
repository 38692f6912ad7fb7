// Package typeset sets text of any script in a PDF: the letters of all scripts in use from fonts of its own, joined and ordered as each
// script asks, and honestly marked where no font has them.
package typeset

import (
	"slices"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	unicodebidi "golang.org/x/text/unicode/bidi"
)

// em is the size of letters in the unit that lines are measured in.
const em = 1000

// longest is how many characters of a paragraph are set at most, for text that changes its direction with every letter takes time with
// the square of it.
const longest = 5_000

// line is a line of text, its runs as they stand from left to right.
type line struct {
	text  []rune // of the whole paragraph: glyphs name their characters by their place in it
	runs  []shaping.Output
	width float64 // of letters of size em
	rtl   bool    // the paragraph is read from right to left
}

// set breaks text to a width and cuts it to so many lines, with an ellipsis; 0 is as many as it takes. There is always one.
func (f *fonts) set(text string, width float64, most int) []line {
	room := longest
	if most > 0 {
		room = min(room, most*400) // more than can be seen
	}
	letters := []rune(text)
	cut := len(letters) > room
	letters = append(slices.Clip(letters[:min(len(letters), room)]), '…') // which is shown only where something was cut
	n := len(letters) - 1
	if cut && most == 0 {
		n++
	}
	p := newParagraph(letters[:n])
	config := shaping.WrapConfig{Direction: p.direction(), TruncateAfterLines: most, TextContinues: cut}
	if most > 0 {
		config.Truncator = f.shape(shaping.Input{Text: letters, RunStart: n, RunEnd: n + 1, Direction: p.direction()})[0]
	}
	var runs []shaping.Output
	for _, s := range p.stretches {
		runs = append(runs, f.shape(shaping.Input{Text: letters[:n], RunStart: s.from, RunEnd: s.to, Direction: s.direction()})...)
	}
	var wrapper shaping.LineWrapper
	broken, _ := wrapper.WrapParagraphF(config, fixed.Int26_6(min(width*64, 1<<30)), letters[:n], shaping.NewSliceIterator(runs))
	out := make([]line, 0, len(broken))
	for _, runs := range broken {
		l := line{text: letters, runs: p.order(runs), rtl: p.rtl}
		for _, r := range runs {
			l.width += float64(r.Advance) / 64
		}
		out = append(out, l)
	}
	if len(out) == 0 {
		out = append(out, line{})
	}
	return out
}

// shape finds the glyphs of a stretch of one direction.
func (f *fonts) shape(in shaping.Input) []shaping.Output {
	in.Size, in.Language = fixed.I(em), language.NewLanguage("en")
	f.last = nil
	var out []shaping.Output
	for _, part := range f.segmenter.Split(in, f) {
		switch part.Script {
		case language.Common, language.Latin, language.Greek, language.Cyrillic, language.Armenian, language.Georgian, language.Hebrew,
			language.Ethiopic, language.Cherokee:
			part.FontFeatures = plain()
		}
		out = append(out, f.narrowed(f.shaper.Shape(part), in.Text))
	}
	return out
}

// narrowed gives spaces behind emoji, which that font makes as wide as its pictures, the width of those in text.
func (f *fonts) narrowed(run shaping.Output, text []rune) shaping.Output {
	if f.shaped[run.Face].name != emoji {
		return run
	}
	plain := f.get(sans)
	space, _ := plain.NominalGlyph(' ')
	for i, g := range run.Glyphs {
		if text[g.TextIndex()] == ' ' {
			run.Glyphs[i].Advance = fixed.Int26_6(plain.HorizontalAdvance(space) * em * 64 / float32(plain.Upem()))
		}
	}
	run.RecomputeAdvance()
	return run
}

// plain turns off what letters that stand alone can do without, so that they stand side by side as a PDF's text does.
func plain() []shaping.FontFeature {
	off := func(tag string) shaping.FontFeature { return shaping.FontFeature{Tag: opentype.MustNewTag(tag)} }
	return []shaping.FontFeature{off("kern"), off("liga"), off("clig")}
}

// stretch is a part of a paragraph that is read in one direction.
type stretch struct {
	from, to int
	level    bidi.Level // of embedding: even from left to right, odd from right to left
}

func (s stretch) direction() di.Direction { return directionOf(s.level%2 == 1) }

func directionOf(rtl bool) di.Direction {
	if rtl {
		return di.DirectionRTL
	}
	return di.DirectionLTR
}

// paragraph knows the direction of each part of a text.
type paragraph struct {
	stretches []stretch
	levels    []bidi.Level // of its characters, and of an ellipsis behind them
	rtl       bool         // as a whole, by its first letter
}

func (p paragraph) direction() di.Direction { return directionOf(p.rtl) }

func newParagraph(text []rune) paragraph {
	p := paragraph{rtl: startsRTL(text)}
	base := bidi.LeftToRight
	if p.rtl {
		base = bidi.RightToLeft
	}
	var algorithm bidi.Paragraph
	runs := algorithm.Segment(text, base)
	for i := range runs.NumRuns() {
		r := runs.Run(i)
		s := stretch{r.Start, r.End, r.Level}
		if !p.rtl && s.level == 2 { // a number behind letters from right to left belongs to them; the library leaves what follows with it
			number := s
			number.to = s.from + digits(text[s.from:s.to])
			p.add(number)
			s.from, s.level = number.to, 0
		}
		p.add(s)
	}
	ellipsis := bidi.Level(0)
	if p.rtl {
		ellipsis = 1
	}
	p.levels = append(p.levels, ellipsis)
	return p
}

func (p *paragraph) add(s stretch) {
	if s.from < s.to {
		p.stretches = append(p.stretches, s)
		p.levels = append(p.levels, slices.Repeat([]bidi.Level{s.level}, s.to-s.from)...)
	}
}

// startsRTL reports whether the first letter is of a script that is written from right to left.
func startsRTL(text []rune) bool {
	for _, r := range text {
		switch class(r) {
		case unicodebidi.L:
			return false
		case unicodebidi.R, unicodebidi.AL:
			return true
		}
	}
	return false
}

// digits is how long the number is that a text begins with.
func digits(text []rune) int {
	end := 0
	for i, r := range text {
		switch class(r) {
		case unicodebidi.EN, unicodebidi.AN, unicodebidi.ET:
			end = i + 1
		case unicodebidi.ES, unicodebidi.CS, unicodebidi.NSM:
		default:
			return end
		}
	}
	return end
}

func class(r rune) unicodebidi.Class {
	p, _ := unicodebidi.LookupRune(r)
	return p.Class()
}

// order puts a line's runs as they stand from left to right: rule L2 of Unicode's bidirectional algorithm.
func (p paragraph) order(runs []shaping.Output) []shaping.Output {
	levels := make([]bidi.Level, len(runs))
	highest := bidi.Level(0)
	for i, r := range runs {
		if len(r.Glyphs) > 0 {
			levels[i] = p.levels[r.Glyphs[0].TextIndex()]
		}
		highest = max(highest, levels[i])
	}
	for level := highest; level > 0; level-- {
		for i := 0; i < len(runs); i++ {
			end := i
			for end < len(runs) && levels[end] >= level {
				end++
			}
			slices.Reverse(runs[i:end])
			slices.Reverse(levels[i:end])
			i = end
		}
	}
	return runs
}
