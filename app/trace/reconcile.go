package trace

import (
	"cmp"
	"slices"

	"github.com/throughline/throughline/app/threat"
)

// Reconcile matches the texts found in a new page version with the threats known of the page, one to one. found is in the
// order of the page; neither argument is changed. It is pure and takes time about linear in the size of both.
//
// Evidence is taken in the order of its strength:
//
//   - the same words in the same place of the design (section, element, STRIDE, mitigations), then the same words that stand
//     once in either version: moving a threat changes nothing about it;
//   - the threat's id, where an author wrote it on the page; the page's own label; an issue key stated with the text: each
//     where it stands once in either version. A label outlives any rewording. Two things take its word away: it is a bare
//     number, as rows carry; or the same words stand under other labels than before, which shows that the page was renumbered;
//   - the same sentence under another title, or under the same headings where another cell of the row became the title: each
//     once in either version;
//   - wording, weighed by how rare each word is on this page, with the neighbours as a hint.
//
// An identity is not given away on likeness alone. Rows of one template resemble each other more than a row resembles its own
// former wording, so a text is only taken for a threat when it kept what tells this threat from its likes, and likewise
// when seen from the text. Where that cannot be told the threat is gone and the text new: a person can join what was
// taken apart, while nobody notices a ticket that now speaks of something else.
func Reconcile(known []threat.Threat, found []threat.Text) Match {
	r := newReconciler(known, found)
	r.matchSame()
	r.matchMoved(func(t *text) digest { return t.wording })
	r.matchMark(func(t *text) string { return t.id })
	if !r.renumbered() {
		r.matchMark(func(t *text) string { return t.label })
	}
	r.matchMark(func(t *text) string { return t.ticket })
	r.matchMoved(func(t *text) digest { return t.quote })
	r.matchMoved(func(t *text) digest { return t.said })
	for r.matchAlike() {
		// each round sees the neighbours that the one before has settled
	}
	return r.result()
}

// none is the partner of what has none.
const none = -1

// reconciler holds one reconciliation. Known threats and found texts are called by their index in the arguments.
type reconciler struct {
	known []threat.Threat
	found []threat.Text
	k, f  []text // their wording

	ofKnown []int // partner of each known threat, or none
	ofFound []int

	order []int // the known threats that are not withdrawn, as the page stated them
	rank  []int // place of each known threat in order, or none
	words *vocabulary
	alike *likeness // built when first needed
}

func newReconciler(known []threat.Threat, found []threat.Text) *reconciler {
	r := &reconciler{known: known, found: found, words: newVocabulary(len(known), len(found))}
	r.ofKnown, r.ofFound, r.rank = alone(len(known)), alone(len(found)), alone(len(known))
	for i, t := range known {
		if t.State != threat.Withdrawn {
			r.order = append(r.order, i)
		}
	}
	slices.SortStableFunc(r.order, func(a, b int) int {
		return cmp.Or(cmp.Compare(known[a].Text.At.Start, known[b].Text.At.Start), cmp.Compare(known[a].ID, known[b].ID))
	})
	for place, i := range r.order {
		r.rank[i] = place
	}
	r.k = make([]text, len(known))
	for i := range known {
		r.k[i] = r.words.read(&known[i].Text, sideKnown)
		r.k[i].id = string(known[i].ID)
		if t := known[i].Ticket; t != nil && r.k[i].ticket == "" {
			r.k[i].ticket = t.Key
		}
	}
	r.f = make([]text, len(found))
	for i := range found {
		r.f[i] = r.words.read(&found[i], sideFound)
	}
	return r
}

func alone(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = none
	}
	return out
}

func (r *reconciler) withdrawn(k int) bool { return r.known[k].State == threat.Withdrawn }

func (r *reconciler) join(k, f int) { r.ofKnown[k], r.ofFound[f] = f, k }

// group is the known and found texts that share a key, each in page order.
type group struct{ live, withdrawn, found []int }

// groups sorts all texts by a key.
func groups[K comparable](r *reconciler, keyOf func(*text) K) map[K]*group {
	out := make(map[K]*group, len(r.known)+len(r.found))
	at := func(t *text) *group {
		key := keyOf(t)
		g := out[key]
		if g == nil {
			g = &group{}
			out[key] = g
		}
		return g
	}
	for _, k := range r.order {
		g := at(&r.k[k])
		g.live = append(g.live, k)
	}
	for k := range r.known {
		if r.withdrawn(k) {
			g := at(&r.k[k])
			g.withdrawn = append(g.withdrawn, k)
		}
	}
	for f := range r.found {
		g := at(&r.f[f])
		g.found = append(g.found, f)
	}
	return out
}

// matchSame joins texts that nothing tells apart. Several of them are one as good as another, and keep their order; where
// some of them went, those with the same neighbours stay.
func (r *reconciler) matchSame() {
	var twins []*group
	for _, g := range groups(r, func(t *text) digest { return t.whole }) {
		if len(g.live) == 1 && len(g.found) == 1 {
			r.join(g.live[0], g.found[0])
		} else if len(g.found) > 0 {
			twins = append(twins, g)
		}
	}
	slices.SortFunc(twins, func(a, b *group) int { return cmp.Compare(a.found[0], b.found[0]) })
	for _, g := range twins {
		r.joinTwins(g)
	}
}

// joinTwins joins a group of equals.
func (r *reconciler) joinTwins(g *group) {
	live, found := g.live, g.found
	if len(live) != len(found) {
		for _, wanted := range []int{2, 1} {
			for _, k := range live {
				for _, f := range r.beside(k) {
					if r.ofKnown[k] == none && r.ofFound[f] == none && r.f[f].whole == r.k[k].whole && r.neighbours(k, f) >= wanted {
						r.join(k, f)
					}
				}
			}
		}
		live = slices.DeleteFunc(slices.Clone(live), func(k int) bool { return r.ofKnown[k] != none })
		found = slices.DeleteFunc(slices.Clone(found), func(f int) bool { return r.ofFound[f] != none })
	}
	n := min(len(live), len(found))
	for i := range n {
		r.join(live[i], found[i])
	}
	back := slices.SortedStableFunc(slices.Values(g.withdrawn), func(a, b int) int { // the one that went last comes back first
		return cmp.Compare(r.known[b].Last, r.known[a].Last)
	})
	for i, f := range found[n:] {
		if i < len(back) {
			r.join(back[i], f)
		}
	}
}

// matchMoved joins texts of the same words that stand once in either version.
func (r *reconciler) matchMoved(wordsOf func(*text) digest) {
	for same, g := range groups(r, wordsOf) {
		if same == 0 || len(g.found) != 1 || r.ofFound[g.found[0]] != none {
			continue
		}
		of := g.live
		if len(of) == 0 {
			of = g.withdrawn
		}
		if len(of) == 1 && r.ofKnown[of[0]] == none {
			r.join(of[0], g.found[0])
		}
	}
}

// renumbered reports whether a label has gone over to other words: then labels say nothing about identity.
func (r *reconciler) renumbered() bool {
	before, after := map[string]bool{}, map[string]bool{}
	for _, k := range r.order {
		before[r.k[k].label] = true
	}
	for f := range r.f {
		after[r.f[f].label] = true
	}
	for _, k := range r.order {
		f := r.ofKnown[k]
		if f == none {
			continue
		}
		was, is := r.k[k].label, r.f[f].label
		if was != "" && is != "" && was != is && (after[was] || before[is]) {
			return true
		}
	}
	return false
}

// matchMark joins what carries the same mark of its own, where it stands once in either version.
func (r *reconciler) matchMark(markOf func(*text) string) {
	for mark, g := range groups(r, markOf) {
		if mark == "" || len(g.found) != 1 || r.ofFound[g.found[0]] != none {
			continue
		}
		of := g.live
		if len(of) == 0 {
			of = g.withdrawn
		}
		if len(of) == 1 && r.ofKnown[of[0]] == none {
			r.join(of[0], g.found[0])
		}
	}
}

// neighbours counts on how many sides, before and behind, a known threat and a text have the same neighbour. An end of the
// page is a neighbour too.
func (r *reconciler) neighbours(k, f int) (n int) {
	place := r.rank[k]
	if place == none {
		return 0
	}
	for _, step := range []int{-1, 1} {
		beside, besideFound := place+step, f+step
		endKnown := beside < 0 || beside == len(r.order)
		endFound := besideFound < 0 || besideFound == len(r.found)
		switch {
		case endKnown && endFound:
			n++
		case !endKnown && !endFound && r.ofKnown[r.order[beside]] == besideFound:
			n++
		}
	}
	return n
}

// beside lists the places in the new version that have a neighbour in common with a known threat.
func (r *reconciler) beside(k int) (out []int) {
	note := func(f int) {
		if f >= 0 && f < len(r.found) {
			out = append(out, f)
		}
	}
	place := r.rank[k]
	if place == 0 {
		note(0)
	} else if before := r.ofKnown[r.order[place-1]]; before != none {
		note(before + 1)
	}
	if place == len(r.order)-1 {
		note(len(r.found) - 1)
	} else if behind := r.ofKnown[r.order[place+1]]; behind != none {
		note(behind - 1)
	}
	return out
}

func (r *reconciler) result() Match {
	var m Match
	for f, k := range r.ofFound {
		if k == none {
			m.New = append(m.New, r.found[f])
			continue
		}
		pair := Pair{Known: r.known[k], Found: r.found[f], What: differences(&r.known[k].Text, &r.found[f])}
		switch {
		case r.withdrawn(k):
			m.Back = append(m.Back, pair)
		case len(pair.What) > 0:
			m.Changed = append(m.Changed, pair)
		default:
			m.Same = append(m.Same, pair)
		}
	}
	for _, k := range r.order {
		if r.ofKnown[k] == none {
			m.Gone = append(m.Gone, r.known[k])
		}
	}
	return m
}
