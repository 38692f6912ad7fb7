package storage

import (
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markup"
)

// found is what a survey of a body finds.
type found struct {
	region    region
	layoutEnd int // the end tag of the last layout of a body that has only layouts, -1 for other bodies
}

// region is the panel in a body.
type region struct {
	found bool
	macro document.Span
	whole document.Span // with the layout section made for it
	inner int           // behind the macro's start tag
	place string        // its parameter placeParameter
	empty bool          // it shows nothing
}

// element is an open element of a survey.
type element struct {
	name     string
	start    int
	inner    int
	details  bool   // a details macro
	id       string // its parameter "id"
	place    string // its parameter placeParameter
	children int
	text     bool   // it has text directly
	content  bool   // it shows something
	holds    bool   // the region, or the cell with the region, is one of its children
	value    string // parameter: its name
}

// survey reads a body once, as strictly as Parse, and keeps only where the region is and could go.
func survey(body []byte) (found, error) {
	if err := check(body); err != nil {
		return found{}, err
	}
	s := surveyor{Scanner: markup.Scanner{Source: string(body)}, stack: make([]element, 1, 32), layoutEnd: -1}
	for {
		t, err := s.Next()
		if err != nil {
			return found{}, err
		}
		switch t.Kind {
		case markup.Text:
			s.chars(s.Source[t.Span.Start:t.Span.End])
		case markup.CDATA:
			s.chars(s.Source[t.Inner.Start:t.Inner.End])
		case markup.StartTag:
			err = s.open(t)
		case markup.EndTag:
			if top := s.top(); len(s.stack) == 1 || top.name != t.Name {
				return found{}, unbalanced(s.Source, t, top.name)
			}
			s.close(t.Span)
		case markup.End:
			if top := s.top(); len(s.stack) > 1 {
				return found{}, unclosed(s.Source, top.name, top.start)
			}
			return s.result(), nil
		}
		if err != nil {
			return found{}, err
		}
	}
}

type surveyor struct {
	markup.Scanner
	stack     []element
	region    region
	layoutEnd int
	layouts   int // at the top of the body
}

func (s *surveyor) top() *element { return &s.stack[len(s.stack)-1] }

func (s *surveyor) result() found {
	f := found{region: s.region, layoutEnd: -1}
	if top := s.top(); s.layouts > 0 && s.layouts == top.children && !top.text {
		f.layoutEnd = s.layoutEnd
	}
	return f
}

func (s *surveyor) chars(text string) {
	top := s.top()
	if strings.HasSuffix(top.name, ":parameter") && len(s.stack) > 1 && s.stack[len(s.stack)-2].details {
		macro := &s.stack[len(s.stack)-2]
		switch top.value {
		case "id":
			macro.id += document.Decode(text)
		case placeParameter:
			macro.place += document.Decode(text)
		}
	}
	if !markup.Blank(text) {
		top.text, top.content = true, true
	}
}

func (s *surveyor) open(t markup.Token) error {
	if len(s.stack) > document.DepthLimit {
		return tooDeep(s.Source, t.Span.Start)
	}
	s.top().children++
	e := element{name: t.Name, start: t.Span.Start, inner: t.Span.End}
	switch t.Name {
	case "ac:structured-macro", "ac:macro":
		e.details = s.Attr("ac:name") == "details"
		e.content = !e.details
	case "ac:parameter":
		e.value = s.Attr("ac:name")
	case "p", "br", "div", "span", "ac:rich-text-body":
	default:
		e.content = true
	}
	s.stack = append(s.stack, e)
	if t.Single {
		s.close(document.Span{Start: t.Span.End, End: t.Span.End})
	}
	return nil
}

// close ends the innermost element, whose end tag is tag.
func (s *surveyor) close(tag document.Span) {
	e := *s.top()
	s.stack = s.stack[:len(s.stack)-1]
	up := s.top()
	if e.name != "ac:parameter" {
		up.content = up.content || e.content
	}
	switch {
	case e.details && strings.TrimSpace(e.id) == RegionID:
		// A region inside this one ended before it; a later one begins behind it.
		if !s.region.found || s.region.macro.Start > e.start {
			span := document.Span{Start: e.start, End: tag.End}
			s.region = region{found: true, macro: span, whole: span, inner: e.inner, place: strings.TrimSpace(e.place), empty: !e.content}
			up.holds = true
		}
	case e.name == "ac:layout-cell" && e.holds && e.children == 1 && !e.text:
		up.holds = true
	case e.name == "ac:layout-section" && e.holds && e.children == 1 && !e.text && s.region.place == placeSection:
		s.region.whole = document.Span{Start: e.start, End: tag.End}
	case e.name == "ac:layout" && len(s.stack) == 1:
		s.layouts++
		if s.layoutEnd = tag.Start; tag.Len() == 0 { // <ac:layout/> has no room
			s.layouts--
		}
	}
}
