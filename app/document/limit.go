package document

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/app/fault"
)

// Limits of what is read. They bound time and memory on hostile input; real pages stay far below them.
const (
	ReviewLimit = 10 << 20  // bytes of a page body that a review takes on (Confluence itself refuses bodies above 5 MB by default)
	ParseLimit  = 16 << 20  // bytes of a source that a parser takes on
	DepthLimit  = 1_000     // open elements inside each other
	NodeLimit   = 1_000_000 // nodes of one tree
)

// Check refuses what no parser should read: sources above ParseLimit, that are not UTF-8, or hold a NUL byte. The error is
// of kind fault.Invalid and says where.
func Check(src []byte) error {
	if len(src) > ParseLimit {
		return fault.New(fault.Invalid, "read source: it has %d bytes, the limit is %d: split the page", len(src), ParseLimit)
	}
	if i := bytes.IndexByte(src, 0); i >= 0 {
		return Invalid(src, i, "NUL byte: the source is not text")
	}
	if !utf8.Valid(src) {
		i := 0
		for r, n := utf8.DecodeRune(src); r != utf8.RuneError || n > 1; r, n = utf8.DecodeRune(src[i:]) {
			i += n
		}
		return Invalid(src, i, "the source is not UTF-8: save it as UTF-8")
	}
	return nil
}

// Invalid is a fault.Invalid error about the byte at offset, with its line and column (in bytes), both from 1.
func Invalid[S ~string | ~[]byte](src S, offset int, what string) error {
	offset = max(0, min(offset, len(src)))
	before := string(src[:offset])
	line := 1 + strings.Count(before, "\n")
	column := offset - strings.LastIndexByte(before, '\n')
	return fault.New(fault.Invalid, "line %d, column %d (byte %d): %s", line, column, offset, what)
}
