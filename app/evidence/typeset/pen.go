package typeset

import (
	"io"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/throughline/throughline/app/fault"
)

// Pen writes on the pages of one A4 document, from top to bottom. All measures are millimetres, sizes of letters points.
type Pen struct {
	pdf  *fpdf.Fpdf
	lost bool // something could not be drawn
	size float64
	bold bool
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
	for name, data := range fontFiles() {
		f.AddUTF8FontFromBytes(name[0], name[1], data)
	}
	p := &Pen{pdf: f}
	f.SetFooterFunc(func() {
		f.SetY(-12)
		f.SetFont(string(Sans), "", 7.5)
		f.SetTextColor(110, 110, 110)
		f.CellFormat(Width/2, 5, title, "", 0, "L", false, 0, "")
		f.SetX(Margin + Width/2)
		f.CellFormat(Width/2, 5, "Page "+strconv.Itoa(f.PageNo()), "", 0, "R", false, 0, "")
	})
	f.AddPage()
	f.SetY(Margin)
	return p
}

// Lost reports whether a character so far is in none of the fonts, and was replaced by its script's name.
func (p *Pen) Lost() bool { return p.lost }

// Write ends the document.
func (p *Pen) Write(w io.Writer) error {
	return fault.As(fault.Internal, p.pdf.Output(w), "writing the PDF")
}

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
	p.size, p.bold = size, bold
	p.pdf.SetTextColor(c[0], c[1], c[2])
}

func (p *Pen) face(f Face) {
	style := ""
	if p.bold {
		style = "B"
	}
	p.pdf.SetFont(string(f), style, p.size)
}

// leading is the height of a line.
func (p *Pen) leading() float64 { return p.size * 0.3528 * 1.35 }

func (p *Pen) runs(text string) ([]run, float64) {
	runs := visual(text)
	width := 0.0
	for _, r := range runs {
		p.face(r.face)
		width += p.pdf.GetStringWidth(r.text)
	}
	return runs, width
}

// At draws one line at a place, its letters' foot at y.
func (p *Pen) At(x, y float64, text string) float64 {
	runs, width := p.runs(p.clean(text))
	for _, r := range runs {
		p.face(r.face)
		p.pdf.Text(x, y, r.text)
		x += p.pdf.GetStringWidth(r.text)
	}
	return width
}

// Right draws one line that ends at x.
func (p *Pen) Right(x, y float64, text string) {
	_, width := p.runs(p.clean(text))
	p.At(x-width, y, text)
}

func (p *Pen) clean(text string) string {
	text, lost := drawable(text)
	p.lost = p.lost || lost
	return text
}

// Paragraph writes text over the width of the page, on further pages where need be.
func (p *Pen) Paragraph(text string) {
	for _, l := range p.lines(text, Width, 0) {
		p.Room(p.leading())
		p.At(Margin, p.pdf.GetY()+p.leading()*0.75, l)
		p.Skip(p.leading())
	}
}

// lines breaks text to a width; most cuts it to so many lines, with an ellipsis, unless it is 0.
func (p *Pen) lines(text string, width float64, most int) []string {
	var out []string
	line := ""
	fits := func(s string) bool { _, w := p.runs(s); return w <= width }
	put := func(word string) {
		glue := ""
		if line != "" && !strings.HasPrefix(word, "\x00") {
			glue = " "
		}
		word = strings.TrimPrefix(word, "\x00")
		if fits(line + glue + word) {
			line += glue + word
			return
		}
		if line != "" {
			out = append(out, line)
			line = ""
		}
		for !fits(word) { // longer than a line: an address
			n := 1
			letters := []rune(word)
			for n < len(letters) && fits(string(letters[:n+1])) {
				n++
			}
			out = append(out, string(letters[:n]))
			word = string(letters[n:])
		}
		line = word
	}
	if most > 0 {
		text = first(text, most*400) // more than can be seen
	}
	for _, word := range words(p.clean(text)) {
		if most > 0 && len(out) > most {
			break
		}
		put(word)
	}
	if line != "" {
		out = append(out, line)
	}
	if most > 0 && len(out) > most {
		out = out[:most]
		last := []rune(out[most-1])
		for len(last) > 0 && !fits(string(last)+"…") {
			last = last[:len(last)-1]
		}
		out[most-1] = string(last) + "…"
	}
	if len(out) == 0 {
		out = []string{""}
	}
	return out
}

func first(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i]
		}
	}
	return text
}

// words splits text where lines may end. Those that follow without a space begin with a NUL.
func words(text string) []string {
	var out []string
	for _, word := range strings.Fields(text) {
		begin, glued := 0, ""
		for i, r := range word {
			if end := i + len(string(r)); breakable(r) && end < len(word) {
				out = append(out, glued+word[begin:end])
				begin, glued = end, "\x00"
			}
		}
		out = append(out, glued+word[begin:])
	}
	return out
}

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
