package trace

import (
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
	type kind struct {
		name         string
		pages        [][]threat.Text
		spare        []threat.Text
		rounds       int
		reworded     float64 // kept at least, where words change
		restElsewise float64 // kept at least otherwise
	}
	kinds := []kind{
		{name: "written", pages: [][]threat.Text{written(1, 6), written(2, 20), written(3, 60)}, spare: written(4, 80), rounds: 20, reworded: 0.95, restElsewise: 0.99},
		{name: "template", pages: [][]threat.Text{templatePage(elements, false), templatePage(elements[:2], false)}, spare: templatePage(spareElements, false), rounds: 20, restElsewise: 0.99},
		{name: "template with fields", pages: [][]threat.Text{templatePage(elements, true), templatePage(elements[:2], true)}, spare: templatePage(spareElements, true), rounds: 20, restElsewise: 0.99},
		{name: "letters", pages: [][]threat.Text{letterPage(elements)}, spare: letterPage(spareElements), rounds: 20},
	}
	t.Run("corpus", func(t *testing.T) {
		corpus := corpusPages(t)
		real := kind{name: "corpus", rounds: 6, reworded: 0.95, restElsewise: 0.99}
		var all []threat.Text
		names := make([]string, 0, len(corpus))
		for name := range corpus {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			real.pages = append(real.pages, corpus[name])
			all = append(all, corpus[name]...)
		}
		real.spare = written(9, 40)
		kinds = append(kinds, real, kind{name: "corpus as one page", pages: [][]threat.Text{all}, spare: written(9, 80), rounds: 6, reworded: 0.95, restElsewise: 0.99})
	})
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
				want := kind.restElsewise
				switch m.name {
				case "reword up to 30 %", "reword 30 %", "typos", "several at once":
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
