package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/throughline/throughline/app/document/markdown"
	"github.com/throughline/throughline/app/extract/catalog"
	"github.com/throughline/throughline/app/extract/findings"
	"github.com/throughline/throughline/app/extract/report"
	"github.com/throughline/throughline/app/fault"
)

var update = flag.Bool("update", false, "write the golden files")

const page = `# Parcel tracking

## Threats

| Id | Threat | STRIDE | Severity | Mitigation | Owner |
|---|---|---|---|---|---|
| P-1 | =A courier reads parcels of another depot | I | High | Scope queries by depot; audit reads | Ana Ruiz |
| P-2 | Tracking numbers are guessed \| enumerated | I | | | |

## Risks

- A flood of scans could exhaust the queue — naïve clients retry at once.
`

func scan(t *testing.T, path, source string) report.Document {
	t.Helper()
	doc, err := markdown.Parse([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return report.Document{File: findings.Of(path, doc, catalog.Engine().Scan(doc), nil), Bytes: []byte(source)}
}

func TestWrite(t *testing.T) {
	docs := []report.Document{scan(t, "docs/parcel tracking.md", page), scan(t, "docs/empty.md", "")}
	for _, format := range report.Formats() {
		t.Run(string(format), func(t *testing.T) {
			var got, again bytes.Buffer
			if err := report.Write(&got, format, docs, report.Options{}); err != nil {
				t.Fatal(err)
			}
			if err := report.Write(&again, format, docs, report.Options{}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), again.Bytes()) {
				t.Error("the same documents gave other bytes")
			}
			golden := filepath.Join("testdata", string(format)+".golden")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", format, diff)
			}
		})
	}
}

func TestSARIFIsValid(t *testing.T) {
	var b bytes.Buffer
	if err := report.Write(&b, report.SARIF, []report.Document{scan(t, "a/b.md", page)}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	log, err := sarif.FromBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Validate(); err != nil {
		t.Error(err)
	}
	for _, r := range log.Runs[0].Results {
		region := r.Locations[0].PhysicalLocation.Region
		if got := page[region.ByteOffset : region.ByteOffset+*region.ByteLength]; strings.TrimSpace(got) != got || got == "" {
			t.Errorf("region %q", got)
		}
	}
}

func TestSARIFFingerprintsStay(t *testing.T) {
	prints := func(source string) []string {
		var b bytes.Buffer
		if err := report.Write(&b, report.SARIF, []report.Document{scan(t, "p.md", source)}, report.Options{}); err != nil {
			t.Fatal(err)
		}
		log, err := sarif.FromBytes(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, r := range log.Runs[0].Results {
			out = append(out, r.PartialFingerprints["throughline/v1"])
		}
		return out
	}
	if diff := cmp.Diff(prints(page), prints("A paragraph before all of it.\n\n"+page)); diff != "" {
		t.Errorf("fingerprints after the page grew above (-want +got):\n%s", diff)
	}
}

func TestCSVIsHarmless(t *testing.T) {
	var b bytes.Buffer
	if err := report.Write(&b, report.CSV, []report.Document{scan(t, "p.md", page)}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a spreadsheet reads %q as a formula", cell)
			}
		}
	}
}

func TestJSONIsOneValueADocument(t *testing.T) {
	var b bytes.Buffer
	if err := report.Write(&b, report.JSON, []report.Document{scan(t, "p.md", page), scan(t, "q.md", "")}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for d := json.NewDecoder(&b); d.More(); {
		var f findings.File
		if err := d.Decode(&f); err != nil {
			t.Fatal(err)
		}
		got = append(got, f.Source.Path)
	}
	if diff := cmp.Diff([]string{"p.md", "q.md"}, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestUnknownFormat(t *testing.T) {
	if err := report.Write(&bytes.Buffer{}, "yaml", nil, report.Options{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want a fault.Invalid error", err)
	}
}
