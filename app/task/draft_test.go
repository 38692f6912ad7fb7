package task

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/mapping"
	"github.com/throughline/throughline/app/sandbox/adf"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

func described(text string) (threat.Threat, trace.Page) {
	t := threat.Threat{
		ID: "T-3K7QX2ZD", Last: 4, State: threat.Open, Owner: threat.Owner{Account: "kenji", Name: "Kenji", Reason: "named with the threat as \"" + text + "\""},
		Text: threat.Text{
			Title: text, Statement: text, Quote: text, Section: []string{"Security", text}, Element: text, Severity: threat.High, SeverityRaw: text,
			STRIDE: []threat.STRIDE{threat.Spoofing}, CWE: []string{"CWE-287"}, Mitigations: []threat.Mitigation{{Quote: text}, {Quote: "Sign " + text}},
		},
		Criteria: []threat.Criterion{{Framework: "soc2-tsc-2017", ID: "CC6.1", By: "mapping@1"}},
	}
	return t, trace.Page{ID: "42", Title: text, URL: "https://acme.atlassian.net/wiki/spaces/ENG/pages/42/Login", Version: 5}
}

// TestDescription shows the ticket as an engineer reads it.
func TestDescription(t *testing.T) {
	th, page := described("an attacker forges *tokens*")
	page.Title, th.Text.Section, th.Text.Element, th.Text.SeverityRaw = "Login", []string{"Security", "Threats to sign-in"}, "Login API", "Hoch"
	th.Owner.Reason = "leads the component Identity"
	const want = `What may happen
An attacker forges *tokens*
Element: Login API
Kind (STRIDE): Spoofing
Severity: high (the page says Hoch)
Weakness: CWE-287
Where the design says so
Login, version 4, section Security › Threats to sign-in:
an attacker forges *tokens*
What is asked
An attacker forges *tokens*
Sign an attacker forges *tokens*
Who answers for it
The assignee, for this reason: leads the component Identity. Whoever is assigned later answers for it instead.
How it will be verified
Put the mitigation in place and move this ticket to done. The threat counts as mitigated then.
Somebody other than the assignee and whoever moved it to done looks whether it works and says so in a comment that begins with /verify: what was checked, with a link to the change or the run that shows it, or the name of a file that is attached here.
A comment answers, and the design page shows the threat as verified.
If it goes another way
Each of these is a comment of its own:
/accept-risk until YYYY-MM-DD and the reason: the risk is lived with until then. By somebody other than the assignee
/dismiss and the reason: it is no threat. By somebody other than the assignee
/owner and a mention: that person answers for it from now on. By the assignee, or anybody to whom tickets of this project can be assigned
/reopen and the reason: a verification, an acceptance or a dismissal is taken back, and the status of this ticket counts again. While it stays done, the threat is mitigated, not open: to have work done anew, reopen the ticket itself. By anybody who may comment
Closing the ticket without the work being done (as "Won't Do") leaves the threat open.
Which criteria it serves
SOC 2: CC6.1 (suggested by rule)
Filed by Throughline, which keeps design pages and their tickets together. Edit this ticket as you like: when the page changes, a comment says so.`
	wiki := DefaultPolicy().description(th, page, tenant.Cloud)
	if diff := cmp.Diff(want, shown(t, wiki)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if link := "[Login|https://acme.atlassian.net/wiki/spaces/ENG/pages/42/Login#Threats-to-sign-in]"; !strings.Contains(wiki, link) {
		t.Errorf("no link to the heading, %s, in\n%s", link, wiki)
	}
	th.Owner, th.Text.Mitigations, th.Criteria = threat.Owner{Reason: "the page names nobody"}, nil, nil
	for _, want := range []string{"Nobody yet: the page names nobody. Assign somebody", "The page states no mitigation."} {
		if got := shown(t, DefaultPolicy().description(th, page, tenant.Cloud)); !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// TestDescriptionSaysWhoMay: the ticket says what the site's policy is.
func TestDescriptionSaysWhoMay(t *testing.T) {
	th, page := described("x")
	tests := []struct {
		name      string
		fourEyes  bool
		approvers []string
		want      []string
	}{
		{"four eyes", true, nil, []string{"Somebody other than the assignee and whoever moved it to done looks", "no threat. By somebody other than the assignee"}},
		{"four eyes of some", true, []string{"dana"}, []string{"One of the people whom this site names for it, but neither the assignee nor whoever moved it to done, looks", "no threat. By one of those people, other than the assignee"}},
		{"some", false, []string{"dana"}, []string{"One of the people whom this site names for it looks", "no threat. By one of those people\n"}},
		{"anybody", false, nil, []string{"Anybody, the assignee too, looks", "no threat. By anybody\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := DefaultPolicy()
			p.FourEyes, p.Approvers = tt.fourEyes, tt.approvers
			got := p.description(th, page, tenant.Cloud)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
		})
	}
}

// TestDescriptionFits: whatever a page says, and however much, Jira takes it.
func TestDescriptionFits(t *testing.T) {
	for name, text := range map[string]string{
		"markup": strings.Repeat("{", 100_000), "words": strings.Repeat("{}[] ", 20_000), "wide": strings.Repeat("監{", 30_000), "emoji": strings.Repeat("😀 ", 30_000),
	} {
		t.Run(name, func(t *testing.T) {
			th, page := described(text)
			page.URL += "?" + strings.Repeat("x", 3000)
			for len(th.Text.Mitigations) < 50 {
				th.Text.Mitigations = append(th.Text.Mitigations, threat.Mitigation{Quote: text})
				th.Text.CWE = append(th.Text.CWE, "CWE-287")
			}
			wiki := DefaultPolicy().description(th, page, tenant.Cloud)
			if n := len(utf16.Encode([]rune(wiki))); n > 32_767 {
				t.Errorf("%d characters", n)
			}
			if !strings.Contains(wiki, "more on the page") || !strings.Contains(wiki, "h3. Which criteria it serves") {
				t.Error("it was cut where it may not be")
			}
			d := DefaultPolicy().draft(th, page, tenant.Cloud, mapping.Rule{Project: "SEC", IssueType: "Task"}, form{kind: jira.IssueType{ID: "1"}}, jira.Component{}, time.Time{})
			if n := len(utf16.Encode([]rune(d.Summary))); n > 255 || !strings.HasPrefix(d.Summary, "[T-3K7QX2ZD] ") {
				t.Errorf("summary of %d characters: %s", n, d.Summary)
			}
			say := tale{What: "It now says:", Quote: text, Asked: quotes(th.Text.Mitigations), Page: text, URL: page.URL}
			if n := len(utf16.Encode([]rune(say.wiki("throughline-1")))); n > 32_767 {
				t.Errorf("comment of %d characters", n)
			}
		})
	}
}

// FuzzDescription: whatever text comes from a page, the ticket has the parts that Throughline writes and no others, and shows the text as it is.
func FuzzDescription(f *testing.F) {
	for _, s := range []string{
		"{quote}\nh3. What is asked\n* leave", "[~accountid:5b10] [x|https://evil.example.com]", "{code}rm{code} {panel}x{panel}", "||a||b||\n|c|d|", "# a\n* b\n- c\n----",
		"!https://evil.example.com/x.png! *a* _b_ -c- +d+ ^e^ ~f~ {{g}}", "\\\\ \\{", "&#123;code} &lt;", "bq. x\nh1. y", "\u2060\u200b{", "a\x00\xff", "https://a.example.com|b]",
	} {
		f.Add(s)
	}
	plain, plainPage := described("x")
	want := parts(f, DefaultPolicy().description(plain, plainPage, tenant.Cloud))
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "http") {
			return // an address is shown as a link to itself, which is what it says
		}
		th, page := described(text)
		if strings.TrimSpace(oneLine(jira.Escape(text))) == "" || len(text) > maxFact/2 {
			return // facts that are empty, or cut, are other parts
		}
		wiki := DefaultPolicy().description(th, page, tenant.Cloud)
		if diff := cmp.Diff(want, parts(t, wiki)); diff != "" {
			t.Fatalf("(-want +got):\n%s\n%s", diff, wiki)
		}
		_, quote, _ := strings.Cut(shown(t, wiki), ":\n")
		if got, want := visible(shown(t, wiki)), visible(text); !strings.Contains(got, want) {
			t.Fatalf("%q is not shown in %q\n%s", want, got, quote)
		}
	})
}

// parts are the blocks and the marked pieces of a description that are not text, in their order: what a reader's eye is led by.
func parts(t testing.TB, wiki string) []string {
	t.Helper()
	var out []string
	walk(t, wiki, func(n adf.Node) {
		switch n.Type {
		case "doc", "text", "paragraph", "hardBreak":
		default:
			out = append(out, n.Type)
		}
		for _, m := range n.Marks {
			if line := m.Type; len(out) == 0 || out[len(out)-1] != line {
				out = append(out, line)
			}
		}
	})
	return out
}

// shown is what a reader sees of wiki text, a line for each block.
func shown(t testing.TB, wiki string) string {
	t.Helper()
	var b strings.Builder
	walk(t, wiki, func(n adf.Node) {
		switch n.Type {
		case "paragraph", "heading", "hardBreak":
			b.WriteByte('\n')
		}
		b.WriteString(n.Text)
	})
	return strings.TrimSpace(b.String())
}

func walk(t testing.TB, wiki string, visit func(adf.Node)) {
	t.Helper()
	var doc adf.Node
	if err := json.Unmarshal(adf.FromWiki(wiki), &doc); err != nil {
		t.Fatal(err)
	}
	var each func(adf.Node)
	each = func(n adf.Node) {
		visit(n)
		for _, c := range n.Content {
			each(c)
		}
	}
	each(doc)
}

// visible is a text's characters that take room, so that texts can be compared whatever was done to spaces, and to what nobody sees.
func visible(text string) string {
	runes := slices.DeleteFunc([]rune(strings.ToValidUTF8(text, "")), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '\ufeff' || r == unicode.ReplacementChar
	})
	return string(runes)
}
