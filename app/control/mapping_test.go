package control

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/threat"
)

func ids(criteria []threat.Criterion) []string {
	var out []string
	for _, c := range criteria {
		out = append(out, c.ID)
	}
	return out
}

func TestSuggest(t *testing.T) {
	tests := []struct {
		name  string
		kinds []threat.STRIDE
		want  []string
	}{
		{"every threat", nil, []string{"CC3.2", "CC4.2", "CC5.1"}},
		{"one kind", []threat.STRIDE{threat.Repudiation}, []string{"CC3.2", "CC4.2", "CC5.1", "CC7.2", "CC7.3"}},
		{
			"shared criteria once",
			[]threat.STRIDE{threat.Spoofing, threat.Elevation},
			[]string{"CC3.2", "CC4.2", "CC5.1", "CC6.1", "CC6.2", "CC6.3", "CC6.6", "CC6.8"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ids(Suggest(tt.kinds))); diff != "" {
				t.Errorf("criteria (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMappedCriteriaExist(t *testing.T) {
	data, err := os.ReadFile(contracttest.Path(t, "controls", "soc2_tsc_2017_rev2022_ids.json"))
	if err != nil {
		t.Fatal(err)
	}
	var catalogue any
	if err := json.Unmarshal(data, &catalogue); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	collect(catalogue, known)
	if len(known) < 61 {
		t.Fatalf("the catalogue lists %d ids, want at least 61", len(known))
	}
	for _, r := range rows {
		if !known[r.id] {
			t.Errorf("mapped criterion %s does not exist", r.id)
		}
		if r.why == "" {
			t.Errorf("the row %s → %s has no reason", r.kind, r.id)
		}
	}
}

func collect(v any, into map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			collect(e, into)
		}
	case map[string]any:
		if id, ok := v["id"].(string); ok {
			into[id] = true
		}
		for _, e := range v {
			collect(e, into)
		}
	}
}
