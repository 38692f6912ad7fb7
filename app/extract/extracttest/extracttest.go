// Package extracttest proves finders. A finder's testdata holds txtar files; each one is a page and what is to be found in it.
package extracttest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markdown"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/lexicon"
)

var update = flag.Bool("update", false, "write what is found into the testdata")

// Accept runs an engine of these finders over every testdata/*.txtar. An archive holds "page.md" or "page.xml", or both for one
// page in two formats, and "want": the findings as Render writes them, the same for both. It also holds the finders to the
// contract: spans lie in the page, quotes are the text of their spans, the same page gives the same findings, and pages that
// say nothing give none.
func Accept(t *testing.T, finders ...extract.Finder) {
	t.Helper()
	engine := extract.New(lexicon.Standard(), finders...)
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no testdata/*.txtar: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { accept(t, engine, path) })
	}
	for name, page := range Silent() {
		t.Run(name, func(t *testing.T) {
			if got := engine.Scan(Parse(t, name, []byte(page))).Findings; len(got) > 0 {
				t.Errorf("found %d threats on a page that states none:\n%s", len(got), Render(got))
			}
		})
	}
}

func accept(t *testing.T, engine *extract.Engine, path string) {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	if want < 0 {
		t.Fatalf("%s has no file called want", path)
	}
	pages := 0
	for _, f := range archive.Files {
		if f.Name == "want" {
			continue
		}
		pages++
		doc := Parse(t, f.Name, f.Data)
		report := engine.Scan(doc)
		for _, err := range Check(doc, report.Findings) {
			t.Errorf("%s: %v", f.Name, err)
		}
		if diff := cmp.Diff(report, engine.Scan(doc)); diff != "" {
			t.Errorf("%s: a second scan gave another report:\n%s", f.Name, diff)
		}
		got := Render(report.Findings)
		if *update && pages == 1 {
			archive.Files[want].Data = []byte(got)
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(string(archive.Files[want].Data), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, diff)
		}
	}
	if pages == 0 {
		t.Fatalf("%s has no page", path)
	}
}

// Parse reads a page by the ending of its name: "md" is Markdown, anything else storage format.
func Parse(t testing.TB, name string, data []byte) *document.Document {
	t.Helper()
	parse := storage.Parse
	if strings.HasSuffix(name, ".md") {
		parse = markdown.Parse
	}
	doc, err := parse(data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc
}

// Silent are pages on which nothing is to be found, and that are no error.
func Silent() map[string]string {
	return map[string]string{
		"empty.xml":     "",
		"empty.md":      "",
		"macro.xml":     `<ac:structured-macro ac:name="toc"><ac:parameter ac:name="maxLevel">3</ac:parameter></ac:structured-macro>`,
		"headless.xml":  `<table><tbody><tr><td>one</td><td>two</td></tr><tr><td>three</td><td>four</td></tr></tbody></table>`,
		"hollow.xml":    `<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr></tbody></table>`,
		"blank.xml":     `<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr><tr><td> </td><td>-</td></tr><tr><td>N/A</td><td>None</td></tr></tbody></table>`,
		"titles.md":     "# Threat model\n\n## Threats\n\n## Risks and mitigations\n\nNone.\n\n## Security considerations\n\nTBD\n",
		"no-threats.md": "# Design\n\n## Security considerations\n\nThis change does not introduce any new security risks.\n",
	}
}

// Check returns how findings break the contract: an empty or outlying span, or a quote that is not what a reader sees there.
func Check(doc *document.Document, found []extract.Finding) []error {
	var errs []error
	check := func(what, quote string, at document.Span) {
		if at.Start < 0 || at.Start >= at.End || at.End > len(doc.Source) {
			errs = append(errs, fmt.Errorf("%s %q: span %v of %d bytes", what, quote, at, len(doc.Source)))
			return
		}
		read := storage.Text
		if doc.Format == document.Markdown {
			read = markdown.Text
		}
		source := string(doc.Source[at.Start:at.End])
		if got := read(source); !sameText(got, quote) && !(doc.Format == document.Markdown && sameText(marks.Replace(got), marks.Replace(quote))) {
			errs = append(errs, fmt.Errorf("%s %q: its span reads %q", what, quote, got))
		}
	}
	for _, f := range found {
		check("quote", f.Quote, f.At)
		for _, m := range f.Mitigations {
			check("mitigation", m.Quote, m.At)
		}
		if f.Title == "" || f.Why == "" || f.Confidence <= 0 || f.Confidence > 1 {
			errs = append(errs, fmt.Errorf("quote %q: title %q, why %q, confidence %v", f.Quote, f.Title, f.Why, f.Confidence))
		}
	}
	return errs
}

// marks are Markdown's signs that a fragment keeps when what they refer to stands elsewhere on the page.
var marks = strings.NewReplacer("[", "", "]", "", "_", "")

func sameText(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// Render writes findings for people to compare: a line for what each one is, an indented line for each thing said of it. Places,
// confidence and reasons are left out.
func Render(found []extract.Finding) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s: %s\n", f.Finder, f.Title)
		line := func(name, value string) {
			if value != "" {
				fmt.Fprintf(&b, "\t%s: %s\n", name, strings.Join(strings.Fields(value), " "))
			}
		}
		line("id", f.Label)
		line("quote", f.Quote)
		line("statement", f.Statement)
		line("section", strings.Join(f.Section, " > "))
		kinds := ""
		for _, k := range f.STRIDE {
			kinds += string(k)
		}
		if f.STRIDEBy != "stated" && kinds != "" {
			kinds += " by rule"
		}
		line("stride", kinds)
		line("severity", string(f.Severity))
		line("stated", f.SeverityRaw)
		line("element", f.Element)
		line("component", f.Component)
		line("owner", f.Person.String())
		line("ticket", f.Ticket)
		line("status", f.Status)
		for _, m := range f.Mitigations {
			status := ""
			if m.Status != "" {
				status = " (" + m.Status + ")"
			}
			line("mitigation", m.Quote+status)
		}
		line("cwe", strings.Join(f.CWE, " "))
		line("capec", strings.Join(f.CAPEC, " "))
		if len(f.Also) > 0 {
			line("also", fmt.Sprintf("%d places", len(f.Also)))
		}
	}
	return b.String()
}
