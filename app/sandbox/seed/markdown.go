package seed

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	markup "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// FromMarkdown converts a CommonMark document with GitHub's tables and task lists to storage format, which is well-formed
// whatever HTML the document holds. Its first heading, where it is of level 1 and comes first, becomes the title and leaves the body.
func FromMarkdown(source []byte) (title, body string, err error) {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.DefinitionList, extension.Footnote),
		goldmark.WithRendererOptions(markup.WithUnsafe())) // made safe below: only known elements are written out
	var rendered bytes.Buffer
	if err := md.Convert(withoutFrontMatter(source), &rendered); err != nil {
		return "", "", fmt.Errorf("render Markdown: %w", err)
	}
	nodes, err := html.ParseFragment(&rendered, &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return "", "", fmt.Errorf("read the rendered Markdown: %w", err)
	}
	for i, n := range nodes {
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) == "" || n.Type == html.CommentNode {
			continue
		}
		if n.DataAtom == atom.H1 {
			title = textOf(n)
			nodes = append(nodes[:i:i], nodes[i+1:]...)
		}
		break
	}
	w := &writer{}
	w.nodes(nodes)
	return title, strings.TrimSpace(w.String()), nil
}

// withoutFrontMatter takes off a leading block between lines of three dashes.
func withoutFrontMatter(source []byte) []byte {
	rest, ok := bytes.CutPrefix(bytes.ReplaceAll(source, []byte("\r\n"), []byte("\n")), []byte("---\n"))
	if !ok {
		return source
	}
	if _, after, ok := bytes.Cut(rest, []byte("\n---\n")); ok {
		return after
	}
	return source
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := range n.ChildNodes() {
		b.WriteString(textOf(c))
	}
	return b.String()
}
