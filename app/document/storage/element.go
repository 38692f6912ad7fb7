package storage

import "github.com/throughline/throughline/app/document"

// rule says how an element is read.
type rule struct {
	kind document.Kind // the node it becomes; "" for none
	body body
	do   special
}

// body says what text means directly inside an element.
type body uint8

const (
	same   body = iota // as in the element around it
	prose              // every character counts
	blocks             // white space between blocks counts for nothing
	rows               // only elements belong here
)

// special marks the elements that need more than a node.
type special uint8

const (
	plain     special = iota
	drop              // neither it nor its content is read
	macro             // ac:structured-macro
	parameter         // ac:parameter
	link              // ac:link, a
	resource          // ri:*
	task              // ac:task
	state             // ac:task-status
	image             // ac:image, img
	emoticon          // ac:emoticon
	date              // time
	fallback          // ac:adf-fallback
	extension         // ac:adf-extension
	verbatim          // ac:plain-text-body
)

// ruleOf is the rule of an element by its name as written. The text of an element it does not know is read as its parent's.
func ruleOf(name string) rule {
	if len(name) > 3 && name[2] == ':' {
		switch name[:3] {
		case "ac:":
			return confluence(name[3:])
		case "ri:":
			return rule{do: resource}
		}
	}
	return xhtml(name)
}

func xhtml(name string) rule {
	switch name {
	case "p":
		return rule{kind: document.Paragraph, body: prose}
	case "h1", "h2", "h3", "h4", "h5", "h6":
		return rule{kind: document.Heading, body: prose}
	case "ul", "ol":
		return rule{kind: document.List, body: rows}
	case "li":
		return rule{kind: document.Item, body: blocks}
	case "table":
		return rule{kind: document.Table, body: rows}
	case "thead", "tbody", "tfoot", "colgroup":
		return rule{body: rows}
	case "caption", "summary":
		return rule{kind: document.Summary, body: prose}
	case "tr":
		return rule{kind: document.Row, body: rows}
	case "td", "th":
		return rule{kind: document.Cell, body: blocks}
	case "blockquote":
		return rule{kind: document.Quote, body: blocks}
	case "pre":
		return rule{kind: document.Code, body: prose}
	case "div", "section", "article", "center", "figure":
		return rule{kind: document.Layout, body: blocks}
	case "dl":
		return rule{kind: document.Terms, body: rows}
	case "dt":
		return rule{kind: document.Term, body: prose}
	case "dd":
		return rule{kind: document.Def, body: blocks}
	case "details":
		return rule{kind: document.Details, body: blocks}
	case "strong", "b":
		return rule{kind: document.Strong, body: prose}
	case "em", "i", "cite":
		return rule{kind: document.Emphasis, body: prose}
	case "code", "tt", "kbd", "samp":
		return rule{kind: document.CodeSpan, body: prose}
	case "del", "s", "strike":
		return rule{kind: document.Strike, body: prose}
	case "a":
		return rule{kind: document.Link, body: prose, do: link}
	case "br", "hr":
		return rule{kind: document.Break}
	case "img":
		return rule{kind: document.Image, do: image}
	case "time":
		return rule{kind: document.Date, do: date}
	case "style", "script":
		return rule{do: drop}
	default:
		return rule{}
	}
}

func confluence(name string) rule {
	switch name {
	case "structured-macro", "macro":
		return rule{kind: document.Macro, body: blocks, do: macro}
	case "parameter", "default-parameter":
		return rule{body: prose, do: parameter}
	case "rich-text-body", "adf-content":
		return rule{body: blocks}
	case "plain-text-body":
		return rule{body: prose, do: verbatim}
	case "link":
		return rule{kind: document.Link, body: rows, do: link}
	case "link-body", "plain-text-link-body", "rich-text-link-body":
		return rule{body: prose}
	case "task-list":
		return rule{kind: document.List, body: rows}
	case "task":
		return rule{kind: document.Item, body: rows, do: task}
	case "task-body":
		return rule{body: blocks}
	case "task-status":
		return rule{body: prose, do: state}
	case "layout", "layout-section", "layout-cell":
		return rule{kind: document.Layout, body: blocks}
	case "image":
		return rule{kind: document.Image, body: rows, do: image}
	case "caption":
		return rule{kind: document.Paragraph, body: prose}
	case "emoticon":
		return rule{kind: document.Emoticon, do: emoticon}
	case "adf-extension":
		return rule{body: blocks, do: extension}
	case "adf-fallback":
		return rule{body: blocks, do: fallback}
	case "task-id", "task-uuid", "placeholder", "adf-attribute", "adf-mark":
		return rule{do: drop}
	default: // ac:inline-comment-marker, ac:adf-node, …
		return rule{}
	}
}
