package markdown_test

import (
	"testing"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/documenttest"
	"github.com/throughline/throughline/app/document/markdown"
	"github.com/throughline/throughline/app/fault"
)

// FuzzParse: no input panics, what is refused is Invalid, and every tree keeps the rules of trees.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "# Head *em* `code`\n\ntext\\* &amp; [l](u \"t\") ![a](i) <b>x</b>\n", "---\na: b\n---\n# x", "+++\nx\n+++\n", "import X from 'y'\n\n# t",
		"| a | b |\n|---|:-:|\n| `x\\|y` | z<br>w |\n", "<details><summary>s</summary>\n\n- [x] a\n- b\n\n</details>\n", "> q\n> <div>\n> x</div>\n",
		"Term\n: Def\n", "~~s~~ **b** __c__ ***d***", "```go\nx\n```\n", "    code\n", "~~~\n", "<!-- c -->", "<table><tr><td>a<td>b</table>", "1. a\n   - b\n\n     c\n",
		"[r]: /u\n[r] [r][r] [x][]", "https://a.b/browse/AB-1 <https://c.d>", "a  \nb\\\nc", "Set\n===\n", "***\n", "`` `a` ``", "* * *\n- - a", "\xef\xbb\xbf# a",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		markdown.Text(string(src))
		d, err := markdown.Parse(src)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("Parse: %v is not Invalid", err)
			}
			return
		}
		if err := documenttest.CheckTree(d); err != nil {
			t.Error(err)
		}
		document.NewOutline(d.Root).Path(len(src) / 2)
	})
}
