package lexicon

import (
	"fmt"
	"strings"
)

// Role is what a column, label or card key says that its content is.
type Role int

// The roles; roles.yaml says which words name them.
const (
	None Role = iota
	ID
	Threat
	Concern // "issue", "problem": a threat where the surroundings say so
	Title
	Description
	Category
	Element
	Mitigation
	Severity
	Likelihood
	Impact
	Owner
	Status
	Ticket
	Actor
	Reference // known, and no part of a threat
	Example
	Component // the part of the organisation's own catalogue that a threat belongs to
)

var roleNames = [...]string{
	"", "id", "threat", "concern", "title", "description", "category", "element", "mitigation", "severity",
	"likelihood", "impact", "owner", "status", "ticket", "actor", "reference", "example", "component",
}

func (r Role) String() string { return roleNames[r] }

func roleNamed(name string) (Role, error) {
	for i, n := range roleNames {
		if i > 0 && n == name {
			return Role(i), nil
		}
	}
	return None, fmt.Errorf("no role is called %q", name)
}

// Role reads a column header, label or card key by its head word ("risk owner" is an owner, "description of the threat" a
// description); None when it names no role or is too long for a name.
func (l *Lexicon) Role(text string) Role {
	text = unbracket(text)
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '/' || r == '&' || r == '|' || r == '+' || r == ',' }) {
		if role := l.rolePart(part); role != None {
			return role
		}
	}
	return l.rolePart(text)
}

func (l *Lexicon) rolePart(text string) Role {
	if strings.TrimSpace(text) == "#" {
		return ID
	}
	words := Words(text)
	for len(words) > 1 && (isNumber(words[len(words)-1].Text) || isNumber(words[0].Text)) {
		if isNumber(words[0].Text) {
			words = words[1:]
		} else {
			words = words[:len(words)-1]
		}
	}
	if len(words) == 0 || len(words) > 9 {
		return None
	}
	var phrase strings.Builder
	for i, w := range words {
		if i > 0 {
			phrase.WriteByte(' ')
		}
		phrase.WriteString(w.Text)
	}
	if r, ok := l.phrases[phrase.String()]; ok {
		return r
	}
	if len(words) > 6 {
		return None
	}
	head := len(words)
	for i, w := range words {
		switch w.Text {
		case "of", "for", "to", "in", "by", "from", "on", "and", "or", "und", "der", "des", "de", "du", "et", "against", "is", "with", "at":
			if i > 0 {
				head = min(head, i)
			}
		}
	}
	return l.roles[words[head-1].Text]
}

// Word is the role that a single word in lower case names.
func (l *Lexicon) Word(word string) Role { return l.roles[word] }

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// unbracket cuts what stands in brackets.
func unbracket(s string) string {
	for {
		i := strings.IndexAny(s, "([")
		if i < 0 {
			return s
		}
		j := strings.IndexAny(s[i:], ")]")
		if j < 0 || strings.TrimSpace(s[:i]+s[i+j+1:]) == "" {
			return s
		}
		s = s[:i] + " " + s[i+j+1:]
	}
}

// Plain reports whether a label names a threat in plain words ("Threat 2", "Security risk", "Abuse case"), not a certain kind of
// them ("Build threats").
func (l *Lexicon) Plain(label string) bool {
	words := Words(unbracket(label))
	for len(words) > 0 && isNumber(words[len(words)-1].Text) {
		words = words[:len(words)-1]
	}
	phrase := make([]string, len(words))
	for i, w := range words {
		phrase[i] = w.Text
	}
	if _, ok := l.phrases[strings.Join(phrase, " ")]; ok {
		return true
	}
	for _, w := range phrase {
		switch w {
		case "potential", "possible", "main", "key", "security", "primary", "identified", "stated", "known", "the", "and", "description", "scenario", "statement", "stride", "privacy", "title", "name", "mögliche", "potenzielle":
			continue
		}
		if r := l.roles[w]; r != Threat && r != Concern {
			return false
		}
	}
	return len(phrase) > 0
}

// Ends reports whether a label can end with a word: a quick test before Role.
func (l *Lexicon) Ends(word string) bool {
	if len(word) > 24 {
		return false
	}
	word = strings.Trim(lower(word), "*_\"'()")
	return l.roles[word] != None || l.ends[word] || isNumber(word)
}
