package storage

import (
	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markup"
)

// rule says how an element is read.
type rule struct {
	markup.Rule
	do special
}

// special marks the elements that need more than a node.
type special uint8

const (
	plain     special = iota
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
	r := rule{Rule: markup.RuleOf(name)}
	switch r.Kind {
	case document.Link:
		r.do = link
	case document.Image:
		r.do = image
	case document.Date:
		r.do = date
	}
	return r
}

func confluence(name string) rule {
	switch name {
	case "structured-macro", "macro":
		return rule{Rule: markup.Rule{Kind: document.Macro, Body: markup.Blocks}, do: macro}
	case "parameter", "default-parameter":
		return rule{Rule: markup.Rule{Body: markup.Prose}, do: parameter}
	case "rich-text-body", "adf-content":
		return rule{Rule: markup.Rule{Body: markup.Blocks}}
	case "plain-text-body":
		return rule{Rule: markup.Rule{Body: markup.Prose}, do: verbatim}
	case "link":
		return rule{Rule: markup.Rule{Kind: document.Link, Body: markup.Rows}, do: link}
	case "link-body", "plain-text-link-body", "rich-text-link-body":
		return rule{Rule: markup.Rule{Body: markup.Prose}}
	case "task-list":
		return rule{Rule: markup.Rule{Kind: document.List, Body: markup.Rows}}
	case "task":
		return rule{Rule: markup.Rule{Kind: document.Item, Body: markup.Rows}, do: task}
	case "task-body":
		return rule{Rule: markup.Rule{Body: markup.Blocks}}
	case "task-status":
		return rule{Rule: markup.Rule{Body: markup.Prose}, do: state}
	case "layout", "layout-section", "layout-cell":
		return rule{Rule: markup.Rule{Kind: document.Layout, Body: markup.Blocks}}
	case "image":
		return rule{Rule: markup.Rule{Kind: document.Image, Body: markup.Rows}, do: image}
	case "caption":
		return rule{Rule: markup.Rule{Body: markup.Blocks}}
	case "emoticon":
		return rule{Rule: markup.Rule{Kind: document.Emoticon}, do: emoticon}
	case "adf-extension":
		return rule{Rule: markup.Rule{Body: markup.Blocks}, do: extension}
	case "adf-fallback":
		return rule{Rule: markup.Rule{Body: markup.Blocks}, do: fallback}
	case "task-id", "task-uuid", "placeholder", "adf-attribute", "adf-mark":
		return rule{Rule: markup.Rule{Drop: true}}
	default: // ac:inline-comment-marker, ac:adf-node, …
		return rule{}
	}
}
