// Package findings writes what a scan found as JSON, for people's tools and for measuring.
package findings

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/threat"
)

// File is what was found in one document.
type File struct {
	Source  Source          `json:"source"`
	Engine  extract.Version `json:"engine"`
	Threats []Threat        `json:"threats"` // in document order, never null
}

// Source says which bytes were read.
type Source struct {
	Path   string          `json:"path"`
	Format document.Format `json:"format"`
	Bytes  int             `json:"bytes"`
	SHA256 string          `json:"sha256"`
}

// Threat is one finding. Spans are byte offsets into the source, half open.
type Threat struct {
	ID          threat.ID           `json:"id"`
	Label       string              `json:"label,omitempty"` // the page's own id for it
	Title       string              `json:"title"`
	Statement   string              `json:"statement,omitempty"`
	Origin      threat.Origin       `json:"origin"`
	Finder      string              `json:"finder"`
	Confidence  float64             `json:"confidence"`
	Why         string              `json:"why"`
	At          document.Span       `json:"at"`
	Also        []document.Span     `json:"also,omitempty"` // other places that restate it
	Section     []string            `json:"section"`
	Quote       string              `json:"quote"`
	STRIDE      []threat.STRIDE     `json:"stride,omitempty"`
	STRIDEBy    string              `json:"stride_by,omitempty"` // "stated", or the rule that concluded it
	Severity    threat.Severity     `json:"severity,omitempty"`
	SeverityRaw string              `json:"severity_stated,omitempty"`
	Element     string              `json:"element,omitempty"`
	Owner       string              `json:"owner,omitempty"` // account id of the mention, else the name as written
	Ticket      string              `json:"ticket,omitempty"`
	Status      string              `json:"status,omitempty"`
	Mitigations []threat.Mitigation `json:"mitigations,omitempty"`
	Criteria    []threat.Criterion  `json:"criteria,omitempty"`
	CWE         []string            `json:"cwe,omitempty"`
	CAPEC       []string            `json:"capec,omitempty"`
}

// Map gives the control criteria of a finding. A nil Map gives none.
type Map func(extract.Finding) []threat.Criterion

// Of puts a report into the shape that is written. path is how the reader named the document; criteria may be nil.
//
// A threat's id follows from the page's own label for it, else from its words and how many threats with the same words stand
// before it: so a scan of the same text gives the same ids in either format. It is not the id under which a site keeps it.
func Of(path string, doc *document.Document, report extract.Report, criteria Map) File {
	sum := sha256.Sum256(doc.Source)
	f := File{
		Source:  Source{Path: path, Format: doc.Format, Bytes: len(doc.Source), SHA256: hex.EncodeToString(sum[:])},
		Engine:  report.Engine,
		Threats: make([]Threat, 0, len(report.Findings)),
	}
	taken := map[threat.ID]bool{}
	for _, t := range report.Findings {
		id := threat.NewID(func(id threat.ID) bool { return taken[id] }, "scan", t.Label, words(t.Title), words(t.Quote))
		taken[id] = true
		section := t.Section
		if section == nil {
			section = []string{}
		}
		out := Threat{
			ID: id, Label: t.Label, Title: t.Title, Statement: t.Statement, Origin: t.Origin, Finder: t.Finder, Confidence: t.Confidence, Why: t.Why,
			At: t.At, Also: t.Also, Section: section, Quote: t.Quote, STRIDE: t.STRIDE, STRIDEBy: t.STRIDEBy, Severity: t.Severity,
			SeverityRaw: t.SeverityRaw, Element: t.Element, Owner: t.Person.String(), Ticket: t.Ticket, Status: t.Status,
			Mitigations: t.Mitigations, CWE: t.CWE, CAPEC: t.CAPEC,
		}
		if criteria != nil {
			out.Criteria = criteria(t)
		}
		f.Threats = append(f.Threats, out)
	}
	return f
}

func words(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// JSON is the file as one JSON value with a line feed behind it, two spaces a level. The same file gives the same bytes.
func (f File) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(f); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
