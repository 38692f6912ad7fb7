package markdown

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/throughline/throughline/app/document"
)

// Text is what a reader sees of a fragment cut out of a source, white space collapsed. A fragment does not know what stands
// around it: it is taken to begin with text, or with the marks of a heading or quote; marks at the head of its other lines
// are read as those of blocks, halves of links, emphasis and code as markup, "[name]" as text even where the source
// defines the name.
func Text(fragment string) string {
	lines := strings.Split(strings.ToValidUTF8(fragment, "\uFFFD"), "\n")
	for i, line := range lines {
		lines[i] = bare(line, i == 0)
	}
	// One line that begins with a word is one paragraph, whatever stands in it.
	const guard = "\u2060"
	src := []byte(guard + strings.Join(lines, " "))
	root, err := parse(src, src)
	if err != nil { // only for depth and size: then no reader sees it either
		return ""
	}
	return dropHalves(strings.TrimPrefix(document.Flatten(root).Text, guard))
}

// bare is a line without the marks of the blocks that it stands in.
func bare(line string, first bool) string {
	line = strings.TrimSpace(line)
	for {
		rest := strings.TrimSpace(line[markLength(line, first):])
		if rest == line || rest == "" {
			break
		}
		line = rest
	}
	if len(bytes.Trim([]byte(line), "|-: ")) == 0 && strings.Contains(line, "--") { // the line below a table's header
		return ""
	}
	return line
}

// markLength is the length of the block mark that a line begins with, 0 when there is none.
func markLength(line string, first bool) int {
	if rest := strings.TrimLeft(line, "#"); len(line)-len(rest) <= 6 && strings.HasPrefix(rest, " ") {
		return len(line) - len(rest)
	}
	if strings.HasPrefix(line, ">") {
		return 1
	}
	if first {
		return 0
	}
	digits := strings.TrimLeft(line, "0123456789")
	switch n := len(line) - len(digits); {
	case strings.HasPrefix(line, "- "), strings.HasPrefix(line, "* "), strings.HasPrefix(line, "+ "):
		return 2
	case n > 0 && n < 10 && (strings.HasPrefix(digits, ". ") || strings.HasPrefix(digits, ") ")):
		return n + 2
	case strings.HasPrefix(line, "[ ] "), strings.HasPrefix(line, "[x] "), strings.HasPrefix(line, "[X] "):
		return 4
	}
	return 0
}

// What a fragment leaves of links whose definition or other half lies elsewhere, and of marks.
var (
	reference = regexp.MustCompile(`\[([^\[\]]*)\]\[[A-Za-z][^\[\]]*\]`)
	tail      = regexp.MustCompile(`\]\([^()\s]*\)|\]\[[A-Za-z][^\[\]]*\]`)
	mark      = regexp.MustCompile("\\*{2,3}|__|~~|`+")
)

// dropHalves removes markup that the parser took for text.
func dropHalves(s string) string {
	s = reference.ReplaceAllString(s, "$1")
	s = tail.ReplaceAllString(s, "")
	return strings.TrimSpace(mark.ReplaceAllString(s, ""))
}
