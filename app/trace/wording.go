package trace

import (
	"hash/maphash"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline/throughline/app/threat"
)

// text is one text as words. The digests are equal for equal words, whatever their case and punctuation.
type text struct {
	label   string // the page's own, when it can name something; else empty
	id      string // a known threat's id; what may be one in a found text
	ticket  string
	wording digest // of title and quote, without the label
	quote   digest // of the quote alone; 0 when it is too short to name a threat
	said    digest // of what it says, the statement or else the quote, and the headings above
	whole   digest // of the above and of where in the design it stands
	terms   []term // each word once, by id
}

type digest uint64

// sentence is from how many words on a quote says which threat it is, whatever the title above it. Fewer may be a class of
// threats.
const sentence = 6

// term is one word of a text and how much of the text's meaning that part carries where it stands.
type term struct {
	word   int32
	factor float32
	own    bool // stands in what names the threat, its title or quote
}

// How much the parts of a text say about which threat it is. Severity, owner and status say nothing: they are there to change.
const (
	inTitle      = 1
	inStatement  = 0.8
	inQuote      = 0.7
	inElement    = 1
	inSTRIDE     = 0.6
	inSection    = 0.35
	inMitigation = 0.3
)

type side int

const (
	sideKnown side = iota
	sideFound
)

// vocabulary numbers the words of both versions of a page and knows how rare each is.
type vocabulary struct {
	seed    maphash.Seed
	ids     map[string]int32
	words   []string
	in      [2][]int32 // texts of each version that have the word
	weights []float32
	scratch []byte
	buffer  []int32
	packed  []uint64
	hash    maphash.Hash
}

func newVocabulary(known, found int) *vocabulary {
	v := &vocabulary{seed: maphash.MakeSeed(), ids: make(map[string]int32, 4*(known+found))}
	v.hash.SetSeed(v.seed)
	return v
}

// read takes in one text.
func (v *vocabulary) read(t *threat.Text, from side) text {
	out := text{label: naming(t.Label), ticket: t.Ticket}
	out.id = out.label
	v.packed = v.packed[:0]
	own := true
	add := func(kind byte, factor float32, s string) []int32 {
		v.buffer = v.split(v.buffer[:0], kind, s)
		for _, id := range v.buffer {
			v.packed = append(v.packed, term{id, factor, own}.pack())
		}
		return v.buffer
	}
	unlabelled := func(s string) string {
		if t.Label == "" {
			return s
		}
		return strings.ReplaceAll(s, t.Label, " ")
	}
	v.hash.Reset()
	quote := add(0, inQuote, unlabelled(t.Quote))
	v.note(quote)
	if len(quote) >= sentence {
		out.quote = digest(v.hash.Sum64())
	}
	v.note(add(0, inTitle, unlabelled(t.Title)))
	out.wording = digest(v.hash.Sum64())
	own = false
	v.note(add(0, inStatement, t.Statement))
	v.note(add('e', inElement, t.Element))
	for _, s := range t.STRIDE {
		v.note(add('s', inSTRIDE, string(s)))
	}
	for _, heading := range t.Section {
		v.note(add('h', inSection, heading))
	}
	for _, m := range t.Mitigations {
		v.note(add('m', inMitigation, m.Quote))
	}
	out.whole = digest(v.hash.Sum64())
	out.terms = once(v.packed)
	v.hash.Reset()
	said := t.Statement
	if said == "" {
		said = t.Quote
	}
	v.note(v.split(v.buffer[:0], 0, unlabelled(said)))
	for _, heading := range t.Section {
		v.note(v.split(v.buffer[:0], 'h', heading))
	}
	out.said = digest(v.hash.Sum64())
	for _, one := range out.terms {
		v.in[from][one.word]++
	}
	return out
}

// naming is a label when it can name a threat for good: it has a letter. Bare numbers are those of rows.
func naming(label string) string {
	if strings.ContainsFunc(label, unicode.IsLetter) {
		return strings.TrimSpace(label)
	}
	return ""
}

// note adds words to the digest under way, and where they end.
func (v *vocabulary) note(ids []int32) {
	for _, id := range append(ids, -1) {
		v.scratch = append(v.scratch[:0], byte(id), byte(id>>8), byte(id>>16), byte(id>>24))
		_, _ = v.hash.Write(v.scratch) // never fails
	}
}

// split appends the ids of the words of s: runs of letters and digits, in lower case. Words of another kind than 0 are apart
// from the same words elsewhere.
func (v *vocabulary) split(out []int32, kind byte, s string) []int32 {
	word := v.scratch[:0]
	flush := func() {
		if len(word) > 0 {
			out = append(out, v.id(kind, word))
		}
		word = v.scratch[:0]
	}
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			word = append(word, c)
			i++
		case c >= 'A' && c <= 'Z':
			word = append(word, c+'a'-'A')
			i++
		case c < utf8.RuneSelf:
			flush()
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
				word = utf8.AppendRune(word, unicode.ToLower(r))
			} else {
				flush()
			}
			i += n
		}
		if len(word) > cap(v.scratch) {
			v.scratch = slices.Grow(v.scratch, len(word))
		}
	}
	flush()
	return out
}

func (v *vocabulary) id(kind byte, word []byte) int32 {
	if kind != 0 {
		word = append(word, 0, kind) // no word holds a NUL
	}
	if id, ok := v.ids[string(word)]; ok {
		return id
	}
	id := int32(len(v.words))
	own := string(word)
	v.ids[own] = id
	v.words = append(v.words, own)
	v.in[sideKnown] = append(v.in[sideKnown], 0)
	v.in[sideFound] = append(v.in[sideFound], 0)
	return id
}

// pack makes a term a number that sorts by word, the larger factor first. The lowest bit of the factor gives way to own.
func (t term) pack() uint64 {
	bits := ^math.Float32bits(t.factor) | 1
	if t.own {
		bits &^= 1
	}
	return uint64(t.word)<<32 | uint64(bits)
}

func unpack(n uint64) term {
	return term{int32(n >> 32), math.Float32frombits(^uint32(n &^ 1)), n&1 == 0}
}

// once sorts packed terms by word and keeps each word where it says most. It is the text's own if it is so anywhere.
func once(packed []uint64) []term {
	slices.Sort(packed)
	out := make([]term, 0, len(packed))
	for i, n := range packed {
		if one := unpack(n); i == 0 || n>>32 != packed[i-1]>>32 {
			out = append(out, one)
		} else if one.own {
			out[len(out)-1].own = true
		}
	}
	return out
}

// weigh gives every word its weight: the rarer on this page, the more it tells.
func (v *vocabulary) weigh(known, found int) {
	n := float64(max(known, found))
	v.weights = make([]float32, len(v.words))
	for id := range v.words {
		has := max(v.in[sideKnown][id], v.in[sideFound][id], 1)
		v.weights[id] = float32(math.Log(1 + n/float64(has)))
	}
}

// likenessOf is how alike two texts are, from 0 to 1: the weight of the words they share, of all their words' (Dice).
func (v *vocabulary) likenessOf(a, b []term) float64 {
	var shared, all float32
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch x, y := a[i], b[j]; {
		case x.word == y.word:
			w := v.weights[x.word] * (x.factor + y.factor)
			shared += w
			all += w
			i, j = i+1, j+1
		case x.word < y.word:
			all += v.weights[x.word] * x.factor
			i++
		default:
			all += v.weights[y.word] * y.factor
			j++
		}
	}
	for ; i < len(a); i++ {
		all += v.weights[a[i].word] * a[i].factor
	}
	for ; j < len(b); j++ {
		all += v.weights[b[j].word] * b[j].factor
	}
	if all == 0 {
		return 0
	}
	return float64(shared / all)
}

// namesake is how alike what names two texts is, from 0 to 1: the weight of the own words they share, of all these (Dice).
func (v *vocabulary) namesake(a, b []term) float64 {
	var shared, all float32
	i := 0
	for _, t := range a {
		if t.own {
			all += v.weights[t.word]
		}
	}
	for _, t := range b {
		if !t.own {
			continue
		}
		all += v.weights[t.word]
		for i < len(a) && a[i].word < t.word {
			i++
		}
		if i < len(a) && a[i].word == t.word && a[i].own {
			shared += 2 * v.weights[t.word]
		}
	}
	return share(shared, all, 1)
}

// contrast is how a text b stands between a text a and a text that is like a. Each is a share of weight from 0 to 1.
type contrast struct {
	own      float64 // kept by b, of the words that tell a from its like; 1 when there are none
	common   float64 // kept by b, of the words that a and its like have in common; 1 when there are none
	others   float64 // had by b, of the words that tell the like from a; 0 when there are none
	template float64 // what is common, of all words of a
}

func (v *vocabulary) contrast(a, b, like []term) contrast {
	var ownAll, ownKept, commonAll, commonKept, othersAll, othersHad float32
	j, l := 0, 0
	has := func(of []term, at *int, word int32) bool {
		for *at < len(of) && of[*at].word < word {
			*at++
		}
		return *at < len(of) && of[*at].word == word
	}
	for _, t := range a {
		w := v.weights[t.word] * t.factor
		inB := has(b, &j, t.word)
		if has(like, &l, t.word) {
			commonAll += w
			if inB {
				commonKept += w
			}
		} else {
			ownAll += w
			if inB {
				ownKept += w
			}
		}
	}
	i, j := 0, 0
	for _, t := range like {
		if has(a, &i, t.word) {
			continue
		}
		w := v.weights[t.word] * t.factor
		othersAll += w
		if has(b, &j, t.word) {
			othersHad += w
		}
	}
	return contrast{
		own: share(ownKept, ownAll, 1), common: share(commonKept, commonAll, 1),
		others: share(othersHad, othersAll, 0), template: share(commonAll, commonAll+ownAll, 0),
	}
}

func share(part, all float32, ofNone float64) float64 {
	if all == 0 {
		return ofNone
	}
	return float64(part / all)
}

// borrowed is the share of b, by weight, that is not in a and was said elsewhere on the page before.
func (v *vocabulary) borrowed(b, a []term) float64 {
	var part, all float32
	i := 0
	for _, t := range b {
		w := v.weights[t.word] * t.factor
		all += w
		for i < len(a) && a[i].word < t.word {
			i++
		}
		if (i == len(a) || a[i].word != t.word) && v.in[sideKnown][t.word] > 0 {
			part += w
		}
	}
	return share(part, all, 0)
}
