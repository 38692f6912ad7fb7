package evidence

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/fault"
)

// What a sheet holds at most.
const (
	sheetRows = 1 << 20
	cellChars = 32_767 // UTF-16 units
	cutNote   = "… (cut: the CSV and JSON files have all of it)"
)

// book is a workbook under way. Its sheets are streamed, each into a workbook of its own, from which save takes it: the library keeps a
// buffer of tens of megabytes for every sheet that a workbook has, until it is closed.
type book struct {
	file   *excelize.File
	styles map[Sort]int // the same in every workbook, since all are made alike
	head   int
	bold   int
	prose  int
	done   []*done
}

// done is a sheet that is written: the workbook that has it, on disk, and the part of it that is the sheet.
type done struct {
	f    *os.File
	name string // of the part, here and in the whole
	part *zip.File
}

// writeXLSX writes the tables as sheets with a filter, a frozen head and real dates, after a sheet that says what they are about.
func (c *collection) writeXLSX(w io.Writer, facts []fact) (err error) {
	b, err := newBook()
	if err != nil {
		return err
	}
	defer func() {
		for _, d := range b.done {
			_ = d.f.Close()
		}
		err = errors.Join(err, b.file.Close())
	}()
	if err := b.about(facts, c.tables); err != nil {
		return err
	}
	for _, t := range c.tables {
		switch {
		case t.Name == "mapping": // as a matrix: threats down, criteria across
			err = b.matrix(t, c.summary.bearings(c.catalogue))
		case t.Name == "sample" && c.query.Sample == 0:
		default:
			err = b.table(t)
		}
		if err != nil {
			return fault.As(fault.Internal, err, "writing the sheet %s", t.Head)
		}
	}
	return b.save(w)
}

func newBook() (*book, error) {
	f := excelize.NewFile(excelize.Options{TmpDir: os.TempDir()})
	b := &book{file: f, styles: map[Sort]int{}}
	font := func(bold bool, color string) *excelize.Font {
		return &excelize.Font{Family: "Calibri", Size: 10, Bold: bold, Color: color}
	}
	top := &excelize.Alignment{Vertical: "top"}
	wrapped := &excelize.Alignment{Vertical: "top", WrapText: true}
	at, day := "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
	var failed error
	style := func(s *excelize.Style) int {
		id, err := f.NewStyle(s)
		failed = errors.Join(failed, err)
		return id
	}
	b.styles[Text] = style(&excelize.Style{Font: font(false, ""), Alignment: top})
	b.styles[List] = b.styles[Text]
	b.styles[Number] = b.styles[Text]
	b.styles[Flag] = b.styles[Text]
	b.styles[Moment] = style(&excelize.Style{Font: font(false, ""), Alignment: top, CustomNumFmt: &at})
	b.styles[Day] = style(&excelize.Style{Font: font(false, ""), Alignment: top, CustomNumFmt: &day})
	b.prose = style(&excelize.Style{Font: font(false, ""), Alignment: wrapped})
	b.bold = style(&excelize.Style{Font: font(true, ""), Alignment: wrapped})
	b.head = style(&excelize.Style{
		Font: font(true, "FFFFFF"), Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F4E79"}}, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true},
	})
	if failed != nil {
		return nil, errors.Join(fault.As(fault.Internal, failed, "making the workbook's styles"), f.Close())
	}
	return b, nil
}

// about is the first sheet.
func (b *book) about(facts []fact, tables []*rows) error {
	const name = "About"
	if err := b.file.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	s, err := b.file.NewStreamWriter(name)
	if err != nil {
		return err
	}
	err = errors.Join(s.SetColWidth(1, 1, 30), s.SetColWidth(2, 2, 110))
	row := 0
	put := func(label, text string) {
		row++
		at, bad := excelize.CoordinatesToCellName(1, row)
		err = errors.Join(err, bad, s.SetRow(at, []any{excelize.Cell{StyleID: b.bold, Value: label}, excelize.Cell{StyleID: b.prose, Value: fit(harmless(text))}}))
	}
	for _, f := range facts {
		put(f.name, f.text)
	}
	put("", "")
	for _, t := range tables {
		put(t.Head, t.About+" Rows: "+strconv.Itoa(t.count)+".")
	}
	return errors.Join(err, s.Flush())
}

// table writes a table, on further sheets where it has more rows than one can hold.
func (b *book) table(t *rows) error {
	heads := make([]string, len(t.Columns))
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		heads[i], widths[i] = c.Head, c.Width
	}
	s, err := b.sheet(t.Head, heads, widths)
	if err != nil {
		return err
	}
	line := make([]any, len(t.Columns))
	err = t.each(func(cells []any) error {
		for i, c := range cells {
			line[i] = b.cell(c, t.Columns[i].Sort)
		}
		return s.add(line)
	})
	return errors.Join(err, s.close())
}

// matrix writes who bears on what: R where a rule suggested it, P where a person chose it.
func (b *book) matrix(t *rows, bearings []*Bearing) error {
	heads, widths := []string{"Threat"}, []int{13}
	column := map[string]int{}
	for _, one := range bearings {
		if one.Threats > 0 || one.Weight >= control.Relevant {
			column[one.ID] = len(heads)
			heads, widths = append(heads, one.ID), append(widths, 8)
		}
	}
	s, err := b.sheet("Criteria matrix", heads, widths)
	if err != nil {
		return err
	}
	line := make([]any, len(heads))
	id := ""
	flush := func() error {
		if id == "" {
			return nil
		}
		err := s.add(line)
		clear(line)
		return err
	}
	err = t.each(func(cells []any) error {
		if threat := cells[0].(string); threat != id {
			if err := flush(); err != nil {
				return err
			}
			id = threat
			line[0] = b.cell(threat, Text)
		}
		mark := "P"
		if by, _ := cells[3].(string); strings.HasPrefix(by, "mapping@") {
			mark = "R"
		}
		line[column[cells[1].(string)]] = b.cell(mark, Text)
		return nil
	})
	return errors.Join(err, flush(), s.close())
}

func (b *book) cell(v any, sort Sort) any {
	style := b.styles[sort]
	switch v := v.(type) {
	case nil:
		return nil
	case int:
		return excelize.Cell{StyleID: style, Value: v}
	case time.Time:
		return excelize.Cell{StyleID: style, Value: v.UTC()}
	case string:
		if sort == Day {
			if day, err := time.Parse(time.DateOnly, v); err == nil {
				return excelize.Cell{StyleID: style, Value: day}
			}
		}
	}
	text := plain(v, ", ")
	if sort == List && strings.ContainsAny(text, "\n") || sort == List && len(text) > 80 {
		text = plain(v, "\n")
	}
	return excelize.Cell{StyleID: style, Value: fit(harmless(text))}
}

// fit cuts a text to what a cell can hold, and says so.
func fit(text string) string {
	if len(text) <= cellChars {
		return text
	}
	units, room := 0, cellChars-len([]rune(cutNote))
	cut := -1
	for i, r := range text {
		if r > 0xffff {
			units++
		}
		if units++; units > room && cut < 0 {
			cut = i
		}
	}
	if units <= cellChars || cut < 0 {
		return text
	}
	return text[:cut] + cutNote
}

// save writes the workbook with its parts in one order, which the library's own is not.
func (b *book) save(w io.Writer) error {
	f, in, err := b.disk()
	if err != nil {
		return err
	}
	defer f.Close()
	slices.SortFunc(in.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) }) // [Content_Types].xml comes first by itself
	out := zip.NewWriter(w)
	for _, p := range in.File {
		from := p
		for _, d := range b.done {
			if d.name == p.Name {
				from = d.part
			}
		}
		if err := copyPart(out, from, p.Name); err != nil {
			return fault.As(fault.Internal, err, "writing the workbook's part %s", p.Name)
		}
	}
	return fault.As(fault.Internal, out.Close(), "writing the workbook")
}

// copyPart copies a part as it is compressed, under a name.
func copyPart(out *zip.Writer, p *zip.File, name string) error {
	head := p.FileHeader
	head.Name = name
	to, err := out.CreateRaw(&head)
	if err != nil {
		return err
	}
	from, err := p.OpenRaw()
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return err
}
