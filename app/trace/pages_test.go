package trace

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/app/contracttest"
	"github.com/throughline/throughline/app/threat"
)

// corpusPages builds a page of texts from each labelled document beside the checkout; none where there is no corpus.
func corpusPages(t testing.TB) (out [][]threat.Text) {
	t.Helper()
	root := filepath.Join(contracttest.Root(t), "..", "shared", "corpus")
	for _, part := range []string{"dev", "designs"} {
		files, err := filepath.Glob(filepath.Join(root, part, "labels", "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var labels struct {
				Threats []struct {
					Quote       string
					Element     string
					Mitigations []string
				}
			}
			if err := json.Unmarshal(raw, &labels); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			var page []threat.Text
			for i, one := range labels.Threats {
				text := threat.Text{Title: title(one.Quote), Quote: one.Quote, Section: []string{"Security", fmt.Sprint("Part ", i/4)}}
				for _, m := range one.Mitigations {
					text.Mitigations = append(text.Mitigations, threat.Mitigation{Quote: m})
				}
				page = append(page, text)
			}
			if len(page) > 0 {
				out = append(out, page)
			}
		}
	}
	return out
}

// title is the beginning of a quote.
func title(quote string) string {
	all := strings.Fields(quote)
	return strings.Join(all[:min(len(all), 8)], " ")
}

// writtenPage is prose about made-up things, each threat its own, as a design page has them in a table.
func writtenPage(rng *rand.Rand, n int) []threat.Text {
	return prose(rng, n, func() string { return nonsense(rng) + " " + nonsense(rng) })
}

// plainPage is prose in which no word is a threat's own: another mixture of the same phrases every time.
func plainPage(rng *rand.Rand, n int) []threat.Text {
	parts := []string{"billing worker", "login page", "search index", "mail relay", "object store", "admin console", "export job", "webhook receiver"}
	return prose(rng, n, func() string { return parts[rng.IntN(len(parts))] })
}

func prose(rng *rand.Rand, n int, part func() string) []threat.Text {
	actors := []string{"An attacker", "A malicious tenant", "An insider", "A compromised dependency", "A curious operator", "An anonymous client"}
	acts := []string{"forges", "replays", "reads", "deletes", "floods", "alters", "exfiltrates", "guesses", "bypasses", "redirects"}
	objects := []string{"session tokens", "audit records", "webhook deliveries", "the signing key", "backup archives", "tenant settings", "cached pages", "queue messages", "build artefacts", "password resets"}
	ways := []string{"through an unauthenticated endpoint", "because rate limits are missing", "by abusing a shared cache", "when the certificate is not checked", "via a crafted link", "after a rollback"}
	harms := []string{"which exposes customer data", "so that bills are wrong", "and nobody notices for days", "leaving the service down", "which breaks the audit trail"}
	one := func(of []string) string { return of[rng.IntN(len(of))] }
	var out []threat.Text
	for i := range n {
		act, object := one(acts), one(objects)
		where := part()
		quote := fmt.Sprintf("%s %s %s of the %s %s, %s.", one(actors), act, object, where, one(ways), one(harms))
		out = append(out, threat.Text{
			Title: title(quote), Quote: quote, Section: []string{"Threats", fmt.Sprint("Area ", i/10)}, Element: where,
			Mitigations: []threat.Mitigation{{Quote: "Protect " + object + " " + one(ways)}},
		})
	}
	return out
}

// labelled gives texts the page's own labels, in the quote too, as rows with a first column have them.
func labelled(page []threat.Text) []threat.Text {
	out := slices.Clone(page)
	for i := range out {
		label(&out[i], i)
	}
	return out
}

func label(t *threat.Text, n int) {
	quote := strings.TrimSpace(strings.TrimPrefix(t.Quote, t.Label))
	t.Label = fmt.Sprintf("TM-%02d", n+1)
	t.Quote = t.Label + " " + quote
}

// templatePage is rows that differ in one or two words: every element under every kind of STRIDE.
func templatePage(elements []string, withFields bool) []threat.Text {
	var out []threat.Text
	for _, element := range elements {
		for _, kind := range threat.AllSTRIDE() {
			quote := fmt.Sprintf("%s of %s: an attacker with network access could abuse the interface of %s and harm the product; see the checklist.", kind.Name(), element, element)
			text := threat.Text{Title: kind.Name() + " of " + element, Quote: quote, Section: []string{"STRIDE"}}
			if withFields {
				text.Element, text.STRIDE = element, []threat.STRIDE{kind}
			}
			out = append(out, text)
		}
	}
	return out
}

// letterPage is rows that say next to nothing.
func letterPage(elements []string) []threat.Text {
	var out []threat.Text
	for _, element := range elements {
		for _, kind := range threat.AllSTRIDE() {
			out = append(out, threat.Text{
				Title: kind.Name(), Quote: string(kind) + " " + kind.Name(), Section: []string{"Threats", element}, STRIDE: []threat.STRIDE{kind},
			})
		}
	}
	return out
}
