package markdown_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/documenttest"
	"github.com/throughline/throughline/app/document/markdown"
	"github.com/throughline/throughline/app/fault"
)

func TestParse(t *testing.T) {
	tests := []struct{ name, src, want, text string }{
		{"paragraph", "a *b* **c** `d` ~~e~~\nf  \ng", `root(paragraph("a " emphasis("b") " " strong("c") " " codespan("d") " " strike("e") "\nf" break "g"))`, "a b c d e f\ng"},
		{"headings", "# A #\n\nB\n===\n\n### C", `root(heading1("A") heading1("B") heading3("C"))`, "A\nB\nC"},
		{"references and escapes", "a &amp; \\*b\\* &nosuch; `&amp;`", `root(paragraph("a & *b* &nosuch; " codespan("&amp;")))`, "a & *b* &nosuch; &amp;"},
		{"lists", "- a\n- b\n  1. c\n", `root(list(item("a") item("b" list ordered=true(item("c")))))`, "a\nb\nc"},
		{"loose list", "- a\n\n- b\n", `root(list(item(paragraph("a")) item(paragraph("b"))))`, "a\nb"},
		{"tasks", "- [x] a\n- [ ] b\n", `root(list(item done=true("a") item done=false("b")))`, "a\nb"},
		{"table", "| A | B |\n|---|---|\n| a `x\\|y` | b<br>c |\n| d |\n", `root(table(row(cell header=true("A") cell header=true("B")) row(cell("a " codespan("x|y")) cell("b" break "c")) row(cell("d") cell)))`, "A\tB\na x|y\tb\nc\nd"},
		{"code", "```go\na\n  b\n```\n\n    c\n", `root(code language=go("a\n  b\n") code("c\n"))`, "a\nb\nc"},
		{"quote", "> a\n> b\n", `root(quote(paragraph("a\nb")))`, "a b"},
		{"definition list", "A\n: b\n", `root(terms(term("A") definition("b")))`, "A\nb"},
		{"links", "[a](u) [b][r] [r] <https://c.d> https://e.f\n\n[r]: v \"t\"", `root(paragraph(link[u]("a") " " link[v]("b") " " link[v]("r") " " link[https://c.d]("https://c.d") " " link[https://e.f]("https://e.f")))`, "a b r https://c.d https://e.f"},
		{"tickets", "[a](https://x.net/browse/SEC-1) https://x.net/browse/SEC-2", `root(paragraph(ticket[SEC-1] href=https://x.net/browse/SEC-1("a") " " ticket[SEC-2] href=https://x.net/browse/SEC-2("https://x.net/browse/SEC-2")))`, "a https://x.net/browse/SEC-2"},
		{"image", "![a *b*](i.png)", `root(paragraph(image[i.png] "a b"))`, ""},
		{"front matter", "---\ntitle: a\n---\n# B\n", `root(heading1("B"))`, "B"},
		{"byte order mark", "\ufeff# A", `root(heading1("A"))`, "A"},
		{"byte order mark and front matter", "\ufeff---\na: b\n---\n# A", `root(heading1("A"))`, "A"},
		{"line breaks of Windows", "a\r\nb  \r\nc\r\n\r\n- d\r\n", `root(paragraph("a\nb" break "c") list(item("d")))`, "a b\nc\nd"},
		{"front matter in TOML", "+++\ntitle = 'a'\n+++\nb\n", `root(paragraph("b"))`, "b"},
		{"a rule is no front matter", "---\n\na\n\n---\n\nb", `root(break paragraph("a") break paragraph("b"))`, "a\nb"},
		{"MDX", "---\na: b\n---\nimport X from './x'\nexport const y = 1\n\n<X>\n\n# A\n\n</X>\n", `root(heading1("A"))`, "A"},
		{"comments", "a <!-- b --> c\n\n<!--\nd\n\ne\n-->\n", `root(paragraph("a  c"))`, "a c"},
		{"details", "<details><summary>S <b>b</b></summary>\n\n*T:* x\n\n- y\n\n</details>\n\nz", `root(details[S b](summary("S " strong("b")) paragraph(emphasis("T:") " x") list(item("y"))) paragraph("z"))`, "S b\nT: x\ny\nz"},
		{"HTML table", "<table>\n<tr><th>A<td colspan=2>b &amp; c</tr>\n</table>\n", `root(table(row(cell header=true("A") cell colspan=2("b & c"))))`, "A\tb & c"},
		{"HTML inside a paragraph", "a <kbd>b</kbd> <a href='u'>c</a><br/>d</i>", `root(paragraph("a " codespan("b") " " link[u]("c") break "d"))`, "a b c\nd"},
		{"HTML in a quote", "> <div>\n> a &lt;\n> </div>\n", `root(quote(layout[div]("\na <\n")))`, "a <"},
		{"HTML left open ends with its block", "- <b>a\n- b\n", `root(list(item(strong("a")) item("b")))`, "a\nb"},
		{"script", "<script>\nif (a < b) {}\n</script>\n\na", `root(paragraph("a"))`, "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := markdown.Parse([]byte(tt.src))
			if err != nil {
				t.Fatal(err)
			}
			if err := documenttest.CheckTree(d); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(tt.want, documenttest.Sketch(d.Root)); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.text, document.Flatten(d.Root).Text); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpan(t *testing.T) {
	tests := []struct {
		name, src string
		kind      document.Kind
		want      string
	}{
		{"heading", "a\n\n## B *c* ##\n\nd", document.Heading, "## B *c* ##"},
		{"emphasis", "a ***b*** c", document.Strong, "**b**"},
		{"code span", "a `` `b` `` c", document.CodeSpan, "`` `b` ``"},
		{"link", "a [b *c*](<u v> \"t)\") d", document.Link, "[b *c*](<u v> \"t)\")"},
		{"link with parentheses", "[b](u(v)w) d", document.Link, "[b](u(v)w)"},
		{"reference link", "[b][r] d\n\n[r]: u", document.Link, "[b][r]"},
		{"strike", "a ~~b~~ c", document.Strike, "~~b~~"},
		{"item", "1. a\n   b\n2. c", document.Item, "1. a\n   b"},
		{"fence", "```go\na\n```\nb", document.Code, "```go\na\n```"},
		{"row", "| a | b |\n|---|---|\n| c | d |", document.Row, "| a | b |"},
		{"details", "a\n\n<details>\n\nb\n\n</details>\n\nc", document.Details, "<details>\n\nb\n\n</details>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := markdown.Parse([]byte(tt.src))
			if err != nil {
				t.Fatal(err)
			}
			n := document.First(d.Root, tt.kind)
			if n == nil {
				t.Fatalf("no %s in %s", tt.kind, documenttest.Sketch(d.Root))
			}
			if diff := cmp.Diff(tt.want, tt.src[n.Span.Start:n.Span.End]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestText(t *testing.T) {
	tests := []struct{ name, fragment, want string }{
		{"whole marks", "a **b** `c` [d](u)", "a b c d"},
		{"half emphasis", "b.** Then c", "b. Then c"},
		{"half a link", "b](u) and [c", "b and [c"},
		{"over items", "a\n- b\n  1. c", "a b c"},
		{"a heading", "## A", "A"},
		{"text that looks like a list", "1. Spoofing", "1. Spoofing"},
		{"over rows", "a |\n|---|\n| b", "a | | b"},
		{"HTML", "a <b>b</b> &amp; <!-- x -->c", "a b & c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, markdown.Text(tt.fragment)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestLimits feeds what is made to hurt: each took the library quadratic time or gigabytes before it was refused.
func TestLimits(t *testing.T) {
	const mb = 1 << 20
	tests := []struct{ name, src, refused string }{
		{"50 MB", strings.Repeat("a\n", 25*mb), "the limit is"},
		{"NUL", "a\x00", "NUL"},
		{"not UTF-8", "a\xff", "UTF-8"},
		{"quotes in quotes", strings.Repeat(">", 10*mb), "inside each other"},
		{"lists on one line", strings.Repeat("- ", 5*mb), ""}, // reads as a rule
		{"numbers on one line", strings.Repeat("1. ", 3*mb), "inside each other"},
		{"lists by indent", "- a\n" + strings.Repeat(" ", 300) + "- b", "inside each other"},
		{"brackets", strings.Repeat("[", 10*mb), "opening brackets"},
		{"links without an end", strings.Repeat("[a](", mb/8), "without an end"},
		{"wide table", strings.Repeat("|a", 2000) + "\n" + strings.Repeat("|-", 2000) + "\n" + strings.Repeat("|\n", 5000), "cells"},
		{"escaped pipes", "|a|\n|-|\n" + strings.Repeat("|`a\\|b`|\n", 100_000), "escaped pipes"},
		{"definitions", strings.Repeat("[a]: b\n", 100_000), "definitions"},
		{"HTML in HTML", strings.Repeat("<div>\n", 10_000), "inside each other"},
		{"comments without an end", strings.Repeat("<!-- ", mb/2), ""},
		{"tags without an end", strings.Repeat("a <b c=\"", mb/8), ""},
		{"emphasis", strings.Repeat("*a _b ", mb/6), ""},
		{"text", strings.Repeat("An attacker *could* read the `token` and use it.\n\n", 2*mb/50), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := []byte(tt.src)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := markdown.Parse(src)
			runtime.ReadMemStats(&after)
			switch {
			case tt.refused == "" && err != nil:
				t.Error(err)
			case tt.refused != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.refused)):
				t.Errorf("Parse gave %v, want an Invalid error with %q", err, tt.refused)
			}
			if got := after.TotalAlloc - before.TotalAlloc; tt.refused != "" && got > 64*mb {
				t.Errorf("Parse allocated %d MB before it refused", got/mb)
			}
		})
	}
}
