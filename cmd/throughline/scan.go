package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/document/markdown"
	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/catalog"
	"github.com/throughline/throughline/app/extract/findings"
	"github.com/throughline/throughline/app/extract/report"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

func newScan() *cobra.Command {
	var format, failOn, out string
	cmd := &cobra.Command{
		Use:   "scan FILE|DIR…",
		Short: "Read documents and print the threats that they state, offline",
		Long: "Reads Markdown (*.md, *.markdown) and Confluence storage format (*.xml, *.xhtml, *.html) and prints the threats that they state. In a\n" +
			"folder every file of those kinds is read; a file that is named is read whatever it is called.\n\n" +
			"Exit code 0: done. 1: --fail-on found what it looks for. 2: something could not be read; the rest was.",
		Example: "  throughline scan design.md\n  throughline scan --format sarif --out threats.sarif --fail-on unmitigated docs/",
		Args:    cobra.MinimumNArgs(1),
	}
	cmd.Flags().StringVar(&format, "format", string(report.Table), "table, json, sarif, csv or markdown")
	cmd.Flags().StringVar(&failOn, "fail-on", "", "exit 1 when a threat is at least this severe (critical, high, medium, low), or unmitigated")
	cmd.Flags().StringVar(&out, "out", "", "file to write (default standard output)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		wanted, err := failing(failOn)
		if err != nil {
			return err
		}
		if !slices.Contains(report.Formats(), report.Format(format)) {
			return fault.New(fault.Invalid, "--format: %q is unknown: use table, json, sarif, csv or markdown", format)
		}
		paths, err := documents(args)
		if err != nil {
			return err
		}
		docs, failed := scanAll(paths, cmd.ErrOrStderr())
		if err := writeReport(cmd.OutOrStdout(), out, report.Format(format), docs); err != nil {
			return err
		}
		switch {
		case failed > 0:
			return fault.New(fault.Invalid, "%s could not be read", count(failed, "document", "documents"))
		case slices.ContainsFunc(docs, func(d report.Document) bool { return slices.ContainsFunc(d.Threats, wanted) }):
			return errFound
		}
		return nil
	}
	return cmd
}

// failing is the test that --fail-on asks for.
func failing(on string) (func(findings.Threat) bool, error) {
	switch s := threat.Severity(on); {
	case on == "":
		return func(findings.Threat) bool { return false }, nil
	case on == "unmitigated":
		return func(t findings.Threat) bool { return len(t.Mitigations) == 0 }, nil
	case s.Rank() > 0:
		return func(t findings.Threat) bool { return t.Severity.Rank() >= s.Rank() }, nil
	}
	return nil, fault.New(fault.Invalid, "--fail-on: %q is unknown: use critical, high, medium, low or unmitigated", on)
}

var formats = map[string]document.Format{
	".md": document.Markdown, ".markdown": document.Markdown, ".mdx": document.Markdown,
	".xml": document.Storage, ".xhtml": document.Storage, ".html": document.Storage,
}

// documents lists the files that arguments name, folders in the order of their paths.
func documents(args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		err := filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && path != arg && strings.HasPrefix(d.Name(), "."):
				return fs.SkipDir
			case d.Type().IsRegular() && (path == arg || formats[strings.ToLower(filepath.Ext(path))] != ""):
				out = append(out, path)
			}
			return nil
		})
		if err != nil {
			return nil, fault.As(fault.Invalid, err, "listing documents")
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "no documents (*.md, *.xml) in %s", strings.Join(args, ", "))
	}
	return out, nil
}

// scanAll scans documents one after the other and tells of those that cannot be read.
func scanAll(paths []string, told io.Writer) (docs []report.Document, failed int) {
	if os.Getenv("GOGC") == "" {
		// A page's tree is many small pieces that all stay until it is written: half the usual slack costs no time that one can
		// measure, and keeps a page of 10 MB below 200 MB.
		debug.SetGCPercent(50)
	}
	engine := catalog.Engine()
	progress := bar(told, "Scanning")
	for i, path := range paths {
		doc, err := scanFile(engine, path)
		if err != nil {
			failed++
			fmt.Fprintln(told, "throughline:", err)
		} else {
			docs = append(docs, doc)
		}
		if len(paths) > 20 {
			progress(i+1, len(paths))
		}
	}
	return docs, failed
}

func scanFile(engine *extract.Engine, path string) (report.Document, error) {
	source, err := readDocument(path)
	if err != nil {
		return report.Document{}, fault.As(fault.Invalid, err, "%s", path)
	}
	parse := storage.Parse
	if format := formats[strings.ToLower(filepath.Ext(path))]; format == document.Markdown || format == "" && !strings.HasPrefix(strings.TrimSpace(string(source[:min(len(source), 512)])), "<") {
		parse = markdown.Parse
	}
	doc, err := parse(source)
	if err != nil {
		return report.Document{}, fault.Wrap(err, "%s", path)
	}
	suggest := func(f extract.Finding) []threat.Criterion {
		return control.Suggest(control.SOC2, control.Subject{Text: f})
	}
	return report.Document{File: findings.Of(filepath.ToSlash(path), doc, engine.Scan(doc), suggest), Bytes: source}, nil
}

// readDocument reads a file, but for one that is larger than any page: its size alone tells.
func readDocument(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > document.ParseLimit {
		return nil, fault.New(fault.Invalid, "it has %d bytes, and pages of more than %d are not read: split it", info.Size(), document.ParseLimit)
	}
	return os.ReadFile(path)
}

func writeReport(stdout io.Writer, out string, format report.Format, docs []report.Document) error {
	if out == "" {
		return report.Write(stdout, format, docs, terminal(stdout))
	}
	return writeWhole(out, func(w io.Writer) error { return report.Write(w, format, docs, report.Options{}) })
}

// terminal says how a report may look: colours are for a terminal whose user did not refuse them (no-color.org).
func terminal(w io.Writer) report.Options {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return report.Options{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	return report.Options{Colour: os.Getenv("NO_COLOR") == "", Width: width}
}
