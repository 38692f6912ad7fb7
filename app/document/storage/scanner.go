package storage

import (
	"strings"
	"unicode/utf8"

	"github.com/throughline/throughline/app/document"
)

// kind says what a token is.
type kind uint8

const (
	endOfSource kind = iota
	startTag
	endTag
	text    // character data, references not decoded
	cdata   // a CDATA section
	ignored // a comment or processing instruction
)

// token is one piece of the source; all its parts point into the scanner, valid until the next token.
type token struct {
	kind   kind
	span   document.Span
	name   string        // startTag, endTag: as written, with its prefix
	inner  document.Span // cdata: what lies between its brackets
	single bool          // startTag: <br/>
	refs   bool          // text: it has references
}

// attr is an attribute as written.
type attr struct {
	name  string
	value string // references not decoded
}

// scanner splits storage format into tokens, as strict as encoding/xml is, and several times as fast, because it copies
// nothing. It knows no namespaces and resolves no entity but HTML's: it accepts no declarations, so nothing can expand.
type scanner struct {
	src     string
	pos     int
	attrs   []attr // of the last start tag
	lenient bool   // read a fragment cut out of a source: what is no markup is text, and nothing is an error
}

// attributeLimit bounds the attributes of one element, which are compared with each other.
const attributeLimit = 100

func (s *scanner) next() (token, error) {
	start := s.pos
	if start >= len(s.src) {
		return token{kind: endOfSource, span: document.Span{Start: start, End: start}}, nil
	}
	if s.src[start] != '<' {
		return s.text(start)
	}
	t, err := s.markup(start)
	if err != nil && s.lenient {
		s.pos = start + 1
		return s.text(start)
	}
	return t, err
}

// text reads character data from start, whose own markup has not been recognised, to the next '<'.
func (s *scanner) text(start int) (token, error) {
	end := strings.IndexByte(s.src[s.pos:], '<')
	if end < 0 {
		end = len(s.src)
	} else {
		end += s.pos
	}
	run := s.src[start:end]
	t := token{kind: text, span: document.Span{Start: start, End: end}}
	if !s.lenient {
		if i := strings.Index(run, "]]>"); i >= 0 {
			return t, s.fail(start+i, "']]>' outside of a CDATA section: write ]]&gt;")
		}
	}
	var err error
	t.refs, err = s.references(run, start)
	s.pos = end
	return t, err
}

// references reports whether a run has references, and refuses one that means nothing.
func (s *scanner) references(run string, at int) (bool, error) {
	i := strings.IndexByte(run, '&')
	if i < 0 {
		return false, nil
	}
	if s.lenient {
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
		_, n := reference(run[i:])
		if n == 0 {
			return true, s.fail(at+i, "'&' without a character reference known to HTML: write &amp;")
		}
		i += n - 1
	}
	return true, nil
}

func (s *scanner) markup(start int) (token, error) {
	rest := s.src[start:]
	switch {
	case len(rest) < 2:
		return token{}, s.fail(start, "'<' at the end: write &lt;")
	case rest[1] == '/':
		return s.endTag(start)
	case rest[1] == '!':
		return s.declaration(start)
	case rest[1] == '?':
		end := strings.Index(rest, "?>")
		if end < 0 {
			return token{}, s.fail(start, "a processing instruction without its end '?>'")
		}
		return s.emit(token{kind: ignored}, start, start+end+2), nil
	}
	return s.startTag(start)
}

func (s *scanner) declaration(start int) (token, error) {
	rest := s.src[start:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		end := strings.Index(rest[4:], "--")
		if end < 0 || !strings.HasPrefix(rest[4+end:], "-->") {
			return token{}, s.fail(start, "a comment without its end '-->', or with '--' inside")
		}
		return s.emit(token{kind: ignored}, start, start+4+end+3), nil
	case strings.HasPrefix(rest, "<![CDATA["):
		end := strings.Index(rest, "]]>")
		if end < 0 && s.lenient {
			inner := document.Span{Start: start + 9, End: len(s.src)}
			return s.emit(token{kind: cdata, inner: inner}, start, len(s.src)), nil
		}
		if end < 0 {
			return token{}, s.fail(start, "a CDATA section without its end ']]>'")
		}
		inner := document.Span{Start: start + 9, End: start + end}
		return s.emit(token{kind: cdata, inner: inner}, start, start+end+3), nil
	default:
		return token{}, s.fail(start, "a declaration (DOCTYPE, ENTITY): storage format has none, and none is read")
	}
}

func (s *scanner) endTag(start int) (token, error) {
	end := s.name(start + 2)
	if end == start+2 {
		return token{}, s.fail(start, "an end tag without a name: write &lt; for '<'")
	}
	name := s.src[start+2 : end]
	end = s.blank(end)
	if end >= len(s.src) || s.src[end] != '>' {
		return token{}, s.fail(start, "the end tag </"+short(name)+"> has no '>'")
	}
	return s.emit(token{kind: endTag, name: name}, start, end+1), nil
}

func (s *scanner) startTag(start int) (token, error) {
	pos := s.name(start + 1)
	if pos == start+1 {
		return token{}, s.fail(start, "'<' without the name of an element: write &lt;")
	}
	t := token{kind: startTag, name: s.src[start+1 : pos]}
	s.attrs = s.attrs[:0]
	for {
		pos = s.blank(pos)
		if pos >= len(s.src) {
			return token{}, s.fail(start, "the tag <"+short(t.name)+"> has no '>'")
		}
		switch s.src[pos] {
		case '>':
			return s.emit(t, start, pos+1), nil
		case '/':
			if pos+1 >= len(s.src) || s.src[pos+1] != '>' {
				return token{}, s.fail(pos, "'/' inside the tag <"+short(t.name)+">")
			}
			t.single = true
			return s.emit(t, start, pos+2), nil
		}
		var err error
		if pos, err = s.attribute(pos, t.name); err != nil {
			return token{}, err
		}
	}
}

func (s *scanner) attribute(pos int, element string) (int, error) {
	end := s.name(pos)
	if end == pos {
		return 0, s.fail(pos, "the tag <"+short(element)+"> has something that is no attribute")
	}
	a := attr{name: s.src[pos:end]}
	equals := s.blank(end)
	if equals >= len(s.src) || s.src[equals] != '=' {
		return 0, s.fail(pos, "the attribute "+short(a.name)+" has no value")
	}
	open := s.blank(equals + 1)
	if open >= len(s.src) || s.src[open] != '"' && s.src[open] != '\'' {
		return 0, s.fail(pos, "the value of the attribute "+short(a.name)+" has no quotes")
	}
	length := strings.IndexByte(s.src[open+1:], s.src[open])
	if length < 0 {
		return 0, s.fail(pos, "the value of the attribute "+short(a.name)+" has no end")
	}
	a.value = s.src[open+1 : open+1+length]
	if i := strings.IndexByte(a.value, '<'); i >= 0 {
		return 0, s.fail(open+1+i, "'<' in the value of the attribute "+short(a.name)+": write &lt;")
	}
	if _, err := s.references(a.value, open+1); err != nil {
		return 0, err
	}
	for _, other := range s.attrs {
		if other.name == a.name {
			return 0, s.fail(pos, "the attribute "+short(a.name)+" stands twice")
		}
	}
	if len(s.attrs) == attributeLimit {
		return 0, s.fail(pos, "more than 100 attributes in one tag")
	}
	s.attrs = append(s.attrs, a)
	return open + length + 2, nil
}

// attribute of the last start tag, decoded; "" when it has none of that name.
func (s *scanner) attr(name string) string {
	for _, a := range s.attrs {
		if a.name == name {
			return decode(a.value)
		}
	}
	return ""
}

func (s *scanner) emit(t token, start, end int) token {
	t.span = document.Span{Start: start, End: end}
	s.pos = end
	return t
}

// blank skips white space.
func (s *scanner) blank(pos int) int {
	for pos < len(s.src) && isSpace(s.src[pos]) {
		pos++
	}
	return pos
}

// name skips a name; it stays where none begins.
func (s *scanner) name(pos int) int {
	start := pos
	for pos < len(s.src) {
		c := s.src[pos]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':':
		case c >= '0' && c <= '9' || c == '-' || c == '.':
			if pos == start {
				return start
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s.src[pos:])
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

func (s *scanner) fail(at int, what string) error {
	if s.lenient {
		return errFragment
	}
	return document.Invalid(s.src, at, what)
}

// short keeps foreign names in messages readable.
func short(name string) string {
	if len(name) > 40 {
		return strings.ToValidUTF8(name[:40], "") + "…"
	}
	return name
}
