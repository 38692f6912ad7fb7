// Package threat holds what a threat is: words, states and shapes, and nothing that reads, writes or asks anybody.
package threat

import (
	"time"

	"github.com/throughline/throughline/app/document"
)

// Origin says how a threat came to be known.
type Origin string

// The origins. Only stated threats are filed without a person's word.
const (
	Stated   Origin = "stated"   // the page says so
	Diagram  Origin = "diagram"  // read off a diagram
	Inferred Origin = "inferred" // the engine concludes so
)

// Threat is one threat of one design page, over all versions of the page.
type Threat struct {
	ID    ID     `json:"id"`
	Rev   int    `json:"rev"`  // counts commits; a commit against an older Rev conflicts
	Page  string `json:"page"` // the page's id
	State State  `json:"state"`
	Stale bool   `json:"stale,omitempty"` // its text changed after it was verified

	Text  Text  `json:"text"`           // as the newest version that states it
	First int   `json:"first"`          // page version that stated it first
	Last  int   `json:"last"`           // page version that stated it last
	Was   State `json:"was,omitempty"`  // Withdrawn only: the state it had before
	Owner Owner `json:"owner,omitzero"` // zero while nobody is found

	Assigned Assignment `json:"assigned,omitzero"`
	Marks    Marks      `json:"marks,omitzero"`

	Criteria []Criterion `json:"criteria,omitempty"`
	Intent   *Intent     `json:"intent,omitempty"`  // a ticket is being filed, or its outcome is unknown
	Ticket   *Ticket     `json:"ticket,omitempty"`  // nil until filed
	Blocked  string      `json:"blocked,omitempty"` // why no ticket could be filed and what to do; empty when nothing hinders
	Without  []Without   `json:"without,omitempty"` // what its ticket was filed without, though it was wanted

	Verification *Verification `json:"verification,omitempty"` // the newest; nil while nothing proves that the mitigation works
	Acceptance   *Acceptance   `json:"acceptance,omitempty"`   // the newest; it counts while the state is Accepted
	Trail        *Trail        `json:"trail,omitempty"`        // how much of its ticket's history was taken in; nil: nothing yet

	Stated Moment `json:"stated"` // when it was first stated
	Moved  Moment `json:"moved"`  // when it came into its present state
}

// Text is what the page says of a threat. Everything in it can change from version to version.
type Text struct {
	Title       string          `json:"title"`
	Statement   string          `json:"statement,omitempty"`
	Quote       string          `json:"quote"`
	At          document.Span   `json:"at"`
	Also        []document.Span `json:"also,omitempty"` // other places that restate it
	Section     []string        `json:"section,omitempty"`
	Origin      Origin          `json:"origin"`
	Finder      string          `json:"finder"`
	Confidence  float64         `json:"confidence"`
	Why         string          `json:"why"`
	Label       string          `json:"label,omitempty"` // the page's own id for it ("T-03"), as written
	STRIDE      []STRIDE        `json:"stride,omitempty"`
	STRIDEBy    string          `json:"stride_by,omitempty"` // "stated", or the rule that concluded it
	Severity    Severity        `json:"severity,omitempty"`
	SeverityRaw string          `json:"severity_stated,omitempty"` // as written
	Element     string          `json:"element,omitempty"`         // the design element it threatens
	Person      Person          `json:"person,omitzero"`           // the owner the page names
	Component   string          `json:"component,omitempty"`
	Ticket      string          `json:"ticket,omitempty"` // an issue key the page states for it
	Status      string          `json:"status,omitempty"` // as written
	Mitigations []Mitigation    `json:"mitigations,omitempty"`
	CWE         []string        `json:"cwe,omitempty"`   // "CWE-287"
	CAPEC       []string        `json:"capec,omitempty"` // "CAPEC-112"
}

// Person is somebody a page names: by account id where it mentions them, else by the name as written.
type Person struct {
	Account string `json:"account,omitempty"`
	Name    string `json:"name,omitempty"`
}

// String is the account id of the mention, else the name as written; empty for nobody.
func (p Person) String() string {
	if p.Account != "" {
		return p.Account
	}
	return p.Name
}

// Mitigation is what is to be done, or is in place, against a threat.
type Mitigation struct {
	Quote  string        `json:"quote"`
	At     document.Span `json:"at"`
	Status string        `json:"status,omitempty"` // "planned", "in place", or as written
}

// Criterion is one control criterion and who chose it.
type Criterion struct {
	Framework string `json:"framework"` // "soc2-tsc-2017"
	ID        string `json:"id"`        // "CC6.1"
	By        string `json:"by"`        // "mapping@1" or an account id
}

// Overdue reports whether its ticket's due date was recorded as passed while the threat still waits to be mitigated.
func (t Threat) Overdue() bool {
	return t.Ticket != nil && t.Trail != nil && t.Ticket.Due != "" && t.Trail.Overdue == t.Ticket.Due && (t.State == Open || t.State == InProgress)
}

// Owner is the one person answerable for a threat, with the reason why it is them.
type Owner struct {
	Account string `json:"account,omitempty"`
	Name    string `json:"name,omitempty"`
	Reason  string `json:"reason,omitempty"` // "mentioned in the threat's row"; for nobody: why nobody was found
}

// Known reports whether somebody is answerable.
func (o Owner) Known() bool { return o.Account != "" }

// Assignment is what Throughline itself last gave a ticket's people: with it, it is known whether somebody changed that since.
type Assignment struct {
	Account string `json:"account,omitempty"` // who was assigned; empty for nobody
	Named   string `json:"named,omitempty"`   // whom the page named then, as Person.String has it
}

// Intent is the promise to file one ticket, committed before the call that files it.
type Intent struct {
	Project string    `json:"project,omitempty"` // key of the project that it is filed in
	Marker  string    `json:"marker"`            // the label that finds the ticket again; derived from the threat's id alone
	At      time.Time `json:"at"`                // UTC: when the latest attempt began
}

// Without is a field of a ticket that was wanted when the ticket was filed, and could not be had.
type Without struct {
	Field string `json:"field"` // "component", "priority", "due date" or "assignee"
	Value string `json:"value"` // what it was to be
	Why   string `json:"why"`   // with Jira's words where it refused the field
}

// Category is a Jira status category, the only thing that decides about a ticket's status.
type Category string

// Jira's three categories, by their language-neutral keys.
const (
	ToDo  Category = "new"
	Doing Category = "indeterminate"
	Done  Category = "done"
)

// Ticket is the Jira issue that carries a threat's mitigation, as Jira last showed it.
type Ticket struct {
	ID         string    `json:"id"`  // Jira's numeric issue id, stable over moves
	Key        string    `json:"key"` // "SEC-12"
	URL        string    `json:"url"`
	Status     string    `json:"status"`              // as the site names it, in its language
	StatusID   string    `json:"status_id,omitempty"` // names the status whatever it is called; empty until Jira told
	Category   Category  `json:"category"`
	Assignee   string    `json:"assignee,omitempty"` // account id
	Due        string    `json:"due,omitempty"`      // ISO 8601 date
	Resolution string    `json:"resolution,omitempty"`
	Declined   bool      `json:"declined,omitempty"` // the resolution means that nobody did the work
	DoneBy     string    `json:"done_by,omitempty"`  // account id of who moved it to done; empty while it is not, or nobody told
	DoneAt     time.Time `json:"done_at,omitzero"`   // UTC, by Jira's history: when it was moved to done
	Updated    time.Time `json:"updated"`            // UTC: Jira's time of the newest change applied
	Linked     bool      `json:"linked,omitempty"`   // the remote link back to the page is set
	Deleted    bool      `json:"deleted,omitempty"`  // Jira told that it was deleted
	Hidden     bool      `json:"hidden,omitempty"`   // Jira does not show it: deleted, restricted, or in a project that the app does not see
	ByPage     bool      `json:"by_page,omitempty"`  // the page named it; Throughline did not file it
}

// Moment is one fact's three times, all UTC, and who did it.
type Moment struct {
	Occurred time.Time `json:"occurred"`     // by the source's clock
	Observed time.Time `json:"observed"`     // when we heard of it
	Recorded time.Time `json:"recorded"`     // when it was committed
	By       string    `json:"by,omitempty"` // account id; empty for the app itself
	Version  int       `json:"version"`      // page version it refers to
	Why      string    `json:"why,omitempty"`
}
