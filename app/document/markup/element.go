package markup

import "github.com/throughline/throughline/app/document"

// Rule says how an element is read.
type Rule struct {
	Kind document.Kind // the node it becomes; "" when its children become its parent's
	Body Body
	Drop bool // neither it nor its content is read
}

// Body says what text means directly inside an element.
type Body uint8

// The bodies.
const (
	Same   Body = iota // as in the element around it
	Prose              // every character counts
	Blocks             // white space between blocks counts for nothing
	Rows               // only elements belong here
)

// RuleOf is the rule of an element of XHTML, by its name in lower case. The zero Rule is for one it does not know.
func RuleOf(name string) Rule {
	switch name {
	case "p":
		return Rule{Kind: document.Paragraph, Body: Prose}
	case "h1", "h2", "h3", "h4", "h5", "h6":
		return Rule{Kind: document.Heading, Body: Prose}
	case "ul", "ol":
		return Rule{Kind: document.List, Body: Rows}
	case "li":
		return Rule{Kind: document.Item, Body: Blocks}
	case "table":
		return Rule{Kind: document.Table, Body: Rows}
	case "thead", "tbody", "tfoot", "colgroup":
		return Rule{Body: Rows}
	case "caption", "summary":
		return Rule{Kind: document.Summary, Body: Prose}
	case "tr":
		return Rule{Kind: document.Row, Body: Rows}
	case "td", "th":
		return Rule{Kind: document.Cell, Body: Blocks}
	case "blockquote":
		return Rule{Kind: document.Quote, Body: Blocks}
	case "pre":
		return Rule{Kind: document.Code, Body: Prose}
	case "div", "section", "article", "center", "figure":
		return Rule{Kind: document.Layout, Body: Blocks}
	case "dl":
		return Rule{Kind: document.Terms, Body: Rows}
	case "dt":
		return Rule{Kind: document.Term, Body: Prose}
	case "dd":
		return Rule{Kind: document.Def, Body: Blocks}
	case "details":
		return Rule{Kind: document.Details, Body: Blocks}
	case "strong", "b":
		return Rule{Kind: document.Strong, Body: Prose}
	case "em", "i", "cite":
		return Rule{Kind: document.Emphasis, Body: Prose}
	case "code", "tt", "kbd", "samp":
		return Rule{Kind: document.CodeSpan, Body: Prose}
	case "del", "s", "strike":
		return Rule{Kind: document.Strike, Body: Prose}
	case "a":
		return Rule{Kind: document.Link, Body: Prose}
	case "br", "hr":
		return Rule{Kind: document.Break}
	case "img":
		return Rule{Kind: document.Image}
	case "time":
		return Rule{Kind: document.Date}
	case "style", "script":
		return Rule{Drop: true}
	default:
		return Rule{}
	}
}

// Void reports whether an element of HTML never has content, so that its tag needs no end.
func Void(name string) bool {
	switch name {
	case "br", "hr", "img", "input", "wbr", "col", "meta", "link", "area", "base", "embed", "source", "track":
		return true
	default:
		return false
	}
}

// Blank reports whether s is white space only.
func Blank(s string) bool {
	for i := range len(s) {
		if !isSpace(s[i]) {
			return false
		}
	}
	return true
}
