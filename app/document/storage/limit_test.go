package storage_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/fault"
)

// TestLimits feeds what is made to hurt. Memory is held to its limit by counting what is allocated; time by the sizes: a parser
// that took more than linear time for one of these would not come back.
func TestLimits(t *testing.T) {
	const mb = 1 << 20
	tests := []struct {
		name      string
		body      string
		refused   string // "" when it is to be read
		allocated uint64 // at most, in bytes
	}{
		{"50 MB", strings.Repeat("<p>a</p>", 50*mb/8), "the limit is", 64 * mb},
		{"10,000 deep", strings.Repeat("<b>", 10_000) + strings.Repeat("</b>", 10_000), "inside each other", 64 * mb},
		{"ten million bytes deep", strings.Repeat("<b>", 10*mb/3), "inside each other", 64 * mb},
		{"entity bomb", `<!DOCTYPE x [<!ENTITY a "` + strings.Repeat("a", 5*mb) + `">]>&a;`, "a declaration", 64 * mb},
		{"NUL at the end", strings.Repeat("a", 10*mb) + "\x00", "NUL", 64 * mb},
		{"not UTF-8 at the end", strings.Repeat("a", 10*mb) + "\xff", "UTF-8", 64 * mb},
		{"one tag of attributes", "<p " + strings.Repeat("a", 5*mb) + "='1'" + strings.Repeat(" b='1'", mb) + "/>", "stands twice", 64 * mb},
		{"open tags only", strings.Repeat("<p a='", mb), "'<' in the value", 64 * mb},
		{"a name of ten million bytes", "<" + strings.Repeat("p", 10*mb) + "></q>", "stands where", 64 * mb},
		{"too many pieces", strings.Repeat("<b/>", 10*mb/4), "pieces", 300 * mb},
		{"references only", strings.Repeat("&lt;", 10*mb/4), "", 64 * mb},
		{"titles in titles", strings.Repeat("<details><summary>", 400) + strings.Repeat("a ", 4*mb) + strings.Repeat("</summary></details>", 400), "", 64 * mb},
		{"parameters in parameters", strings.Repeat(`<ac:structured-macro ac:name="x"><ac:parameter ac:name="title">`, 400) + strings.Repeat("a ", 2*mb) + strings.Repeat("</ac:parameter></ac:structured-macro>", 400) + "a", "", 64 * mb},
		{"dates in dates", strings.Repeat("<time>", 400) + strings.Repeat("a ", 2*mb) + strings.Repeat("</time>", 400) + "a", "", 64 * mb},
		{"a link of many pages", "<ac:link>" + strings.Repeat("<ri:page ri:content-title='a name'/>", 10*mb/36) + "</ac:link>", "", 64 * mb},
		{"macros side by side", strings.Repeat("<b>", 900) + strings.Repeat("<ac:structured-macro ac:name='x'/>", 100_000) + strings.Repeat("</b>", 900) + "a", "", 200 * mb},
		{"10 MB of paragraphs", strings.Repeat("<p>An attacker <em>could</em> read the token &amp; use it.</p>\n", 10*mb/64), "", 200 * mb},
		{"10 MB of table", "<table><tbody>" + strings.Repeat("<tr><td>Spoofing of the login</td><td>High</td><td>Use two factors for it</td></tr>", 10*mb/85) + "</tbody></table>", "", 200 * mb},
		{"10 MB of text", "<p>" + strings.Repeat("a ", 5*mb) + "</p>", "", 64 * mb},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := []byte(tt.body)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			d, err := storage.Parse(body)
			runtime.ReadMemStats(&after)
			switch {
			case tt.refused == "" && err != nil:
				t.Error(err)
			case tt.refused != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.refused) || len(err.Error()) > 300):
				t.Errorf("Parse gave %.300v, want an Invalid error with %q", err, tt.refused)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > tt.allocated {
				t.Errorf("Parse allocated %d MB, want at most %d", got/mb, tt.allocated/mb)
			}
			if d != nil {
				f := document.Flatten(d.Root)
				if s := f.All(); s.Len() == 0 {
					t.Error("nothing was read")
				}
			}
			if len(body) < 11*mb { // a fragment is never refused, and reads in linear time too
				storage.Text(tt.body)
			}
		})
	}
}
