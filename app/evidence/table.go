package evidence

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// Sort is what a column's cells are.
type Sort string

// The sorts, with the Go type of their cells. A nil cell is one that has no value.
const (
	Text    Sort = "text"    // string
	Number  Sort = "number"  // int
	Moment  Sort = "moment"  // time.Time, UTC, to the millisecond
	Day     Sort = "day"     // string, ISO 8601 date
	Flag    Sort = "flag"    // bool
	List    Sort = "list"    // []string
	Address Sort = "address" // string, a URL that a sheet can be followed to
)

// Column is one column of a table. Its Name is what CSV and JSON call it, Head what people read above it.
type Column struct {
	Name  string
	Head  string
	Sort  Sort
	Width int // of the sheet's column, in characters
	About string
}

// Table is one table of a pack, the same in every format.
type Table struct {
	Name    string // of its files
	Head    string // of its sheet
	About   string
	Columns []Column
}

// rows are a table's rows on disk, in a file without a name: written once, read as often as there are formats.
type rows struct {
	Table
	f     *os.File
	w     *bufio.Writer
	buf   []byte
	count int
}

func newRows(t Table) (*rows, error) {
	f, err := scratch()
	if err != nil {
		return nil, err
	}
	return &rows{Table: t, f: f, w: bufio.NewWriterSize(f, 64<<10)}, nil
}

func (r *rows) close() { _ = r.f.Close() }

const (
	cellNone = iota
	cellText
	cellNumber
	cellMoment
	cellFlag
	cellList
)

// add appends a row, one cell a column.
func (r *rows) add(cells ...any) error {
	if len(cells) != len(r.Columns) {
		return fault.New(fault.Internal, "table %s: a row of %d cells for %d columns", r.Name, len(cells), len(r.Columns))
	}
	b := r.buf[:0]
	for i, c := range cells {
		switch v := c.(type) {
		case nil:
			b = append(b, cellNone)
		case string:
			if v == "" {
				b = append(b, cellNone)
				continue
			}
			b = appendText(append(b, cellText), v)
		case int:
			b = binary.AppendVarint(append(b, cellNumber), int64(v))
		case time.Time:
			if v.IsZero() {
				b = append(b, cellNone)
				continue
			}
			raw, err := v.UTC().MarshalBinary()
			if err != nil {
				return fault.As(fault.Internal, err, "table %s: column %s", r.Name, r.Columns[i].Name)
			}
			b = appendText(append(b, cellMoment), raw)
		case bool:
			b = append(b, cellFlag, 0)
			if v {
				b[len(b)-1] = 1
			}
		case []string:
			b = binary.AppendUvarint(append(b, cellList), uint64(len(v)))
			for _, s := range v {
				b = appendText(b, s)
			}
		default:
			return fault.New(fault.Internal, "table %s: column %s takes no %T", r.Name, r.Columns[i].Name, c)
		}
	}
	r.buf = b
	r.count++
	_, err := r.w.Write(b)
	return fault.As(fault.Internal, err, "writing a temporary file: set TMPDIR to a folder with room")
}

func appendText[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func (r *rows) flush() error {
	return fault.As(fault.Internal, r.w.Flush(), "writing a temporary file: set TMPDIR to a folder with room")
}

// each calls yield for every row, in order. The slice is used again for the next row.
func (r *rows) each(yield func(cells []any) error) error {
	if err := r.flush(); err != nil {
		return err
	}
	in := reader{Reader: bufio.NewReaderSize(io.NewSectionReader(r.f, 0, 1<<62), 256<<10)}
	cells := make([]any, len(r.Columns))
	for range r.count {
		for i := range cells {
			cells[i] = in.cell()
		}
		if in.err != nil {
			return fault.As(fault.Internal, in.err, "reading a temporary file")
		}
		if err := yield(cells); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) cell() any {
	kind, err := r.ReadByte()
	r.keep(err)
	switch kind {
	case cellText:
		return r.text()
	case cellNumber:
		return int(r.varint())
	case cellMoment:
		return r.time()
	case cellFlag:
		b, err := r.ReadByte()
		r.keep(err)
		return b == 1
	case cellList:
		out := make([]string, r.uvarint())
		for i := range out {
			out[i] = r.text()
		}
		return out
	}
	return nil
}
