package trace

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline/throughline/app/document"
)

// synonyms are what authors exchange when they go over their own sentences.
var synonyms = map[string][]string{
	"attacker": {"adversary", "intruder"}, "attackers": {"adversaries", "intruders"}, "adversary": {"attacker"},
	"malicious": {"hostile", "rogue"}, "user": {"person", "account"}, "users": {"people", "accounts"},
	"access": {"reach", "entry"}, "gain": {"get", "obtain"}, "gains": {"gets", "obtains"}, "obtain": {"get"},
	"could": {"can", "may"}, "can": {"could", "might"}, "may": {"could", "might"}, "might": {"may"},
	"unauthorized": {"unauthorised", "forbidden"}, "sensitive": {"confidential"}, "data": {"information"},
	"information": {"data"}, "compromise": {"take over", "subvert"}, "compromised": {"taken over", "subverted"},
	"cause": {"lead to", "bring about"}, "leads": {"results"}, "leading": {"resulting"}, "allow": {"let", "enable"},
	"allows": {"lets", "enables"}, "modify": {"change", "alter"}, "modified": {"changed", "altered"},
	"modification": {"change", "alteration"}, "execute": {"run"}, "execution": {"running"}, "steal": {"take", "exfiltrate"},
	"vulnerability": {"weakness", "flaw"}, "vulnerabilities": {"weaknesses", "flaws"}, "exploit": {"abuse", "use"},
	"credentials": {"secrets"}, "service": {"system"}, "system": {"service"}, "due": {"owing"}, "because": {"since"},
	"without": {"lacking"}, "using": {"with", "by"}, "ensure": {"make sure"}, "prevent": {"stop", "hinder"},
	"potential": {"possible"}, "potentially": {"possibly"}, "resources": {"capacity"}, "exhaust": {"use up"},
	"impersonate": {"pose as"}, "impersonating": {"posing as"}, "disclosure": {"exposure"}, "leak": {"disclose"},
	"large": {"big"}, "high": {"great"}, "increase": {"raise"}, "use": {"employ"}, "used": {"employed"}, "via": {"through"},
	"through": {"via"}, "to": {"in order to"}, "if": {"when"}, "when": {"if"}, "and": {"as well as"}, "the": {"this", "a"},
	"a": {"the", "one"}, "an": {"the"}, "is": {"becomes"}, "are": {"become"}, "this": {"that"}, "will": {"would"},
}

// wordsIn are the spans of the words that a reader sees in a part of the page. Words with digits are names and are left alone.
func (v view) wordsIn(at document.Span) (out []document.Span) {
	document.Walk(v.doc.Root, func(n *document.Node) bool {
		if n.Span.End <= at.Start || n.Span.Start >= at.End {
			return false
		}
		if n.Kind != document.Text || !n.Exact() {
			return true
		}
		text := string(v.text[n.Span.Start:n.Span.End])
		for i := 0; i < len(text); {
			r, size := utf8.DecodeRuneInString(text[i:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				i += size
				continue
			}
			end := i
			for end < len(text) {
				r, size := utf8.DecodeRuneInString(text[end:])
				if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
					break
				}
				end += size
			}
			word := document.Span{Start: n.Span.Start + i, End: n.Span.Start + end}
			if at.Start <= word.Start && word.End <= at.End && !strings.ContainsAny(text[i:end], "0123456789") {
				out = append(out, word)
			}
			i = end
		}
		return true
	})
	return out
}

// instead writes text in the place of a span, as the same text worded otherwise.
func (v view) instead(at document.Span, text string) edit {
	with := source{v.format, []byte(text), make([]int32, len(text))}
	for i := range with.from {
		with.from[i] = v.from[at.Start]
	}
	return edit{at, with}
}

// rewordPage replaces a share of every threat's words: by synonyms where there are some, else by another word; one in eight is
// dropped.
func rewordPage(share func(*author) float64, other func(*author, view) string) step {
	return func(a *author, v view) source {
		var edits []edit
		for _, f := range v.found {
			all := v.wordsIn(f.At)
			a.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			for _, at := range all[:int(share(a)*float64(len(all)))] {
				was := string(v.text[at.Start:at.End])
				with := ""
				if same := synonyms[strings.ToLower(was)]; len(same) > 0 && a.rng.IntN(4) > 0 {
					with = same[a.rng.IntN(len(same))]
				} else if a.rng.IntN(8) > 0 {
					with = other(a, v)
				}
				if r, n := utf8.DecodeRuneInString(was); unicode.IsUpper(r) && with != "" && n == 1 {
					with = strings.ToUpper(with[:1]) + with[1:]
				}
				edits = append(edits, v.instead(at, with))
			}
		}
		return v.apply(edits)
	}
}

// mistypePage makes a slip in about every eighth longer word of every threat.
func mistypePage(a *author, v view) source {
	var edits []edit
	for _, f := range v.found {
		for _, at := range v.wordsIn(f.At) {
			if r := []rune(string(v.text[at.Start:at.End])); len(r) > 3 && a.rng.IntN(8) == 0 {
				edits = append(edits, v.instead(at, string(slip(a.rng, r))))
			}
		}
	}
	return v.apply(edits)
}

func slip(rng *rand.Rand, r []rune) []rune {
	at := 1 + rng.IntN(len(r)-2)
	switch rng.IntN(4) {
	case 0:
		return slices.Delete(r, at, at+1)
	case 1:
		r[at], r[at+1] = r[at+1], r[at]
	case 2:
		return slices.Insert(r, at, r[at])
	default:
		r[at] = rune('a' + rng.IntN(26))
	}
	return r
}
