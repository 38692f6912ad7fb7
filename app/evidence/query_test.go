package evidence_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/evidence"
	"github.com/throughline/throughline/app/fault"
)

func TestScope(t *testing.T) {
	s := filled(t, 200)
	tests := []struct {
		name  string
		scope evidence.Scope
		want  int
	}{
		{"everything", evidence.Scope{}, 200},
		{"a space", evidence.Scope{Space: "eng"}, 100}, // pages 0 and 3
		{"a label", evidence.Scope{Label: "Design"}, 200},
		{"a label that no page has", evidence.Scope{Label: "other"}, 0},
		{"a project", evidence.Scope{Project: "SEC"}, 200},
		{"another project", evidence.Scope{Project: "OPS"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := half()
			q.Scope = tt.scope
			pack, made := build(t, s, q, nil)
			if made.Threats != tt.want || made.Summary.Outside != 200-tt.want {
				t.Errorf("%d threats and %d outside, want %d", made.Threats, made.Summary.Outside, tt.want)
			}
			if rows := records(t, files(t, pack)["threats.csv"]); len(rows) != tt.want {
				t.Errorf("%d rows, want %d", len(rows), tt.want)
			}
		})
	}
}

func TestSampleIsDrawnAgain(t *testing.T) {
	s := filled(t, 200)
	draw := func(n int, seed uint64) []string {
		q := half()
		q.Sample, q.Seed = n, seed
		var out []string
		for _, row := range records(t, files(t, first(build(t, s, q, nil)))["sample.csv"]) {
			out = append(out, row["threat"])
		}
		return out
	}
	a := draw(10, 7)
	if diff := cmp.Diff(a, draw(10, 7)); diff != "" || len(a) != 10 {
		t.Errorf("the same seed drew another sample:\n%s", diff)
	}
	if cmp.Equal(a, draw(10, 8)) {
		t.Error("another seed drew the same")
	}
	if diff := cmp.Diff(a[:4], draw(4, 7)); diff != "" {
		t.Errorf("a smaller sample is no part of the larger:\n%s", diff)
	}
	if got := draw(1000, 7); len(got) != 200 {
		t.Errorf("a sample larger than the population has %d", len(got))
	}
}

func TestFrameworks(t *testing.T) {
	s := filled(t, 60)
	for _, framework := range control.Frameworks() {
		q := half()
		q.Framework = framework
		pack, _ := build(t, s, q, nil)
		c, err := control.Framework(framework)
		if err != nil {
			t.Fatal(err)
		}
		rows := records(t, files(t, pack)["mapping.csv"])
		if len(rows) == 0 {
			t.Errorf("%s: nothing is mapped", framework)
		}
		for _, row := range rows {
			if _, ok := c.Find(row["criterion"]); !ok || row["framework"] != framework {
				t.Errorf("%s: mapped to %s of %s", framework, row["criterion"], row["framework"])
			}
			if row["by"] == "" {
				t.Errorf("%s: %s → %s, and nobody chose it", framework, row["threat"], row["criterion"])
			}
		}
	}
}

func TestQueriesThatCannotBe(t *testing.T) {
	tests := []struct {
		name string
		q    evidence.Query
	}{
		{"ends before it begins", evidence.Query{Window: evidence.Window{From: date(7, 1), To: date(1, 1)}}},
		{"in the future", evidence.Query{Window: evidence.Window{From: date(12, 2), To: date(12, 3)}}},
		{"knowledge of the future", evidence.Query{Window: evidence.Window{From: date(1, 1), To: date(7, 1)}, AsOf: date(12, 2)}},
		{"knowledge before the window", evidence.Query{Window: evidence.Window{From: date(2, 1), To: date(7, 1)}, AsOf: date(1, 1)}},
		{"unknown framework", evidence.Query{Window: evidence.Window{From: date(1, 1), To: date(7, 1)}, Framework: "pci"}},
		{"negative sample", evidence.Query{Window: evidence.Window{From: date(1, 1), To: date(7, 1)}, Sample: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.q.Check(date(12, 1)); !fault.Is(err, fault.Invalid) {
				t.Errorf("Check: %v, want fault.Invalid", err)
			}
		})
	}
}
