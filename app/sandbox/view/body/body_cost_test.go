package body_test

import (
	"strings"
	"testing"

	"github.com/throughline/throughline/app/sandbox/view/body"
)

// What is shown grows with the page, however it is nested.
func TestRenderedSizeIsBounded(t *testing.T) {
	for name, source := range map[string]string{
		"nested headings":           strings.Repeat("<h1>a", 9_999) + strings.Repeat("</h1>", 9_999),
		"nested tables":             strings.Repeat("<table><tbody><tr><td>x", 2_400) + strings.Repeat("</td></tr></tbody></table>", 2_400),
		"many tables of contents":   strings.Repeat("<h1>abc</h1>", 2_000) + strings.Repeat(`<ac:structured-macro ac:name="toc"/>`, 2_000),
		"many headings of one name": strings.Repeat("<h1>abc</h1>", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			shown, err := body.Render(source, people{})
			if err != nil {
				t.Fatal(err)
			}
			if limit := 50*len(source) + 1<<20; len(shown) > limit {
				t.Errorf("%d bytes became %d", len(source), len(shown))
			}
		})
	}
}
