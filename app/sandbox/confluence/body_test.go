package confluence_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/sandbox/confluence"
)

func TestCheckBody(t *testing.T) {
	tests := []struct {
		name, body string
		want       string // part of the error; empty: accepted
	}{
		{"empty", "", ""},
		{"plain text", "hello", ""},
		{"several roots", "<h1>a</h1><p>b&nbsp;&mdash; c &amp; d</p>", ""},
		{"macros", `<ac:structured-macro ac:name="info"><ac:rich-text-body><p>x</p></ac:rich-text-body></ac:structured-macro>`, ""},
		{"cdata", `<ac:plain-text-body><![CDATA[if a < b && c]]></ac:plain-text-body>`, ""},
		{"user mention", `<ac:link><ri:user ri:account-id="712020:x" /></ac:link>`, ""},
		{"comment", `<p>a<!-- b --></p>`, ""},
		{"unclosed", "<p>a", "Error parsing xhtml"},
		{"crossed", "<p><b>a</p></b>", "Error parsing xhtml"},
		{"html break", "a<br>b", "Error parsing xhtml"},
		{"bare ampersand", "<p>a & b</p>", "Error parsing xhtml"},
		{"unknown entity", "<p>&nosuch;</p>", "Error parsing xhtml"},
		{"unknown prefix", "<foo:bar/>", "undeclared namespace prefix"},
		{"doctype", `<!DOCTYPE a [<!ENTITY b "c">]><p>&b;</p>`, "declaration"},
		{"twice the same attribute", `<p class="a" class="b">x</p>`, "duplicate attribute"},
		{"control character", "<p>\x01</p>", "Error parsing xhtml"},
		{"deep", strings.Repeat("<b>", 10_001) + strings.Repeat("</b>", 10_001), "nest deeper"},
		{"many attributes", "<p" + manyAttributes(300) + "/>", "more than 250 attributes"},
		{"large", strings.Repeat("x", 5<<20+1), "larger than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := confluence.CheckBody(tt.body)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error = %v, want one with %q", err, tt.want)
			}
		})
	}
}

func FuzzCheckBody(f *testing.F) {
	f.Add("<p>a</p>")
	f.Add(`<ac:link><ri:user ri:account-id="x"/></ac:link>`)
	f.Add("<![CDATA[")
	f.Fuzz(func(t *testing.T, body string) {
		// What is accepted must be readable to its end: its text is that of the body with something after it, less that.
		if confluence.CheckBody(body) == nil && !strings.HasSuffix(confluence.Text(body+"<p>end</p>"), "end") {
			t.Errorf("accepted, but can't be read to its end: %q", body)
		}
	})
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d="x"`, i)
	}
	return b.String()
}
