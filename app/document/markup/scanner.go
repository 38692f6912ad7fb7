// Package markup splits XHTML and HTML into tags, text and character references, for the parsers of storage format and of
// the HTML inside Markdown. It copies nothing.
package markup

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/app/document"
)

// Kind says what a token is.
type Kind uint8

// The kinds of tokens.
const (
	End      Kind = iota // of the source
	StartTag             // see Token.Single, Scanner.Attrs
	EndTag
	Text    // character data, references not decoded
	CDATA   // a CDATA section
	Ignored // a comment or processing instruction
)

// Token is one piece of the source.
type Token struct {
	Kind   Kind
	Span   document.Span
	Name   string        // StartTag, EndTag: as written, with its prefix
	Inner  document.Span // CDATA: what lies between its brackets
	Single bool          // StartTag: <br/>
	Refs   bool          // Text: it may have references
}

// Attr is an attribute as written.
type Attr struct {
	Name  string
	Value string // references not decoded
}

// Scanner splits a source into tokens. Strict, it accepts what encoding/xml accepts, several times as fast, and in addition
// refuses declarations, so nothing can expand, and attributes that stand twice. It knows no namespaces and checks neither
// the balance of tags nor, outside of markup and references, which characters stand in the source.
type Scanner struct {
	Source  string
	Lenient bool   // read a fragment cut out of a source: what is no markup is text, and nothing is an error
	HTML    bool   // lenient only: attributes need no quotes and no values
	Attrs   []Attr // of the last start tag, valid until the next token

	pos      int
	unending [3]bool // by ending: none follows, so that none is looked for again
}

// ending is what ends a piece of markup that a lenient scanner looks for more than once.
type ending uint8

const (
	comment ending = iota
	instruction
	declaration
)

// index is where mark follows start, counted from there, -1 when it does not.
func (s *Scanner) index(start int, mark string, e ending) int {
	if s.unending[e] {
		return -1
	}
	i := strings.Index(s.Source[start:], mark)
	s.unending[e] = i < 0
	return i
}

// attributeLimit bounds the attributes of one element, which are compared with each other.
const attributeLimit = 100

// Next gives the next token. An error is of kind fault.Invalid and says where.
func (s *Scanner) Next() (Token, error) {
	start := s.pos
	if start >= len(s.Source) {
		return Token{Kind: End, Span: document.Span{Start: start, End: start}}, nil
	}
	if s.Source[start] != '<' {
		return s.text(start)
	}
	t, err := s.markup(start)
	if err != nil && s.Lenient {
		s.pos = start + 1
		return s.text(start)
	}
	return t, err
}

// text reads character data from start, whose own markup has not been recognised, to the next '<'.
func (s *Scanner) text(start int) (Token, error) {
	end := strings.IndexByte(s.Source[s.pos:], '<')
	if end < 0 {
		end = len(s.Source)
	} else {
		end += s.pos
	}
	run := s.Source[start:end]
	t := Token{Kind: Text, Span: document.Span{Start: start, End: end}}
	if !s.Lenient {
		if i := strings.Index(run, "]]>"); i >= 0 {
			return t, s.fail(start+i, "']]>' outside of a CDATA section: write ]]&gt;")
		}
	}
	var err error
	t.Refs, err = s.references(run, start)
	s.pos = end
	return t, err
}

// references reports whether a run has references, and refuses one that means nothing.
func (s *Scanner) references(run string, at int) (bool, error) {
	i := strings.IndexByte(run, '&')
	if i < 0 {
		return false, nil
	}
	if s.Lenient {
		return true, nil
	}
	for ; i < len(run); i++ {
		if run[i] != '&' {
			next := strings.IndexByte(run[i:], '&')
			if next < 0 {
				break
			}
			i += next
		}
		_, n := document.Reference(run[i:])
		if n == 0 {
			return true, s.fail(at+i, "'&' without a character reference known to HTML: write &amp;")
		}
		i += n - 1
	}
	return true, nil
}

func (s *Scanner) markup(start int) (Token, error) {
	rest := s.Source[start:]
	switch {
	case len(rest) < 2:
		return Token{}, s.fail(start, "'<' at the end: write &lt;")
	case rest[1] == '/':
		return s.endTag(start)
	case rest[1] == '!':
		return s.declaration(start)
	case rest[1] == '?':
		end := s.index(start, "?>", instruction)
		if end < 0 || !s.Lenient && s.name(start+2) == start+2 {
			return Token{}, s.fail(start, "a processing instruction without its name or its end '?>'")
		}
		return s.emit(Token{Kind: Ignored}, start, start+end+2), nil
	}
	return s.startTag(start)
}

func (s *Scanner) declaration(start int) (Token, error) {
	rest := s.Source[start:]
	switch {
	case strings.HasPrefix(rest, "<!--") && s.Lenient:
		end := s.index(start, "-->", comment)
		if end < 0 {
			return Token{}, s.fail(start, "a comment without its end")
		}
		return s.emit(Token{Kind: Ignored}, start, start+end+3), nil
	case strings.HasPrefix(rest, "<!--"):
		end := strings.Index(rest[4:], "--")
		if end < 0 || !strings.HasPrefix(rest[4+end:], "-->") {
			return Token{}, s.fail(start, "a comment without its end '-->', or with '--' inside")
		}
		return s.emit(Token{Kind: Ignored}, start, start+4+end+3), nil
	case strings.HasPrefix(rest, "<![CDATA["):
		end := strings.Index(rest, "]]>")
		if end < 0 && s.Lenient {
			inner := document.Span{Start: start + 9, End: len(s.Source)}
			return s.emit(Token{Kind: CDATA, Inner: inner}, start, len(s.Source)), nil
		}
		if end < 0 {
			return Token{}, s.fail(start, "a CDATA section without its end ']]>'")
		}
		inner := document.Span{Start: start + 9, End: start + end}
		return s.emit(Token{Kind: CDATA, Inner: inner}, start, start+end+3), nil
	case s.Lenient && len(rest) > 2 && (rest[2]|0x20) == 'd':
		end := s.index(start, ">", declaration)
		if end < 0 {
			return Token{}, s.fail(start, "a declaration without its end")
		}
		return s.emit(Token{Kind: Ignored}, start, start+end+1), nil
	default:
		return Token{}, s.fail(start, "a declaration (DOCTYPE, ENTITY): storage format has none, and none is read")
	}
}

func (s *Scanner) endTag(start int) (Token, error) {
	end := s.name(start + 2)
	if end == start+2 {
		return Token{}, s.fail(start, "an end tag without a name: write &lt; for '<'")
	}
	name := s.Source[start+2 : end]
	end = s.blank(end)
	if end >= len(s.Source) || s.Source[end] != '>' {
		return Token{}, s.fail(start, "the end tag </"+Short(name)+"> has no '>'")
	}
	return s.emit(Token{Kind: EndTag, Name: name}, start, end+1), nil
}

func (s *Scanner) startTag(start int) (Token, error) {
	pos := s.name(start + 1)
	if pos == start+1 {
		return Token{}, s.fail(start, "'<' without the name of an element: write &lt;")
	}
	t := Token{Kind: StartTag, Name: s.Source[start+1 : pos]}
	s.Attrs = s.Attrs[:0]
	for {
		pos = s.blank(pos)
		if pos >= len(s.Source) {
			return Token{}, s.fail(start, "the tag <"+Short(t.Name)+"> has no '>'")
		}
		switch s.Source[pos] {
		case '>':
			return s.emit(t, start, pos+1), nil
		case '/':
			if pos+1 >= len(s.Source) || s.Source[pos+1] != '>' {
				return Token{}, s.fail(pos, "'/' inside the tag <"+Short(t.Name)+">")
			}
			t.Single = true
			return s.emit(t, start, pos+2), nil
		}
		var err error
		if pos, err = s.attribute(pos, t.Name); err != nil {
			return Token{}, err
		}
	}
}

func (s *Scanner) attribute(pos int, element string) (int, error) {
	end := s.name(pos)
	if end == pos {
		return 0, s.fail(pos, "the tag <"+Short(element)+"> has something that is no attribute")
	}
	a := Attr{Name: s.Source[pos:end]}
	equals := s.blank(end)
	if equals >= len(s.Source) || s.Source[equals] != '=' {
		if s.HTML && equals < len(s.Source) {
			return s.keep(a, end)
		}
		return 0, s.fail(pos, "the attribute "+Short(a.Name)+" has no value")
	}
	open := s.blank(equals + 1)
	if open >= len(s.Source) || s.Source[open] != '"' && s.Source[open] != '\'' {
		if s.HTML {
			return s.bare(a, open)
		}
		return 0, s.fail(pos, "the value of the attribute "+Short(a.Name)+" has no quotes")
	}
	length := strings.IndexByte(s.Source[open+1:], s.Source[open])
	if length < 0 {
		return 0, s.fail(pos, "the value of the attribute "+Short(a.Name)+" has no end")
	}
	a.Value = s.Source[open+1 : open+1+length]
	if i := strings.IndexByte(a.Value, '<'); i >= 0 && !s.Lenient {
		return 0, s.fail(open+1+i, "'<' in the value of the attribute "+Short(a.Name)+": write &lt;")
	}
	if _, err := s.references(a.Value, open+1); err != nil {
		return 0, err
	}
	return s.keep(a, open+length+2)
}

// keep adds an attribute that ends before end.
func (s *Scanner) keep(a Attr, end int) (int, error) {
	for _, other := range s.Attrs {
		if other.Name == a.Name && !s.HTML {
			return 0, s.fail(end, "the attribute "+Short(a.Name)+" stands twice")
		}
	}
	if len(s.Attrs) == attributeLimit {
		return 0, s.fail(end, "more than 100 attributes in one tag")
	}
	s.Attrs = append(s.Attrs, a)
	return end, nil
}

// bare reads a value without quotes.
func (s *Scanner) bare(a Attr, start int) (int, error) {
	end := start
	for end < len(s.Source) && !isSpace(s.Source[end]) && s.Source[end] != '>' && s.Source[end] != '<' {
		end++
	}
	if end == start {
		return 0, s.fail(start, "the attribute "+Short(a.Name)+" has no value")
	}
	a.Value = s.Source[start:end]
	return s.keep(a, end)
}

// Attr is an attribute of the last start tag, decoded; "" when it has none of that name.
func (s *Scanner) Attr(name string) string {
	for _, a := range s.Attrs {
		if a.Name == name {
			return document.Decode(a.Value)
		}
	}
	return ""
}

func (s *Scanner) emit(t Token, start, end int) Token {
	t.Span = document.Span{Start: start, End: end}
	s.pos = end
	return t
}

// blank skips white space.
func (s *Scanner) blank(pos int) int {
	for pos < len(s.Source) && isSpace(s.Source[pos]) {
		pos++
	}
	return pos
}

// name skips a name; it stays where none begins, and where it would have a second colon: a prefix has none.
func (s *Scanner) name(pos int) int {
	start, colon := pos, false
	for pos < len(s.Source) {
		c := s.Source[pos]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
		case c == ':':
			if colon {
				return start
			}
			colon = true
		case c >= '0' && c <= '9' || c == '-' || c == '.':
			if pos == start {
				return start
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s.Source[pos:])
			if !nameRune(r, pos == start) {
				return pos
			}
			pos += n
			continue
		default:
			return pos
		}
		pos++
	}
	return pos
}

// nameRune says which characters beyond ASCII a name may hold (XML 1.0, fifth edition, NameStartChar and NameChar).
func nameRune(r rune, first bool) bool {
	switch {
	case r >= 0xC0 && r <= 0x2FF && r != 0xD7 && r != 0xF7, r >= 0x370 && r <= 0x1FFF && r != 0x37E,
		r >= 0x200C && r <= 0x200D, r >= 0x2070 && r <= 0x218F, r >= 0x2C00 && r <= 0x2FEF,
		r >= 0x3001 && r <= 0xD7FF, r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFFC, r >= 0x10000 && r <= 0xEFFFF:
		return true
	case r == 0xB7, r >= 0x300 && r <= 0x36F, r >= 0x203F && r <= 0x2040:
		return !first
	default:
		return false
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// errFragment says that something in a fragment is no markup; it never leaves the package.
var errFragment = errors.New("no markup")

func (s *Scanner) fail(at int, what string) error {
	if s.Lenient {
		return errFragment
	}
	return document.Invalid(s.Source, at, what)
}

// Short keeps foreign names in messages readable.
func Short(name string) string {
	if len(name) > 40 {
		return strings.ToValidUTF8(name[:40], "") + "…"
	}
	return name
}
