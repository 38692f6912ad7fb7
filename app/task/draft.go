package task

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/mapping"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/descriptor"
)

// Label is on every ticket that Throughline files.
const Label = "throughline"

// marker is the label by which one threat's ticket is found again, whatever became of the call that filed it.
func marker(id threat.ID) string { return Label + "-" + string(id) }

// property is the issue property of a ticket, indexed for JQL.
type property struct {
	ID       threat.ID    `json:"id"`
	Page     string       `json:"page"`
	Version  int          `json:"version"`
	State    threat.State `json:"state"`
	Criteria []string     `json:"criteria"`
}

func propertyOf(t threat.Threat, page trace.Page) property {
	return property{t.ID, page.ID, page.Version, t.State, criterionIDs(t.Criteria)}
}

// draft writes the ticket of a threat: for an engineer who never heard of Throughline, and can act on it all the same.
func (p Policy) draft(t threat.Threat, page trace.Page, edition tenant.Edition, rule mapping.Rule, form form, part jira.Component, now time.Time) jira.Draft {
	d := jira.Draft{
		Project: rule.Project, IssueType: rule.IssueType, IssueTypeID: form.kind.ID, Parent: form.parent, Fields: form.further,
		Summary:     jira.Summary(fmt.Sprintf("[%s] %s", t.ID, t.Text.Title)),
		Description: p.description(t, page, edition),
		Labels:      []string{Label, marker(t.ID)},
		Component:   part.Name,
		Priority:    rule.Priority[t.Text.Severity],
		Assignee:    t.Owner.Account,
		Properties:  map[string]any{descriptor.PropertyKey: propertyOf(t, page)},
	}
	if days, ok := rule.DueDays[t.Text.Severity]; ok {
		d.Due = now.AddDate(0, 0, days).Format(time.DateOnly)
	}
	return d
}

// Jira takes 32,767 characters of description, and escaping can double a text. What a page says at greater length is cut, in bytes, with
// the link to the rest above it.
const (
	maxQuote       = 3000
	maxStatement   = 700 // of the threat and of each mitigation
	maxMitigations = 10
	maxFact        = 300
	maxAnchor      = 500
)

// description is wiki text. What comes from the page is escaped: it can't inject markup, mentions or macros.
func (p Policy) description(t threat.Threat, page trace.Page, edition tenant.Edition) string {
	var b strings.Builder
	section := func(title string) { fmt.Fprintf(&b, "h3. %s\n", title) }
	section("What may happen")
	fmt.Fprintf(&b, "%s\n\n", jira.Escape(sentence(cut(cmp.Or(t.Text.Statement, t.Text.Title), maxStatement))))
	for _, fact := range [][2]string{
		{"Element", t.Text.Element},
		{"Kind (STRIDE)", strideNames(t.Text)},
		{"Severity", severityText(t.Text)},
		{"Weakness", strings.Join(append(append([]string{}, t.Text.CWE...), t.Text.CAPEC...), ", ")},
	} {
		if fact[1] != "" {
			fmt.Fprintf(&b, "* *%s:* %s\n", fact[0], jira.Escape(cut(oneLine(fact[1]), maxFact)))
		}
	}
	section("Where the design says so")
	fmt.Fprintf(&b, "%s, version %d", link(page, edition, t.Text.Section), t.Last)
	if len(t.Text.Section) > 0 {
		fmt.Fprintf(&b, ", section %s", jira.Escape(cut(oneLine(strings.Join(t.Text.Section, " › ")), maxFact)))
	}
	fmt.Fprintf(&b, ":\n\n{quote}\n%s\n{quote}\n\n", jira.Escape(cut(t.Text.Quote, maxQuote)))
	section("What is asked")
	if len(t.Text.Mitigations) == 0 {
		b.WriteString("The page states no mitigation. Decide on one with the page's owner and write it into the page beside the threat; this ticket is told.\n")
	}
	for i, m := range t.Text.Mitigations {
		if i == maxMitigations {
			fmt.Fprintf(&b, "* and %d more on the page\n", len(t.Text.Mitigations)-i)
			break
		}
		fmt.Fprintf(&b, "* %s\n", jira.Escape(sentence(cut(oneLine(m.Quote), maxStatement))))
	}
	section("Who answers for it")
	if t.Owner.Known() {
		fmt.Fprintf(&b, "The assignee, for this reason: %s. Whoever is assigned later answers for it instead.\n", jira.Escape(cut(oneLine(t.Owner.Reason), maxFact)))
	} else {
		fmt.Fprintf(&b, "Nobody yet: %s. Assign somebody, or name them on the page beside the threat.\n", jira.Escape(cut(oneLine(t.Owner.Reason), maxFact)))
	}
	section("How it will be verified")
	b.WriteString(p.verifying())
	if len(t.Criteria) > 0 {
		section("Which criteria it serves")
		fmt.Fprintf(&b, "SOC 2: %s (suggested by rule)\n", strings.Join(criterionIDs(t.Criteria), ", "))
	}
	b.WriteString("\n_Filed by Throughline, which keeps design pages and their tickets together. Edit this ticket as you like: when the page changes, a comment says so._\n")
	return b.String()
}

// judges is who verifies, and who decides otherwise, as the site's policy has it.
func (p Policy) judges() (verifies, decides string) {
	switch named := len(p.Approvers) > 0; {
	case named && p.FourEyes:
		return "one of the people whom this site names for it, but neither the assignee nor whoever moved it to done,", "one of those people, other than the assignee"
	case named:
		return "one of the people whom this site names for it", "one of those people"
	case p.FourEyes:
		return "somebody other than the assignee and whoever moved it to done", "somebody other than the assignee"
	}
	return "anybody, the assignee too,", "anybody"
}

// verifying says what happens after the work, and by which comments of whom people say the rest.
func (p Policy) verifying() string {
	who, decides := p.judges()
	return fmt.Sprintf(`# Put the mitigation in place and move this ticket to done. The threat counts as mitigated then.
# %[1]s looks whether it works and says so in a comment that begins with {{/verify}}: what was checked, with a link to the change or the run that shows it, or the name of a file that is attached here.
# A comment answers, and the design page shows the threat as verified.

h3. If it goes another way
Each of these is a comment of its own:
* {{/accept-risk until YYYY-MM-DD}} and the reason: the risk is lived with until then. By %[2]s
* {{/dismiss}} and the reason: it is no threat. By %[2]s
* {{/owner}} and a mention: that person answers for it from now on. By the assignee, or anybody to whom tickets of this project can be assigned
* {{/reopen}} and the reason: a verification, an acceptance or a dismissal is taken back, and the status of this ticket counts again. While it stays done, the threat is mitigated, not open: to have work done anew, reopen the ticket itself. By anybody who may comment

Closing the ticket without the work being done (as "Won't Do") leaves the threat open.
`, sentence(who), decides)
}

// sentence begins a text with a capital where its first word is one of small letters: on the page it may have stood after others.
func sentence(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[n:])
	if unicode.IsLower(first) && !unicode.IsUpper(second) {
		return string(unicode.ToUpper(first)) + text[n:]
	}
	return text
}

// oneLine is a text fit for a list's item, or the middle of a line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// link points to the page at the heading.
func link(page trace.Page, edition tenant.Edition, section []string) string {
	at := page.URL
	if len(section) > 0 {
		if to := confluence.Anchor(edition, page.Title, section[len(section)-1]); len(to) <= maxAnchor {
			at += "#" + to
		}
	}
	return wikiLink(page.Title, at)
}

func wikiLink(text, url string) string {
	return fmt.Sprintf("[%s|%s]", jira.Escape(cut(oneLine(text), maxFact)), strings.NewReplacer("|", "%7C", "]", "%5D", " ", "%20").Replace(url))
}

func severityText(t threat.Text) string {
	if t.Severity == threat.Unstated {
		return ""
	}
	if t.SeverityRaw != "" && !strings.EqualFold(t.SeverityRaw, string(t.Severity)) {
		return fmt.Sprintf("%s (the page says %s)", t.Severity, strings.TrimRight(t.SeverityRaw, "."))
	}
	return string(t.Severity)
}

func strideNames(t threat.Text) string {
	names := make([]string, len(t.STRIDE))
	for i, k := range t.STRIDE {
		names[i] = k.Name()
	}
	return strings.Join(names, ", ")
}

func criterionIDs(all []threat.Criterion) []string {
	ids := make([]string, len(all))
	for i, c := range all {
		ids[i] = c.ID
	}
	return ids
}

// cut shortens a text to at most n bytes, on a word where it has any, and says so.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	text = strings.ToValidUTF8(text[:n], "")
	if i := strings.LastIndexByte(text, ' '); i > 0 {
		text = text[:i]
	}
	return text + " …"
}
