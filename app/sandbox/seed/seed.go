// Package seed is what a sandbox site begins with: six design pages of one believable product, each in another of the shapes in
// which teams write threats down, with what a careful reader finds in them; or somebody's own documents from a folder.
package seed

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/throughline/throughline/app/sandbox/site"
)

// Page is a page to be made.
type Page struct {
	File   string // where it came from, "checkout.xml"
	Title  string
	Body   string // storage format
	Labels []string
	Owner  string // account id of who writes and owns it
}

// The space that the demo's pages lie in.
const (
	SpaceKey  = "MAR"
	SpaceName = "Marlin payments"
)

//go:embed pages/*.xml expect.json
var files embed.FS

// Demo returns the six design pages: a threat table, headings with paragraphs, nested bullets, key/value cards, prose with a risk
// section, and one that speaks of security and states no threat.
func Demo() []Page {
	pages := []Page{
		{File: "checkout.xml", Title: "Checkout API: threat model", Labels: []string{"threat-model", "payments"}, Owner: site.Amir},
		{File: "identity.xml", Title: "Identity service: threats and countermeasures", Labels: []string{"design", "identity"}, Owner: site.Amir},
		{File: "vault.xml", Title: "Evidence vault: security review", Labels: []string{"threat-model", "disputes"}, Owner: site.Lucia},
		{File: "ledger.xml", Title: "Ledger and settlement: risk cards", Labels: []string{"architecture", "ledger"}, Owner: site.Dana},
		{File: "notifications.xml", Title: "Notifications: one delivery service", Labels: []string{"design"}, Owner: site.Lucia},
		{File: "observability.xml", Title: "Observability platform: overview", Labels: []string{"architecture"}, Owner: site.Kenji},
	}
	for i := range pages {
		body, err := files.ReadFile("pages/" + pages[i].File)
		if err != nil { // the list above and the folder are compiled together
			panic("seed: " + err.Error())
		}
		pages[i].Body = string(body)
	}
	return pages
}

// Issue is an issue that was there before any page was reviewed.
type Issue struct {
	Project, Type, Summary string // Type by its name
	Description            string // wiki markup
	Reporter, Assignee     string // account ids
	Labels                 []string
}

// Issues are the issues of the demo, to be made in this order: the first becomes SEC-1, which the checkout page names as the
// ticket of a threat.
func Issues() []Issue {
	return []Issue{{
		Project: "SEC", Type: "Task", Summary: "Four eyes for refunds from the support console",
		Description: "Refunds above 200 EUR need a second person.\n\n* the console asks for an approver\n* the approver can't be the requester\n* both names go to the audit trail",
		Reporter:    site.Sofia, Assignee: site.Lucia, Labels: []string{"support-console"},
	}}
}

// Expectation is what a careful reader finds in a page.
type Expectation struct {
	File    string           `json:"file"`
	Threats []ExpectedThreat `json:"threats"`
}

// ExpectedThreat is one threat as its page states it. Phrases are written as a reader sees them, and stand in the page once.
type ExpectedThreat struct {
	Phrase     string   `json:"phrase"`     // of the threat
	Mitigation string   `json:"mitigation"` // of what is done about it
	Severity   string   `json:"severity"`   // critical, high, medium or low; as stated, on the page's own scale
	Stride     []string `json:"stride,omitempty"`
	CWE        []string `json:"cwe,omitempty"`
	Owner      string   `json:"owner"`            // account id
	OwnerBy    string   `json:"ownerBy"`          // mention, name, component or page: the first in this order that can be assigned
	Ticket     string   `json:"ticket,omitempty"` // the issue that the page names
}

// Expected returns the expectations of the demo's pages, in the order of Demo.
func Expected() []Expectation {
	raw, err := files.ReadFile("expect.json")
	if err != nil {
		panic("seed: " + err.Error())
	}
	var out []Expectation
	if err := json.Unmarshal(raw, &out); err != nil {
		panic(fmt.Sprintf("seed: expect.json: %v", err))
	}
	return out
}
