package confluence

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxBody is the largest body a page may have, in bytes. Confluence Cloud refuses pages above 5 MB.
const maxBody = 5 << 20

// maxDepth is how deep elements may nest, maxAttributes how many attributes one may have.
const (
	maxDepth      = 10_000
	maxAttributes = 250
)

// CheckBody reports why body is no storage format, or nil: it must be a well-formed XHTML fragment in which only the prefixes
// ac and ri, besides xml, stand before a name, and only XHTML's named entities are used. The error is a *Refusal of status 400
// (413 where it is too large) whose text has the line.
func CheckBody(body string) error {
	if len(body) > maxBody {
		return refuse(http.StatusRequestEntityTooLarge, "Content body of %d bytes is larger than %d", len(body), maxBody)
	}
	d := xml.NewDecoder(strings.NewReader(body))
	d.Entity = xml.HTMLEntity
	depth := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return malformed(d, plain(err))
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return malformed(d, fmt.Sprintf("elements nest deeper than %d", maxDepth))
			}
			if problem := checkStart(t); problem != "" {
				return malformed(d, problem)
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			return malformed(d, "a declaration (<!…>) has no place in a page")
		case xml.ProcInst:
			return malformed(d, "a processing instruction (<?…?>) has no place in a page")
		}
	}
}

func checkStart(t xml.StartElement) string {
	if !knownPrefix(t.Name.Space) {
		return fmt.Sprintf("undeclared namespace prefix %q (for element %q)", t.Name.Space, t.Name.Local)
	}
	if len(t.Attr) > maxAttributes {
		return fmt.Sprintf("element %q has more than %d attributes", t.Name.Local, maxAttributes)
	}
	for i, a := range t.Attr {
		if !knownPrefix(a.Name.Space) {
			return fmt.Sprintf("undeclared namespace prefix %q (for attribute %q)", a.Name.Space, a.Name.Local)
		}
		for _, b := range t.Attr[:i] {
			if a.Name == b.Name {
				return fmt.Sprintf("duplicate attribute %q", a.Name.Local)
			}
		}
	}
	return ""
}

// knownPrefix accepts what Confluence declares around a body before it parses it. An xmlns of the author's own comes as a URL.
func knownPrefix(space string) bool {
	switch space {
	case "", "ac", "ri", "xml", "xmlns", "at":
		return true
	}
	return strings.Contains(space, ":")
}

func malformed(d *xml.Decoder, problem string) *Refusal {
	line, column := d.InputPos()
	return &Refusal{
		Status: http.StatusBadRequest,
		Title:  fmt.Sprintf("Error parsing xhtml: %s at [row,col {unknown-source}]: [%d,%d]", problem, line, column),
	}
}

// plain is a decoder's complaint without its own mention of the line.
func plain(err error) string {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Msg
	}
	return err.Error()
}
