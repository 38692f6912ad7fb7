package trace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/threat"
)

// sample is a text with the identity that a careful reader gives it; texts that are new have none.
type sample struct {
	text threat.Text
	is   threat.ID
}

// lay gives samples their places on a page, one after the other.
func lay(page []sample) []sample {
	at := 0
	for i := range page {
		n := len(page[i].text.Quote)
		page[i].text.At = document.Span{Start: at, End: at + n}
		at += n + 10
	}
	return page
}

// version is the page as a review made it: every sample a known threat of its own.
func version(page []sample) []threat.Threat {
	out := make([]threat.Threat, len(page))
	for i, one := range page {
		out[i] = threat.Threat{ID: one.is, State: threat.Open, Text: one.text, First: 1, Last: 1}
	}
	return out
}

func texts(page []sample) []threat.Text {
	out := make([]threat.Text, len(page))
	for i, one := range page {
		out[i] = one.text
	}
	return out
}

func named(texts []threat.Text) []sample {
	out := make([]sample, len(texts))
	for i, t := range texts {
		out[i] = sample{t, threat.ID(fmt.Sprintf("T-%06d", i))}
	}
	return lay(out)
}

// mutation is one way in which people change pages. spare are texts that the page never had.
type mutation struct {
	name string
	do   func(rng *rand.Rand, page []sample, spare []threat.Text) []sample
}

func mutations() []mutation {
	all := []mutation{
		{"nothing", func(_ *rand.Rand, page []sample, _ []threat.Text) []sample { return page }},
		{"shuffle", func(rng *rand.Rand, page []sample, _ []threat.Text) []sample {
			rng.Shuffle(len(page), func(i, j int) { page[i], page[j] = page[j], page[i] })
			return page
		}},
		{"move a section", moveSection},
		{"rename headings", renameHeadings},
		{"reword up to 30 %", func(rng *rand.Rand, page []sample, _ []threat.Text) []sample {
			for i := range page {
				reword(rng, &page[i].text, 0.3*rng.Float64())
			}
			return page
		}},
		{"reword 30 %", func(rng *rand.Rand, page []sample, _ []threat.Text) []sample {
			for i := range page {
				reword(rng, &page[i].text, 0.3)
			}
			return page
		}},
		{"reword with words of the page", func(rng *rand.Rand, page []sample, _ []threat.Text) []sample {
			var all []string
			for _, one := range page {
				all = append(all, words(one.text.Quote)...)
			}
			for i := range page {
				rewordWith(rng, &page[i].text, 0.3*rng.Float64(), func() string { return all[rng.IntN(len(all))] })
			}
			return page
		}},
		{"typos", func(rng *rand.Rand, page []sample, _ []threat.Text) []sample {
			for i := range page {
				mistype(rng, &page[i].text)
			}
			return page
		}},
		{"insert", insertSome},
		{"delete", deleteSome},
		{"replace", replaceSome},
		{"severity and owner", func(rng *rand.Rand, page []sample, _ []threat.Text) []sample {
			for i := range page {
				page[i].text.Severity = []threat.Severity{threat.Low, threat.High, threat.Critical}[rng.IntN(3)]
				page[i].text.Person = threat.Person{Name: []string{"Alice", "Bob", "Carol"}[rng.IntN(3)]}
			}
			return page
		}},
	}
	all = append(all, mutation{"insert and renumber", func(rng *rand.Rand, page []sample, spare []threat.Text) []sample {
		page = insertSome(rng, page, spare)
		return renumber(page)
	}}, mutation{"delete and renumber", func(rng *rand.Rand, page []sample, spare []threat.Text) []sample {
		return renumber(deleteSome(rng, page, spare))
	}}, mutation{"shuffle and renumber", func(rng *rand.Rand, page []sample, _ []threat.Text) []sample {
		rng.Shuffle(len(page), func(i, j int) { page[i], page[j] = page[j], page[i] })
		return renumber(page)
	}})
	several := mutation{"several at once", func(rng *rand.Rand, page []sample, spare []threat.Text) []sample {
		page = replaceSome(rng, page, spare)
		for i := range page {
			switch rng.IntN(4) {
			case 0:
				reword(rng, &page[i].text, 0.3*rng.Float64())
			case 1:
				mistype(rng, &page[i].text)
			case 2:
				page[i].text.Severity = threat.Low
			}
		}
		return moveSection(rng, page, spare)
	}}
	return append(all, several)
}

// renumber labels what has labels anew, in the order of the page.
func renumber(page []sample) []sample {
	if len(page) == 0 || page[0].text.Label == "" {
		return page
	}
	for i := range page {
		label(&page[i].text, i)
	}
	return page
}

// moveSection moves a run of texts elsewhere and under another heading.
func moveSection(rng *rand.Rand, page []sample, _ []threat.Text) []sample {
	if len(page) < 3 {
		return page
	}
	from := rng.IntN(len(page) - 1)
	to := from + 1 + rng.IntN(len(page)-from-1)
	run := slices.Clone(page[from:to])
	rest := slices.Delete(page, from, to)
	at := rng.IntN(len(rest) + 1)
	return slices.Insert(rest, at, run...)
}

func renameHeadings(rng *rand.Rand, page []sample, _ []threat.Text) []sample {
	names := map[string]string{}
	for i := range page {
		section := slices.Clone(page[i].text.Section)
		for j, heading := range section {
			if names[heading] == "" {
				names[heading] = heading + " " + nonsense(rng)
			}
			section[j] = names[heading]
		}
		page[i].text.Section = section
	}
	return page
}

func insertSome(rng *rand.Rand, page []sample, spare []threat.Text) []sample {
	for _, t := range pick(rng, spare, 1+len(page)/5) {
		page = slices.Insert(page, rng.IntN(len(page)+1), sample{text: t})
	}
	return page
}

func deleteSome(rng *rand.Rand, page []sample, _ []threat.Text) []sample {
	return slices.DeleteFunc(page, func(sample) bool { return rng.IntN(4) == 0 })
}

// replaceSome deletes texts and states others in their place and elsewhere.
func replaceSome(rng *rand.Rand, page []sample, spare []threat.Text) []sample {
	fresh := pick(rng, spare, len(page))
	for i := range page {
		if len(fresh) > 0 && rng.IntN(5) == 0 {
			page[i], fresh = sample{text: fresh[0]}, fresh[1:]
		}
	}
	if len(page) > 1 && len(fresh) > 0 {
		page = slices.Delete(page, 0, 1)
		page = append(page, sample{text: fresh[0]})
	}
	return page
}

func pick(rng *rand.Rand, from []threat.Text, n int) []threat.Text {
	from = slices.Clone(from)
	rng.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	return from[:min(n, len(from))]
}

// reword replaces a share of a text's words, drops some of them and exchanges neighbours. The same word of title, quote and
// mitigations becomes the same other word.
func reword(rng *rand.Rand, t *threat.Text, share float64) {
	rewordWith(rng, t, share, func() string { return nonsense(rng) })
}

func rewordWith(rng *rand.Rand, t *threat.Text, share float64, other func() string) {
	distinct := words(t.Title + " " + t.Quote)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	rng.Shuffle(len(distinct), func(i, j int) { distinct[i], distinct[j] = distinct[j], distinct[i] })
	to := map[string]string{}
	for _, w := range distinct[:int(share*float64(len(distinct)))] {
		switch rng.IntN(4) {
		case 0:
			to[w] = ""
		case 1:
			to[w] = []string{"the", "user", "system", "data", "attack", "service", "component", "security"}[rng.IntN(8)]
		default:
			to[w] = other()
		}
	}
	change := func(s string) string {
		out := strings.Fields(s)
		for i, w := range out {
			if plain := words(w); len(plain) == 1 {
				if other, ok := to[plain[0]]; ok {
					out[i] = other
				}
			}
		}
		return strings.Join(out, " ")
	}
	t.Title, t.Quote, t.Statement = change(t.Title), change(t.Quote), change(t.Statement)
}

// mistype makes one slip in about every sixth word.
func mistype(rng *rand.Rand, t *threat.Text) {
	slip := func(s string) string {
		out := strings.Fields(s)
		for i, w := range out {
			if r := []rune(w); len(r) > 3 && rng.IntN(6) == 0 {
				at := 1 + rng.IntN(len(r)-2)
				switch rng.IntN(3) {
				case 0:
					r = slices.Delete(r, at, at+1)
				case 1:
					r[at], r[at+1] = r[at+1], r[at]
				default:
					r[at] = rune('a' + rng.IntN(26))
				}
				out[i] = string(r)
			}
		}
		return strings.Join(out, " ")
	}
	same := t.Title == t.Quote
	t.Quote = slip(t.Quote)
	if same {
		t.Title = t.Quote
	} else {
		t.Title = slip(t.Title)
	}
}

func nonsense(rng *rand.Rand) string {
	const consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
	var b strings.Builder
	for range 2 + rng.IntN(3) {
		b.WriteByte(consonants[rng.IntN(len(consonants))])
		b.WriteByte(vowels[rng.IntN(len(vowels))])
	}
	return b.String()
}

// tally counts what became of identities.
type tally struct {
	kept, lost     int // known threats whose text is still there: with their own text, with none
	swapped        int // with another threat's text
	handed         int // known threats whose text is gone, given to a text that is not theirs; or to a new text
	threats, pages int
}

func (y *tally) add(known []threat.Threat, page []sample, m Match) {
	y.pages++
	owner := map[document.Span]threat.ID{}
	there := map[threat.ID]bool{}
	for _, one := range page {
		owner[one.text.At] = one.is
		if one.is != "" {
			there[one.is] = true
		}
	}
	got := map[threat.ID]bool{}
	for _, p := range slices.Concat(m.Same, m.Changed, m.Back) {
		got[p.Known.ID] = true
		switch is := owner[p.Found.At]; {
		case is == p.Known.ID:
			y.kept++
		case is == "" || !there[p.Known.ID]:
			y.handed++
		default:
			y.swapped++
		}
	}
	for _, k := range known {
		y.threats++
		if there[k.ID] && !got[k.ID] {
			y.lost++
		}
	}
}

func (y tally) String() string {
	return fmt.Sprintf("%6d threats on %4d pages: kept %6.2f %%, lost %d, swapped %d, handed over %d", y.threats, y.pages, 100*y.share(), y.lost, y.swapped, y.handed)
}

// share is how many of the threats whose text is still there kept their identity.
func (y tally) share() float64 {
	all := y.kept + y.lost + y.swapped
	if all == 0 {
		return 1
	}
	return float64(y.kept) / float64(all)
}
