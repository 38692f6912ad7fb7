// Package sitetest is a site held in memory, for the tests of the products: they are served without a sandbox around them.
package sitetest

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/throughline/throughline/app/sandbox/site"
)

// Site is a site whose clock stands still until it is moved. It is safe for concurrent use.
type Site struct {
	mu     sync.Mutex
	now    time.Time
	lag    time.Duration
	caller string
	events []site.Event
	kept   map[string]any
}

// New returns a site of the demo people, called by the first of them, at 2026-11-02 09:00 UTC.
func New() *Site {
	return &Site{now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), caller: site.Dana, kept: map[string]any{}}
}

// Now is the site's time.
func (s *Site) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Advance moves the clock.
func (s *Site) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// BaseURL is an address that nothing listens on.
func (s *Site) BaseURL() string { return "http://127.0.0.1:8091" }

// Users are the demo people.
func (s *Site) Users() []site.User { return site.People() }

// User finds one of them.
func (s *Site) User(accountID string) (site.User, bool) {
	i := slices.IndexFunc(site.People(), func(u site.User) bool { return u.AccountID == accountID })
	if i < 0 {
		return site.User{}, false
	}
	return site.People()[i], true
}

// Call makes an account the caller of the requests to come.
func (s *Site) Call(accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caller = accountID
}

// Caller is the account that Call named.
func (s *Site) Caller(context.Context) site.User {
	s.mu.Lock()
	id := s.caller
	s.mu.Unlock()
	u, _ := s.User(id)
	return u
}

// Emit notes an event.
func (s *Site) Emit(e site.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// Events returns what was told since the last call.
func (s *Site) Events() []site.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.events
	s.events = nil
	return out
}

// Keep holds a product's newest state.
func (s *Site) Keep(product string, state any) error {
	if _, later := state.(site.Snapshot); !later {
		raw, err := json.Marshal(state)
		if err != nil {
			return err
		}
		state = raw
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[product] = state
	return nil
}

// Load reads back what was kept.
func (s *Site) Load(product string, state any) (bool, error) {
	s.mu.Lock()
	kept, ok := s.kept[product]
	s.mu.Unlock()
	if !ok {
		return false, nil
	}
	raw, _ := kept.([]byte)
	if snapshot, later := kept.(site.Snapshot); later {
		var err error
		if raw, err = snapshot(); err != nil {
			return false, err
		}
	}
	return true, json.Unmarshal(raw, state)
}

// Lag is how long search lags behind.
func (s *Site) Lag() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lag
}

// SetLag makes search lag behind.
func (s *Site) SetLag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = d
}
