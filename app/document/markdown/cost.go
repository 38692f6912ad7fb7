package markdown

import (
	"bytes"

	"github.com/throughline/throughline/app/document"
)

// The library takes more than linear time or memory for some shapes of text that nobody writes. These limits, measured, keep
// each of them below about a second; real documents stay a hundred times below.
const (
	nestingLimit  = 100         // containers that one line opens, or two blanks of indent before a list item
	bracketLimit  = 500_000     // '[' in a document: each keeps a node until its paragraph ends
	targetLimit   = 300_000_000 // unclosed link targets times the length of the word they stand in: each is read to its end
	cellLimit     = 1_000_000   // columns times lines of tables: a short row is filled up with cells
	escapeLimit   = 10_000      // escaped pipes on lines with code: each is looked for in all others
	definitionSum = 500_000_000 // squares of the lengths of lists of link definitions
)

// checkCost refuses what would cost too much to read.
func checkCost(src []byte) error {
	var c cost
	for start := 0; start < len(src); {
		end := len(src)
		if i := bytes.IndexByte(src[start:], '\n'); i >= 0 {
			end = start + i
		}
		if what := c.line(src[start:end]); what != "" {
			return document.Invalid(src, start, what)
		}
		start = end + 1
	}
	return nil
}

// cost sums up what the lines so far cost.
type cost struct {
	brackets, targets, cells, escapes, squares int
	columns                                    int // of the table that the line may belong to, 0 when there is none
	definitions                                int // link definitions directly above
}

func (c *cost) line(line []byte) string {
	marks, indent := nesting(line)
	if marks > nestingLimit || marks > 0 && indent > 2*nestingLimit {
		return "more than 100 lists and quotes inside each other"
	}
	if c.brackets += bytes.Count(line, []byte("[")); c.brackets > bracketLimit {
		return "more than 500,000 opening brackets in one document"
	}
	if bytes.Contains(line, []byte("](")) {
		for word := range bytes.FieldsSeq(line) {
			c.targets += bytes.Count(word, []byte("](")) * len(word)
		}
		if c.targets > targetLimit {
			return "too many links without an end"
		}
	}
	if bytes.IndexByte(line, '`') >= 0 {
		if c.escapes += bytes.Count(line, []byte(`\|`)); c.escapes > escapeLimit {
			return "more than 10,000 escaped pipes beside code"
		}
	}
	return c.block(bytes.TrimLeft(line, " \t>"))
}

// block counts what goes on over lines.
func (c *cost) block(line []byte) string {
	switch blank := len(bytes.TrimSpace(line)) == 0; {
	case blank:
		c.columns = 0
	case isDelimiterRow(line):
		c.columns = max(c.columns, 1+bytes.Count(line, []byte("|")))
	}
	if c.cells += c.columns; c.cells > cellLimit {
		return "more than 1,000,000 cells in tables"
	}
	if len(line) == 0 || line[0] != '[' {
		c.definitions = 0
		return ""
	}
	c.definitions++
	if c.squares += 2*c.definitions - 1; c.squares > definitionSum {
		return "too many link definitions in one list"
	}
	return ""
}

// nesting is how many containers a line opens, at most, and the blanks before the first. A rule is none.
func nesting(line []byte) (marks, indent int) {
	indent = len(line) - len(bytes.TrimLeft(line, " \t"))
	for i, c := range line[indent:] {
		switch c {
		case ' ', '\t', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		case '>':
			marks++
		case '-', '*', '+', '.', ')':
			if rest := line[indent+i+1:]; len(rest) > 0 && rest[0] != ' ' && rest[0] != '\t' {
				return marks, indent
			}
			marks++
		default:
			return marks, indent
		}
	}
	if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 && len(bytes.Trim(trimmed, string(trimmed[:1])+" \t")) == 0 && trimmed[0] != '>' && trimmed[0] != '+' {
		return 0, indent
	}
	return marks, indent
}

func isDelimiterRow(line []byte) bool {
	return len(line) > 0 && bytes.IndexByte(line, '-') >= 0 && len(bytes.Trim(line, "|-: \t\r")) == 0
}
