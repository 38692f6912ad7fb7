package ledger

import (
	"encoding/json"
	"time"

	"github.com/throughline/throughline/app/threat"
)

// The shapes of Entry.Data, one a kind. Together they suffice to replay what was known at any instant.
type (
	// PageFact is the Data of Reviewed and ReviewFailed.
	PageFact struct {
		Title   string   `json:"title"`
		Space   string   `json:"space,omitempty"`
		URL     string   `json:"url,omitempty"`
		Labels  []string `json:"labels,omitempty"` // of the page, as it had them
		Engine  string   `json:"engine,omitempty"` // which rules read it
		Hash    string   `json:"hash,omitempty"`   // of the body without the panel
		Found   int      `json:"found"`
		New     int      `json:"new"`
		Changed int      `json:"changed"`
		Gone    int      `json:"gone"`
		Back    int      `json:"back"`
		Failed  string   `json:"failed,omitempty"` // why the version could not be read
	}
	// TextFact is the Data of Stated and Changed: what the page says now, whole.
	TextFact struct {
		Text     threat.Text        `json:"text"`
		Criteria []threat.Criterion `json:"criteria,omitempty"`
		Changed  []string           `json:"changed,omitempty"` // Changed: which parts
	}
	// MoveFact is the Data of Moved. Stated threats begin with a move from "".
	MoveFact struct {
		From  threat.State `json:"from"`
		To    threat.State `json:"to"`
		Stale bool         `json:"stale,omitempty"` // after the move: its text changed since it was verified
		Why   string       `json:"why"`
	}
	// OwnerFact is the Data of Owned.
	OwnerFact struct {
		Owner threat.Owner `json:"owner"`
	}
	// TicketFact is the Data of Filed, Bound and Ticketed.
	TicketFact struct {
		Ticket threat.Ticket `json:"ticket"` // whole, as it is then
		Why    string        `json:"why,omitempty"`
		Step   int64         `json:"step,omitempty"` // Jira's id of the entry in the ticket's history that made it so; 0 when none is known
	}
	// PanelFact is the Data of PanelWritten.
	PanelFact struct {
		Version int    `json:"version"` // the page version that the write made
		Message string `json:"message"`
	}
	// VerifiedFact is the Data of Verified.
	VerifiedFact struct {
		Verification threat.Verification `json:"verification"`
	}
	// AcceptedFact is the Data of RiskAccepted.
	AcceptedFact struct {
		Acceptance threat.Acceptance `json:"acceptance"`
	}
	// CriteriaFact is the Data of Weighed.
	CriteriaFact struct {
		Was      []threat.Criterion `json:"was"`
		Criteria []threat.Criterion `json:"criteria"`
		Why      string             `json:"why,omitempty"`
	}
	// CommandFact is the Data of Commanded and Altered.
	CommandFact struct {
		Issue   string `json:"issue"`             // key
		Comment string `json:"comment"`           // Jira's id of the comment
		Text    string `json:"text"`              // the command as written; Altered: as it reads now, empty when it was deleted
		Refused string `json:"refused,omitempty"` // why it was refused, and what to do
	}
	// OverdueFact is the Data of Overdue.
	OverdueFact struct {
		Ticket string `json:"ticket"` // key
		Due    string `json:"due"`    // ISO 8601 date
	}
	// DriftFact is the Data of Drifted.
	DriftFact struct {
		Ticket   string `json:"ticket"` // key
		What     string `json:"what"`   // "property", "label" or "link"
		Restored bool   `json:"restored"`
	}
	// ExportFact is the Data of Exported.
	ExportFact struct {
		From      time.Time         `json:"from"` // UTC
		To        time.Time         `json:"to"`
		AsOf      time.Time         `json:"as_of"`
		Framework string            `json:"framework,omitempty"`
		Query     map[string]string `json:"query,omitempty"` // what else narrowed it
		By        string            `json:"by"`              // who ran it, as the machine knows them
		Threats   int               `json:"threats"`         // its population
		Manifest  string            `json:"manifest"`        // SHA-256 of the pack's manifest.json, hex
		Size      uint64            `json:"size,omitempty"`  // of the tree that the pack rests on; 0 when it was no pack
	}
	// ErasedFact is the Data of Erased.
	ErasedFact struct {
		Why     string        `json:"why"`
		Entries []ErasedEntry `json:"entries"` // by number
	}
	// ErasedEntry is one entry whose body was replaced. Whoever changed it again would not match the digest.
	ErasedEntry struct {
		Seq    uint64 `json:"seq"`
		Digest string `json:"digest"` // of the salt and body that stand there instead, hex
	}
)

// Encode makes an Entry's Data of one of the facts above.
func Encode(fact any) json.RawMessage {
	data, err := json.Marshal(fact)
	if err != nil {
		// The facts are plain structs of strings, numbers and times: nothing in them can fail to encode.
		panic("ledger: encoding a fact: " + err.Error())
	}
	return data
}
