package task

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/jira"
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

// draft writes the ticket of a threat: for an engineer who never heard of Throughline, and can act on it all the same.
func draft(t threat.Threat, page trace.Page, edition tenant.Edition, part jira.Component, p Policy, now time.Time) jira.Draft {
	d := jira.Draft{
		Project: p.Project, IssueType: p.IssueType,
		Summary:     jira.Summary(fmt.Sprintf("[%s] %s", t.ID, t.Text.Title)),
		Description: description(t, page, edition),
		Labels:      []string{Label, marker(t.ID)},
		Component:   part.Name,
		Assignee:    t.Owner.Account,
		Properties:  map[string]any{descriptor.PropertyKey: property{t.ID, page.ID, page.Version, t.State, criterionIDs(t.Criteria)}},
	}
	d.Priority = priorities[t.Text.Severity]
	if days, ok := p.DueDays[t.Text.Severity]; ok {
		d.Due = now.AddDate(0, 0, days).Format(time.DateOnly)
	}
	return d
}

// priorities are Jira's default scheme; a project without them gets tickets without.
var priorities = map[threat.Severity]string{threat.Critical: "Highest", threat.High: "High", threat.Medium: "Medium", threat.Low: "Low"}

// Jira takes 32,767 characters of description. What a page says at greater length is cut, with the link to the rest above it; escaping can
// double a text.
const (
	maxQuote       = 4000 // bytes
	maxMitigation  = 1000 // bytes
	maxMitigations = 10
)

// description is wiki text. What comes from the page is escaped: it can't inject markup, mentions or macros.
func description(t threat.Threat, page trace.Page, edition tenant.Edition) string {
	var b strings.Builder
	section := func(title string) { fmt.Fprintf(&b, "h3. %s\n", title) }
	section("What may happen")
	fmt.Fprintf(&b, "%s\n\n", jira.Escape(cut(cmp.Or(t.Text.Statement, t.Text.Title), maxMitigation)))
	for _, fact := range [][2]string{
		{"Element", t.Text.Element},
		{"Kind (STRIDE)", strideNames(t.Text)},
		{"Severity", severityText(t.Text)},
		{"Weakness", strings.Join(append(append([]string{}, t.Text.CWE...), t.Text.CAPEC...), ", ")},
	} {
		if fact[1] != "" {
			fmt.Fprintf(&b, "* *%s:* %s\n", fact[0], jira.Escape(fact[1]))
		}
	}
	section("Where the design says so")
	fmt.Fprintf(&b, "%s, version %d", link(page, edition, t.Text.Section), t.Last)
	if len(t.Text.Section) > 0 {
		fmt.Fprintf(&b, ", section %s", jira.Escape(strings.Join(t.Text.Section, " › ")))
	}
	fmt.Fprintf(&b, ":\n\n{quote}\n%s\n{quote}\n\n", jira.Escape(cut(t.Text.Quote, maxQuote)))
	section("What is asked")
	if len(t.Text.Mitigations) == 0 {
		b.WriteString("The page states no mitigation. Decide on one with the page's owner and write it into the page beside the threat; this ticket follows.\n")
	}
	for i, m := range t.Text.Mitigations {
		if i == maxMitigations {
			fmt.Fprintf(&b, "* and %d more on the page\n", len(t.Text.Mitigations)-i)
			break
		}
		fmt.Fprintf(&b, "* %s\n", jira.Escape(cut(m.Quote, maxMitigation)))
	}
	section("How it will be verified")
	b.WriteString("Move this ticket to done when the mitigation is in place, and name the change, test or review that shows it in a comment. Done counts as mitigated; somebody other than the assignee then verifies it.\n")
	if len(t.Criteria) > 0 {
		section("Which criteria it serves")
		fmt.Fprintf(&b, "%s (SOC 2, suggested by rule)\n", strings.Join(criterionIDs(t.Criteria), ", "))
	}
	return b.String()
}

// link points to the page at the heading.
func link(page trace.Page, edition tenant.Edition, section []string) string {
	at := page.URL
	if len(section) > 0 {
		at += "#" + confluence.Anchor(edition, page.Title, section[len(section)-1])
	}
	return wikiLink(page.Title, at)
}

func wikiLink(text, url string) string {
	return fmt.Sprintf("[%s|%s]", jira.Escape(text), strings.NewReplacer("|", "%7C", "]", "%5D", " ", "%20").Replace(url))
}

func severityText(t threat.Text) string {
	if t.Severity == threat.Unstated {
		return ""
	}
	if t.SeverityRaw != "" && !strings.EqualFold(t.SeverityRaw, string(t.Severity)) {
		return fmt.Sprintf("%s (the page says %s)", t.Severity, t.SeverityRaw)
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
