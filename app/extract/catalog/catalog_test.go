package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/document/markdown"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/extract/catalog"
	"github.com/throughline/throughline/app/extract/extracttest"
)

func TestPages(t *testing.T) { extracttest.Accept(t, catalog.Finders()...) }

// TestQuotesOfCorpus holds every quote to the text of its span, on all pages there are.
func TestQuotesOfCorpus(t *testing.T) {
	var paths []string
	for _, pattern := range []string{"dev/*.md", "dev/*.xml", "designs/*.md", "designs/*.xml", "storage/*.*html"} {
		found, err := filepath.Glob(filepath.Join(contracttest.Path(t, "corpus"), pattern))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	engine := catalog.Engine()
	quotes := 0
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		doc := extracttest.Parse(t, path, src)
		report := engine.Scan(doc)
		quotes += len(report.Findings)
		for _, err := range extracttest.Check(doc, report.Findings) {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	if quotes == 0 {
		t.Error("nothing was found in the whole corpus")
	}
}

// FuzzScan: no page makes the engine panic, and every quote is the text of its span.
func FuzzScan(f *testing.F) {
	for _, page := range extracttest.Silent() {
		f.Add(page, strings.HasPrefix(page, "#"))
	}
	f.Add("<h2>Threats</h2><ul><li>T-1: An attacker could leak <b>tokens</b><ul><li>Mitigation: rotate</li></ul></li></ul>", false)
	f.Add("## Risks\n\n| Threat | Severity |\n|---|---|\n| A forged *token* is taken | High |\n\n**Risk:** x\n\n**Mitigation:** y\n", true)
	f.Add("<table><tr><th>Element</th><th>S</th><th>T</th><th>R</th></tr><tr><td rowspan=\"3\">API</td><td colspan=\"2\">forged</td></tr></table>", false)
	engine := catalog.Engine()
	f.Fuzz(func(t *testing.T, page string, md bool) {
		parse := storage.Parse
		if md {
			parse = markdown.Parse
		}
		doc, err := parse([]byte(page))
		if err != nil {
			t.Skip("no page that is read: the parsers' own targets are about those")
		}
		report := engine.Scan(doc)
		for _, finding := range report.Findings {
			for _, at := range append(finding.Also, finding.At) {
				if at.Start < 0 || at.Start >= at.End || at.End > len(page) {
					t.Errorf("span %v of %d bytes", at, len(page))
				}
			}
		}
	})
}
