// Package site is what a sandbox site's products share: its people, its clock, who is calling, what happened, and where its
// state is kept.
package site

import (
	"context"
	"encoding/json"
	"time"
)

// User is an account of the site. Apps have one too.
type User struct {
	AccountID string `json:"accountId"`
	Name      string `json:"displayName"`
	Email     string `json:"emailAddress"`
	Type      string `json:"accountType"` // "atlassian" or "app"
	Active    bool   `json:"active"`
}

// Event is something that happened in a product, to be told to the apps that listen for it.
type Event struct {
	Product string          // "jira" or "confluence"
	Name    string          // "page_updated", "jira:issue_updated"
	Actor   string          // account id of who did it
	At      time.Time       // UTC
	Body    json.RawMessage // the payload as Atlassian documents it

	Sees func(accountID string) bool // whether an account sees what it tells of; nil: everybody does. It takes no lock
}

// Site is the seam between the products and the sandbox that composes them.
type Site interface {
	Now() time.Time  // UTC
	BaseURL() string // "http://127.0.0.1:8091", no trailing slash; Jira lives here, Confluence below /wiki
	Users() []User   // in a fixed order
	User(accountID string) (User, bool)
	Caller(ctx context.Context) User      // who makes this request; requests without valid authentication never reach a product
	Emit(e Event)                         // after the change it tells of is kept
	Keep(product string, state any) error // stores a product's whole state; a Snapshot is encoded and written in the background
	Load(product string, state any) (bool, error)
	Lag() time.Duration // how long search lags behind, a fault that can be asked for
}

// Snapshot is a state that can be encoded at any later time, under the product's own lock. Keep(product, Snapshot(f)) costs a
// change nothing but a note that there is something to write: changes that follow each other closely are written once.
type Snapshot func() ([]byte, error)
