package trace

import (
	"cmp"
	"math"
	"slices"
)

const (
	// postings is how many entries of the index are looked at for one text, rarest words first. It bounds the time.
	postings = 400
	// closest is how many likes of a text are weighed fully.
	closest = 12
	// faint is the likeness below which two texts have nothing to do with each other.
	faint = 0.2
)

// like is a candidate for a text, and how alike they are.
type like struct {
	index int
	score float64
}

// likeness knows, for each text without partner, its likes in the other version, those with a partner included: they tell what
// is common to many and says nothing about one.
type likeness struct {
	words      *vocabulary
	ofKnown    map[int][]like // found texts, the most alike first
	ofFound    map[int][]like
	pairs      []candidate
	stamp      []int32
	scores     []float32
	generation int32
	touched    []int32
	rare       []uint64 // scratch: how many texts have a term, and which it is
}

type candidate struct {
	k, f  int
	score float64
}

func (r *reconciler) newLikeness() *likeness {
	r.words.alias(r)
	r.words.weigh(len(r.known), len(r.found))
	l := &likeness{words: r.words, ofKnown: map[int][]like{}, ofFound: map[int][]like{}}
	size := max(len(r.known), len(r.found))
	l.stamp, l.scores = make([]int32, size), make([]float32, size)
	inKnown, inFound := index(r.words, r.k), index(r.words, r.f)
	note := func(k, f int, score float64) { // often from both sides, which does no harm
		if r.ofKnown[k] == none && r.ofFound[f] == none {
			l.pairs = append(l.pairs, candidate{k, f, score})
		}
	}
	for f := range r.f {
		if r.ofFound[f] == none {
			l.ofFound[f] = l.search(r.f[f].terms, r.k, inKnown)
			for _, one := range l.ofFound[f] {
				note(one.index, f, one.score)
			}
		}
	}
	for k := range r.k {
		if r.ofKnown[k] == none {
			l.ofKnown[k] = l.search(r.k[k].terms, r.f, inFound)
			for _, one := range l.ofKnown[k] {
				note(k, one.index, one.score)
			}
		}
	}
	return l
}

// index lists, for each word, the texts that have it.
func index(v *vocabulary, texts []text) [][]int32 {
	out := make([][]int32, len(v.words))
	for i := range texts {
		for _, t := range texts[i].terms {
			out[t.word] = append(out[t.word], int32(i))
		}
	}
	return out
}

// search finds the closest likes of a text among others.
func (l *likeness) search(terms []term, others []text, in [][]int32) []like {
	rare := l.rare[:0]
	for at, t := range terms {
		rare = append(rare, uint64(len(in[t.word]))<<32|uint64(at))
	}
	slices.Sort(rare)
	l.rare = rare
	l.generation++
	touched := l.touched[:0]
	budget := postings
	for _, n := range rare {
		t := terms[uint32(n)]
		if budget -= len(in[t.word]); budget < 0 && len(touched) > 0 {
			break
		}
		w := l.words.weights[t.word] * t.factor
		for _, i := range in[t.word][:min(len(in[t.word]), postings)] {
			if l.stamp[i] != l.generation {
				l.stamp[i], l.scores[i] = l.generation, 0
				touched = append(touched, i)
			}
			l.scores[i] += w
		}
	}
	l.touched = touched
	var out []like
	for _, i := range l.heaviest(touched) {
		if score := l.words.likenessOf(terms, others[i].terms); score >= faint {
			out = append(out, like{int(i), score})
		}
	}
	slices.SortStableFunc(out, func(a, b like) int { return cmp.Compare(b.score, a.score) })
	return out[:min(len(out), closest)]
}

// heaviest picks those with the highest scores, the highest first.
func (l *likeness) heaviest(of []int32) []int32 {
	const most = closest + closest/3
	best := make([]int32, 0, most+1)
	for _, i := range of {
		if len(best) == most && l.scores[i] <= l.scores[best[most-1]] {
			continue
		}
		at := len(best)
		for at > 0 && l.scores[best[at-1]] < l.scores[i] {
			at--
		}
		best = slices.Insert(best, at, i)[:min(len(best)+1, most)]
	}
	return best
}

// matchAlike joins texts by their wording, the most alike first, and reports whether it found any.
func (r *reconciler) matchAlike() bool {
	if r.alike == nil {
		r.alike = r.newLikeness()
	}
	l := r.alike
	type ranked struct {
		candidate
		near int
	}
	var open []ranked
	for _, c := range l.pairs {
		if r.ofKnown[c.k] == none && r.ofFound[c.f] == none {
			near := r.neighbours(c.k, c.f)
			if c.score >= r.enough(c.k, c.f, near) && r.words.namesake(r.k[c.k].terms, r.f[c.f].terms) >= r.namely(c.k, c.f) {
				open = append(open, ranked{c, near})
			}
		}
	}
	slices.SortStableFunc(open, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.score+hint*float64(b.near), a.score+hint*float64(a.near)), cmp.Compare(a.f, b.f), cmp.Compare(a.k, b.k))
	})
	joined := false
	for _, c := range open {
		if r.ofKnown[c.k] == none && r.ofFound[c.f] == none && r.tells(c.candidate) {
			r.join(c.k, c.f)
			joined = true
		}
	}
	return joined
}

// hint is what each neighbour in common is worth beside likeness, when one of several pairs is to come first.
const hint = 0.05

// enough is how alike two texts must be to be one: more where there are few words to go by, less between the same neighbours,
// and more where what is not the threat's own are words of other threats: an author who rewords brings words along, while
// another threat is made of the page's own.
func (r *reconciler) enough(k, f, near int) float64 {
	words := float64(max(1, min(len(r.k[k].terms), len(r.f[f].terms))))
	need := 0.5 + 0.25/math.Sqrt(words) - 0.03*float64(near) +
		0.7*r.words.borrowed(r.f[f].terms, r.k[k].terms)
	if r.withdrawn(k) {
		need += 0.1 // nothing but its words says that it is back
	}
	return need
}

// namely is how alike the titles and quotes of two texts must be to be one, however much else stayed: an author who writes
// another threat in the place of one often leaves its measures. Short ones have more words in common by chance.
func (r *reconciler) namely(k, f int) float64 {
	return 0.45 + 0.4/math.Sqrt(float64(max(1, min(ownWords(r.k[k].terms), ownWords(r.f[f].terms)))))
}

func ownWords(terms []term) (n int) {
	for _, t := range terms {
		if t.own {
			n++
		}
	}
	return n
}

// tells reports whether the pair is told from every like on either side.
func (r *reconciler) tells(c candidate) bool {
	l := r.alike
	k, f := r.k[c.k].terms, r.f[c.f].terms
	for _, rival := range l.ofFound[c.f] {
		if rival.index != c.k && !r.sparedBy(c, rival.index) && !l.words.clear(k, f, r.k[rival.index].terms, rival.score/c.score) {
			return false
		}
	}
	for _, rival := range l.ofKnown[c.k] {
		if rival.index != c.f && !l.words.clear(k, f, r.f[rival.index].terms, rival.score/c.score) {
			return false
		}
	}
	return true
}

// sparedBy reports whether a withdrawn rival need not be told from a threat that is not: the one that is there stays.
func (r *reconciler) sparedBy(c candidate, rival int) bool {
	return r.withdrawn(rival) && !r.withdrawn(c.k)
}

const (
	// rivalry is how alike, of a pair's own likeness, a third text is from which on it is a rival.
	rivalry = 0.6
	// kinship is the same for what may come of one template.
	kinship = 0.8
)

// clear reports whether b is a rather than a's like, which is so alike of their own likeness. An author who rewords hits what a
// has of its own as much as what it has in common with its likes. Another row of the same template has all that is common
// and little of a's own: so the more of the common words stayed, the more must have stayed of its own.
func (v *vocabulary) clear(a, b, like []term, alike float64) bool {
	if alike < rivalry {
		return true
	}
	c := v.contrast(a, b, like)
	need := 0.5 * c.common
	if alike > kinship && c.template > 0.4 {
		need = max(0.75*c.common, 0.9-3*(1-c.common))
	}
	return c.own >= need && c.own > c.others+0.2
}
