// Package document is a page as a neutral tree: what a reader sees, each piece with the bytes of the source it came from.
// Confluence storage format and Markdown both end here, so that everything behind it reads one shape.
package document

// Span is a half-open range of byte offsets into the source.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Len is the number of source bytes covered.
func (s Span) Len() int { return s.End - s.Start }

// Contains reports whether t lies wholly inside s.
func (s Span) Contains(t Span) bool { return s.Start <= t.Start && t.End <= s.End }

// Format names the syntax of a source.
type Format string

// The formats a Document can come from.
const (
	Storage  Format = "storage"  // Confluence storage format, an XHTML fragment with ac: and ri: elements
	Markdown Format = "markdown" // CommonMark with GitHub tables
)

// Kind says what a Node is.
type Kind string

// Block kinds, then inline kinds. Sections are not nodes: headings delimit them (see Sections).
const (
	Root      Kind = "root"
	Heading   Kind = "heading" // Level 1…6
	Paragraph Kind = "paragraph"
	List      Kind = "list" // children: Item. Ordered when Attr["ordered"] is "true"
	Item      Kind = "item" // a bullet, number or task; Attr["done"] is "true" or "false" for tasks
	Table     Kind = "table"
	Row       Kind = "row"
	Cell      Kind = "cell" // Attr["header"] "true" for th; Attr["colspan"], Attr["rowspan"] as written
	Quote     Kind = "quote"
	Code      Kind = "code"       // a code block or macro; its text is not prose (see Verbatim). Attr["language"]; Name: the macro, if one
	Macro     Kind = "macro"      // Name: the macro; Attr: its parameters; children: its body
	Layout    Kind = "layout"     // a layout, its sections and cells, a div: a container that means nothing by itself
	Terms     Kind = "terms"      // a definition list; children: Term, Definition
	Term      Kind = "term"       // dt
	Def       Kind = "definition" // dd
	Details   Kind = "details"    // <details>, expand macro; Name: its summary or title
	Summary   Kind = "summary"    // the visible title of a Details or Macro, its first child

	Text     Kind = "text" // Node.Text: as a reader sees it, entities decoded. See Exact
	Strong   Kind = "strong"
	Emphasis Kind = "emphasis"
	CodeSpan Kind = "codespan"
	Strike   Kind = "strike"
	Link     Kind = "link"     // Name: the target (URL, page title, attachment)
	Mention  Kind = "mention"  // Name: the account id
	Ticket   Kind = "ticket"   // a jira macro or an issue URL. Name: the issue key; children: the link's text, none for a macro
	Status   Kind = "status"   // a status lozenge. Text: its title; Attr["colour"]
	Emoticon Kind = "emoticon" // Name: "tick", "cross", "warning"…; Text: the emoji it shows, may be ""
	Date     Kind = "date"     // Name: ISO 8601 date
	Image    Kind = "image"    // Text: its alternative text
	Break    Kind = "break"    // a line break; reads as "\n"
)

// IsBlock reports whether nodes of the kind stand on lines of their own. A Macro does when it has children (see Node.IsBlock).
func (k Kind) IsBlock() bool {
	switch k {
	case Root, Heading, Paragraph, List, Item, Table, Row, Cell, Quote, Code, Layout, Terms, Term, Def, Details, Summary:
		return true
	default:
		return false
	}
}

// Node is one element of the tree. Spans of children lie inside their parent's, in order, and do not overlap.
//
// The text of a Text node is what a reader sees. It is exact, standing in the source byte for byte; or Name is its source and
// Text that with the character references resolved; or, with no Name, the whole of it stands for the whole span, as an
// escape or an emoji does. Read text by Flatten, which knows the place of every byte.
type Node struct {
	Kind     Kind
	Span     Span // the whole element in the source, markup included
	Inner    Span // what lies between its markup; equals Span where it has none
	Level    int  // Heading: 1…6
	Name     string
	Text     string
	Attr     map[string]string // nil when there are none
	Children []*Node
}

// Exact reports whether a Text node's text stands in the source byte for byte. An inexact one has an empty Inner.
func (n *Node) Exact() bool { return n.Inner == n.Span }

// IsBlock reports whether the node stands on lines of its own.
func (n *Node) IsBlock() bool {
	return n.Kind.IsBlock() || n.Kind == Macro && len(n.Children) > 0
}

// Document is a parsed page.
type Document struct {
	Format Format
	Source []byte
	Root   *Node
}
