package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/catalog"
	"github.com/throughline/throughline/app/extract/score"
	"github.com/throughline/throughline/app/fault"
)

func newEval() *cobra.Command {
	var asMarkdown, verbose bool
	cmd := &cobra.Command{
		Use:   "eval LABELS DOCS",
		Short: "Measure the extraction against documents that a reader labelled",
		Long: "Scans the documents of a folder and holds what was found against labels: NAME.json in LABELS for NAME.xml, or with --markdown NAME.md, in\n" +
			"DOCS. A label file is {\"threats\":[{\"quote\",\"also\",\"mitigations\",\"owner\",\"ticket\",\"severity\"}],\"not_threats\":[…],\"ambiguous\":[…]}.\n" +
			"Prints precision, recall and F1 a document, then the totals; macro-F1 is the mean over documents that state any threat.",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			format := document.Storage
			if asMarkdown {
				format = document.Markdown
			}
			sheet, err := evaluate(args[0], args[1], format)
			if err != nil {
				return err
			}
			return sheet.Write(cmd.OutOrStdout(), verbose)
		},
	}
	cmd.Flags().BoolVar(&asMarkdown, "markdown", false, "read NAME.md instead of NAME.xml")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "list what was missed, and found without a label")
	return cmd
}

// evaluate measures what scan prints, so that nothing but what people get is measured.
func evaluate(labels, docs string, format document.Format) (score.Sheet, error) {
	found, err := os.MkdirTemp("", "throughline-eval-")
	if err != nil {
		return score.Sheet{}, fault.As(fault.Internal, err, "making a temporary folder")
	}
	defer os.RemoveAll(found)
	paths, err := documents([]string{docs})
	if err != nil {
		return score.Sheet{}, err
	}
	engine := catalog.Engine()
	for _, path := range paths {
		extension := filepath.Ext(path)
		if formats[strings.ToLower(extension)] != format {
			continue
		}
		doc, err := scanFile(engine, path)
		if err != nil {
			return score.Sheet{}, err
		}
		data, err := doc.JSON()
		if err != nil {
			return score.Sheet{}, fault.As(fault.Internal, err, "%s", path)
		}
		name := strings.TrimSuffix(filepath.Base(path), extension) + ".json"
		if err := os.WriteFile(filepath.Join(found, name), data, 0o600); err != nil {
			return score.Sheet{}, fault.As(fault.Internal, err, "keeping findings")
		}
	}
	sheet, err := score.Directory(labels, found)
	return sheet, fault.Wrap(err, "measuring")
}
