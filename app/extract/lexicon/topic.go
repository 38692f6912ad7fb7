package lexicon

import (
	"fmt"
	"strings"

	"github.com/throughline/throughline/app/threat"
)

// Topic is what a section's heading says that the section gathers.
type Topic int

// The topics; roles.yaml has the headings that name them.
const (
	Neutral     Topic = iota
	Threats           // each entry is a threat
	Risks             // risks, with their mitigations between them
	Security          // prose about security: some of it states threats
	Drawbacks         // disadvantages: some of them are threats
	Mitigations       // what is done against threats
	Excluded          // what is out of scope
)

var topicNames = [...]string{"neutral", "threats", "risks", "security", "drawbacks", "mitigations", "excluded"}

func (t Topic) String() string { return topicNames[t] }

// Gathers reports whether threats are to be expected in such a section.
func (t Topic) Gathers() bool { return t >= Threats && t <= Drawbacks }

func topicNamed(name string) (Topic, error) {
	for i, n := range topicNames {
		if n == name {
			return Topic(i), nil
		}
	}
	return Neutral, fmt.Errorf("no topic is called %q", name)
}

type sectionRule struct {
	topic              Topic
	anywhere           map[byte][]pattern // by the first byte of the first word
	first, last, whole []pattern
}

// pattern is a sequence of words; a word that ends in "*" is a stem.
type pattern []string

func patterns(phrases []string) []pattern {
	out := make([]pattern, len(phrases))
	for i, p := range phrases {
		out[i] = strings.Fields(strings.ToLower(p))
	}
	return out
}

// initials orders patterns by the first byte of their first word.
func initials(ps []pattern) map[byte][]pattern {
	out := map[byte][]pattern{}
	for _, p := range ps {
		out[p[0][0]] = append(out[p[0][0]], p)
	}
	return out
}

// matches reports whether the pattern matches the words from the first one on.
func (p pattern) matches(words []string) bool {
	if len(words) < len(p) {
		return false
	}
	for i, want := range p {
		if stem, ok := strings.CutSuffix(want, "*"); ok {
			if !strings.HasPrefix(words[i], stem) {
				return false
			}
		} else if words[i] != want {
			return false
		}
	}
	return true
}

// Topic reads a heading. ok is false when no rule knows it; a heading that is known to gather no threats is Neutral and ok.
func (l *Lexicon) Topic(heading string) (t Topic, ok bool) {
	words := headingWords(heading)
	if len(words) == 0 || len(words) > 12 {
		return Neutral, false
	}
	for i := range l.sections {
		if r := &l.sections[i]; r.matches(words) {
			if r.topic == Mitigations && l.paired(words) {
				return Risks, true
			}
			return r.topic, true
		}
	}
	return Neutral, false
}

// paired reports whether a heading names threats and, behind "and", what is done against them: "Threats, impact, and mitigations".
func (l *Lexicon) paired(words []string) bool {
	named, joined := false, false
	for i, w := range words {
		switch {
		case i < 3 && l.roles[w] == Threat:
			named = true
		case w == "and" || w == "&" || w == "/" || w == "und" || w == "et":
			joined = named
		case joined && l.roles[w] == Mitigation:
			return true
		}
	}
	return false
}

// longestTopic is the words of a heading whose last one may say what it gathers; a longer one states something itself.
const longestTopic = 5

func (r *sectionRule) matches(words []string) bool {
	for i := range words {
		for _, p := range r.anywhere[words[i][0]] {
			if p.matches(words[i:]) {
				return true
			}
		}
	}
	for _, p := range r.first {
		if p.matches(words) {
			return true
		}
	}
	for _, p := range r.last {
		if len(words) >= len(p) && len(words) <= longestTopic && p.matches(words[len(words)-len(p):]) {
			return true
		}
	}
	for _, p := range r.whole {
		if len(p) == len(words) && p.matches(words) {
			return true
		}
	}
	return false
}

// headingWords are a heading's words without numbering and brackets; "&" and "/" stay words of their own.
func headingWords(heading string) []string {
	heading = strings.ToLower(strings.ReplaceAll(unbracket(heading), "’", "'"))
	if strings.ContainsAny(heading, "&/—–") {
		heading = strings.ReplaceAll(strings.ReplaceAll(heading, "&", " & "), "/", " / ")
		heading = strings.ReplaceAll(strings.ReplaceAll(heading, "—", " "), "–", " ")
	}
	var words []string
	for f := range strings.FieldsSeq(heading) {
		if f == "&" || f == "/" {
			words = append(words, f)
			continue
		}
		f = strings.TrimFunc(f, func(r rune) bool { return strings.ContainsRune(".,:;!?\"'`*_()[]{}<>#-", r) })
		if f == "" || len(words) == 0 && isOutline(f) {
			continue
		}
		words = append(words, f)
	}
	return words
}

// isOutline reports whether a word numbers a heading: "3", "3.2", "iv", "a".
func isOutline(s string) bool {
	if len(s) == 1 && s[0] >= 'a' && s[0] <= 'z' {
		return true
	}
	return strings.Trim(s, "0123456789.") == "" || len(s) < 5 && strings.Trim(s, "ivx") == ""
}

// STRIDE is the kind that a heading, cell or label names and nothing else: "S", "1. Spoofing:", "Denial of Service (DoS)".
func (l *Lexicon) STRIDE(text string) (threat.STRIDE, bool) {
	text = strings.TrimSpace(text)
	if len(text) == 1 && strings.IndexByte("STRIDE", text[0]) >= 0 {
		return threat.STRIDE(text), true
	}
	if len(text) > 80 {
		return "", false
	}
	words := headingWords(text)
	if len(words) == 0 || len(words) > 8 {
		return "", false
	}
	if k, ok := l.stride[strings.Join(words, " ")]; ok {
		return k, true
	}
	// "S – Spoofing", "Spoofing threats"
	for n := len(words); n > 0; n-- {
		if k, ok := l.stride[strings.Join(words[:n], " ")]; ok && l.strideTail(words[n:], k) {
			return k, true
		}
	}
	return "", false
}

// strideTail reports whether words after a kind's name add nothing: "threats", "(dos)".
func (l *Lexicon) strideTail(words []string, k threat.STRIDE) bool {
	for _, w := range words {
		switch {
		case w == "threats" || w == "threat" || w == "attacks" || w == "risks" || w == "/" || w == "&" || w == "and" || w == "of" || w == "the":
		case l.stride[w] == k:
		default:
			return false
		}
	}
	return true
}
