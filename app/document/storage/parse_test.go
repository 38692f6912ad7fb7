package storage_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/documenttest"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/fault"
)

func TestParse(t *testing.T) {
	tests := []struct{ name, body, want, text string }{
		{"paragraph", "<p>a <strong>b</strong><br/>c</p>", `root(paragraph("a " strong("b") break "c"))`, "a b\nc"},
		{"references of HTML", "<p>a&nbsp;&mdash;&#x2014;&notinE;&lt;b&gt;</p>", `root(paragraph("a\u00a0——⋹̸<b>"))`, "a ——⋹̸<b>"},
		{"headings", "<h1>A</h1><h3>B</h3>", `root(heading1("A") heading3("B"))`, "A\nB"},
		{"white space between blocks is none", "<ul>\n <li>\n  a\n <ul><li>b</li></ul></li>\n</ul>\n", `root(list(item("\n  a\n " list(item("b")))))`, "a\nb"},
		{"ordered list", "<ol><li><p>a</p></li></ol>", `root(list ordered=true(item(paragraph("a"))))`, "a"},
		{
			"table", `<table><colgroup><col/></colgroup><tbody><tr><th>H</th><td colspan="2" rowspan="3">c</td></tr></tbody></table>`,
			`root(table(row(cell header=true("H") cell colspan=2 rowspan=3("c"))))`, "H\tc",
		},
		{"unknown elements are read through", "<foo><bar>x</bar></foo><p><u>y</u><span>z</span></p>", `root("x" paragraph("yz"))`, "x\nyz"},
		{"comments, styles", "<p>a<!-- b --><style>c</style></p>", `root(paragraph("a"))`, "a"},
		{"definition list", "<dl><dt>t</dt><dd>d</dd></dl>", `root(terms(term("t") definition("d")))`, "t\nd"},
		{"details", "<details><summary>s &amp; t</summary><p>x</p></details>", `root(details[s & t](summary("s & t") paragraph("x")))`, "s & t\nx"},
		{"pre", "<pre>a\n  b</pre>", `root(code("a\n  b"))`, "a\nb"},
		{
			"code macro", `<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">go</ac:parameter><ac:plain-text-body><![CDATA[if a < b {]]></ac:plain-text-body></ac:structured-macro>`,
			`root(code[code] language=go("if a < b {"))`, "if a < b {",
		},
		{
			"CDATA in two sections", `<ac:structured-macro ac:name="noformat"><ac:plain-text-body><![CDATA[a]]]]><![CDATA[>b]]></ac:plain-text-body></ac:structured-macro>`,
			`root(code[noformat]("a]]>b"))`, "a]]>b",
		},
		{
			"diagram macro", `<ac:structured-macro ac:name="plantuml"><ac:parameter ac:name="title">T</ac:parameter><ac:plain-text-body><![CDATA[a -> b]]></ac:plain-text-body></ac:structured-macro>`,
			`root(macro[plantuml] title=T(summary("T") code[plantuml]("a -> b")))`, "T\na -> b",
		},
		{
			"expand", `<ac:structured-macro ac:name="expand"><ac:parameter ac:name="title">More</ac:parameter><ac:rich-text-body><table><tbody><tr><td>x</td></tr></tbody></table></ac:rich-text-body></ac:structured-macro>`,
			`root(details[More] title=More(summary("More") table(row(cell("x")))))`, "More\nx",
		},
		{
			"panels in panels", `<ac:structured-macro ac:name="info"><ac:rich-text-body><ac:structured-macro ac:name="note"><ac:rich-text-body><p>x</p></ac:rich-text-body></ac:structured-macro></ac:rich-text-body></ac:structured-macro>`,
			`root(macro[info](macro[note](paragraph("x"))))`, "x",
		},
		{
			"an unknown macro's parameter is no text", `<ac:structured-macro ac:name="x"><ac:parameter ac:name="a">b</ac:parameter><ac:rich-text-body>c</ac:rich-text-body></ac:structured-macro>`,
			`root(macro[x] a=b("c"))`, "c",
		},
		{"a macro without content breaks no line", `<h1><ac:structured-macro ac:name="anchor"><ac:parameter ac:name="">a</ac:parameter></ac:structured-macro>T</h1>`, `root(heading1(macro[anchor] =a "T"))`, "T"},
		{
			"a page as parameter", `<ac:structured-macro ac:name="include"><ac:parameter ac:name=""><ac:link><ri:page ri:content-title="P"/></ac:link></ac:parameter></ac:structured-macro>`,
			`root(macro[include] =P)`, "",
		},
		{
			"status", `<p>S: <ac:structured-macro ac:name="status"><ac:parameter ac:name="title">HIGH</ac:parameter><ac:parameter ac:name="colour">Red</ac:parameter></ac:structured-macro></p>`,
			`root(paragraph("S: " status[status] colour=Red title=HIGH "HIGH"))`, "S: HIGH",
		},
		{"jira macro", `<p><ac:structured-macro ac:name="jira"><ac:parameter ac:name="key">SEC-1</ac:parameter></ac:structured-macro></p>`, `root(paragraph(ticket[SEC-1] key=SEC-1))`, "SEC-1"},
		{"jira query", `<ac:structured-macro ac:name="jira"><ac:parameter ac:name="jqlQuery">a</ac:parameter></ac:structured-macro>`, `root(macro[jira] jqlQuery=a)`, ""},
		{"smart link", `<p><a href="https://x/browse/SEC-12?a=b" data-card-appearance="inline">y</a></p>`, `root(paragraph(ticket[SEC-12] href=https://x/browse/SEC-12?a=b("y")))`, "y"},
		{"link", `<p><a href="https://x/?a=1&amp;b=2">y</a></p>`, `root(paragraph(link[https://x/?a=1&b=2]("y")))`, "y"},
		{
			"page link", `<p><ac:link ac:anchor="s"><ri:page ri:content-title="P"/><ac:plain-text-link-body><![CDATA[a & b]]></ac:plain-text-link-body></ac:link></p>`,
			`root(paragraph(link[P#s] "P"("a & b")))`, "a & b",
		},
		{"page link without a body", `<p><ac:link><ri:page ri:content-title="P"/></ac:link></p>`, `root(paragraph(link[P] "P"))`, "P"},
		{
			"mentions", `<p><ac:link><ri:user ri:account-id="u:1"/></ac:link><ac:link><ri:user ri:userkey="k"/></ac:link><ri:user ri:account-id="v"/></p>`,
			`root(paragraph(mention[u:1] mention[k] mention[v]))`, "",
		},
		{"a user in an anchor", `<p><a href="u">x<ri:user ri:account-id="v"/></a></p>`, `root(paragraph(link[u]("x" mention[v])))`, "x"},
		{"a break with text", `<p>a<br>b</br></p>`, `root(paragraph("a" layout("b")))`, "a\nb"},
		{
			"tasks", `<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>a</ac:task-body></ac:task><ac:task><ac:task-status>incomplete</ac:task-status><ac:task-body><p>b</p></ac:task-body></ac:task></ac:task-list>`,
			`root(list(item done=true("a") item done=false(paragraph("b"))))`, "a\nb",
		},
		{
			"time, emoticon, image", `<p><time datetime="2026-01-02"/><ac:emoticon ac:name="tick" ac:emoji-fallback="✅"/><ac:emoticon ac:name="x" ac:emoji-fallback=":x:"/><ac:image ac:alt="A"><ri:attachment ri:filename="f.png"/></ac:image></p>`,
			`root(paragraph(date[2026-01-02] "2026-01-02" emoticon[tick] "✅" emoticon[x] image[f.png] "A"))`, "2026-01-02✅",
		},
		{"a time in words", `<p><time>May</time><time datetime="2026-05-01">May</time></p>`, `root(paragraph(date("May") date[2026-05-01] "2026-05-01"))`, "May2026-05-01"},
		{"a macro in a parameter is not read", `<ac:structured-macro ac:name="x"><ac:parameter ac:name="a">b<ac:structured-macro ac:name="y"><ac:parameter ac:name="a">c</ac:parameter></ac:structured-macro></ac:parameter></ac:structured-macro>`, `root(macro[x] a=b)`, ""},
		{"inline comment marker", `<p>a<ac:inline-comment-marker ac:ref="r">b</ac:inline-comment-marker>c</p>`, `root(paragraph("abc"))`, "abc"},
		{
			"layout", `<ac:layout><ac:layout-section ac:type="single"><ac:layout-cell><p>a</p></ac:layout-cell></ac:layout-section></ac:layout>`,
			`root(layout[ac:layout](layout[ac:layout-section](layout[ac:layout-cell](paragraph("a")))))`, "a",
		},
		{
			"an extension is read once", `<ac:adf-extension><ac:adf-node type="panel"><ac:adf-attribute key="k">v</ac:adf-attribute><ac:adf-content><p>a</p></ac:adf-content></ac:adf-node><ac:adf-fallback><p>a</p></ac:adf-fallback></ac:adf-extension>`,
			`root(paragraph("a"))`, "a",
		},
		{"an extension with its fallback only", `<ac:adf-extension><ac:adf-node type="x"/><ac:adf-fallback><p>a</p></ac:adf-fallback></ac:adf-extension>`, `root(paragraph("a"))`, "a"},
		{"placeholders are not shown", `<p><ac:placeholder>type here</ac:placeholder>a</p>`, `root(paragraph("a"))`, "a"},
		{"the panel is no content", "<p>a</p>" + panel("x") + "<p>b</p>", `root(paragraph("a") paragraph("b"))`, "a\nb"},
		{"the panel in another place", marked("x", "author"), `root`, ""},
		{
			"other page properties are content", `<ac:structured-macro ac:name="details"><ac:parameter ac:name="id">mine</ac:parameter><ac:rich-text-body><p>x</p></ac:rich-text-body></ac:structured-macro>`,
			`root(macro[details] id=mine(paragraph("x")))`, "x",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := storage.Parse([]byte(tt.body))
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
			if diff := cmp.Diff(tt.text, storage.Text(tt.body)); diff != "" {
				t.Errorf("text of the fragment (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"open element", "<p>a\n<strong>b</p>", "line 2, column 10 (byte 14): </p> stands where <strong> is to be closed"},
		{"element left open", "a\n<p>", "line 2, column 1 (byte 2): <p> is not closed"},
		{"end without start", "</p>", "line 1, column 1 (byte 0): </p> closes nothing"},
		{"bare ampersand", "<p>a & b</p>", "(byte 5): '&' without a character reference"},
		{"unknown entity", "<p>&nosuch;</p>", "(byte 3): '&' without"},
		{"entity without semicolon", "<p>&amp</p>", "(byte 3): '&' without"},
		{"a character XML does not allow", "<p>&#0;</p>", "(byte 3): '&' without"},
		{"bare less-than", "<p>a < b</p>", "(byte 5): '<' without the name"},
		{"attribute without quotes", "<p a=b/>", "the value of the attribute a has no quotes"},
		{"attribute without value", "<p a/>", "the attribute a has no value"},
		{"attribute twice", "<p a='1' a='2'/>", "the attribute a stands twice"},
		{"less-than in an attribute", "<p a='<'/>", "(byte 6): '<' in the value"},
		{"open tag", "<p", "the tag <p> has no '>'"},
		{"open comment", "<!-- a", "(byte 0): a comment without its end"},
		{"open CDATA", "<![CDATA[", "(byte 0): a CDATA section without its end"},
		{"CDATA end", "<p>]]></p>", "(byte 3): ']]>' outside"},
		{"document type", "<!DOCTYPE html><p/>", "(byte 0): a declaration"},
		{"entity bomb", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><p>&b;</p>`, "(byte 0): a declaration"},
		{"NUL", "<p>\x00</p>", "(byte 3): NUL byte"},
		{"control character", "<p>\x01</p>", "(byte 3): a control character"},
		{"not UTF-8", "<p>\xff</p>", "(byte 3): the source is not UTF-8"},
		{"UTF-16", "\xfe\xff\x00<\x00p", "(byte 2): NUL byte"},
		{"no character", "<p>\uffff</p>", "(byte 3): the code points"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := storage.Parse([]byte(tt.body))
			if d != nil || !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse gave %v, %v, want nil, an Invalid error with %q", d, err, tt.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	tests := []struct{ name, fragment, want string }{
		{"end without start", "foo</strong> bar", "foo bar"},
		{"start without end", "foo <strong>bar", "foo bar"},
		{"cut between blocks", "foo</p><p>bar", "foo\nbar"},
		{"cut in CDATA", "foo]]></ac:plain-text-link-body></ac:link> bar", "foo bar"},
		{"crossing tags", "<strong>a<em>b</strong>c</em>", "abc"},
		{"no markup", "a < b & c", "a < b & c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, storage.Text(tt.fragment)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEscape(t *testing.T) {
	const text = "a <b> & \"c\" 'd' é\r\n\x01\xff"
	const want = "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; é&#13;\n\ufffd\ufffd"
	if diff := cmp.Diff(want, storage.Escape(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, body := range []string{"<p>" + storage.Escape(text) + "</p>", "<p a='" + storage.Escape(text) + "'/>", `<p a="` + storage.Escape(text) + `"/>`} {
		if _, err := storage.Parse([]byte(body)); err != nil {
			t.Error(err)
		}
	}
}
