package markup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markup"
)

// draw scans a source and writes its tokens down.
func draw(s markup.Scanner) string {
	var b strings.Builder
	for {
		t, err := s.Next()
		if err != nil {
			return b.String() + "error"
		}
		piece := s.Source[t.Span.Start:t.Span.End]
		switch t.Kind {
		case markup.End:
			return strings.TrimSuffix(b.String(), " ")
		case markup.Text:
			fmt.Fprintf(&b, "%q ", piece)
		case markup.CDATA:
			fmt.Fprintf(&b, "cdata:%q ", s.Source[t.Inner.Start:t.Inner.End])
		case markup.Ignored:
			b.WriteString("ignored ")
		case markup.EndTag:
			fmt.Fprintf(&b, "/%s ", t.Name)
		case markup.StartTag:
			b.WriteString(t.Name)
			for _, a := range s.Attrs {
				fmt.Fprintf(&b, "[%s=%s]", a.Name, s.Attr(a.Name))
			}
			if t.Single {
				b.WriteString("/")
			}
			b.WriteString(" ")
		}
	}
}

func TestScanner(t *testing.T) {
	tests := []struct{ name, source, strict, lenient, html string }{
		{"tags", `<ac:a x:b="1" c='2'>t</ac:a >`, `ac:a[x:b=1][c=2] "t" /ac:a`, `ac:a[x:b=1][c=2] "t" /ac:a`, `ac:a[x:b=1][c=2] "t" /ac:a`},
		{"references in attributes", `<a b="&lt;&quot;&#65;"/>`, `a[b=<"A]/`, `a[b=<"A]/`, `a[b=<"A]/`},
		{"comments and instructions", `a<!-- <b> --><?x y?>b`, `"a" ignored ignored "b"`, `"a" ignored ignored "b"`, `"a" ignored ignored "b"`},
		{"CDATA", `<![CDATA[<a>&]]]]>`, `cdata:"<a>&]]"`, `cdata:"<a>&]]"`, `cdata:"<a>&]]"`},
		{"attributes as in HTML", `<a b c=d e="f">`, `error`, `"<a b c=d e=\"f\">"`, `a[b=][c=d][e=f]`},
		{"no markup", `a < b <> </ c <3`, `"a " error`, `"a " "< b " "<> " "</ c " "<3"`, `"a " "< b " "<> " "</ c " "<3"`},
		{"hyphens in a comment", `<!-- a -- b -->`, `error`, `ignored`, `ignored`},
		{"document type", `<!doctype html>a`, `error`, `ignored "a"`, `ignored "a"`},
		{"two colons", `<a:b:c/>`, `error`, `"<a:b:c/>"`, `"<a:b:c/>"`},
		{"a slash inside", `<a / b="1">`, `error`, `"<a / b=\"1\">"`, `"<a / b=\"1\">"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, mode := range []struct {
				scanner markup.Scanner
				want    string
			}{
				{markup.Scanner{Source: tt.source}, tt.strict},
				{markup.Scanner{Source: tt.source, Lenient: true}, tt.lenient},
				{markup.Scanner{Source: tt.source, Lenient: true, HTML: true}, tt.html},
			} {
				if diff := cmp.Diff(mode.want, draw(mode.scanner)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

// FuzzScanner: a lenient scanner reads everything; tokens follow each other without gaps.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{"<a b='c'>d</a>", "<!-- a", "<![CDATA[a", "<?a", "<a b=c d>", "a<b<c", "<!doctype", "&amp;&", "</a", "<é/>"} {
		f.Add(s, false, false)
		f.Add(s, true, false)
		f.Add(s, true, true)
	}
	f.Fuzz(func(t *testing.T, source string, lenient, html bool) {
		s := markup.Scanner{Source: source, Lenient: lenient || html, HTML: html}
		for at := 0; ; {
			token, err := s.Next()
			if err != nil {
				if s.Lenient {
					t.Fatal(err)
				}
				return
			}
			if token.Span.Start != at || token.Span.End < at || !token.Span.Contains(token.Inner) && token.Inner != (document.Span{}) {
				t.Fatalf("token %+v at %d", token, at)
			}
			if token.Kind == markup.End {
				if at != len(source) {
					t.Fatalf("the end comes at %d of %d", at, len(source))
				}
				return
			}
			if token.Span.Len() == 0 {
				t.Fatalf("token %+v is empty", token)
			}
			at = token.Span.End
		}
	})
}
