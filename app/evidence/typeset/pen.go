package typeset

import (
	"io"
	"math"
	"strconv"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/throughline/throughline/app/fault"
)

// Pen writes on the pages of one A4 document, from top to bottom. All measures are millimetres, sizes of letters points.
type Pen struct {
	pdf   *fpdf.Fpdf
	title string
	fonts *fonts
	known map[string]bool // faces that the PDF has
	lost  bool            // something could not be drawn
	size  float64
	bold  bool
	color Color
}

// Page measures.
const (
	pageWidth  = 210.0
	pageHeight = 297.0
	Margin     = 16.0
	Width      = pageWidth - 2*Margin // of the text
	bottom     = pageHeight - 18.0
)

// Color is red, green and blue, 0 to 255.
type Color [3]int

// New begins a document. It bears the given time and no other, so that the same text gives the same bytes.
func New(title string, at time.Time) *Pen {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCreationDate(at.UTC())
	f.SetModificationDate(at.UTC())
	f.SetCatalogSort(true)
	f.SetProducer("Throughline", true)
	f.SetTitle(title, true)
	f.SetMargins(Margin, Margin, Margin)
	f.SetAutoPageBreak(false, 0)
	f.SetLang("en")
	p := &Pen{pdf: f, fonts: newFonts(), title: title, known: map[string]bool{}}
	p.Page()
	return p
}

// Lost reports whether a character so far is in none of the fonts, and was replaced by its script's name.
func (p *Pen) Lost() bool { return p.lost }

// Write ends the document. Every page gets the title and its number at its foot.
func (p *Pen) Write(w io.Writer) error {
	pages := p.pdf.PageCount()
	for page := 1; page <= pages; page++ {
		p.pdf.SetPage(page)
		p.Font(7.5, false, Color{110, 110, 110})
		p.put(Margin, Width-30, pageHeight-8.5, p.lines(p.title, Width-30, 1)[0])
		p.Right(Margin+Width, pageHeight-8.5, "Page "+strconv.Itoa(page)+" of "+strconv.Itoa(pages))
	}
	return fault.As(fault.Internal, p.pdf.Output(w), "writing the PDF")
}

// Outline names the place where the pen is in the document's outline, at its first level.
func (p *Pen) Outline(name string) { p.pdf.Bookmark(name, 0, p.Y()) }

// Page begins a new page.
func (p *Pen) Page() { p.pdf.AddPage(); p.pdf.SetY(Margin) }

// Room begins a new page unless so much is left on this one.
func (p *Pen) Room(height float64) bool {
	if p.pdf.GetY()+height <= bottom {
		return false
	}
	p.Page()
	return true
}

// Skip leaves room.
func (p *Pen) Skip(height float64) { p.pdf.SetY(p.pdf.GetY() + height) }

// Y is how far down the pen is.
func (p *Pen) Y() float64 { return p.pdf.GetY() }

// Font chooses the letters from here on.
func (p *Pen) Font(size float64, bold bool, c Color) {
	p.size, p.bold, p.color = size, bold, c
}

// leading is the height of a line.
func (p *Pen) leading() float64 { return p.size * 0.3528 * 1.35 }

// At draws one line at a place, its letters' foot at y. It returns the line's width.
func (p *Pen) At(x, y float64, text string) float64 {
	l := p.lines(text, math.Inf(1), 1)[0]
	p.draw(x, y, l)
	return p.width(l)
}

// Right draws one line that ends at x.
func (p *Pen) Right(x, y float64, text string) {
	l := p.lines(text, math.Inf(1), 1)[0]
	p.draw(x-p.width(l), y, l)
}

// Paragraph writes text over the width of the page, on further pages where need be.
func (p *Pen) Paragraph(text string) {
	for _, l := range p.lines(text, Width, 0) {
		p.Room(p.leading())
		p.put(Margin, Width, p.pdf.GetY()+p.leading()*0.75, l)
		p.Skip(p.leading())
	}
}

// put draws a line at that side of a column at which its text begins.
func (p *Pen) put(x, width, y float64, l line) {
	if l.rtl {
		x += width - p.width(l)
	}
	p.draw(x, y, l)
}

// lines breaks text to a width and cuts it to so many lines, with an ellipsis; 0 is as many as it takes. There is always one.
func (p *Pen) lines(text string, width float64, most int) []line {
	text, lost := p.fonts.drawable(text)
	p.lost = p.lost || lost
	p.fonts.bold = p.bold
	return p.fonts.set(text, width/p.unit(), most)
}

// unit is how long the unit of lines is on the page.
func (p *Pen) unit() float64 { return p.size / p.pdf.GetConversionRatio() / em }

func (p *Pen) width(l line) float64 { return l.width * p.unit() }

// Box fills a rectangle.
func (p *Pen) Box(x, y, w, h float64, c Color) {
	p.pdf.SetFillColor(c[0], c[1], c[2])
	p.pdf.Rect(x, y, w, h, "F")
}

// Line draws a line.
func (p *Pen) Line(x1, y1, x2, y2 float64, c Color) {
	p.pdf.SetDrawColor(c[0], c[1], c[2])
	p.pdf.SetLineWidth(0.15)
	p.pdf.Line(x1, y1, x2, y2)
}
