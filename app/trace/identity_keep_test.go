package trace

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/threat"
)

// account counts what became of identities.
type account struct {
	threats int // known, and read in the new version too
	kept    int // with their own text
	lost    int // without any: gone, and new again
	swapped int // with the text of another known threat
	handed  int // not on the page any more, or not read, and with a text that is not theirs
}

func (c *account) add(o account) {
	c.threats += o.threats
	c.kept += o.kept
	c.lost += o.lost
	c.swapped += o.swapped
	c.handed += o.handed
}

// share is how many of the threats that were read again kept their identity.
func (c account) share() float64 {
	if c.threats == 0 {
		return 1
	}
	return float64(c.kept) / float64(c.threats)
}

func (c account) String() string {
	return fmt.Sprintf("%6d threats: kept %6.2f %%, lost %d, swapped %d, handed over %d",
		c.threats, 100*c.share(), c.lost, c.swapped, c.handed)
}

// keeper holds the threats of one page over its versions, as a store would, and knows where each one's bytes come from.
type keeper struct {
	account account
	threats []threat.Threat
	places  [][][]int32 // of each threat's text as last read
	version int
	astray  func(what string, k threat.Threat, f *threat.Text) // told of each identity that went astray
}

// review reconciles a version with what is known, judges the outcome, and keeps it.
func (k *keeper) review(v view) {
	k.version++
	at := map[document.Span]int{}
	for f := range v.found {
		at[v.found[f].At] = f
	}
	was := map[threat.ID]int{}
	given := make([]int, len(k.threats))
	for i, one := range k.threats {
		was[one.ID], given[i] = i, none
	}
	m := Reconcile(k.threats, v.found)
	for _, p := range slices.Concat(m.Same, m.Changed, m.Back) {
		given[was[p.Known.ID]] = at[p.Found.At]
	}
	k.judge(v, given)
	for i, f := range given {
		if f != none {
			one := &k.threats[i]
			one.Text, one.Last, one.State = v.found[f], k.version, threat.Open
			k.places[i] = v.places(f)
		}
	}
	for _, gone := range m.Gone {
		k.threats[was[gone.ID]].State = threat.Withdrawn
	}
	for _, text := range m.New {
		id := threat.ID(fmt.Sprintf("t-%06d", len(k.threats)))
		k.threats = append(k.threats, threat.Threat{ID: id, State: threat.Open, Text: text, First: k.version, Last: k.version})
		k.places = append(k.places, v.places(at[text.At]))
	}
}

// judge counts what became of every threat, given the finding that each was matched with.
func (k *keeper) judge(v view, given []int) {
	shares := k.shares(v)
	truth := oneToOne(k.threats, shares)
	for i, f := range given {
		own := truth[i]
		if own != none {
			k.account.threats++
		}
		switch {
		case f == none && own == none:
			continue
		case f == own || shares[pairing{i, f}] >= half: // a threat that the page states twice may be read as two, and two as one
			k.account.kept++
		case f == none:
			k.account.lost++
			k.tell("lost", i, &v.found[own])
		case own != none:
			k.account.swapped++
			k.tell("swapped", i, &v.found[f])
		default:
			k.account.handed++
			k.tell("handed over", i, &v.found[f])
		}
	}
}

func (k *keeper) tell(what string, i int, f *threat.Text) {
	if k.astray != nil {
		k.astray(what, k.threats[i], f)
	}
}

// pairing is a known threat and a finding, by index.
type pairing struct{ threat, found int }

// shares is how much each known threat and finding have in common: of the origins of the shorter of two places, the share that
// stands in the other; that of the two places for which it is the most.
func (k *keeper) shares(v view) map[pairing]float64 {
	type spot struct{ threat, place int }
	whose := map[int32][]spot{}
	for i, places := range k.places {
		for j, place := range places {
			for _, o := range place {
				whose[o] = append(whose[o], spot{i, j})
			}
		}
	}
	out := map[pairing]float64{}
	for f := range v.found {
		for _, place := range v.places(f) {
			common := map[spot]int{}
			for _, o := range place {
				for _, s := range whose[o] {
					common[s]++
				}
			}
			for s, n := range common {
				p := pairing{s.threat, f}
				out[p] = max(out[p], float64(n)/float64(min(len(place), len(k.places[s.threat][s.place]))))
			}
		}
	}
	return out
}

// half is the share in common from which on a text is a threat's own.
const half = 0.5

// oneToOne is the finding that states each known threat, or none: the one with which it has most in common, and at least half.
// A threat that is not withdrawn comes first.
func oneToOne(threats []threat.Threat, shares map[pairing]float64) []int {
	var all []pairing
	for p, share := range shares {
		if share >= half {
			all = append(all, p)
		}
	}
	withdrawn := func(p pairing) int {
		if threats[p.threat].State == threat.Withdrawn {
			return 1
		}
		return 0
	}
	slices.SortFunc(all, func(a, b pairing) int {
		return cmp.Or(cmp.Compare(withdrawn(a), withdrawn(b)), cmp.Compare(shares[b], shares[a]),
			cmp.Compare(a.threat, b.threat), cmp.Compare(a.found, b.found))
	})
	out, taken := alone(len(threats)), map[int]bool{}
	for _, p := range all {
		if out[p.threat] == none && !taken[p.found] {
			out[p.threat], taken[p.found] = p.found, true
		}
	}
	return out
}
