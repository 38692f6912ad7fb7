package trace_test

import (
	"testing"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

func TestLegal(t *testing.T) {
	type moves [][2]threat.State
	tests := []struct {
		name  string
		moves moves
		state threat.State
		legal bool
	}{
		{"no move", nil, threat.Open, true},
		{"a beginning", moves{{"", threat.Open}}, threat.Open, true},
		{"a beginning as verified", moves{{"", threat.Verified}}, threat.Verified, false},
		{"one after the other", moves{{threat.Open, threat.InProgress}, {threat.InProgress, threat.Mitigated}}, threat.Mitigated, true},
		{"with a gap", moves{{threat.Open, threat.InProgress}, {threat.Open, threat.Mitigated}}, threat.Mitigated, false},
		{"verified without being mitigated", moves{{threat.Open, threat.Verified}}, threat.Verified, false},
		{"verified, and its text changed", moves{{threat.Verified, threat.Verified}}, threat.Verified, true},
		{"open to open", moves{{threat.Open, threat.Open}}, threat.Open, false},
		{"accepted by itself dismissed", moves{{threat.Accepted, threat.Dismissed}}, threat.Dismissed, false},
		{"stored otherwise than it moved", moves{{threat.Open, threat.InProgress}}, threat.Mitigated, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := trace.Change{Threats: []threat.Threat{{ID: "T-A", State: tt.state}}}
			for _, m := range tt.moves {
				c.Entries = append(c.Entries, ledger.Entry{Kind: ledger.Moved, Threat: "T-A", Data: ledger.Encode(ledger.MoveFact{From: m[0], To: m[1]})})
			}
			if err := trace.Legal(c); (err == nil) != tt.legal || err != nil && !fault.Is(err, fault.Internal) {
				t.Errorf("Legal() = %v, want legal %v", err, tt.legal)
			}
		})
	}
}
