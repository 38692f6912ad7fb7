package list

import (
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/threat"
)

// kind is the kind of STRIDE that a block begins with: "**Tampering:** routes are changed in the queue", "S – a rogue hub".
func kind(page *extract.Page, b *extract.Block) (threat.STRIDE, bool) {
	if len(b.Parts) == 0 || b.Role() != lexicon.None {
		return "", false
	}
	title, _ := runIn(page.Lexicon, b, b.Parts[0])
	if title == "" {
		return "", false
	}
	return page.Lexicon.STRIDE(title)
}

// kinds reports whether most entries of a list begin with a kind of STRIDE, at least two of them, below a title that gathers threats.
func (l listing) kinds() bool {
	n := 0
	for _, entry := range l.entries {
		if _, ok := kind(l.page, entry[0]); ok {
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
