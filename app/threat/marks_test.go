package threat_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/threat"
)

func TestMarksLacking(t *testing.T) {
	label, both := []string{threat.MarkLabel}, []string{threat.MarkLabel, threat.MarkLink}
	tests := []struct {
		name       string
		known      threat.Marks
		lacks      []string
		want       threat.Marks
		mend, told []string
	}{
		{"all is there", threat.Marks{}, nil, threat.Marks{}, nil, nil},
		{"the first time it is put back", threat.Marks{}, label, threat.Marks{Restored: label}, label, nil},
		{"the second time it is told", threat.Marks{Restored: label}, label, threat.Marks{Restored: label, Lacks: label}, nil, label},
		{"and then it is known", threat.Marks{Restored: label, Lacks: label}, label, threat.Marks{Restored: label, Lacks: label}, nil, nil},
		{"somebody put it back", threat.Marks{Restored: label, Lacks: label}, nil, threat.Marks{Restored: label}, nil, nil},
		{"each for itself", threat.Marks{Restored: label}, both, threat.Marks{Restored: both, Lacks: label}, []string{threat.MarkLink}, label},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			next, mend, told := tt.known.Lacking(tt.lacks)
			if diff := cmp.Diff([]any{tt.want, tt.mend, tt.told}, []any{next, mend, told}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
