package evidence

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// writeCSV writes a table by RFC 4180: CRLF, quoted where needed, UTF-8 without a byte order mark, a head of column names. A list's
// items stand in one cell, a line each.
func writeCSV(w io.Writer, r *rows) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	record := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		record[i] = c.Name
	}
	_ = out.Write(record) // the writer keeps its first error for Error
	err := r.each(func(cells []any) error {
		for i, c := range cells {
			record[i] = harmless(plain(c, "\n"))
		}
		_ = out.Write(record)
		return out.Error()
	})
	if err != nil {
		return fault.As(fault.Internal, err, "writing %s.csv", r.Name)
	}
	out.Flush()
	return fault.As(fault.Internal, out.Error(), "writing %s.csv", r.Name)
}

// plain is a cell as text: times in RFC 3339, flags as yes and no, a list's items with a separator between them.
func plain(cell any, between string) string {
	switch v := cell.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case time.Time:
		return instant(v)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case []string:
		return strings.Join(v, between)
	}
	return ""
}
