package list

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
)

// kinded reports whether a block begins with a kind of STRIDE: "**Tampering:** routes are changed in the queue", "S: a rogue hub".
func kinded(page *extract.Page, b *extract.Block) bool {
	if len(b.Parts) == 0 || b.Role() != lexicon.None {
		return false
	}
	text := b.Text()
	end := b.Strong
	if end == 0 {
		end = strings.IndexByte(text[:min(longestKind, len(text))], ':')
	}
	if end <= 0 || end >= len(text) || end > longestKind {
		return false
	}
	_, ok := page.Lexicon.STRIDE(strings.TrimRight(text[:end], " :.-–—"))
	return ok
}

// longestKind is longer than what people call a kind, in bytes.
const longestKind = 60

// kinds reports whether most entries of a list begin with a kind of STRIDE, at least two of them, below a title that gathers threats.
func (l listing) kinds() bool {
	n := 0
	for _, entry := range l.entries {
		if kinded(l.page, entry[0]) {
			n++
		}
	}
	return n > 1 && n*2 > len(l.entries) && gathered(l.section)
}

// gathered reports whether a section or one that it lies in gathers threats.
func gathered(s *extract.Section) bool {
	for ; s != nil; s = s.Parent {
		if s.Topic.Gathers() {
			return true
		}
	}
	return false
}

// byKind reports whether several paragraphs of a section among threats begin with a kind of STRIDE.
func byKind(page *extract.Page, s *extract.Section) bool {
	if s.Within == lexicon.Excluded || !gathered(s) {
		return false
	}
	n := 0
	for _, b := range page.Own(s) {
		if b.Kind == document.Paragraph && kinded(page, b) {
			n++
		}
	}
	return n > 1
}
