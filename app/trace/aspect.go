package trace

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/throughline/throughline/app/threat"
)

// The parts of a threat's text that a Pair's What can name, in the order in which it lists them. Where a threat stands on its
// page is none of them.
const (
	Wording    = "wording" // title, statement or quote, beyond what the other parts say
	Label      = "label"
	STRIDE     = "STRIDE"
	Severity   = "severity"
	Element    = "element"
	Owner      = "owner" // the person or component that the page names
	Ticket     = "ticket"
	Status     = "status"
	Mitigation = "mitigation"
	Reference  = "reference" // CWE and CAPEC
)

// differences lists what differs between two texts of one threat. Case, punctuation and white space do not count.
func differences(a, b *threat.Text) []string {
	var out []string
	note := func(what string, differs bool) {
		if differs {
			out = append(out, what)
		}
	}
	note(Wording, unlike(a.Title, b.Title) || unlike(a.Statement, b.Statement) || a.Quote != b.Quote && !slices.Equal(rest(a), rest(b)))
	note(Label, a.Label != b.Label)
	note(STRIDE, !sameSet(a.STRIDE, b.STRIDE))
	note(Severity, a.Severity != b.Severity || unlike(a.SeverityRaw, b.SeverityRaw))
	note(Element, unlike(a.Element, b.Element))
	note(Owner, a.Person != b.Person || a.Component != b.Component)
	note(Ticket, a.Ticket != b.Ticket)
	note(Status, unlike(a.Status, b.Status))
	note(Mitigation, !slices.EqualFunc(a.Mitigations, b.Mitigations, func(x, y threat.Mitigation) bool {
		return x.Status == y.Status && !unlike(x.Quote, y.Quote)
	}))
	note(Reference, !sameSet(a.CWE, b.CWE) || !sameSet(a.CAPEC, b.CAPEC))
	return out
}

// words splits s into lower-case words.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
	})
}

// unlike reports whether two strings differ in their words.
func unlike(a, b string) bool { return a != b && !slices.Equal(words(a), words(b)) }

func sameSet[T ~string](a, b []T) bool {
	set := func(of []T) map[T]bool {
		out := make(map[T]bool, len(of))
		for _, one := range of {
			out[one] = true
		}
		return out
	}
	return maps.Equal(set(a), set(b))
}

// rest is the words of a quote that no other aspect accounts for. The quote of a table's row holds all its cells.
func rest(t *threat.Text) []string {
	parts := []string{t.Label, t.SeverityRaw, string(t.Severity), t.Element, t.Person.Name, t.Component, t.Ticket, t.Status}
	for _, s := range t.STRIDE {
		parts = append(parts, string(s), s.Name())
	}
	parts = append(parts, t.CWE...)
	parts = append(parts, t.CAPEC...)
	for _, m := range t.Mitigations {
		parts = append(parts, m.Quote, m.Status)
	}
	drop := map[string]bool{}
	for _, part := range parts {
		for _, w := range words(part) {
			drop[w] = true
		}
	}
	for _, w := range words(t.Title + " " + t.Statement) { // what these say is compared by itself
		delete(drop, w)
	}
	return slices.DeleteFunc(words(t.Quote), func(w string) bool { return drop[w] })
}
