package trace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/throughline/throughline/app/threat"
)

// TestIdentities mutates pages as people do and counts what became of every identity.
func TestIdentities(t *testing.T) {
	elements := []string{"Login API", "Mail gateway", "Payment service", "API server", "etcd", "Node agent"}
	spareElements := []string{"Billing API", "Search service", "Cache server", "Scheduler"}
	written := func(seed uint64, n int) []threat.Text { return writtenPage(rand.New(rand.NewPCG(seed, 1)), n) }
	plain := func(seed uint64, n int) []threat.Text { return plainPage(rand.New(rand.NewPCG(seed, 1)), n) }
	type kind struct {
		name      string
		pages     [][]threat.Text
		spare     []threat.Text // what the pages never had
		rounds    int
		reworded  float64 // kept at least where words change
		untouched float64 // kept at least otherwise
	}
	kinds := []kind{
		{"written", [][]threat.Text{written(1, 6), written(2, 20), written(3, 60)}, written(4, 80), 20, 0.99, 0.99},
		{"labelled", [][]threat.Text{labelled(written(1, 6)), labelled(written(2, 20)), labelled(written(3, 60))}, written(4, 80), 20, 0.99, 0.99},
		{"plain", [][]threat.Text{plain(1, 6), plain(2, 20), plain(3, 60)}, plain(4, 80), 20, 0.9, 0.99},
		{"template", [][]threat.Text{templatePage(elements, false), templatePage(elements[:2], false)}, templatePage(spareElements, false), 20, 0, 0.99},
		{"template with fields", [][]threat.Text{templatePage(elements, true), templatePage(elements[:2], true)}, templatePage(spareElements, true), 20, 0, 0.99},
		{"template with labels", [][]threat.Text{labelled(templatePage(elements, true)), labelled(templatePage(elements[:2], true))}, templatePage(spareElements, true), 20, 0.99, 0.99},
		{"letters", [][]threat.Text{letterPage(elements)}, letterPage(spareElements), 20, 0, 0.99},
	}
	if corpus := corpusPages(t); len(corpus) > 0 {
		whole := slices.Concat(corpus...)
		kinds = append(kinds, kind{"corpus", corpus, written(9, 40), 6, 0.95, 0.99}, kind{"corpus as one page", [][]threat.Text{whole}, written(9, 80), 6, 0.95, 0.99})
		for i, page := range corpus { // others' threats as what is new
			kinds = append(kinds, kind{fmt.Sprint("corpus ", i), [][]threat.Text{page}, slices.Concat(slices.Concat(corpus[:i]...), slices.Concat(corpus[i+1:]...)), 4, 0.8, 0.99})
		}
	}
	total := 0
	for _, kind := range kinds {
		for _, m := range mutations() {
			t.Run(kind.name+"/"+m.name, func(t *testing.T) {
				var y tally
				for i, page := range kind.pages {
					for round := range kind.rounds {
						rng := rand.New(rand.NewPCG(uint64(i), uint64(round)))
						before := named(page, "")
						known := version(before)
						after := lay(m.do(rng, slices.Clone(before), kind.spare))
						y.add(known, after, Reconcile(known, texts(after)))
					}
				}
				total += y.threats
				t.Log(y)
				if y.swapped+y.handed > 0 {
					t.Errorf("%d swapped, %d handed over: want none", y.swapped, y.handed)
				}
				want := kind.untouched
				switch m.name {
				case "reword up to 30 %", "reword 30 %", "reword with words of the page", "typos", "several at once":
					want = kind.reworded
				}
				if y.share() < want {
					t.Errorf("kept %.4f, want at least %.2f", y.share(), want)
				}
			})
		}
	}
	t.Logf("%d mutated threats in all", total)
}

func BenchmarkReconcile(b *testing.B) {
	for _, bench := range []struct {
		name string
		page []threat.Text
		do   string
	}{
		{"written, reworded", writtenPage(rand.New(rand.NewPCG(1, 1)), 2000), "reword up to 30 %"},
		{"written, several", writtenPage(rand.New(rand.NewPCG(1, 1)), 2000), "several at once"},
		{"template, reworded", templatePage(nonsenses(334), true), "reword up to 30 %"},
		{"written, unchanged", writtenPage(rand.New(rand.NewPCG(1, 1)), 2000), "nothing"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			all := mutations()
			m := all[slices.IndexFunc(all, func(m mutation) bool { return m.name == bench.do })]
			before := named(bench.page, "")
			known := version(before)
			found := texts(lay(m.do(rand.New(rand.NewPCG(2, 2)), slices.Clone(before), writtenPage(rand.New(rand.NewPCG(3, 3)), 400))))
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				Reconcile(known, found)
			}
		})
	}
}

func nonsenses(n int) []string {
	rng := rand.New(rand.NewPCG(7, 7))
	out := make([]string, n)
	for i := range out {
		out[i] = nonsense(rng) + " " + nonsense(rng)
	}
	return out
}
