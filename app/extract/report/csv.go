package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// writeCSV writes RFC 4180 with a header. Cells that a spreadsheet would take for a formula begin with an apostrophe.
func writeCSV(w io.Writer, docs []Document) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := [][]string{{
		"path", "id", "label", "title", "statement", "quote", "section", "stride", "stride_by", "severity", "severity_stated", "element", "owner",
		"ticket", "status", "mitigations", "cwe", "capec", "finder", "confidence", "why", "start", "end",
	}}
	for _, d := range docs {
		for _, t := range d.Threats {
			rows = append(rows, []string{
				d.Source.Path, string(t.ID), t.Label, t.Title, flat(t.Statement), flat(t.Quote), strings.Join(t.Section, " > "), stride(t), t.STRIDEBy,
				string(t.Severity), t.SeverityRaw, t.Element, t.Owner, t.Ticket, t.Status, mitigations(t, "; "), strings.Join(t.CWE, " "),
				strings.Join(t.CAPEC, " "), t.Finder, fmt.Sprintf("%.2f", t.Confidence), t.Why, fmt.Sprint(t.At.Start), fmt.Sprint(t.At.End),
			})
		}
	}
	for _, row := range rows {
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless keeps a spreadsheet from reading a cell as a formula (OWASP, CSV injection).
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
