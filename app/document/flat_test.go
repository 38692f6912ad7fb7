package document_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/storage"
)

func parse(t *testing.T, body string) *document.Document {
	t.Helper()
	d, err := storage.Parse([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFlatSpan(t *testing.T) {
	tests := []struct{ name, body, text, part, want string }{
		{"a word", "<p>one two three</p>", "one two three", "two", "two"},
		{"white space around a range is left out", "<p>one two three</p>", "one two three", " two ", "two"},
		{"across a line break in the source", "<p>one\n   two</p>", "one two", "one two", "one\n   two"},
		{"behind collapsed white space", "<p>one\n   two three</p>", "one two three", "three", "three"},
		{"behind a single line break", "<p>one\ntwo three</p>", "one two three", "two three", "two three"},
		{"an element that lies wholly inside", "<p>a <strong>b</strong> c</p>", "a b c", "b", "<strong>b</strong>"},
		{"elements at both ends", "<p><em>a</em> b <a href='x'>c</a></p>", "a b c", "a b c", "<em>a</em> b <a href='x'>c</a>"},
		{"part of an element", "<p><strong>a b</strong> c</p>", "a b c", "b c", "b</strong> c"},
		{"a reference", "<p>a&amp;b</p>", "a&b", "&", "&amp;"},
		{"up to a reference", "<p>a&lt;b</p>", "a<b", "a<", "a&lt;"},
		{"behind references", "<p>&lt;&lt; abc def</p>", "<< abc def", "def", "def"},
		{"a no-break space is white space", "<p>a&nbsp; b</p>", "a b", "a b", "a&nbsp; b"},
		{"over blocks", "<p>a</p><p>b</p>", "a\nb", "a\nb", "a</p><p>b"},
		{"cells", "<table><tr><td>a</td><td>b</td></tr></table>", "a\tb", "b", "b"},
		{"CDATA", `<p>see <ac:link><ri:page ri:content-title="P"/><ac:plain-text-link-body><![CDATA[the page]]></ac:plain-text-link-body></ac:link>.</p>`, "see the page.", "page", "page"},
		{
			"what one macro shows", `<p>S: <ac:structured-macro ac:name="status"><ac:parameter ac:name="title">RED</ac:parameter></ac:structured-macro></p>`, "S: RED", "RED",
			`<ac:structured-macro ac:name="status"><ac:parameter ac:name="title">RED</ac:parameter></ac:structured-macro>`,
		},
		{
			"code with its brackets", `<ul><li>a <ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[b]]></ac:plain-text-body></ac:structured-macro></li></ul>`, "a\nb", "a\nb",
			`a <ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[b]]></ac:plain-text-body></ac:structured-macro>`,
		},
		{"a word of code", "<pre>a b</pre>", "a b", "b", "b"},
		{"letters of several bytes", "<p>är &uuml;ber</p>", "är über", "über", "&uuml;ber"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := document.Flatten(parse(t, tt.body).Root)
			if diff := cmp.Diff(tt.text, f.Text); diff != "" {
				t.Fatalf("text (-want +got):\n%s", diff)
			}
			i := index(f.Text, tt.part)
			s := f.Span(i, i+len(tt.part))
			if diff := cmp.Diff(tt.want, tt.body[s.Start:s.End]); diff != "" {
				t.Errorf("source of %q (-want +got):\n%s", tt.part, diff)
			}
		})
	}
}

// index is where part stands last in text.
func index(text, part string) int {
	for i := len(text) - len(part); i >= 0; i-- {
		if text[i:i+len(part)] == part {
			return i
		}
	}
	return -1
}

func TestFlatSpanOfNothing(t *testing.T) {
	f := document.Flatten(parse(t, "<p>a</p><p>b</p>").Root)
	for _, r := range [][2]int{{0, 0}, {1, 2}, {3, 3}, {-1, 0}, {9, 12}, {2, 1}} {
		if s := f.Span(r[0], r[1]); s.Len() != 0 || s.Start < 0 || s.End > 16 {
			t.Errorf("Span(%d, %d) = %v, want an empty span in the source", r[0], r[1], s)
		}
	}
	if s := document.Flatten(nil).All(); s != (document.Span{}) {
		t.Errorf("All of nothing = %v", s)
	}
}

func TestFlattenAll(t *testing.T) {
	item := document.First(parse(t, "<ul><li>a <b>b</b><ul><li>c</li></ul></li></ul>").Root, document.Item)
	var own []*document.Node
	for _, c := range item.Children {
		if c.Kind != document.List {
			own = append(own, c)
		}
	}
	if got := document.FlattenAll(own).Text; got != "a b" {
		t.Errorf("got %q, want %q", got, "a b")
	}
}

func TestVerbatim(t *testing.T) {
	code := document.First(parse(t, "<pre>a &lt;\n\n  b<br/>c</pre>").Root, document.Code)
	if diff := cmp.Diff("a <\n\n  b\nc", document.Verbatim(code)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
