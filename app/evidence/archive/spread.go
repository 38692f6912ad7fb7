package archive

import "time"

// Spread counts the log's entries by when they were recorded, up to the instant that the pack is as of.
type Spread struct {
	Before Share `json:"before_window"`
	In     Share `json:"in_window"`
	After  Share `json:"after_window"`
}

// Share is how many of some entries are disclosed, and why others are not.
type Share struct {
	Entries     int            `json:"entries"`
	Disclosed   int            `json:"disclosed"`
	Undisclosed map[string]int `json:"undisclosed,omitempty"` // by reason
}

// Hidden is how many are not disclosed.
func (s Share) Hidden() int { return s.Entries - s.Disclosed }

// Add counts n entries; why is the reason for which they are not disclosed, empty when they are.
func (s *Share) Add(n int, why string) {
	if n == 0 {
		return
	}
	s.Entries += n
	if why == "" {
		s.Disclosed += n
		return
	}
	if s.Undisclosed == nil {
		s.Undisclosed = map[string]int{}
	}
	s.Undisclosed[why] += n
}

// Zone is a part of the log's time: before, in or after a pack's window.
type Zone int

// The zones, in the order of time.
const (
	Before Zone = iota
	Within
	After
)

// ZoneOf says where an instant lies, seen from the half-open window [from, to).
func ZoneOf(from, to, at time.Time) Zone {
	switch {
	case at.Before(from):
		return Before
	case at.Before(to):
		return Within
	}
	return After
}

// Of is the share of a zone.
func (s *Spread) Of(z Zone) *Share { return []*Share{&s.Before, &s.In, &s.After}[z] }

// Zones are all of them.
func Zones() []Zone { return []Zone{Before, Within, After} }

// bounds is what the disclosed entries prove of the others. The log's times never decrease, so an entry that is not disclosed was recorded
// between its disclosed neighbours: where both lie in one zone, so does it.
type bounds struct {
	shown [After + 1]int // disclosed
	least [After + 1]int // not disclosed, by what is certain
	most  [After + 1]int // by what is possible
	last  Zone           // of the disclosed entries so far
	gap   int            // entries that are not disclosed since then
}

func (b *bounds) hidden() { b.gap++ }

func (b *bounds) disclosed(z Zone) {
	b.close(z)
	b.shown[z]++
}

// close ends a gap at an entry of a zone, or at the end of the log's time.
func (b *bounds) close(z Zone) {
	if b.last == z {
		b.least[z] += b.gap
	}
	for at := b.last; at <= z; at++ {
		b.most[at] += b.gap
	}
	b.last, b.gap = z, 0
}

// Range is how many entries of a zone are not disclosed, at least and at most.
type Range struct {
	Least int `json:"least"`
	Most  int `json:"most"`
}

func (b *bounds) ranges() (out []Range) {
	for _, z := range Zones() {
		out = append(out, Range{b.least[z], b.most[z]})
	}
	return out
}

// check holds what a manifest says against the bounds.
func (b *bounds) check(said Spread, size uint64) error {
	all := 0
	for _, z := range Zones() {
		s := said.Of(z)
		reasons := 0
		for _, n := range s.Undisclosed {
			reasons += n
		}
		switch hidden := s.Hidden(); {
		case s.Disclosed != b.shown[z]:
			return flaw(Disclosure, manifestName, "it says that %d entries %s are disclosed, and %d are", s.Disclosed, z, b.shown[z])
		case hidden < b.least[z] || hidden > b.most[z]:
			return flaw(Disclosure, manifestName, "it says that %d entries %s are not disclosed: by the entries around them it must be %d to %d", hidden, z, b.least[z], b.most[z])
		case len(s.Undisclosed) > 0 && reasons != hidden:
			return flaw(Disclosure, manifestName, "it gives reasons for %d entries %s, and does not disclose %d", reasons, z, hidden)
		}
		all += s.Entries
	}
	if all < 0 || uint64(all) != size {
		return flaw(Disclosure, manifestName, "it counts %d entries before, in and after the window, and the log has %d", all, size)
	}
	return nil
}

// String says where entries of the zone are.
func (z Zone) String() string {
	return [...]string{"before the window", "in the window", "after the window"}[z]
}
