package report

import (
	"sort"
	"unicode/utf8"
)

// lines finds the line and column of a byte.
type lines struct {
	source []byte
	starts []int // byte offsets
}

func newLines(source []byte) lines {
	l := lines{source: source, starts: []int{0}}
	for i, c := range source {
		if c == '\n' {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// at is the line and column of the byte at offset, both from 1; columns count code points.
func (l lines) at(offset int) (line, column int) {
	offset = min(offset, len(l.source))
	line = sort.Search(len(l.starts), func(i int) bool { return l.starts[i] > offset })
	return line, utf8.RuneCount(l.source[l.starts[line-1]:offset]) + 1
}
