package prose_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/extract/prose"
)

func TestSentences(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"two", "Keys leak. Locks fail.", []string{"Keys leak.", "Locks fail."}},
		{"abbreviations", "Use a lock, e.g. a mutex. See Fig. 3 there.", []string{"Use a lock, e.g. a mutex.", "See Fig. 3 there."}},
		{"versions and files", "TLS 1.2 is off in nginx.conf today. Good.", []string{"TLS 1.2 is off in nginx.conf today.", "Good."}},
		{"brackets", "It fails (see below. Really). Then it stops.", []string{"It fails (see below. Really).", "Then it stops."}},
		{"lines and cells", "one\ttwo\nthree", []string{"one", "two", "three"}},
		{"quoted", "They said “stop.” We did.", []string{"They said “stop.”", "We did."}},
		{"number of an entry", "1. Open the gate", []string{"1. Open the gate"}},
		{"nothing", " \n ", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, r := range prose.Sentences(test.text) {
				got = append(got, test.text[r.Start:r.End])
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("sentences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, text string
		threat     bool
		measure    bool
	}{
		{"attacker", "An attacker could replay a signed request.", true, false},
		{"hostile agent", "A malicious courier may keep the parcel.", true, false},
		{"risk that", "There is a risk that the ledger runs out of space.", true, false},
		{"risk of", "A potential risk is the loss of the master key.", true, false},
		{"what goes wrong", "Long outages may lead to lost messages.", true, false},
		{"lets the hostile in", "An open port would allow a bad actor to read the queue.", true, false},
		{"vulnerable", "The parser is vulnerable to deeply nested input.", true, false},
		{"deficit", "Insufficient isolation could let one tenant reach another.", true, false},
		{"anybody", "A token that was approved can be spent by anyone.", true, false},
		{"single point", "The broker becomes a single point of failure.", true, false},
		{"main clause", "Although this is rare, an attacker could guess the number.", true, false},
		{"prescription", "Clients must verify the certificate of the broker.", false, true},
		{"instruction", "Rotate the keys every month.", false, true},
		{"instruction behind a condition", "If the seal is broken, reject the parcel.", false, true},
		{"mitigated", "This is mitigated by a second factor.", false, true},
		{"plan", "We will store the parameters instead of the text.", false, true},
		{"denial", "This does not introduce any new security risks.", false, false},
		{"safe", "It is therefore safe from being replayed.", false, false},
		{"no one can", "The lock ensures that no courier can open two doors.", false, true},
		{"question", "Could an attacker replay a request?", false, false},
		{"about threats", "These threats are discussed in the next section.", false, false},
		{"a term", "The threat model covers the broker.", false, false},
		{"history", "In May 2024 the broker was down for an hour.", false, false},
		{"two words", "Another party can always front run this order.", true, false},
		{"applies", "The race condition of the old protocol applies here as well.", true, false},
		{"anyone", "Anyone with the link can view the recording.", false, false},
		{"anyone reads", "Anyone with the link can read the recording.", true, false},
		{"in the clear", "Codes are sent in the clear.", true, false},
		{"reason", "Since the decoder fails silently, it is important to check its result.", true, true},
		{"no answer", "The broker may return an error in this case.", false, false},
		{"remedy", "If the key was compromised, the owner can request a new one.", false, false},
		{"supposition", "We assume that an attacker may listen on the network.", false, false},
		{"not considered", "Hence, this is not considered a vulnerability.", false, false},
		{"once", "This enabled the couriers to impersonate the depot.", false, false},
		{"drawback of use", "Another drawback is that we need the value early.", false, false},
		{"effort", "There is a learning curve that could slow adoption.", false, false},
		{"plain", "The broker stores messages on disk.", false, false},
	}
	reader := prose.NewReader(lexicon.Standard())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := reader.Read(test.text, prose.Range{End: len(test.text)})
			if (got.Threat >= 0.5) != test.threat {
				t.Errorf("threat %.2f (%s), want it to be one: %v", got.Threat, got.Why, test.threat)
			}
			if test.measure && got.Measure < 0.5 {
				t.Errorf("measure %.2f, want a measure", got.Measure)
			}
		})
	}
}

func TestReadClause(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"behind the risk", "There is a risk that keys leak through logs.", "keys leak through logs."},
		{"before the measure", "Prices could be manipulated by a whale, so oracles must use averages.", "Prices could be manipulated by a whale"},
		{"main clause", "Although rare, an attacker could guess the number.", "an attacker could guess the number."},
		{"without the connective", "Moreover, an attacker could guess the number.", "an attacker could guess the number."},
	}
	reader := prose.NewReader(lexicon.Standard())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := reader.Read(test.text, prose.Range{End: len(test.text)}).Clause
			if got := test.text[c.Start:c.End]; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
