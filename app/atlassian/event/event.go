// Package event turns what Atlassian sends when something happens into deliveries for the work queue: who it is about, what is
// to be done, and a key by which the same event is known when it comes again. It trusts its caller to have verified the sender,
// and nothing in the payload beyond what it says of pages and issues.
package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
)

// Page is a page as an event showed it: the Args of a work.ReviewPage job.
type Page struct {
	ID      string    `json:"id"`
	Version int       `json:"version,omitempty"` // 0 when the event did not say
	Space   string    `json:"space,omitempty"`   // key
	By      string    `json:"by,omitempty"`      // who did it: account id, on Data Center user key
	At      time.Time `json:"at"`                // UTC, by Atlassian's clock
	Event   string    `json:"event"`             // as Atlassian names it
	Removed bool      `json:"removed,omitempty"` // trashed, purged or archived
}

// Issue is an issue as an event, or a sweep, showed it: the Args of a work.SyncTicket job.
type Issue struct {
	ID           string          `json:"id"`
	Key          string          `json:"key"`
	Project      string          `json:"project,omitempty"` // key
	Summary      string          `json:"summary,omitempty"`
	Status       string          `json:"status,omitempty"` // as the site names it
	StatusID     string          `json:"status_id,omitempty"`
	Category     threat.Category `json:"category,omitempty"` // empty when the event did not say: read the issue
	Assignee     string          `json:"assignee,omitempty"` // account; empty when unassigned
	AssigneeName string          `json:"assignee_name,omitempty"`
	Due          string          `json:"due,omitempty"` // ISO 8601 date
	Resolution   string          `json:"resolution,omitempty"`
	Labels       []string        `json:"labels,omitempty"`
	Updated      time.Time       `json:"updated"`           // UTC; the event's time where the issue's own is not in it
	Created      bool            `json:"created,omitempty"` // the event tells of its creation
	Deleted      bool            `json:"deleted,omitempty"`
	Hidden       bool            `json:"hidden,omitempty"` // it cannot be read, and nobody told that it was deleted
	Steps        []threat.Step   `json:"steps,omitempty"`  // of its history: the one that the event tells of, or
	Whole        bool            `json:"whole,omitempty"`  // all that matter, up to what Updated shows
	Look         bool            `json:"look,omitempty"`   // its security level or its project changed: whether it is still in sight only a look tells
	By           string          `json:"by,omitempty"`     // account of who did it
	At           time.Time       `json:"at"`               // UTC, by Jira's clock
	Event        string          `json:"event"`            // as Jira names it
}

// Comment is a comment as an event, or a sweep, showed it: the Args of a work.HeedComment job.
type Comment struct {
	ID         string    `json:"id"`
	Issue      string    `json:"issue"`            // id
	Author     string    `json:"author"`           // account
	AuthorName string    `json:"author_name"`      //
	AuthorType string    `json:"author_type"`      // "atlassian", "app" or "customer"; empty where the site does not say
	Editor     string    `json:"editor,omitempty"` // account of who changed it last
	Text       string    `json:"text,omitempty"`   // in wiki markup
	Created    time.Time `json:"created"`          // UTC
	Updated    time.Time `json:"updated"`          // UTC
	Deleted    bool      `json:"deleted,omitempty"`
	By         string    `json:"by,omitempty"` // account of who did what the event tells of; empty when it did not say
	At         time.Time `json:"at"`           // UTC, by Jira's clock
	Event      string    `json:"event"`        // as Jira names it
}

// Event is one webhook call whose sender is known.
type Event struct {
	Product    tenant.Product
	Name       string    // by the address it came to, as Atlassian names it ("page_updated")
	Identifier string    // X-Atlassian-Webhook-Identifier, the same over retries; empty when there was none
	Seen       time.Time // when it reached us
	Body       []byte
}

// Delivery decodes an event of a Connect webhook. The caller fills in the tenant. A delivery without jobs is one that nothing
// follows from. fault.NotFound when the event is none of those that are known, fault.Invalid when the payload does not say what
// such an event has to say; the same bytes would fail again.
func Delivery(e Event) (work.Delivery, error) {
	if !Known(e.Product, e.Name) {
		return work.Delivery{}, fault.New(fault.NotFound, "%s event %q is none that is known", e.Product, short(e.Name))
	}
	if e.Product == tenant.Confluence {
		return confluence(e)
	}
	return jira(e)
}

// Known reports whether a product's event leads to anything but an answer.
func Known(product tenant.Product, name string) bool {
	switch product {
	case tenant.Confluence:
		return pageEvents[name] != 0
	case tenant.Jira:
		return issueEvents[name] != 0
	}
	return false
}

// effect is what follows from an event; the zero value means that it is unknown.
type effect uint8

const (
	changed  effect = iota + 1 // the page or issue is to be looked at
	vanished                   // it is no longer there
	noted                      // nothing follows yet; it is remembered, so that repetitions are known
	said                       // a comment on it is to be looked at
	unsaid                     // a comment on it is no longer there
)

// decode reads a payload. Fields of unexpected types are passed over: other products' versions differ in what nobody here reads.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return nil
	}
	return err
}

// job makes the one job of a delivery.
func job(kind work.Kind, subject string, args any, at, seen time.Time) ([]work.Job, error) {
	encoded, err := json.Marshal(args)
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "encode event about %s", subject)
	}
	return []work.Job{{Kind: kind, Subject: subject, Args: encoded, RunAt: seen, Occurred: at, Observed: seen}}, nil
}

// key joins the parts that name an event. Where the payload has no time, or parts that make a key too long to keep, the bytes
// themselves are the name.
func key(product tenant.Product, name string, body []byte, dated bool, parts ...string) string {
	prefix := string(product) + "/" + name + "/"
	if joined := prefix + strings.Join(parts, "/"); dated && len(joined) <= 400 {
		return joined
	}
	sum := sha256.Sum256(body)
	return prefix + hex.EncodeToString(sum[:16])
}

// id is an identifier that comes as a number or as a string.
type id string

func (i *id) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) > 1 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*i = id(s)
		return nil
	}
	if len(b) > 0 && b[0] >= '0' && b[0] <= '9' {
		*i = id(b)
	}
	return nil
}

// valid reports whether it can name something at Atlassian and be part of a key.
func (i id) valid() bool {
	for _, r := range i {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' {
			return false
		}
	}
	return i != "" && len(i) <= 64
}

// millis is a time in milliseconds since 1970; what is no such number reads as zero.
type millis time.Time

func (m *millis) UnmarshalJSON(b []byte) error {
	var n int64
	if json.Unmarshal(bytes.Trim(b, `"`), &n) == nil && n > 0 && n < 1<<48 {
		*m = millis(time.UnixMilli(n).UTC())
	}
	return nil
}

func (m millis) time() time.Time { return time.Time(m) }

// jiraTime reads "2019-08-11T18:49:13.412-0700", and RFC 3339; anything else is the zero time.
func jiraTime(s string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// short keeps foreign text in errors short.
func short(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
