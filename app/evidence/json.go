package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// writeJSON writes a table as one JSON value, as its schema says: {"table": name, "rows": [{column: value}]}, a row a line. A cell
// without a value is null; a number that would be text elsewhere is a number here.
func writeJSON(w io.Writer, r *rows) error {
	out := bufio.NewWriterSize(w, 64<<10)
	_, _ = out.WriteString(`{"table":"` + r.Name + `","rows":[`) // the writer keeps its first error for Flush
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	first := true
	err := r.each(func(cells []any) error {
		buf.Reset()
		for i, c := range cells {
			if i == 0 {
				buf.WriteString("{\"")
			} else {
				buf.WriteString(",\"")
			}
			buf.WriteString(r.Columns[i].Name)
			buf.WriteString("\":")
			if at, ok := c.(time.Time); ok {
				buf.WriteByte('"')
				buf.WriteString(instant(at))
				buf.WriteByte('"')
				continue
			}
			if err := enc.Encode(c); err != nil {
				return err
			}
			buf.Truncate(buf.Len() - 1) // the line feed that Encode adds
		}
		if !first {
			_ = out.WriteByte(',')
		}
		first = false
		_ = out.WriteByte('\n')
		_, err := out.Write(buf.Bytes())
		_ = out.WriteByte('}')
		return err
	})
	if err != nil {
		return fault.As(fault.Internal, err, "writing %s.json", r.Name)
	}
	_, _ = out.WriteString("\n]}\n")
	return fault.As(fault.Internal, out.Flush(), "writing %s.json", r.Name)
}

// Schema is the JSON schema (draft 2020-12) of every table's JSON file. It is a promise: a column may be added, none changes or goes.
func Schema() ([]byte, error) {
	type object = map[string]any
	var kinds []any
	for _, t := range Tables() {
		properties, required := object{}, []string{}
		for _, c := range t.Columns {
			one := object{"title": c.Head}
			if c.About != "" {
				one["description"] = c.About
			}
			switch c.Sort {
			case Number:
				one["type"] = []string{"integer", "null"}
			case Moment:
				one["type"], one["format"] = []string{"string", "null"}, "date-time"
			case Day:
				one["type"], one["format"] = []string{"string", "null"}, "date"
			case Flag:
				one["type"] = []string{"boolean", "null"}
			case List:
				one["type"], one["items"] = []string{"array", "null"}, object{"type": "string"}
			default:
				one["type"] = []string{"string", "null"}
			}
			properties[c.Name] = one
			required = append(required, c.Name)
		}
		kinds = append(kinds, object{
			"title": t.Head, "description": t.About, "type": "object", "additionalProperties": false, "required": []string{"table", "rows"},
			"properties": object{
				"table": object{"const": t.Name},
				"rows":  object{"type": "array", "items": object{"type": "object", "additionalProperties": false, "required": required, "properties": properties}},
			},
		})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:throughline:evidence:tables:1",
		"title": "Tables of a Throughline evidence pack", "oneOf": kinds,
	})
	return b.Bytes(), fault.As(fault.Internal, err, "writing the schema")
}
