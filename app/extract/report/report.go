// Package report writes what scans found in the formats that people and their tools read.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/throughline/throughline/app/extract/findings"
	"github.com/throughline/throughline/app/fault"
)

// Document is one scanned document: what was found, and the bytes it was found in.
type Document struct {
	findings.File
	Bytes []byte
}

// Format names an output format.
type Format string

// The formats.
const (
	Table    Format = "table"    // for a terminal
	JSON     Format = "json"     // one value a document, one after the other
	CSV      Format = "csv"      // one table over all documents
	Markdown Format = "markdown" // a heading and a table a document
	SARIF    Format = "sarif"    // SARIF 2.1.0, one log over all documents
)

// Formats lists the formats by name.
func Formats() []Format { return []Format{Table, JSON, CSV, Markdown, SARIF} }

// Options change how a report looks.
type Options struct {
	Colour bool // Table only: colour severities
	Width  int  // Table only: columns of the terminal; 0 for 120
}

// Write writes documents in their order. The same documents give the same bytes. An unknown format is a fault.Invalid error.
func Write(w io.Writer, format Format, docs []Document, options Options) error {
	switch format {
	case Table:
		return writeTable(w, docs, options)
	case JSON:
		return writeJSON(w, docs)
	case CSV:
		return writeCSV(w, docs)
	case Markdown:
		return writeMarkdown(w, docs)
	case SARIF:
		return writeSARIF(w, docs)
	}
	return fault.New(fault.Invalid, "unknown format %q: use one of %s", format, strings.Trim(fmt.Sprint(Formats()), "[]"))
}

func writeJSON(w io.Writer, docs []Document) error {
	for _, d := range docs {
		data, err := d.JSON()
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return nil
}

// mitigations joins what is done against a threat.
func mitigations(t findings.Threat, between string) string {
	out := make([]string, len(t.Mitigations))
	for i, m := range t.Mitigations {
		out[i] = flat(m.Quote)
	}
	return strings.Join(out, between)
}

// stride is the kinds of a threat, those concluded by a rule with a question mark.
func stride(t findings.Threat) string {
	out := make([]string, len(t.STRIDE))
	for i, k := range t.STRIDE {
		out[i] = string(k)
	}
	s := strings.Join(out, " ")
	if s != "" && t.STRIDEBy != "stated" {
		s += " ?"
	}
	return s
}

// flat is a text on one line.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }
