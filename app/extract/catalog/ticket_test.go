package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/document/storage"
	"github.com/throughline/throughline/app/extract/catalog"
)

// TestTicketOfThreat: an issue that stands with a threat, however it is written and wherever in its row, section or sentence, is that
// threat's ticket, and no other's.
func TestTicketOfThreat(t *testing.T) {
	written := map[string]string{
		"macro":      `<ac:structured-macro ac:name="jira"><ac:parameter ac:name="server">System Jira</ac:parameter><ac:parameter ac:name="key">SEC-12</ac:parameter></ac:structured-macro>`,
		"smart link": `<a href="https://acme.atlassian.net/browse/SEC-12" data-card-appearance="inline">https://acme.atlassian.net/browse/SEC-12</a>`,
		"link":       `<a href="https://acme.atlassian.net/browse/SEC-12?filter=1">the ticket</a>`,
	}
	tests := []struct {
		name, body string
		keys       []string // of the page's threats, in order
	}{
		{"in a row", `<h2>Threats</h2><table><tbody><tr><th>Threat</th><th>Mitigation</th></tr><tr><td>An attacker replays a captured refund request</td><td>Bind each request to its session TICKET</td></tr>` +
			`<tr><td>An attacker guesses passwords</td><td>Lock out</td></tr></tbody></table>`, []string{"SEC-12", ""}},
		{"in a card", `<table><tbody><tr><th>Threat</th><td>An attacker replays a captured refund request</td></tr><tr><th>Mitigation</th><td>Bind each request to its session</td></tr>` +
			`<tr><th>Tracking</th><td>TICKET</td></tr></tbody></table>`, []string{"SEC-12"}},
		{"below a heading", `<h2>Threats</h2><h3>T-1: An attacker replays a captured refund request</h3><p>Money is paid twice.</p><p><strong>Mitigation:</strong> Bind each request to its session.</p><p>TICKET</p>` +
			`<h3>T-2: An attacker guesses passwords</h3><p>Passwords are short.</p><p><strong>Mitigation:</strong> Lock out.</p>`, []string{"SEC-12", ""}},
		{"in a heading", `<h2>Threats</h2><h3>An attacker replays a captured refund request TICKET</h3><p>Money is paid twice.</p><p><strong>Mitigation:</strong> Bind each request to its session.</p>`, []string{"SEC-12"}},
		{"in a labelled passage", `<h2>Security</h2><p><strong>Threat:</strong> An attacker replays a captured refund request</p><p><strong>Mitigation:</strong> Bind each request to its session</p>` +
			`<p><strong>Ticket:</strong> TICKET</p>`, []string{"SEC-12"}},
		{"in a bullet", `<h2>Threats</h2><ul><li>An attacker replays a captured refund request. Mitigation: bind each request to its session. TICKET</li></ul>`, []string{"SEC-12"}},
		{"in a sentence", `<h2>Security considerations</h2><p>An attacker could replay a captured refund request and be paid twice (TICKET). To prevent this, each request is bound to its session.</p>`, []string{"SEC-12"}},
		{"in another section", `<h2>Threats</h2><h3>T-1: An attacker replays a captured refund request</h3><p>Money is paid twice.</p><p><strong>Mitigation:</strong> Bind each request to its session.</p>` +
			`<h2>Links</h2><p>See TICKET</p>`, []string{""}},
	}
	for _, tt := range tests {
		for how, markup := range written {
			t.Run(tt.name+" as "+how, func(t *testing.T) {
				doc, err := storage.Parse([]byte(strings.ReplaceAll(tt.body, "TICKET", markup)))
				if err != nil {
					t.Fatal(err)
				}
				var keys []string
				for _, f := range catalog.Engine().Scan(doc).Findings {
					keys = append(keys, f.Ticket)
				}
				if diff := cmp.Diff(tt.keys, keys); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}
