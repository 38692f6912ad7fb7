package evidence

import (
	"archive/zip"
	"errors"
	"io"
	"iter"
	"net/url"
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
	sheetRows  = 1 << 20
	cellChars  = 32_767 // UTF-16 units
	lineHeight = 13.5   // in points
	cutNote    = "… (cut: the CSV and JSON files have all of it)"
)

// book is a workbook under way. Its sheets are streamed, each into a workbook of its own, from which save takes it: the library keeps a
// buffer of tens of megabytes for every sheet that a workbook has, until it is closed.
type book struct {
	file   *excelize.File
	styles map[Sort]int // the same in every workbook, since all are made alike
	head   int
	bold   int
	title  int
	prose  int
	foot   string // of every printed page
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
	b, err := newBook("Throughline evidence: " + facts[0].text + ", as known at " + clock(c.query.AsOf) + " UTC")
	if err != nil {
		return err
	}
	defer func() {
		for _, d := range b.done {
			_ = d.f.Close()
		}
		err = errors.Join(err, b.file.Close())
	}()
	tables := slices.Clone(c.tables)
	if c.query.Sample == 0 {
		tables = slices.DeleteFunc(tables, func(t *rows) bool { return t.Name == sampleTable.Name })
	}
	if err := errors.Join(b.properties(facts[0].text, c.query.AsOf), b.about(facts, c.span(), tables)); err != nil {
		return err
	}
	for _, t := range tables {
		if t.Name == mappingTable.Name { // as a matrix: threats down, criteria across
			err = b.matrix(t, c.table(threatsTable.Name), c.summary.bearings(c.catalogue))
		} else {
			err = b.table(t)
		}
		if err != nil {
			return fault.As(fault.Internal, err, "writing the sheet %s", t.Head)
		}
	}
	return b.save(w)
}

func newBook(foot string) (*book, error) {
	f := excelize.NewFile(excelize.Options{TmpDir: os.TempDir()})
	b := &book{file: f, styles: map[Sort]int{}, foot: foot}
	font := func(bold bool, color string) *excelize.Font {
		return &excelize.Font{Family: "Calibri", Size: 10, Bold: bold, Color: color}
	}
	top := &excelize.Alignment{Vertical: "top", Horizontal: "left"}
	wrapped := &excelize.Alignment{Vertical: "top", Horizontal: "left", WrapText: true}
	at, day := "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
	var failed error
	style := func(s *excelize.Style) int {
		id, err := f.NewStyle(s)
		failed = errors.Join(failed, err)
		return id
	}
	b.styles[Text] = style(&excelize.Style{Font: font(false, ""), Alignment: top})
	b.styles[List] = b.styles[Text]
	b.styles[Flag] = b.styles[Text]
	b.styles[Number] = style(&excelize.Style{Font: font(false, ""), Alignment: &excelize.Alignment{Vertical: "top", Horizontal: "right", Indent: 1}})
	b.styles[mark] = style(&excelize.Style{Font: font(false, ""), Alignment: &excelize.Alignment{Vertical: "top", Horizontal: "center"}})
	b.styles[Moment] = style(&excelize.Style{Font: font(false, ""), Alignment: top, CustomNumFmt: &at})
	b.styles[Day] = style(&excelize.Style{Font: font(false, ""), Alignment: top, CustomNumFmt: &day})
	b.styles[Address] = style(&excelize.Style{Font: font(false, "1F4E79"), Alignment: wrapped})
	b.prose = style(&excelize.Style{Font: font(false, ""), Alignment: wrapped})
	b.bold = style(&excelize.Style{Font: font(true, ""), Alignment: wrapped})
	b.title = style(&excelize.Style{Font: &excelize.Font{Family: "Calibri", Size: 16, Bold: true, Color: "1F4E79"}, Alignment: &excelize.Alignment{Vertical: "top"}})
	b.head = style(&excelize.Style{
		Font: font(true, "FFFFFF"), Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F4E79"}}, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true},
	})
	if failed != nil {
		return nil, errors.Join(fault.As(fault.Internal, failed, "making the workbook's styles"), f.Close())
	}
	return b, nil
}

// properties are the workbook's own: no clock is in them but the instant of knowledge.
func (b *book) properties(site string, at time.Time) error {
	return b.file.SetDocProps(&excelize.DocProperties{
		Title: "Throughline evidence: " + site, Creator: "Throughline", LastModifiedBy: "Throughline", Language: "en",
		Created: at.UTC().Format(time.RFC3339), Modified: at.UTC().Format(time.RFC3339),
	})
}

// about is the first sheet.
func (b *book) about(facts []fact, span string, tables []*rows) error {
	const name = "About"
	if err := errors.Join(b.file.SetSheetName("Sheet1", name), b.layout(name, 140)); err != nil {
		return err
	}
	s, err := b.file.NewStreamWriter(name)
	if err != nil {
		return err
	}
	err = errors.Join(s.SetColWidth(1, 1, 30), s.SetColWidth(2, 2, 110),
		s.SetRow("A1", []any{excelize.Cell{StyleID: b.title, Value: fit(harmless(headline + ": " + facts[0].text))}}, excelize.RowOpts{Height: 24}),
		s.SetRow("A2", []any{excelize.Cell{StyleID: b.styles[Text], Value: fit(harmless(span))}}))
	row := 3
	put := func(label any, text string) {
		row++
		at, bad := excelize.CoordinatesToCellName(1, row)
		tall := excelize.RowOpts{Height: float64(height(text, 110)) * lineHeight}
		err = errors.Join(err, bad, s.SetRow(at, []any{label, excelize.Cell{StyleID: b.prose, Value: fit(harmless(text))}}, tall))
	}
	for _, f := range facts {
		put(excelize.Cell{StyleID: b.bold, Value: f.name}, f.text)
	}
	put(nil, "")
	for _, t := range tables {
		sheet, text := t.Head, t.About+" Rows: "+strconv.Itoa(t.count)+"."
		if t.Name == mappingTable.Name {
			sheet, text = matrixSheet, "Which threat bears on which criterion: R where the mapping's rules suggest it, P where a person chose it. The files mapping.csv and mapping.json say by whom and why."
		}
		put(excelize.Cell{StyleID: b.styles[Address], Value: sheet, Formula: `HYPERLINK("#'` + sheet + `'!A1","` + sheet + `")`}, text)
	}
	return errors.Join(err, s.Flush())
}

// table writes a table, on further sheets where it has more rows than one can hold.
func (b *book) table(t *rows) error {
	s, err := b.sheet(t.Head, t.Columns)
	if err != nil {
		return err
	}
	return errors.Join(t.each(s.add), s.close())
}

const (
	matrixSheet = "Criteria matrix"
	mark        = Sort("mark") // a letter of the matrix
)

// matrix writes who bears on what: R where a rule suggested it, P where a person chose it.
func (b *book) matrix(t, threats *rows, bearings []*Bearing) error {
	columns := []Column{{Head: "Threat", Sort: Text, Width: 13}, {Head: "Title", Sort: Text, Width: 42}}
	column := map[string]int{}
	for _, one := range bearings {
		if one.Threats > 0 || one.Weight >= control.Relevant {
			column[one.ID] = len(columns)
			columns = append(columns, Column{Head: one.ID, Sort: mark, Width: 8})
		}
	}
	s, err := b.sheet(matrixSheet, columns)
	if err != nil {
		return err
	}
	title, stop := titles(threats)
	defer stop()
	line := make([]any, len(columns))
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
			line[0], line[1] = threat, title(threat)
		}
		by := "P"
		if version, _ := cells[3].(string); strings.HasPrefix(version, "mapping@") {
			by = "R"
		}
		line[column[cells[1].(string)]] = by
		return nil
	})
	return errors.Join(err, flush(), s.close())
}

// titles looks up threats' titles, of ids in the order in which the table has them. stop must be called.
func titles(threats *rows) (title func(id string) string, stop func()) {
	type pair struct{ id, title string }
	next, stop := iter.Pull(func(yield func(pair) bool) {
		_ = threats.each(func(cells []any) error { // what cannot be read fails the table's own sheet
			id, _ := cells[0].(string)
			title, _ := cells[1].(string)
			if !yield(pair{id, title}) {
				return io.EOF
			}
			return nil
		})
	})
	return func(id string) string {
		for p, more := next(); more; p, more = next() {
			if p.id == id {
				return p.title
			}
		}
		return ""
	}, stop
}

// wrapped is how many lines a cell's text may take to be shown in lines; a longer one stays on one, so that rows stay low.
const wrapped = 12

// cell is a cell as the library takes it, and how many lines it needs.
func (b *book) cell(v any, c Column) (any, int) {
	style := b.styles[c.Sort]
	switch v := v.(type) {
	case nil:
		return nil, 1
	case int:
		return excelize.Cell{StyleID: style, Value: v}, 1
	case time.Time:
		return excelize.Cell{StyleID: style, Value: v.UTC()}, 1
	case string:
		if c.Sort == Day {
			if day, err := time.Parse(time.DateOnly, v); err == nil {
				return excelize.Cell{StyleID: style, Value: day}, 1
			}
		}
		if c.Sort == Address && followable(v) {
			return excelize.Cell{StyleID: style, Value: v, Formula: `HYPERLINK("` + v + `")`}, height(v, c.Width)
		}
	}
	text := plain(v, ", ")
	if c.Sort == List && (strings.Contains(text, "\n") || len(text) > 80) {
		text = plain(v, "\n")
	}
	lines := 1
	if c.Sort == Text || c.Sort == List {
		if lines = height(text, c.Width); lines > 1 && lines <= wrapped {
			style = b.prose
		} else {
			lines = 1
		}
	}
	return excelize.Cell{StyleID: style, Value: fit(harmless(text))}, lines
}

// height is about how many lines a text takes in a column of so many characters, with words kept whole where they fit.
func height(text string, width int) int {
	const letter, figure = 17, 20 // letters are narrower than the figures that columns are measured in, on the whole
	room, lines := width*figure, 0
	for one := range strings.SplitSeq(text, "\n") {
		lines++
		used := 0
		for word := range strings.SplitSeq(one, " ") {
			wide, breaks := 0, false
			for _, r := range word {
				if wide += letter; r >= 0x1100 { // of East Asia, mostly, which break anywhere
					wide, breaks = wide+letter, true
				}
			}
			if used > 0 && used+wide > room && !breaks {
				lines, used = lines+1, 0
			}
			if used += wide; used > room {
				lines, used = lines+(used-1)/room, (used-1)%room+1
			}
			used += letter
		}
	}
	return lines
}

// followable reports whether an address can stand in a formula as it is: whole, on the web, and no longer than a formula's text may be.
func followable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(address) <= 255 &&
		!strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' })
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
