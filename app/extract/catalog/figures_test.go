package catalog_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/extract/catalog"
	"github.com/throughline/throughline/app/extract/extracttest"
	"github.com/throughline/throughline/app/extract/findings"
	"github.com/throughline/throughline/app/extract/score"
)

// TestFigures holds the engine to the figures it is published with, on labelled documents in both formats.
func TestFigures(t *testing.T) {
	tests := []struct {
		name                          string
		macro, precision, recall, mit float64
	}{
		{"dev", 0.90, 0.92, 0.90, 0.85},
		{"designs", 0.80, 0.80, 0, 0.70},
	}
	for _, test := range tests {
		for _, format := range []string{".md", ".xml"} {
			t.Run(test.name+format, func(t *testing.T) {
				sheet := measure(t, contracttest.Path(t, "corpus", test.name), format)
				total := sheet.Total()
				near := float64(total.NearMisses.Right) / float64(max(1, total.NearMisses.Labelled))
				mit := float64(total.Mitigations.Right) / float64(max(1, total.Mitigations.Labelled))
				t.Logf("precision %.3f recall %.3f macro-F1 %.3f mitigations %s near-misses %s", total.Precision(), total.Recall(), sheet.MacroF1(), total.Mitigations, total.NearMisses)
				if sheet.MacroF1() < test.macro || total.Precision() < test.precision || total.Recall() < test.recall || mit < test.mit || near > 0.03 {
					t.Errorf("below the figures %+v", test)
				}
				for _, r := range sheet.Rows {
					if r.Labels == 0 && r.Found > 0 {
						t.Errorf("%s states no threat, and %d were found", r.Name, r.Found)
					}
				}
			})
		}
	}
}

// measure scans the documents of a directory and scores what is found by its labels.
func measure(t *testing.T, dir, format string) score.Sheet {
	t.Helper()
	labels, err := filepath.Glob(filepath.Join(dir, "labels", "*.json"))
	if err != nil || len(labels) == 0 {
		t.Fatalf("no labels in %s: %v", dir, err)
	}
	out := t.TempDir()
	engine := catalog.Engine()
	for _, path := range labels {
		name := filepath.Base(path[:len(path)-len(".json")])
		page := filepath.Join(dir, name+format)
		src, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		doc := extracttest.Parse(t, page, src)
		data, err := findings.Of(page, doc, engine.Scan(doc), nil).JSON()
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(data) {
			t.Fatalf("%s: findings are no JSON", name)
		}
		if err := os.WriteFile(filepath.Join(out, name+".json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sheet, err := score.Directory(filepath.Join(dir, "labels"), out)
	if err != nil {
		t.Fatal(err)
	}
	return sheet
}
