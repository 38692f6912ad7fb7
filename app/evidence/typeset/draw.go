package typeset

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/shaping"
)

// draw draws a line whose letters' foot is at y.
func (p *Pen) draw(x, y float64, l line) {
	for _, run := range l.runs {
		f := p.fonts.shaped[run.Face]
		if text, ok := plainText(f, run, l.text); ok {
			p.text(x, y, f, text)
		} else {
			p.outlines(x, y, f, run, l.text)
		}
		x += float64(run.Advance) / 64 * p.unit()
	}
}

// plainText is the text of a run, from left to right, if it is no more than the font's own glyphs of its characters side by side. A
// PDF's text can be that, and the library writes no other; nor any with characters beyond the basic plane.
func plainText(f *face, run shaping.Output, text []rune) (string, bool) {
	out := make([]rune, 0, len(run.Glyphs))
	for _, g := range run.Glyphs {
		r := text[g.TextIndex()]
		own, _ := f.NominalGlyph(r)
		if r > 0xffff || g.GlyphID != own || g.GlyphsCount() != 1 || g.RunesCount() != 1 || g.XOffset != 0 || g.YOffset != 0 {
			return "", false
		}
		if moved := run.ToFontUnit(g.Advance) - f.HorizontalAdvance(own); r != ' ' && (moved < -1 || moved > 1) {
			return "", false
		}
		out = append(out, r)
	}
	return string(out), true
}

// text draws text with one of the PDF's own fonts, which then embeds its glyphs.
func (p *Pen) text(x, y float64, f *face, text string) {
	p.use(f)
	p.pdf.SetTextColor(p.color[0], p.color[1], p.color[2])
	p.pdf.Text(x, y, text)
}

// use makes a face the PDF's present font.
func (p *Pen) use(f *face) {
	if !p.known[f.name] {
		p.known[f.name] = true
		p.pdf.AddUTF8FontFromBytes(f.name, "", f.data)
	}
	p.pdf.SetFont(f.name, "", p.size)
}

// outlines draws the glyphs of a run as shapes, over their text, which is not seen and can be searched and copied.
func (p *Pen) outlines(x, y float64, f *face, run shaping.Output, text []rune) {
	p.beneath(x, y, run, text)
	points, size := p.pdf.GetConversionRatio(), p.size/float64(f.Upem())
	var out strings.Builder
	fmt.Fprintf(&out, "q %.3f %.3f %.3f rg %.6f 0 0 %.6f %.2f %.2f cm\n", float64(p.color[0])/255, float64(p.color[1])/255, float64(p.color[2])/255,
		size, size, x*points, (pageHeight-y)*points)
	var at, origin font.SegmentPoint
	for _, g := range run.Glyphs {
		if shape, ok := f.GlyphDataOutline(g.GlyphID); ok && len(shape.Segments) > 0 {
			to := font.SegmentPoint{X: at.X + run.ToFontUnit(g.XOffset), Y: run.ToFontUnit(g.YOffset)}
			fmt.Fprintf(&out, "1 0 0 1 %.0f %.0f cm\n", to.X-origin.X, to.Y-origin.Y)
			trace(&out, shape.Segments)
			origin = to
		}
		at.X += run.ToFontUnit(g.Advance)
	}
	out.WriteString("Q")
	p.pdf.RawWriteStr(out.String())
}

// trace fills a glyph's outline, the same bytes wherever it stands, so that they compress. Font units are fine enough for whole numbers.
func trace(out *strings.Builder, segments []font.Segment) {
	var at font.SegmentPoint
	for _, s := range segments {
		a := s.Args
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			fmt.Fprintf(out, "%.0f %.0f m\n", a[0].X, a[0].Y)
		case opentype.SegmentOpLineTo:
			fmt.Fprintf(out, "%.0f %.0f l\n", a[0].X, a[0].Y)
		case opentype.SegmentOpQuadTo: // a PDF has cubic curves only
			fmt.Fprintf(out, "%.0f %.0f %.0f %.0f %.0f %.0f c\n", at.X+(a[0].X-at.X)*2/3, at.Y+(a[0].Y-at.Y)*2/3,
				a[1].X+(a[0].X-a[1].X)*2/3, a[1].Y+(a[0].Y-a[1].Y)*2/3, a[1].X, a[1].Y)
		case opentype.SegmentOpCubeTo:
			fmt.Fprintf(out, "%.0f %.0f %.0f %.0f %.0f %.0f c\n", a[0].X, a[0].Y, a[1].X, a[1].Y, a[2].X, a[2].Y)
		}
		if points := s.ArgsSlice(); len(points) > 0 {
			at = points[len(points)-1]
		}
	}
	out.WriteString("f\n")
}

// beneath writes a run's text without drawing it, as wide as the run. Characters beyond the basic plane, which the library cannot write,
// are told by ActualText alone.
func (p *Pen) beneath(x, y float64, run shaping.Output, text []rune) {
	logical := text[run.Runes.Offset : run.Runes.Offset+run.Runes.Count]
	letters := make([]rune, 0, len(logical))
	for _, r := range logical {
		if r > 0xffff {
			r = '\ufffd'
		}
		letters = append(letters, r)
	}
	told := slices.Contains(letters, '\ufffd')
	if run.Direction == di.DirectionRTL {
		slices.Reverse(letters) // readers of a PDF expect what is seen, and turn it around themselves
	}
	f := p.fonts.get(sans)
	p.use(f)
	wide := p.pdf.GetStringWidth(string(letters))
	if wide <= 0 {
		return
	}
	if told {
		p.pdf.RawWriteStr("/Span <</ActualText <FEFF" + hex16(logical) + ">>> BDC")
	}
	p.pdf.RawWriteStr(fmt.Sprintf("q 3 Tr %.2f Tz", float64(run.Advance)/64*p.unit()/wide*100))
	p.text(x, y, f, string(letters))
	p.pdf.RawWriteStr("Q")
	if told {
		p.pdf.RawWriteStr("EMC")
	}
}

// hex16 is text in UTF-16, in hexadecimal digits.
func hex16(text []rune) string {
	var out strings.Builder
	for _, unit := range utf16.Encode(text) {
		fmt.Fprintf(&out, "%04X", unit)
	}
	return out.String()
}
