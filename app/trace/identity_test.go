package trace

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/extract/catalog"
	"github.com/throughline/throughline/app/threat"
)

// change is one way in which pages change.
type change struct {
	name     string
	before   []step   // made before the page is reviewed first
	versions [][]step // the steps from each reviewed version to the next
	kept     float64  // what share of identities has to be kept at least
}

// TestIdentitiesOfDocuments changes real documents as people do, reads both versions with the real engine, and counts what
// became of every identity. Which threat a text states is told by the origin of its bytes (see source). A threat that the engine
// does not find in both versions is not counted, but its identity must not turn up at another text. No kind of change is held to
// less than was set: 99 % kept where words stay, 95 % where they change, and nothing ever swapped or handed over. What is lost
// are for the most part threats that the engine reads by other words when the page around them changes, such as another cell of
// their row as title: such a text is new, since nothing but its place says that it is the same.
func TestIdentitiesOfDocuments(t *testing.T) {
	always := func(share float64) func(*author) float64 { return func(*author) float64 { return share } }
	upTo := func(share float64) func(*author) float64 {
		return func(a *author) float64 { return share * a.rng.Float64() }
	}
	one := func(steps ...step) [][]step { return [][]step{steps} }
	each := func(steps []step) (out [][]step) {
		for _, s := range steps {
			out = append(out, []step{s})
		}
		return out
	}
	back := []step{unedited}
	kinds := []change{
		{name: "nothing", versions: one(func(_ *author, v view) source { return v.source }), kept: 1},
		{name: "shuffle rows", versions: one(shuffleRows), kept: 0.99},
		{name: "shuffle items", versions: one(shuffleItems(false), shuffleItems(true)), kept: 0.99},
		{name: "shuffle sections", versions: one(shuffleSections), kept: 0.99},
		{name: "move threats", versions: one(moveThreat, moveThreat, moveThreat), kept: 0.99},
		{name: "split tables", versions: one(splitTables), kept: 0.99},
		{name: "rename headings", versions: one(renamePageHeadings), kept: 0.99},
		{name: "severity and owner", versions: one(rerate), kept: 0.99},
		{name: "insert neighbours", versions: one(insertNeighbours), kept: 0.99},
		{name: "delete neighbours", versions: one(deleteThreats), kept: 0.99},
		{name: "replace", versions: one(replaceThreats), kept: 0.99},
		{name: "reword up to 30 %", versions: one(rewordPage(upTo(0.3), foreignWord)), kept: 0.95},
		{name: "reword 30 %", versions: one(rewordPage(always(0.3), foreignWord)), kept: 0.95},
		{name: "reword with the page's words", versions: one(rewordPage(upTo(0.3), ownWord)), kept: 0.95},
		{name: "make typos", versions: one(mistypePage), kept: 0.95},
		{name: "fix typos", before: []step{mistypePage}, versions: [][]step{back}, kept: 0.95},
		{name: "delete, bring back", versions: [][]step{{deleteThreats}, back}, kept: 0.99},
		{name: "delete, bring back reworded", versions: [][]step{{deleteThreats}, {unedited, rewordPage(upTo(0.2), foreignWord)}}, kept: 0.95},
		{name: "several at once", versions: [][]step{rewrite(0.3)}, kept: 0.95},
		{name: "a history", versions: append(each(rewrite(0.3)), []step{deleteThreats}, back), kept: 0.95},
	}
	pages := originals(t)
	rounds := 2
	if testing.Short() {
		rounds = 1
	}
	engine := catalog.Engine()
	read := make([]view, len(pages))
	for i, p := range pages {
		read[i] = look(t, engine, p.source)
	}
	authors := make([]author, len(pages))
	for i := range pages {
		authors[i] = newAuthor(pages, read, i)
	}
	var all account
	for n, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			var sum account
			for i := range pages {
				if len(read[i].found) == 0 {
					continue
				}
				for round := range rounds {
					a := authors[i]
					a.rng = rand.New(rand.NewPCG(uint64(n)<<16|uint64(i), uint64(round)))
					a.donors = slices.Clone(a.donors)
					sum.add(follow(t, engine, &a, read[i], kind))
				}
			}
			all.add(sum)
			t.Log(sum)
			if sum.swapped+sum.handed > 0 {
				t.Errorf("%d swapped, %d handed over: want none", sum.swapped, sum.handed)
			}
			if sum.share() < kind.kept {
				t.Errorf("kept %.4f, want at least %.2f", sum.share(), kind.kept)
			}
		})
	}
	t.Logf("all: %v", all)
	if all.threats < 10_000 && !testing.Short() {
		t.Errorf("%d mutated threats, want at least 10,000", all.threats)
	}
}

// newAuthor knows what all documents but one say.
func newAuthor(pages []original, read []view, except int) author {
	a := author{page: pages[except].source, next: int32(len(pages[except].text))}
	var own [][]string
	for _, f := range read[except].found {
		own = append(own, words(f.Title), words(f.Quote))
	}
	for i, p := range pages {
		if p.name == pages[except].name || p.format != document.Storage {
			continue
		}
		for _, f := range read[i].found {
			quote := words(f.Quote)
			a.words = append(a.words, quote...)
			if f.Label == "" && !slices.ContainsFunc(own, func(o []string) bool { return akin(o, quote) }) {
				a.donors = append(a.donors, f.Quote)
			}
		}
	}
	return a
}

// akin reports whether half of the words of the shorter text are in the other: teams copy threats from each other's documents.
func akin(x, y []string) bool {
	if len(x) > len(y) {
		x, y = y, x
	}
	common := 0
	for _, w := range x {
		if slices.Contains(y, w) {
			common++
		}
	}
	return 2*common >= len(x)
}

// unedited goes back to the page's first version.
func unedited(a *author, _ view) source { return a.page }

// follow makes versions of a page, and reconciles each with what is known by then.
func follow(t *testing.T, engine *extract.Engine, a *author, v view, kind change) account {
	t.Helper()
	edited := func(steps []step) {
		for _, do := range steps {
			v = look(t, engine, do(a, v))
		}
	}
	edited(kind.before)
	k := &keeper{}
	if testing.Verbose() {
		k.astray = func(what string, k threat.Threat, f *threat.Text) {
			t.Logf("%s: %s %s\n\t%s\n\t%s", what, k.ID, k.State, briefly(&k.Text), briefly(f))
		}
	}
	k.review(v)
	k.account = account{}
	for _, steps := range kind.versions {
		was := v.text
		edited(steps)
		if !bytes.Equal(was, v.text) || kind.name == "nothing" { // what an edit had no hold on says nothing about it
			k.review(v)
		}
	}
	return k.account
}

func briefly(t *threat.Text) string {
	measures := 0
	for _, m := range t.Mitigations {
		measures += len(m.Quote)
	}
	return fmt.Sprintf("%s: title %q, quote %q, statement %.200q, section %.60q, label %q, also %v, %d bytes of mitigations", t.Finder, t.Title, t.Quote, t.Statement, t.Section, t.Label, t.Also, measures)
}
