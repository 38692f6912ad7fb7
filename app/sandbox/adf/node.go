// Package adf reads and writes the Atlassian Document Format, and converts it from and to Jira's older wiki markup and to HTML. The
// conversions keep what both formats can say: headings, paragraphs, lists, tables, code, quotes, panels, rules, links, mentions
// and text marks.
package adf

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Node is a node of a document. The root has Type "doc" and Version 1.
type Node struct {
	Version int            `json:"version,omitzero"`
	Type    string         `json:"type"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Content []Node         `json:"content,omitempty"`
	Text    string         `json:"text,omitempty"`
	Marks   []Mark         `json:"marks,omitempty"`
}

// Mark is a property of a piece of text: strong, em, code, link …
type Mark struct {
	Type  string         `json:"type"`
	Attrs map[string]any `json:"attrs,omitempty"`
}

const maxDepth = 100

// Parse reads a document and checks it: a doc of version 1, of node types that Atlassian's schema names, text only where text may
// stand, no deeper than 100 levels.
func Parse(raw json.RawMessage) (Node, error) {
	var doc Node
	if err := json.Unmarshal(raw, &doc); err != nil {
		return Node{}, fmt.Errorf("not an Atlassian document: %w", err)
	}
	if doc.Type != "doc" || doc.Version != 1 {
		return Node{}, errors.New(`not an Atlassian document: the root must have type "doc" and version 1`)
	}
	for _, n := range doc.Content {
		if err := check(n, 1); err != nil {
			return Node{}, err
		}
		if isInline(n.Type) {
			return Node{}, fmt.Errorf("a %s cannot stand at the top of a document", n.Type)
		}
	}
	return doc, nil
}

func check(n Node, depth int) error {
	switch {
	case depth > maxDepth:
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	case !isBlock(n.Type) && !isInline(n.Type):
		return fmt.Errorf("unknown node type %q", n.Type)
	case n.Type == "text" && n.Text == "":
		return errors.New("a text node must not be empty")
	case n.Type == "paragraph" || n.Type == "heading" || n.Type == "codeBlock":
		for _, c := range n.Content {
			if !isInline(c.Type) {
				return fmt.Errorf("a %s cannot stand in a %s", c.Type, n.Type)
			}
		}
	}
	for _, c := range n.Content {
		if err := check(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func isInline(kind string) bool {
	switch kind {
	case "text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "mediaInline", "placeholder", "inlineExtension":
		return true
	}
	return false
}

func isBlock(kind string) bool {
	switch kind {
	case "paragraph", "heading", "bulletList", "orderedList", "listItem", "codeBlock", "blockquote", "panel", "rule", "table", "tableRow",
		"tableHeader", "tableCell", "mediaSingle", "mediaGroup", "media", "caption", "expand", "nestedExpand", "decisionList", "decisionItem",
		"taskList", "taskItem", "blockTaskItem", "blockCard", "embedCard", "layoutSection", "layoutColumn", "extension", "bodiedExtension", "syncBlock":
		return true
	}
	return false
}

func (n Node) attr(name string) string {
	switch v := n.Attrs[name].(type) {
	case string:
		return v
	case float64:
		return fmt.Sprint(v)
	case int:
		return fmt.Sprint(v)
	}
	return ""
}

// target is where a link mark leads.
func (m Mark) target() string {
	s, _ := m.Attrs["href"].(string)
	return s
}

// level is a heading's level, 1 to 6.
func (n Node) level() int {
	switch v := n.Attrs["level"].(type) {
	case float64:
		return min(max(int(v), 1), 6)
	case int:
		return min(max(v, 1), 6)
	}
	return 1
}
