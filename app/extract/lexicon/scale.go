package lexicon

import (
	"strconv"
	"strings"

	"github.com/throughline/throughline/app/threat"
)

// Severity reads a rating: a word of a common scale in English, German or French, a CVSS score or a number with its scale
// ("7.5", "8/10", "High (7.5)", "P1"). ok is false for what is no rating.
func (l *Lexicon) Severity(text string) (s threat.Severity, ok bool) {
	t := strings.ToLower(strings.Trim(strings.TrimSpace(text), ".:;*_ "))
	if t == "" || len(t) > 60 {
		return "", false
	}
	if s, ok = l.severity[t]; ok {
		return s, true
	}
	words := Words(t)
	if len(words) > 6 {
		return "", false
	}
	// "high (7.5)", "high - p1", "🔴 high", "risk: high"
	for i, w := range words {
		if i+1 < len(words) {
			if s, ok := l.severity[w.Text+" "+words[i+1].Text]; ok {
				return s, true
			}
		}
		if s, ok := l.severity[w.Text]; ok && (len(w.Text) > 2 || i == 0) && !(i > 0 && l.words[words[i-1].Text].Has(Negation)) {
			return s, true
		}
	}
	return number(t)
}

// number reads a score. CVSS bands: FIRST, CVSS v3.1 specification, table 14.
func number(t string) (threat.Severity, bool) {
	t, _, _ = strings.Cut(t, " (")
	t = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(t, "cvss"), ":"), " "))
	of := 10.0
	if i := strings.IndexByte(t, '/'); i > 0 {
		scale, err := strconv.ParseFloat(strings.TrimSpace(t[i+1:]), 64)
		if err != nil || scale <= 1 || scale > 100 {
			return "", false
		}
		of, t = scale, strings.TrimSpace(t[:i])
	} else if !strings.Contains(t, ".") {
		return "", false // a bare integer: its scale is not known
	}
	v, err := strconv.ParseFloat(t, 64)
	if err != nil || v < 0 || v > of {
		return "", false
	}
	return band(v / of * 10), true
}

func band(v float64) threat.Severity {
	switch {
	case v >= 9:
		return threat.Critical
	case v >= 7:
		return threat.High
	case v >= 4:
		return threat.Medium
	case v > 0:
		return threat.Low
	}
	return threat.Unstated
}

// Combine rates a threat by its likelihood and impact on the usual matrix: the mean of both, rounded up.
func Combine(likelihood, impact threat.Severity) threat.Severity {
	if likelihood == "" || impact == "" {
		return threat.Unstated
	}
	ranks := []threat.Severity{"", threat.Low, threat.Medium, threat.High, threat.Critical}
	return ranks[(likelihood.Rank()+impact.Rank()+1)/2]
}

// Status reads a status word; planned or in place for one that is known, "" for another.
func (l *Lexicon) Status(text string) string {
	t := strings.ToLower(strings.Trim(strings.TrimSpace(text), ".:;*_()[] "))
	if s, ok := l.status[t]; ok {
		return s
	}
	if words := Words(t); len(words) > 0 && len(words) < 6 {
		return l.status[words[0].Text]
	}
	return ""
}

// Empty reports whether a cell or passage says that there is nothing: "", "-", "n/a", "none", "✓".
func (l *Lexicon) Empty(text string) bool {
	text = strings.TrimSpace(text)
	if len(text) <= longestEmpty && l.empty[strings.ToLower(text)] {
		return true
	}
	for i := range len(text) {
		if wordRune(text[i:]) > 0 {
			return false
		}
	}
	return true
}

const longestEmpty = 40 // bytes
