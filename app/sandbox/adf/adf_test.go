package adf_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/sandbox/adf"
)

func name(id string) string { return "Name of " + id }

func TestFromWiki(t *testing.T) {
	for _, tc := range []struct{ name, in, html, wiki string }{
		{"nothing", "", "", ""},
		{"paragraphs", "one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>", "one\ntwo\n\nthree"},
		{"headings", "h1. One\nh6. Six", "<h1>One</h1><h6>Six</h6>", "h1. One\n\nh6. Six"},
		{"marks", "*b* _i_ -s- +u+ {{c}}", "<p><strong>b</strong> <em>i</em> <s>s</s> <u>u</u> <code>c</code></p>", "*b* _i_ -s- +u+ {{c}}"},
		{"marks within marks", "*b _i_*", "<p><strong>b </strong><strong><em>i</em></strong></p>", "*b *_*i*_"},
		{"no marks", "a*b*c 2 * 3 snake_case_name -", "<p>a*b*c 2 * 3 snake_case_name -</p>", "a*b*c 2 * 3 snake_case_name -"},
		{"links", "[text|https://example.com/a?b=1&c=2] https://example.com.", `<p><a href="https://example.com/a?b=1&amp;c=2">text</a> <a href="https://example.com">https://example.com</a>.</p>`, "[text|https://example.com/a?b=1&c=2] [https://example.com]."},
		{"no link", "[ ] [x] [T-3K7QX2ZD] title", "<p>[ ] [x] [T-3K7QX2ZD] title</p>", "[ ] [x] [T-3K7QX2ZD] title"},
		{"a script is no link", "[x|javascript:alert(1)]", "<p>[x|javascript:alert(1)]</p>", "[x|javascript:alert(1)]"},
		{"mention", "ask [~accountid:712020:ab-1]", `<p>ask <span class="mention">@Name of 712020:ab-1</span></p>`, "ask [~accountid:712020:ab-1]"},
		{"lists", "* a\n** b\n**# c\n* d\n# e", "<ul><li><p>a</p><ul><li><p>b</p><ol><li><p>c</p></li></ol></li></ul></li><li><p>d</p></li></ul><ol><li><p>e</p></li></ol>", "* a\n** b\n**# c\n* d\n\n# e"},
		{"table", "||H||I||\n|a|[x|https://example.com]|", `<table><tr><th><p>H</p></th><th><p>I</p></th></tr><tr><td><p>a</p></td><td><p><a href="https://example.com">x</a></p></td></tr></table>`, "||H||I||\n|a|[x|https://example.com]|"},
		{"code", "{code:go}\na < b\n\n  *x*\n{code}\nafter", "<pre><code>a &lt; b\n\n  *x*</code></pre><p>after</p>", "{code:go}\na < b\n\n  *x*\n{code}\n\nafter"},
		{"quote and panel", "{quote}\nq\n{quote}\n{panel:title=x}p{panel}\nbq. b", `<blockquote><p>q</p></blockquote><div class="panel"><p>p</p></div><blockquote><p>b</p></blockquote>`, "{quote}\nq\n{quote}\n\n{panel}\np\n{panel}\n\n{quote}\nb\n{quote}"},
		{"markup of HTML", "<script>alert(1)</script> & co", "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; co</p>", "<script>alert(1)</script> & co"},
		{"escapes", `\*no\* \[x]`, "<p>*no* [x]</p>", "*no* [x]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc := adf.FromWiki(tc.in)
			if diff := cmp.Diff(tc.html, string(adf.HTML(doc, name))); diff != "" {
				t.Errorf("HTML (-want +got):\n%s", diff)
			}
			wiki, err := adf.Wiki(doc)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.wiki, wiki); diff != "" {
				t.Errorf("wiki markup (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat(`{"type":"blockquote","content":[`, 200) + strings.Repeat(`]}`, 200)
	for _, in := range []string{
		``, `null`, `"text"`, `{}`, `{"type":"doc"}`, `{"type":"doc","version":2,"content":[]}`, `{"type":"paragraph","version":1}`,
		`{"type":"doc","version":1,"content":[{"type":"blink"}]}`, `{"type":"doc","version":1,"content":[{"type":"text","text":"x"}]}`,
		`{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":""}]}]}`,
		`{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"paragraph"}]}]}`,
		`{"type":"doc","version":1,"content":[` + deep + `]}`,
	} {
		if _, err := adf.Parse(json.RawMessage(in)); err == nil {
			t.Errorf("%.80s is taken for a document", in)
		}
	}
}

func TestDocumentsKeepTheSchema(t *testing.T) {
	path := contracttest.Path(t, "contracts", "adf", "v1", "full.json")
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{
		"", "one\ntwo", "h2. T\n\n*b* _i_ {{c}} [x|https://example.com] [~accountid:1]", "* a\n** b\n# c", "||H||\n|a|", "{code:go}\nx\n{code}", "{quote}q{quote}", "{panel}p{panel}", "----",
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(adf.FromWiki(in))))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzFromWiki(f *testing.F) {
	for _, s := range []string{"h1. A\n* b\n** c\n|d|e|\n{code}x{code}", "*a _b_* [x|http://y] \\\\ {{z}}", "{quote}\n{panel}\nx"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		doc := adf.FromWiki(s)
		if _, err := adf.Wiki(doc); err != nil {
			t.Errorf("%q becomes no document: %v: %s", s, err, doc)
		}
		if html := string(adf.HTML(doc, name)); strings.Contains(html, "<script") || strings.Contains(html, "javascript:") && strings.Contains(html, `href="javascript`) {
			t.Errorf("%q becomes %s", s, html)
		}
	})
}
