package trace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

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
			if kind.reworded == 0 && m.name == "reword with words of the page" {
				continue // a row of a template whose one word becomes another row's is that row
			}
			t.Run(kind.name+"/"+m.name, func(t *testing.T) {
				var y tally
				for i, page := range kind.pages {
					for round := range kind.rounds {
						rng := rand.New(rand.NewPCG(uint64(i), uint64(round)))
						before := named(page)
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

// TestBack deletes threats, and brings them back later, some of them reworded.
func TestBack(t *testing.T) {
	kinds := [][]threat.Text{writtenPage(rand.New(rand.NewPCG(3, 1)), 60), labelled(writtenPage(rand.New(rand.NewPCG(5, 1)), 40)), templatePage([]string{"Login API", "Mail gateway", "etcd"}, true)}
	kinds = append(kinds, corpusPages(t)...)
	back, gone, wrong := 0, 0, 0
	for i, page := range kinds {
		for round := range 10 {
			rng := rand.New(rand.NewPCG(uint64(i), uint64(round)))
			first := named(page)
			known := version(first)
			without := lay(deleteSome(rng, slices.Clone(first), nil))
			m := Reconcile(known, texts(without))
			away := map[threat.ID]bool{}
			for _, k := range m.Gone {
				away[k.ID] = true
			}
			gone += len(away)
			for j := range known {
				if away[known[j].ID] {
					known[j].Was, known[j].State = known[j].State, threat.Withdrawn
				}
			}
			restored := slices.Clone(first)
			if i < 2 && round%2 == 1 {
				for j := range restored {
					reword(rng, &restored[j].text, 0.15)
				}
			}
			restored = lay(restored)
			m = Reconcile(known, texts(restored))
			var y tally
			y.add(known, restored, m)
			wrong += y.swapped + y.handed
			back += len(m.Back)
			for _, p := range m.Back {
				if !away[p.Known.ID] {
					t.Errorf("%s came back, and had not gone", p.Known.ID)
				}
			}
		}
	}
	t.Logf("%d went, %d came back as the same, %d wrong", gone, back, wrong)
	if wrong > 0 || float64(back) < 0.99*float64(gone) {
		t.Error("want 99 % back and none wrong")
	}
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
			before := named(bench.page)
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

// TestHostilePages holds pages that are all alike to the same pace as others.
func TestHostilePages(t *testing.T) {
	const n = 4000
	row := threat.Text{Title: "Spoofing", Quote: "Spoofing: see the checklist"}
	same := make([]threat.Text, n)
	numbered := make([]threat.Text, n)
	reworded := make([]threat.Text, n)
	for i := range n {
		same[i], numbered[i], reworded[i] = row, row, row
		numbered[i].Quote += fmt.Sprintf(" %d", i)
		reworded[i].Quote = fmt.Sprintf("Spoofing: look at the checklist %d", i)
	}
	for _, row := range []struct {
		name         string
		known, found []threat.Text
	}{
		{"all the same, one less", same, same[1:]},
		{"all the same, then numbered", same, numbered},
		{"numbered, each reworded", numbered, reworded},
		{"one word, many times", []threat.Text{{Quote: strings.Repeat("spoofing ", 100_000)}}, []threat.Text{{Quote: strings.Repeat("tampering ", 100_000)}}},
		{"many words, once each", []threat.Text{{Quote: strings.Join(nonsenses(50_000), " ")}}, []threat.Text{{Quote: strings.Join(nonsenses(50_001), " ")}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			known := version(named(row.known))
			found := texts(named(row.found))
			began := time.Now()
			m := Reconcile(known, found)
			took := time.Since(began)
			t.Logf("%v: %d same, %d changed, %d new, %d gone", took, len(m.Same), len(m.Changed), len(m.New), len(m.Gone))
			if took > 5*time.Second {
				t.Errorf("it took %v", took)
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
