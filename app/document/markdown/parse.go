// Package markdown reads Markdown (CommonMark, GitHub's tables, strikethrough and task lists, definition lists, and the HTML
// that people put into it) into a document.
package markdown

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/fault"
)

// Parse reads a Markdown source. The document keeps src as its source and must not see it changed. Front matter and the
// imports at the head of an MDX file are skipped; HTML comments are not read. Any text is Markdown: an error, of kind
// fault.Invalid, means that src is no text or exceeds the limits of package document.
func Parse(src []byte) (*document.Document, error) {
	if err := document.Check(src); err != nil {
		return nil, err
	}
	root, err := parse(src, maskHead(src))
	if err != nil {
		return nil, err
	}
	return &document.Document{Format: document.Markdown, Source: src, Root: root}, nil
}

// library holds no state between sources and serves many goroutines at once.
var library = goldmark.New(goldmark.WithExtensions(
	extension.Table, extension.Strikethrough, extension.TaskList, extension.DefinitionList, extension.Linkify,
)).Parser()

// parse reads masked, which has the same bytes as src or blanks in their place.
func parse(src, masked []byte) (root *document.Node, err error) {
	if err := checkCost(masked); err != nil {
		return nil, err
	}
	defer func() { // the library promises not to panic on any input; a page must not end the process if it does
		if r := recover(); r != nil {
			root, err = nil, fault.New(fault.Invalid, "read Markdown: the parser gave up on this source: %v", r)
		}
	}()
	tree := library.Parse(text.NewReader(masked))
	b := newBuilder(src)
	b.blocks(tree)
	return b.finish()
}

// maskHead returns src with its byte order mark, front matter (YAML between "---", TOML between "+++") and the import and
// export lines that follow blanked out, byte for byte, so that all offsets stay.
func maskHead(src []byte) []byte {
	end := frontMatter(src)
	if bytes.HasPrefix(src, []byte("\ufeff")) {
		end = max(end, len("\ufeff"))
	}
	for end < len(src) {
		line := src[end:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 && !isModuleLine(trimmed) {
			break
		}
		end += len(line)
	}
	if len(bytes.TrimSpace(src[:end])) == 0 {
		return src
	}
	masked := bytes.Clone(src)
	for i, c := range masked[:end] {
		if c != '\n' && c != '\r' {
			masked[i] = ' '
		}
	}
	return masked
}

func isModuleLine(line []byte) bool {
	s := string(line)
	quoted := strings.HasSuffix(strings.TrimSuffix(s, ";"), "'") || strings.HasSuffix(strings.TrimSuffix(s, ";"), `"`)
	return strings.HasPrefix(s, "import ") && quoted || strings.HasPrefix(s, "export const ") && strings.Contains(s, "=")
}

// frontMatter is the length of the front matter, 0 when there is none.
func frontMatter(src []byte) int {
	start := 0
	if bytes.HasPrefix(src, []byte("\ufeff")) {
		start = 3
	}
	for _, fence := range []string{"---", "+++"} {
		if !bytes.HasPrefix(src[start:], []byte(fence)) {
			continue
		}
		for at, first := start, true; at < len(src); first = false {
			line := src[at:]
			if i := bytes.IndexByte(line, '\n'); i >= 0 {
				line = line[:i+1]
			}
			at += len(line)
			trimmed := string(bytes.TrimRight(line, " \t\r\n"))
			if !first && (trimmed == fence || fence == "---" && trimmed == "...") {
				return at
			}
			if first && trimmed != fence || !first && trimmed == "" && fence == "---" && at-len(line) == start+4 {
				break // a rule, not front matter
			}
		}
	}
	return 0
}
