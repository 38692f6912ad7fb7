package lexicon_test

import (
	"testing"

	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/threat"
)

func TestRole(t *testing.T) {
	tests := []struct {
		name, text string
		want       lexicon.Role
	}{
		{"threat", "Threat", lexicon.Threat},
		{"plural", "Risks", lexicon.Threat},
		{"head word", "Risk owner", lexicon.Owner},
		{"head before of", "Description of the threat", lexicon.Description},
		{"either", "Mitigation / Controls", lexicon.Mitigation},
		{"bracket", "Severity (1-5)", lexicon.Severity},
		{"number", "Threat 2", lexicon.Threat},
		{"sign", "#", lexicon.ID},
		{"phrase", "What can go wrong?", lexicon.Threat},
		{"German", "Gegenmaßnahmen", lexicon.Mitigation},
		{"French", "Gravité", lexicon.Severity},
		{"another thing", "Duration", lexicon.None},
		{"a sentence", "the threat that we see most often in our logs", lexicon.None},
		{"empty", "", lexicon.None},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := lexicon.Standard().Role(test.text); got != test.want {
				t.Errorf("Role(%q) = %v, want %v", test.text, got, test.want)
			}
		})
	}
}

func TestTopic(t *testing.T) {
	tests := []struct {
		name, heading string
		want          lexicon.Topic
		known         bool
	}{
		{"threat model", "3. Threat model", lexicon.Threats, true},
		{"risks and mitigations", "Risks and Mitigations", lexicon.Risks, true},
		{"security", "Security Considerations", lexicon.Security, true},
		{"drawbacks", "Drawbacks", lexicon.Drawbacks, true},
		{"mitigations", "Recommended mitigations", lexicon.Mitigations, true},
		{"out of scope", "Threats out of scope", lexicon.Excluded, true},
		{"known, but gathers none", "Actors", lexicon.Neutral, true},
		{"protection", "Replay protection", lexicon.Mitigations, true},
		{"unknown", "Chain ids", lexicon.Neutral, false},
		{"German", "Bedrohungen und Gegenmaßnahmen", lexicon.Risks, true},
		{"French", "Considérations de sécurité", lexicon.Security, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, known := lexicon.Standard().Topic(test.heading); got != test.want || known != test.known {
				t.Errorf("Topic(%q) = %v, %v; want %v, %v", test.heading, got, known, test.want, test.known)
			}
		})
	}
}

func TestSTRIDE(t *testing.T) {
	tests := []struct {
		name, text string
		want       threat.STRIDE
	}{
		{"letter", "T", threat.Tampering},
		{"numbered", "1. Spoofing:", threat.Spoofing},
		{"letter and name", "S — Spoofing", threat.Spoofing},
		{"abbreviation", "Denial of Service (DoS)", threat.DenialOfService},
		{"threats", "Repudiation threats", threat.Repudiation},
		{"German", "Offenlegung", threat.Disclosure},
		{"a certain threat", "Spoofing of the gate", ""},
		{"another word", "Speed", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, _ := lexicon.Standard().STRIDE(test.text); got != test.want {
				t.Errorf("STRIDE(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
}

func TestSeverity(t *testing.T) {
	tests := []struct {
		name, text string
		want       threat.Severity
	}{
		{"word", "High", threat.High},
		{"word and score", "High (7.5)", threat.High},
		{"score and word", "CVSS 9.1 (Critical)", threat.Critical},
		{"score", "5.3", threat.Medium},
		{"of ten", "8/10", threat.High},
		{"priority", "P1", threat.High},
		{"steps", "S4", threat.Low},
		{"German", "sehr hoch", threat.Critical},
		{"French", "Faible", threat.Low},
		{"sentence", "the queue is high above the others here", ""},
		{"a bare number", "15", ""},
		{"another word", "Blue", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, _ := lexicon.Standard().Severity(test.text); got != test.want {
				t.Errorf("Severity(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
}

func TestCombine(t *testing.T) {
	tests := []struct {
		name               string
		likelihood, impact threat.Severity
		want               threat.Severity
	}{
		{"same", threat.High, threat.High, threat.High},
		{"rounded up", threat.Low, threat.Medium, threat.Medium},
		{"far apart", threat.Low, threat.Critical, threat.High},
		{"one missing", "", threat.High, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := lexicon.Combine(test.likelihood, test.impact); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
