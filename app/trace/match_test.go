package trace

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/threat"
)

// told writes a match as lines: "same 1=2" is known threat 1 and found text 2, both from 0.
func told(known []threat.Threat, found []threat.Text, m Match) []string {
	var out []string
	indexOf := func(t threat.Text) int {
		return slices.IndexFunc(found, func(f threat.Text) bool { return f.At == t.At })
	}
	knownAt := func(k threat.Threat) int {
		return slices.IndexFunc(known, func(o threat.Threat) bool { return o.ID == k.ID })
	}
	pairs := func(word string, of []Pair) {
		for _, p := range of {
			line := fmt.Sprintf("%s %d=%d", word, knownAt(p.Known), indexOf(p.Found))
			if len(p.What) > 0 {
				line += " " + strings.Join(p.What, ", ")
			}
			out = append(out, line)
		}
	}
	pairs("same", m.Same)
	pairs("changed", m.Changed)
	pairs("back", m.Back)
	for _, t := range m.New {
		out = append(out, fmt.Sprint("new ", indexOf(t)))
	}
	for _, k := range m.Gone {
		out = append(out, fmt.Sprint("gone ", knownAt(k)))
	}
	return out
}

func TestReconcile(t *testing.T) {
	quote := func(s string) threat.Text { return threat.Text{Title: s, Quote: s} }
	with := func(t threat.Text, do func(*threat.Text)) threat.Text { do(&t); return t }
	tag := func(label, s string) threat.Text {
		return threat.Text{Label: label, Title: s, Quote: label + " " + s}
	}
	const (
		fixation = "A session may be fixed before login and taken over afterwards"
		floods   = "Anonymous clients flood the search endpoint until it falls over"
		logs     = "Passwords end up in the debug logs of the proxy"
		measures = "Serve it on a socket that only the root user can open, write down in the manual which groups may read it, and alarm on others"
		other    = "Backups are copied to a bucket that everybody may read"
	)
	withdrawn := func(text threat.Text) threat.Threat {
		return threat.Threat{State: threat.Withdrawn, Was: threat.Open, Text: text}
	}
	live := func(all ...threat.Text) (out []threat.Threat) {
		for _, text := range all {
			out = append(out, threat.Threat{State: threat.Open, Text: text})
		}
		return out
	}
	for _, row := range []struct {
		name  string
		known []threat.Threat
		found []threat.Text
		want  []string
	}{
		{name: "nothing"},
		{"a first version", nil, []threat.Text{quote(fixation), quote(floods)}, []string{"new 0", "new 1"}},
		{"all gone", live(quote(fixation), quote(floods)), nil, []string{"gone 0", "gone 1"}},
		{"as it was", live(quote(fixation), quote(floods)), []threat.Text{quote(fixation), quote(floods)}, []string{"same 0=0", "same 1=1"}},
		{"exchanged", live(quote(fixation), quote(floods)), []threat.Text{quote(floods), quote(fixation)}, []string{"same 1=0", "same 0=1"}},
		{"case, punctuation and space are no change", live(quote(fixation)), []threat.Text{quote("a session  MAY be fixed, before login, and taken over afterwards.")}, []string{"same 0=0"}},
		{"one replaced in its place", live(quote(fixation), quote(floods), quote(logs)), []threat.Text{quote(fixation), quote(other), quote(logs)}, []string{"same 0=0", "same 2=2", "new 1", "gone 1"}},
		{"reworded", live(quote(fixation)), []threat.Text{quote("A session can be fixed before sign-in and be taken over afterwards")}, []string{"changed 0=0 wording"}},
		{"withdrawn stays so", append(live(quote(floods)), withdrawn(quote(fixation))), []threat.Text{quote(floods)}, []string{"same 0=0"}},
		{"withdrawn comes back", append(live(quote(floods)), withdrawn(quote(fixation))), []threat.Text{quote(fixation), quote(floods)}, []string{"same 0=1", "back 1=0"}},
		{"what is there goes before what is withdrawn", []threat.Threat{withdrawn(quote(fixation)), live(quote(fixation))[0]}, []threat.Text{quote(fixation)}, []string{"same 1=0"}},
		{"twins keep their order", live(quote(fixation), quote(fixation)), []threat.Text{quote(fixation), quote(fixation)}, []string{"same 0=0", "same 1=1"}},
		{"of twins the one beside its neighbour stays", live(quote(fixation), quote(floods), quote(fixation), quote(logs)), []threat.Text{quote(floods), quote(fixation), quote(logs)}, []string{"same 1=0", "same 2=1", "same 3=2", "gone 0"}},
		{"a copy is new", live(quote(fixation)), []threat.Text{quote(fixation), quote(fixation)}, []string{"same 0=0", "new 1"}},
		{"a label outlives all its words", live(tag("T-01", fixation), tag("T-02", floods)), []threat.Text{tag("T-01", other), tag("T-02", floods)}, []string{"same 1=1", "changed 0=0 wording"}},
		{"a label that stands twice does not", live(tag("T-01", fixation)), []threat.Text{tag("T-01", other), tag("T-01", logs)}, []string{"new 0", "new 1", "gone 0"}},
		{"a bare number is a row's", live(tag("1", fixation), tag("2", floods)), []threat.Text{tag("1", other), tag("2", floods)}, []string{"same 1=1", "new 0", "gone 0"}},
		{"renumbered", live(tag("T-01", fixation), tag("T-02", floods)), []threat.Text{tag("T-01", other), tag("T-02", fixation), tag("T-03", floods)}, []string{"changed 0=1 label", "changed 1=2 label", "new 0"}},
		{"an author wrote the id on the page", live(quote(fixation), quote(floods)), []threat.Text{quote(floods), tag("T-0", other)}, []string{"same 1=0", "changed 0=1 wording, label"}},
		{"a stated issue outlives all its words", live(with(quote(fixation), func(t *threat.Text) { t.Ticket = "SEC-1" })), []threat.Text{with(quote(other), func(t *threat.Text) { t.Ticket = "SEC-1" })}, []string{"changed 0=0 wording"}},
		{
			"two rows of a template, one replaced", live(quote("Spoofing of the login page by an outsider"), quote("Spoofing of the mail relay by an outsider")),
			[]threat.Text{quote("Spoofing of the mail relay by an outsider"), quote("Spoofing of the job queue by an outsider")},
			[]string{"same 1=0", "new 1", "gone 0"},
		},
		{
			"a threat whose measures stayed for another one",
			live(with(quote("Misuse of the API"), func(t *threat.Text) { t.Mitigations = []threat.Mitigation{{Quote: measures}} }), quote(floods), quote(logs)),
			[]threat.Text{with(quote("Backups in an open bucket"), func(t *threat.Text) { t.Mitigations = []threat.Mitigation{{Quote: measures}} }), quote(floods), quote(logs)},
			[]string{"same 1=1", "same 2=2", "new 0", "gone 0"},
		},
		{
			"a threat that became the text under another's title in another section",
			live(with(quote(fixation), func(t *threat.Text) { t.Section = []string{"Sessions"} }), quote(floods), quote(logs)),
			[]threat.Text{with(quote("Draining"), func(t *threat.Text) { t.Statement, t.Section = fixation, []string{"Lending"} }), quote(floods), quote(logs)},
			[]string{"same 1=1", "same 2=2", "new 0", "gone 0"},
		},
		{
			"the same sentence under another title",
			live(with(quote(fixation), func(t *threat.Text) {
				t.Title, t.Mitigations = "Sessions", []threat.Mitigation{{Quote: measures}, {Quote: "Issue a new session id"}}
			}), quote(floods), quote(logs)),
			[]threat.Text{with(quote(fixation), func(t *threat.Text) { t.Title = "Compromised browsers in kiosks and other shared places" }), quote(floods), quote(logs)},
			[]string{"same 1=1", "same 2=2", "changed 0=0 wording, mitigation"},
		},
		{
			"another cell became the title", live(quote("Inadequate logging"), quote(floods)),
			[]threat.Text{{Title: "Generic", Quote: "Generic", Statement: "Inadequate logging."}, quote(floods)},
			[]string{"same 1=1", "changed 0=0 wording"},
		},
		{"facts", live(quote(fixation)), []threat.Text{with(quote(fixation), func(t *threat.Text) {
			t.Severity, t.Person, t.Status, t.STRIDE, t.CWE = threat.High, threat.Person{Name: "Ada"}, "open", []threat.STRIDE{threat.Spoofing}, []string{"CWE-384"}
			t.Mitigations = []threat.Mitigation{{Quote: "Issue a new session id at login"}}
			t.Element, t.Ticket = "login", "SEC-9"
		})}, []string{"changed 0=0 STRIDE, severity, element, owner, ticket, status, mitigation, reference"}},
		{
			"a cell of the row is no wording", live(with(threat.Text{Title: fixation, Quote: fixation + " | High | Ada"}, func(t *threat.Text) { t.Severity, t.SeverityRaw, t.Person.Name = threat.High, "High", "Ada" })),
			[]threat.Text{with(threat.Text{Title: fixation, Quote: fixation + " | Low | Grace"}, func(t *threat.Text) { t.Severity, t.SeverityRaw, t.Person.Name = threat.Low, "Low", "Grace" })},
			[]string{"changed 0=0 severity, owner"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			for i := range row.known {
				row.known[i].ID = threat.ID(fmt.Sprint("T-", i))
				row.known[i].Text.At = document.Span{Start: i * 100, End: i*100 + 50}
			}
			for i := range row.found {
				row.found[i].At = document.Span{Start: i * 100, End: i*100 + 60}
			}
			if diff := cmp.Diff(row.want, told(row.known, row.found, Reconcile(row.known, row.found))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// FuzzReconcile feeds lines as texts and holds the match to its promises: everything in exactly one place, and nothing in
// the arguments changed.
func FuzzReconcile(f *testing.F) {
	f.Add("spoofing of login\ntampering of login\nT-1 floods", "tampering of login\nspoofing of logim\n\nT-1 else", uint8(1))
	f.Add("a\na\na", "a\na\na\na", uint8(0))
	f.Add("Überwachung fällt aus\n\xff\xfe\x00", "überwachung  fällt AUS\n\x00", uint8(3))
	f.Fuzz(func(t *testing.T, before, after string, withdrawn uint8) {
		lines := func(s string) (out []threat.Text) {
			for i, line := range strings.SplitN(s, "\n", 60) {
				text := threat.Text{Title: line, Quote: line, At: document.Span{Start: i}}
				text.Label, _, _ = strings.Cut(line, " ")
				out = append(out, text)
			}
			return out
		}
		var known []threat.Threat
		for i, text := range lines(before) {
			k := threat.Threat{ID: threat.ID(fmt.Sprint(i)), State: threat.Open, Text: text}
			if withdrawn>>(i%8)&1 == 1 {
				k.State = threat.Withdrawn
			}
			known = append(known, k)
		}
		found := lines(after)
		knownWas, foundWas := slices.Clone(known), slices.Clone(found)
		m := Reconcile(known, found)
		seen, stated := map[threat.ID]int{}, map[int]int{}
		for _, p := range slices.Concat(m.Same, m.Changed, m.Back) {
			seen[p.Known.ID]++
			stated[p.Found.At.Start]++
		}
		for _, p := range m.Back {
			if p.Known.State != threat.Withdrawn {
				t.Errorf("%s is back and was never gone", p.Known.ID)
			}
		}
		for _, text := range m.New {
			stated[text.At.Start]++
		}
		for _, k := range m.Gone {
			seen[k.ID]++
		}
		for _, k := range known {
			if n := seen[k.ID]; n > 1 || n == 0 && k.State != threat.Withdrawn {
				t.Errorf("threat %s stands in %d places", k.ID, n)
			}
		}
		for i := range found {
			if stated[i] != 1 {
				t.Errorf("text %d stands in %d places", i, stated[i])
			}
		}
		if diff := cmp.Diff(knownWas, known); diff != "" {
			t.Errorf("known was changed\n%s", diff)
		}
		if diff := cmp.Diff(foundWas, found); diff != "" {
			t.Errorf("found was changed\n%s", diff)
		}
		if diff := cmp.Diff(m, Reconcile(known, found)); diff != "" {
			t.Errorf("twice the same gives another match\n%s", diff)
		}
	})
}
