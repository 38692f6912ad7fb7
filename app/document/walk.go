package document

import "strings"

// Walk calls visit for n and all below it in document order. Children are left out where visit returns false.
func Walk(n *Node, visit func(*Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	for _, c := range n.Children {
		Walk(c, visit)
	}
}

// First returns the first node of a kind at or below n, nil when there is none.
func First(n *Node, kind Kind) *Node {
	if n == nil || n.Kind == kind {
		return n
	}
	for _, c := range n.Children {
		if f := First(c, kind); f != nil {
			return f
		}
	}
	return nil
}

// Verbatim is the text of a node with its line breaks and spaces as written, as code is read.
func Verbatim(n *Node) string {
	var b strings.Builder
	Walk(n, func(c *Node) bool {
		switch c.Kind {
		case Text, Status, Emoticon:
			b.WriteString(c.Text)
		case Break:
			b.WriteByte('\n')
		}
		return true
	})
	return b.String()
}

// titleLimit bounds the source of a title: a longer one is no title, and titles inside titles would be read over and over.
const titleLimit = 4096

// Title is the text of a node's Summary, "" when it has none.
func Title(n *Node) string {
	if len(n.Children) == 0 || n.Children[0].Kind != Summary || n.Children[0].Span.Len() > titleLimit {
		return ""
	}
	return Flatten(n.Children[0]).Text
}
