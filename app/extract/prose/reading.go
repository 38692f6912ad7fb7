package prose

import (
	"github.com/throughline/throughline/app/extract/lexicon"
)

// Reading is what a sentence says.
type Reading struct {
	Threat   float64 // 0…1: how surely it states that something bad can happen
	Measure  float64 // 0…1: how surely it says what is done about it
	Why      string  // which pattern spoke for a threat
	Possible bool    // says what somebody or something could do, good or bad
	Denies   bool    // says that there is no risk, or that it is small
	Goes     bool    // goes on about the sentence before: "This could …"
	Adds     bool    // begins something further: "Moreover, …"
	Contrast bool    // "However, …"
	Clause   Range   // the part that states the threat
}

// Reader reads sentences. It remembers the words it met: use one per page, not concurrently.
type Reader struct {
	lex    *lexicon.Lexicon
	seen   map[string]lexicon.Class
	words  []lexicon.Word // of the sentence being read
	buffer []token
}

// NewReader reads with a lexicon.
func NewReader(lex *lexicon.Lexicon) *Reader {
	return &Reader{lex: lex, seen: make(map[string]lexicon.Class, 1024)}
}

// Class is the classes of a word, remembered.
func (r *Reader) Class(word string) lexicon.Class {
	c, ok := r.seen[word]
	if !ok {
		c = r.lex.Class(word)
		r.seen[word] = c
	}
	return c
}

// token is a word of a sentence with its classes.
type token struct {
	lexicon.Word
	class lexicon.Class
}

// tokens are the words of a sentence with their classes, until the next sentence is read.
func (r *Reader) tokens(text string, at Range) []token {
	r.words = lexicon.AppendWords(r.words[:0], text[at.Start:at.End])
	out := r.buffer[:0]
	for _, w := range r.words {
		w.Start += at.Start
		w.End += at.Start
		out = append(out, token{w, r.Class(w.Text)})
	}
	r.buffer = out
	for i := range len(out) - 1 {
		if notions(out[i+1].Text) { // "threat model", "risk assessment", "attack surface"
			out[i].class &^= lexicon.Risk | lexicon.Attack | lexicon.Harm | lexicon.Nominal
		}
		if compound(out[i].Text, out[i+1].Text) {
			out[i+1].class |= lexicon.Attack
		}
	}
	return out
}

// Read reads one sentence of a text.
func (r *Reader) Read(text string, at Range) Reading {
	ts := r.tokens(text, at)
	out := Reading{Clause: at}
	if len(ts) < 3 {
		out.Denies = len(ts) == 2 && ts[0].class.Has(lexicon.Negation) // "No risk."
		return out
	}
	for i := 1; i < min(6, len(ts)-3); i++ { // "Data privacy: ensure that …"
		if gap := text[ts[i-1].End:ts[i].Start]; gap != "" && gap[0] == ':' {
			ts = ts[i:]
			break
		}
	}
	whole := sentence{text: text, at: at, words: ts}
	whole.opening(&out)
	if k := whole.main(); k > 0 { // "Although …, X leaks Y": the main clause decides where it states a threat
		main := out
		main.Clause = Range{ts[k].Start, at.End}
		part := sentence{text: text, at: main.Clause, words: ts[k:]}
		if part.judge(&main); main.Threat >= 0.5 {
			return main
		}
	}
	if k := whole.reason(); k > 3 { // "Since X fails silently, it is important to …": the reason states the threat
		reason := out
		reason.Clause = Range{at.Start, ts[k-1].End}
		part := sentence{text: text, at: reason.Clause, words: ts[:k]}
		if part.judge(&reason); reason.Threat >= 0.5 && reason.Measure < 0.6 {
			rest := Reading{Clause: at}
			main := sentence{text: text, at: Range{ts[k].Start, at.End}, words: ts[k:]}
			if main.judge(&rest); rest.Measure >= 0.6 && rest.Threat < reason.Threat {
				reason.Measure = rest.Measure
				return reason
			}
		}
	}
	whole.judge(&out)
	return out
}

// reason is the index of the word that the main clause behind a reason begins with, 0 when the sentence begins with none.
func (s *sentence) reason() int {
	if !s.is(0, "since", "because", "as", "given", "da", "weil") {
		return 0
	}
	for k := 2; k < len(s.words)-3; k++ {
		if s.text[s.words[k-1].End] == ',' {
			return k
		}
	}
	return 0
}

func (s *sentence) judge(out *Reading) {
	for i := range s.words {
		out.Possible = out.Possible || s.is(i, "could", "may", "might", "can") && !s.has(i+1, lexicon.Negation) && !s.none(i)
	}
	s.measure(out)
	s.threat(out)
	s.deny(out)
	s.narrow(out)
}

// main is the index of the word that the main clause behind a concession begins with, 0 when there is none.
func (s *sentence) main() int {
	if !s.is(0, "although", "while", "though", "despite", "whereas", "obwohl", "bien") {
		return 0
	}
	for k := 2; k < len(s.words)-3; k++ {
		if s.text[s.words[k-1].End] == ',' {
			return k
		}
	}
	return 0
}

// sentence is one sentence while it is read.
type sentence struct {
	text  string
	at    Range
	words []token
}

func (s *sentence) has(i int, c lexicon.Class) bool {
	return i >= 0 && i < len(s.words) && s.words[i].class.Has(c)
}

func (s *sentence) is(i int, words ...string) bool {
	if i < 0 || i >= len(s.words) {
		return false
	}
	for _, w := range words {
		if s.words[i].Text == w {
			return true
		}
	}
	return false
}

// find is the first word of a class in [from, to), -1 when there is none.
func (s *sentence) find(c lexicon.Class, from, to int) int {
	for i := max(0, from); i < min(to, len(s.words)); i++ {
		if s.words[i].class.Has(c) {
			return i
		}
	}
	return -1
}

// clauseEnd is the index of the word behind the clause that word i stands in: up to the next ";", ":" or ", so|but|which …".
func (s *sentence) clauseEnd(i int) int {
	for k := i + 1; k < len(s.words); k++ {
		gap := s.text[s.words[k-1].End:s.words[k].Start]
		for _, c := range gap {
			if c == ';' || c == ':' {
				return k
			}
			if c == ',' && s.is(k, "so", "but", "therefore", "hence", "although", "though", "however", "unless", "except", "whereas", "while") {
				return k
			}
		}
	}
	return len(s.words)
}

// negated reports whether a negation stands closely before word i.
func (s *sentence) negated(i int) bool {
	for k := i - 1; k >= max(0, i-3); k-- {
		if s.has(k, lexicon.Negation) {
			return true
		}
		if s.has(k, lexicon.Modal) {
			break
		}
	}
	return s.has(i-1, lexicon.Negation) || s.has(i-2, lexicon.Negation)
}

// opening reads how the sentence begins.
func (s *sentence) opening(out *Reading) {
	for i := 0; i < min(2, len(s.words)); i++ {
		c := s.words[i].class
		out.Adds = out.Adds || c.Has(lexicon.Additive)
		out.Contrast = out.Contrast || c.Has(lexicon.Contrast)
		out.Goes = out.Goes || i == 0 && c.Has(lexicon.Anaphor)
	}
	for i := 1; i < min(9, len(s.words)); i++ { // "Since any contract can emit such an event, …"
		out.Goes = out.Goes || s.is(i, "such") && s.is(i+1, "a", "an") || s.is(i, "this") && s.has(i+1, lexicon.Attack|lexicon.Nominal)
	}
	out.Goes = out.Goes || s.is(0, "therefore", "thus", "hence", "consequently")
	if s.is(0, "in") && s.is(1, "addition") {
		out.Adds = true
	}
	if s.is(0, "for") && s.is(1, "example", "instance") || s.is(0, "e.g", "specifically", "particularly") || s.is(0, "in") && s.is(1, "particular", "this", "that", "these", "such") || s.is(0, "as") && s.is(1, "a") && s.is(2, "result", "consequence") {
		out.Goes = true
	}
}

// notions reports whether a word makes a term of the trade of the word before it, which then states nothing.
func notions(word string) bool {
	switch word {
	case "model", "models", "modeling", "modelling", "analysis", "analyses", "assessment", "assessments", "management", "register", "matrix", "landscape",
		"intelligence", "surface", "surfaces", "level", "levels", "score", "tracker", "tracking", "handling", "code", "codes", "message", "messages", "profile", "appetite", "rate":
		return true
	}
	return false
}
