package extract

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract/lexicon"
	"github.com/throughline/throughline/app/threat"
)

// restate merges candidates that state the same threat: the same explicit id, or nearly the same words. The first in order of
// the finders stays; the others' places and what only they say are kept with it.
func restate(page *Page, all []Candidate) []Finding {
	var out []Finding
	var keys []key
	byWord := map[string][]int{} // a word of a kept finding → its index
	for _, c := range all {
		k := keyOf(c.Finding)
		at := -1
		for _, i := range near(byWord, k) {
			if keys[i].same(k) {
				at = i
				break
			}
		}
		if at < 0 {
			for w := range k.words {
				byWord[w] = append(byWord[w], len(out))
			}
			if k.id != "" {
				byWord["#"+k.id] = append(byWord["#"+k.id], len(out))
			}
			out, keys = append(out, c.Finding), append(keys, k)
			continue
		}
		adopt(&out[at], c.Finding)
	}
	return out
}

// key is what two statements of a threat have in common.
type key struct {
	id      string
	finder  string
	area    string // what a row of a summary names beside the threat
	leaf    string // the title that the threat stands under
	section string
	words   map[string]bool
	said    map[string]bool // of the statement, where it is another text than the title
	stride  string
}

func keyOf(f Finding) key {
	leaf := ""
	if n := len(f.Section); n > 0 {
		leaf = f.Section[n-1]
	}
	return key{leaf: alphabetic(leaf), area: alphabetic(f.Element), id: f.Label, finder: f.Finder, words: content(f.Title), said: content(f.Statement), section: strings.Join(f.Section, "\x00"), stride: threat.JoinSTRIDE(f.STRIDE)}
}

// common is how many findings a word may stand in before it tells nothing: so the cost stays linear in their number.
const common = 200

// near lists the findings that share an id or a rarer word, in order.
func near(byWord map[string][]int, k key) []int {
	var out []int
	if k.id != "" {
		out = append(out, byWord["#"+k.id]...)
	}
	rare, fewest := "", 1<<30
	for w := range k.words {
		if n := len(byWord[w]); n > 0 && (n < fewest || n == fewest && w < rare) {
			rare, fewest = w, n
		}
	}
	count := map[int]int{}
	for w := range k.words {
		with := byWord[w]
		if len(with) > common && w != rare {
			continue
		}
		for _, i := range with[max(0, len(with)-common):] {
			count[i]++
		}
	}
	for i, n := range count {
		if n*2 >= len(k.words) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
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

// alphabetic is a text's words in lower case.
func alphabetic(s string) string {
	var out []string
	for _, w := range lexicon.Words(s) {
		out = append(out, stem(w.Text))
	}
	return strings.Join(out, " ")
}

// held reports whether a title's words all stand in a sentence.
func held(title, sentence map[string]bool) bool {
	if len(title) < 3 || len(title)*6 < len(sentence) {
		return false
	}
	for w := range title {
		if !sentence[w] {
			return false
		}
	}
	return true
}

// overlap is the share of common words in all words of both.
func overlap(a, b map[string]bool) float64 {
	both := 0
	for w := range a {
		if b[w] {
			both++
		}
	}
	if len(a)+len(b) == 0 {
		return 1
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// content is the set of a text's words, plural and past endings left out, without those that every text has.
func content(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range lexicon.Words(text) {
		switch w.Text {
		case "a", "an", "the", "of", "to", "and", "or", "in", "on", "for", "by", "is", "are", "be", "with", "that", "this", "it", "its", "as", "at", "from", "can", "could", "may", "might", "would", "will":
			continue
		}
		out[stem(w.Text)] = true
	}
	return out
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

// adopt gives a finding the place of one that restates it, and what it lacks itself.
func adopt(f *Finding, other Finding) {
	if other.At != f.At {
		f.Also = append(f.Also, other.At)
		slices.SortFunc(f.Also, func(a, b document.Span) int { return a.Start - b.Start })
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
		if !slices.ContainsFunc(f.Mitigations, func(o threat.Mitigation) bool { return o.At == m.At || o.Quote == m.Quote }) {
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
