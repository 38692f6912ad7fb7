package evidence

import "testing"

func TestUncovered(t *testing.T) {
	tests := []struct {
		name             string
		all, with, usual int
		want             string
	}{
		{"all of them", 61, 61, 0, "Each of the 61 criteria has a threat in this population."},
		{"some", 61, 20, 12, "Of 61 criteria, 20 have threats in this population, and 41 have none. The table below has 12 of these, which threats usually bear on, with 0. " +
			"The other 29 stand on the sheet Criteria only, and in criteria.csv."},
		{"one", 3, 1, 0, "Of 3 criteria, 1 has threats in this population, and 2 have none. The other 2 stand on the sheet Criteria only, and in criteria.csv."},
		{"all but one", 3, 2, 1, "Of 3 criteria, 2 have threats in this population, and 1 has none. The table below has 1 of these, which threats usually bear on, with 0."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := uncovered(tt.all, tt.with, tt.usual); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
