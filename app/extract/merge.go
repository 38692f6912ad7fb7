package extract

import (
	"hash/fnv"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/threat"
)

// restate merges candidates that state the same threat: the same explicit id, or nearly the same words. The
// others' places and what only they say are kept with the one that stays. The cost is linear in the candidates' number:
// each one is compared with a bounded number of those that share its rarest words.
func restate(all []Candidate) []Finding {
	m := merger{out: make([]Finding, 0, len(all)), keys: make([]key, 0, len(all)), byWord: map[uint32][]int{}, byID: map[string][]int{}, exact: map[string]int{}}
	for _, c := range all {
		m.add(c.Finding)
	}
	for i := range m.out {
		f := &m.out[i]
		slices.SortFunc(f.Also, func(a, b document.Span) int { return a.Start - b.Start })
	}
	return m.out
}

type merger struct {
	out    []Finding
	keys   []key
	byWord map[uint32][]int
	byID   map[string][]int
	exact  map[string]int // the very same text, by finder
}

// The newest findings with a word that one is compared with, and how many of its rarest words are looked up.
const (
	lookBack = 16
	lookUp   = 5
)

func (m *merger) add(f Finding) {
	text := f.Finder + "\x00" + f.Label + "\x00" + f.Title + "\x00" + f.Statement + "\x00" + threat.JoinSTRIDE(f.STRIDE)
	if i, ok := m.exact[text]; ok {
		m.merge(i, f)
		return
	}
	k := keyOf(f)
	for _, i := range m.near(k) {
		if m.keys[i].same(k) {
			m.merge(i, f)
			m.exact[text] = i
			return
		}
	}
	i := len(m.out)
	m.exact[text] = i
	m.out, m.keys = append(m.out, f), append(m.keys, k)
	for _, w := range k.words {
		m.byWord[w] = append(m.byWord[w], i)
	}
	if k.id != "" {
		m.byID[k.id] = append(m.byID[k.id], i)
	}
}

// merge joins a finding with one that restates it. The one that stands first on the page is kept, so that a summary gives way
// to what it sums up; a sentence in passing gives way to any.
func (m *merger) merge(i int, f Finding) {
	if kept := m.out[i]; f.At.Start < kept.At.Start && f.Finder != "statement" {
		also := kept.Also
		kept.Also = nil
		adopt(&f, kept)
		f.Also = append(f.Also, also...)
		m.out[i] = f
		return
	}
	adopt(&m.out[i], f)
}

// near lists the findings that share an id or a rarer word, in order.
func (m *merger) near(k key) []int {
	var out []int
	if k.id != "" {
		out = append(out, m.byID[k.id]...)
	}
	var known []uint32
	for _, w := range k.words {
		if len(m.byWord[w]) > 0 {
			known = append(known, w)
		}
	}
	slices.SortStableFunc(known, func(a, b uint32) int { return len(m.byWord[a]) - len(m.byWord[b]) })
	for _, w := range known[:min(lookUp, len(known))] {
		with := m.byWord[w]
		out = append(out, with[max(0, len(with)-lookBack):]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// key is what two statements of a threat have in common. Words are hashed, ordered and without repeats.
type key struct {
	id     string
	finder string
	area   string // what a row of a summary names beside the threat
	leaf   string // the title that the threat stands under
	stride string
	words  []uint32 // of the title
	said   []uint32 // of the statement, where it is another text than the title
}

func keyOf(f Finding) key {
	leaf := ""
	if n := len(f.Section); n > 0 {
		leaf = f.Section[n-1]
	}
	return key{
		id: f.Label, finder: f.Finder, area: alphabetic(f.Element), leaf: alphabetic(leaf), stride: threat.JoinSTRIDE(f.STRIDE),
		words: content(f.Title), said: content(f.Statement),
	}
}

// same reports whether two keys name one threat. What one finder reads as two entries is two, but for the same id or words.
func (k key) same(o key) bool {
	if k.id != "" && o.id != "" {
		return k.id == o.id
	}
	if len(k.words) == 0 || len(o.words) == 0 {
		return false
	}
	alike := overlap(k.words, o.words)
	if k.finder == o.finder && k.finder != "statement" {
		return alike == 1 && overlap(k.said, o.said) > 0.9 && k.stride == o.stride
	}
	if len(k.words) < 3 || len(o.words) < 3 {
		return alike == 1 && (len(k.said) == 0 || len(o.said) == 0 || overlap(k.said, o.said) > 0.6)
	}
	if (k.area != "" && k.area == o.leaf && k.finder == "table" || o.area != "" && o.area == k.leaf && o.finder == "table") && alike > 0.15 {
		return true // a row that sums up what a section says
	}
	return alike >= 0.8 || (k.finder == "statement" || k.finder == "heading") && held(o.words, k.words) || o.finder == "statement" && held(k.words, o.words)
}

// held reports whether a title's words all stand in a sentence.
func held(title, sentence []uint32) bool {
	return len(title) >= 3 && len(title)*6 >= len(sentence) && both(title, sentence) == len(title)
}

// overlap is the share of common words in all words of both.
func overlap(a, b []uint32) float64 {
	if len(a)+len(b) == 0 {
		return 1
	}
	n := both(a, b)
	return float64(n) / float64(len(a)+len(b)-n)
}

// both counts the words that stand in two ordered sets.
func both(a, b []uint32) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			n++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return n
}

// alphabetic is a text's words in lower case.
func alphabetic(s string) string {
	var out []string
	for _, w := range lexicon.Words(s) {
		out = append(out, stem(w.Text))
	}
	return strings.Join(out, " ")
}

// content is a text's words, plural and past endings left out, without those that every text has.
func content(text string) []uint32 {
	words := lexicon.Words(text)
	out := make([]uint32, 0, len(words))
	for _, w := range words {
		switch w.Text {
		case "a", "an", "the", "of", "to", "and", "or", "in", "on", "for", "by", "is", "are", "be", "with", "that", "this", "it", "its", "as", "at", "from", "can", "could", "may", "might", "would", "will":
			continue
		}
		h := fnv.New32a()
		h.Write([]byte(stem(w.Text)))
		out = append(out, h.Sum32())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func stem(w string) string {
	for _, end := range []string{"ise", "ised", "ises", "ising", "isation", "isations"} { // British spelling
		if s, ok := strings.CutSuffix(w, end); ok && len(s) > 3 {
			w = s + "iz" + end[2:]
		}
	}
	for _, end := range []string{"ing", "ed", "es", "s"} {
		if s, ok := strings.CutSuffix(w, end); ok && len(s) > 3 {
			return s
		}
	}
	return w
}

// most is how many mitigations and further places of one threat are kept.
const most = 100

// adopt gives a finding the place of one that restates it, and what it lacks itself.
func adopt(f *Finding, other Finding) {
	if other.At != f.At && len(f.Also) < most {
		f.Also = append(f.Also, other.At)
	}
	if f.Statement == "" && other.Statement != "" {
		f.Statement = other.Statement
	}
	if f.Label == "" {
		f.Label = other.Label
	}
	if len(f.STRIDE) == 0 || f.STRIDEBy != "stated" && other.STRIDEBy == "stated" {
		f.STRIDE, f.STRIDEBy = other.STRIDE, other.STRIDEBy
	}
	if f.Severity == "" {
		f.Severity, f.SeverityRaw = other.Severity, other.SeverityRaw
	}
	if f.Element == "" {
		f.Element = other.Element
	}
	if f.Component == "" {
		f.Component = other.Component
	}
	if f.Person == (threat.Person{}) {
		f.Person = other.Person
	}
	if f.Ticket == "" {
		f.Ticket = other.Ticket
	}
	if f.Status == "" {
		f.Status = other.Status
	}
	for _, m := range other.Mitigations {
		if len(f.Mitigations) < most && !slices.ContainsFunc(f.Mitigations, func(o threat.Mitigation) bool { return o.At == m.At || o.Quote == m.Quote }) {
			f.Mitigations = append(f.Mitigations, m)
		}
	}
	for _, id := range other.CWE {
		if !slices.Contains(f.CWE, id) {
			f.CWE = append(f.CWE, id)
		}
	}
	for _, id := range other.CAPEC {
		if !slices.Contains(f.CAPEC, id) {
			f.CAPEC = append(f.CAPEC, id)
		}
	}
}
