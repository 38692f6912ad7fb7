package extract

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
	"github.com/throughline/throughline/app/threat"
)

// Page is a document with what every finder needs of it, computed once. It belongs to one scan.
type Page struct {
	*document.Document
	Lexicon  *lexicon.Lexicon
	Reader   *prose.Reader
	Blocks   []*Block   // in document order
	Sections []*Section // in document order; the first is the page itself

	// Claims are what the finders before this one found, those that read the clearest shapes. A finder may leave alone what
	// only leads over to them.
	Claims Claims

	outline *document.Outline
	bands   []band // see scale
	scaled  bool
}

// Section is what stands under a heading, the title of a <details> or a line in bold that serves as one.
type Section struct {
	Title    string
	Head     *Block // nil for the page itself
	Level    int    // 0 the page, 1…6 headings, 7 and more the weaker ones
	Parent   *Section
	First    int // its blocks are Blocks[First:End], those of its subsections included, its heading not
	End      int
	Topic    lexicon.Topic // what its own title says
	Known    bool          // the title is one that the lexicon knows
	Within   lexicon.Topic // its own topic, else its parent's
	Distance int           // how many titles that say nothing lie between it and the one that gave Within
	Kind     threat.STRIDE // the kind that its title names, else its parent's
	Names    bool          // its own title names the kind
	Kids     []*Section
}

// NewPage reads a document's blocks and sections.
func NewPage(doc *document.Document, lex *lexicon.Lexicon) *Page {
	p := &Page{Document: doc, Lexicon: lex, Reader: prose.NewReader(lex), outline: document.NewOutline(doc.Root)}
	b := builder{page: p}
	b.root()
	p.topics()
	return p
}

// Path is the titles of the headings around a place of the source, outermost first.
func (p *Page) Path(at document.Span) []string { return p.outline.Path(at.Start) }

// In reports whether s is t or lies in it.
func (s *Section) In(t *Section) bool {
	for ; s != nil; s = s.Parent {
		if s == t {
			return true
		}
	}
	return false
}

// Extent is the source from a section's heading to its end.
func (p *Page) Extent(s *Section) document.Span {
	var span document.Span
	if s.Head != nil {
		span = s.Head.Node.Span
	}
	for _, b := range p.Blocks[s.First:s.End] {
		span.End = max(span.End, b.Node.Span.End)
	}
	return span
}

// topics says of each section what it gathers.
func (p *Page) topics() {
	kinds := map[threat.STRIDE]bool{}
	for _, s := range p.Sections[1:] {
		if s.Topic, s.Known = p.Lexicon.Topic(s.Title); s.Known && s.Topic == lexicon.Threats && p.specific(s) {
			s.Topic, s.Known = lexicon.Neutral, false
		}
		if k, ok := p.Lexicon.STRIDE(s.Title); ok {
			s.Kind, s.Names = k, true
			kinds[k] = true
		}
	}
	for _, s := range p.Sections[1:] {
		up := s.Parent
		switch {
		case s.Names && (len(kinds) > 2 || up.Within.Gathers()):
			s.Topic, s.Known, s.Within = lexicon.Threats, true, lexicon.Threats
		case s.Known:
			s.Within = s.Topic
		case p.spans(up):
			s.Within = lexicon.Neutral
		default:
			s.Within, s.Distance = up.Within, up.Distance+1
		}
		if s.Within == lexicon.Excluded || up.Within == lexicon.Excluded {
			s.Within = lexicon.Excluded
		}
		if !s.Names {
			s.Kind = up.Kind
		}
	}
}

// specific reports whether a heading like "Directory traversal vulnerabilities" or "Replay attacks" names one threat among the
// others of its section, and does not gather them.
func (p *Page) specific(s *Section) bool {
	if topic, ok := p.Lexicon.Topic(s.Parent.Title); !ok || !topic.Gathers() {
		return false
	}
	words := lexicon.Words(s.Title)
	if len(words) < 2 || !p.Reader.Class(words[len(words)-1].Text).Has(lexicon.Nominal) {
		return false
	}
	for _, w := range words[:len(words)-1] {
		if p.Reader.Class(w.Text).Has(lexicon.Nominal | lexicon.Attack) {
			return true
		}
	}
	return false
}

// spans reports whether a section is the whole page with many parts: "Threat model of X" with assets, actors and threats below
// it says of none of them what it is.
func (p *Page) spans(s *Section) bool {
	return s.Level == 1 && len(s.Kids) > 1 && (s.End-s.First)*10 >= len(p.Blocks)*8
}

// plain is a title without its numbering and closing colon.
func plain(title string) string { return strings.TrimRight(strings.TrimSpace(title), ":. ") }
