package extract

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/app/document"
)

// weaknesses reads CWE and CAPEC ids.
func (d *Draft) weaknesses(text string) {
	d.c.CWE = catalogued(d.c.CWE, text, "CWE-")
	d.c.CAPEC = catalogued(d.c.CAPEC, text, "CAPEC-")
}

func catalogued(ids []string, text, prefix string) []string {
	for {
		i := strings.Index(text, prefix)
		if i < 0 {
			return ids
		}
		text = text[i+len(prefix):]
		n := 0
		for n < len(text) && isDigit(text[n]) {
			n++
		}
		if id := prefix + text[:n]; n > 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
}

// issueKey is the first Jira issue key in a text.
func issueKey(text string) string {
	if key := document.IssueKey(text); key != "" {
		return key
	}
	for f := range strings.FieldsSeq(text) {
		if key := document.LeadingKey(strings.Trim(f, "[](),.;:")); key != "" {
			return key
		}
	}
	return ""
}
