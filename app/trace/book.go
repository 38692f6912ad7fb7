// Package trace keeps threats the same threats while their page changes: one review of one page version is matched with what
// is known of the page, and committed whole.
package trace

import (
	"context"
	"time"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
)

// Page is what is known of one design page.
type Page struct {
	ID      string `json:"id"`
	Rev     int    `json:"rev"` // counts commits; 0 means never committed
	Title   string `json:"title"`
	Space   string `json:"space"` // the space's key
	URL     string `json:"url"`
	OwnerID string `json:"owner_id,omitempty"` // account id of the page's owner

	Labels []string `json:"labels,omitempty"` // as it had them when it was last read

	Version  int       `json:"version"`           // newest page version seen or written
	Hash     string    `json:"hash"`              // of the reviewed body without the panel region
	Engine   string    `json:"engine"`            // which rules reviewed it
	Reviewed time.Time `json:"reviewed"`          // UTC: the last review; zero while there was none
	Read     int       `json:"read,omitempty"`    // the page version that it read
	Failed   string    `json:"failed,omitempty"`  // why the newest version could not be reviewed, and what to do
	Removed  bool      `json:"removed,omitempty"` // the page is gone or trashed

	PanelHash    string `json:"panel_hash,omitempty"`    // of the panel as last written
	PanelVersion int    `json:"panel_version,omitempty"` // the page version that our write made
}

// Record is a page with its threats, ordered as the page states them, withdrawn ones last.
type Record struct {
	Page    Page
	Threats []threat.Threat
}

// Change is one transaction: everything in it is committed, or nothing.
type Change struct {
	Tenant  tenant.ID
	Page    *Page           // nil leaves the page as it is
	Threats []threat.Threat // new (Rev 0) or changed ones
	Entries []ledger.Entry  // Seq and Recorded are given by the store
	Jobs    []work.Job      // to follow
}

// Book keeps records. Page.Rev and each Threat.Rev in a Change must be those that were read: another commit since makes the
// whole Change fail with fault.Conflict, and the caller reads again. A commit raises each Rev by one.
type Book interface {
	// Page returns a record; fault.NotFound when the page was never committed.
	Page(ctx context.Context, id tenant.ID, page string) (Record, error)
	// Pages lists all page headers of a tenant by page id.
	Pages(ctx context.Context, id tenant.ID) ([]Page, error)
	// ByIssue finds the threats whose ticket has this Jira issue id, by page id and threat id; none when none has. They are
	// several where pages name one issue for more than one threat.
	ByIssue(ctx context.Context, id tenant.ID, issue string) ([]threat.Threat, error)
	// Commit applies a change. Threats with a ticket become findable by its issue id in the same transaction. fault.Invalid
	// for what can never be stored: a threat twice, or one whose page was never committed and is not in the change. fault.Internal
	// for moves that are not Legal: nothing of such a change is written.
	Commit(ctx context.Context, c Change) error
}
