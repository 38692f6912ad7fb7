package command

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Text is a comment's body as wiki markup: a string, which is wiki markup already, or a document in the Atlassian Document Format,
// of which quotations and code are left out. What is neither is empty.
func Text(body json.RawMessage) string {
	var text string
	if json.Unmarshal(body, &text) == nil {
		return text
	}
	var doc node
	if json.Unmarshal(body, &doc) != nil || doc.Type != "doc" {
		return ""
	}
	var b strings.Builder
	doc.write(&b, "", 0)
	return strings.TrimSpace(b.String())
}

// node is a node of a document.
type node struct {
	Type    string         `json:"type"`
	Text    string         `json:"text"`
	Attrs   map[string]any `json:"attrs"`
	Content []node         `json:"content"`
	Marks   []struct {
		Type  string         `json:"type"`
		Attrs map[string]any `json:"attrs"`
	} `json:"marks"`
}

// maxDepth is how deep a document is read; Jira's own go down a handful of levels.
const maxDepth = 50

// write writes a node and what it holds. Each line of a block begins with prefix: what stands in a list or a table begins no line.
func (n node) write(b *strings.Builder, prefix string, depth int) {
	if depth > maxDepth {
		return
	}
	switch n.Type {
	case "blockquote", "codeBlock":
		b.WriteString("\n" + hole + "\n")
		return
	case "listItem", "taskItem", "decisionItem", "tableCell", "tableHeader":
		prefix = "* "
	}
	if n.inline() {
		n.writeInline(b)
		return
	}
	if len(n.Content) > 0 && n.Content[0].inline() {
		b.WriteString("\n" + prefix)
		for _, c := range n.Content {
			c.writeInline(b)
		}
		b.WriteString("\n")
		return
	}
	if n.Type == "media" || n.Type == "blockCard" || n.Type == "embedCard" {
		b.WriteString("\n" + prefix)
		n.writeInline(b)
		b.WriteString("\n")
	}
	for _, c := range n.Content {
		c.write(b, prefix, depth+1)
	}
}

func (n node) inline() bool {
	switch n.Type {
	case "text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "mediaInline":
		return true
	}
	return false
}

func (n node) writeInline(b *strings.Builder) {
	switch n.Type {
	case "text":
		n.writeText(b)
	case "hardBreak":
		b.WriteString("\n")
	case "mention":
		b.WriteString("[~accountid:" + n.attr("id") + "]")
	case "inlineCard", "blockCard", "embedCard":
		b.WriteString("[" + n.attr("url") + "]")
	case "media", "mediaInline":
		if name := n.attr("alt"); name != "" {
			b.WriteString("[^" + name + "]")
		}
	case "date":
		b.WriteString(n.date())
	default:
		b.WriteString(n.attr("text"))
	}
}

func (n node) writeText(b *strings.Builder) {
	for _, m := range n.Marks {
		switch href, _ := m.Attrs["href"].(string); {
		case m.Type == "code":
			b.WriteString("{{" + n.Text + "}}")
			return
		case m.Type == "link" && href != "":
			b.WriteString("[" + n.Text + "|" + href + "]")
			return
		}
	}
	b.WriteString(n.Text)
}

func (n node) attr(name string) string {
	s, _ := n.Attrs[name].(string)
	return s
}

// date is a date as Jira's editor keeps it, in milliseconds since 1970 at midnight UTC.
func (n node) date() string {
	ms, err := strconv.ParseInt(n.attr("timestamp"), 10, 64)
	if err != nil || ms < 0 || ms > 1<<48 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format(time.DateOnly)
}
