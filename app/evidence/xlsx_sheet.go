package evidence

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/throughline/throughline/app/fault"
)

// sheets is a run of sheets of one table.
type sheets struct {
	whole   *book
	name    string
	columns []Column

	part int // from 1
	full string
	own  *book // that the present sheet is streamed into; nil between two
	row  int
	line []any
	s    *excelize.StreamWriter
}

func (b *book) sheet(name string, columns []Column) (*sheets, error) {
	s := &sheets{whole: b, name: name, columns: columns, line: make([]any, len(columns))}
	return s, s.next()
}

// next ends the present sheet and begins another.
func (s *sheets) next() (err error) {
	if err := s.end(); err != nil {
		return err
	}
	s.part++
	if s.full = s.name; s.part > 1 {
		s.full += " " + strconv.Itoa(s.part)
	}
	if s.own, err = newBook(s.whole.foot); err != nil {
		return err
	}
	if _, err := s.own.file.NewSheet(s.full); err != nil {
		return err
	}
	s.row = 1
	s.s, err = s.begin(s.own)
	return err
}

// begin begins the present sheet in a workbook that has it already.
func (s *sheets) begin(b *book) (*excelize.StreamWriter, error) {
	wide := 0
	for _, c := range s.columns {
		wide += c.Width
	}
	if err := b.layout(s.full, wide); err != nil {
		return nil, err
	}
	w, err := b.file.NewStreamWriter(s.full)
	if err != nil {
		return nil, err
	}
	head := make([]any, len(s.columns))
	for i, c := range s.columns {
		err = errors.Join(err, w.SetColWidth(i+1, i+1, float64(c.Width)))
		head[i] = excelize.Cell{StyleID: b.head, Value: c.Head}
	}
	return w, errors.Join(err,
		w.SetPanes(&excelize.Panes{Freeze: true, XSplit: 1, YSplit: 1, TopLeftCell: "B2", ActivePane: "bottomRight"}),
		w.SetRow("A1", head, excelize.RowOpts{Height: 30}))
}

func (s *sheets) add(cells []any) error {
	if s.row == sheetRows {
		if err := s.next(); err != nil {
			return err
		}
	}
	s.row++
	tall := 1
	for i, c := range cells {
		var lines int
		s.line[i], lines = s.own.cell(c, s.columns[i])
		tall = max(tall, lines)
	}
	return s.s.SetRow("A"+strconv.Itoa(s.row), s.line, excelize.RowOpts{Height: float64(tall) * lineHeight})
}

// close ends the last sheet. One without rows says so.
func (s *sheets) close() error {
	if s.own != nil && s.part == 1 && s.row == 1 {
		if err := s.s.SetRow("A2", []any{excelize.Cell{StyleID: s.own.styles[Text], Value: "none"}}); err != nil {
			return err
		}
	}
	return s.end()
}

// end completes the present sheet and puts its place, with all but the rows, into the whole workbook.
func (s *sheets) end() (err error) {
	if s.own == nil {
		return nil
	}
	defer func() {
		err = errors.Join(err, s.own.file.Close())
		s.own = nil
	}()
	if _, err := s.whole.file.NewSheet(s.full); err != nil {
		return err
	}
	place, err := s.begin(s.whole)
	if err != nil {
		return err
	}
	titles := "'" + s.full + "'!$A:$A,'" + s.full + "'!$1:$1"
	if err := s.whole.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: titles, Scope: s.full}); err != nil {
		return err
	}
	for _, w := range []*excelize.StreamWriter{s.s, place} {
		if err := s.finish(w); err != nil {
			return err
		}
	}
	d, err := s.own.part("xl/worksheets/sheet2.xml") // the first is the empty one that every new workbook has
	if err != nil {
		return err
	}
	d.name = "xl/worksheets/sheet" + strconv.Itoa(len(s.whole.done)+2) + ".xml"
	s.whole.done = append(s.whole.done, d)
	return nil
}

// finish puts the filter over a sheet's rows. A table needs a row, be it an empty one.
func (s *sheets) finish(w *excelize.StreamWriter) error {
	corner, err := excelize.CoordinatesToCellName(len(s.columns), max(s.row, 2))
	if err != nil {
		return err
	}
	stripes := false
	return errors.Join(w.AddTable(&excelize.Table{Range: "A1:" + corner, StyleName: "TableStyleLight1", ShowRowStripes: &stripes}), w.Flush())
}

// layout sets how a sheet is printed: across, as many pages wide as can be read, its head and first column on each.
func (b *book) layout(sheet string, wide int) error {
	landscape, a4, fit, across, down := "landscape", 9, true, (wide+209)/210, 0
	edge, low := 0.4, 0.6 // inches
	site := []rune(b.foot)
	foot := "&L&8" + strings.ReplaceAll(string(site[:min(len(site), 150)]), "&", "&&") + "&R&8&A, page &P of &N" // 255 characters at most
	return errors.Join(
		b.file.SetSheetProps(sheet, &excelize.SheetPropsOptions{FitToPage: &fit}),
		b.file.SetPageLayout(sheet, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &a4, FitToWidth: &across, FitToHeight: &down}),
		b.file.SetPageMargins(sheet, &excelize.PageLayoutMarginsOptions{Left: &edge, Right: &edge, Top: &edge, Bottom: &low, Footer: &edge}),
		b.file.SetHeaderFooter(sheet, &excelize.HeaderFooterOptions{OddFooter: foot}),
	)
}

// part writes a workbook to disk and finds a part of it there.
func (b *book) part(name string) (*done, error) {
	f, in, err := b.disk()
	if err != nil {
		return nil, err
	}
	for _, p := range in.File {
		if p.Name == name {
			return &done{f: f, part: p}, nil
		}
	}
	return nil, errors.Join(fault.New(fault.Internal, "the workbook has no part %s", name), f.Close())
}

func (b *book) disk() (*os.File, *zip.Reader, error) {
	f, err := scratch()
	if err != nil {
		return nil, nil, err
	}
	fail := func(err error) (*os.File, *zip.Reader, error) {
		return nil, nil, errors.Join(fault.As(fault.Internal, err, "writing the workbook"), f.Close())
	}
	if err := b.file.Write(f); err != nil {
		return fail(err)
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return fail(err)
	}
	in, err := zip.NewReader(f, size)
	if err != nil {
		return fail(err)
	}
	return f, in, nil
}
