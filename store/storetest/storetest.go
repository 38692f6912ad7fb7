// Package storetest is what every backend must pass: the ports' contracts as tests, written against store.Store alone.
package storetest

import (
	"testing"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/store"
)

// Open opens the place that belongs to t: the first call for a t finds it empty, and a call after Close finds what was left.
// The options are to be passed on as they are.
type Open func(t testing.TB, o store.Options) (store.Store, error)

const (
	acme   tenant.ID = "acme.atlassian.net"
	globex tenant.ID = "globex.atlassian.net"
)

// patience is how long a test waits for what must happen at once; it only bounds a failing run.
const patience = 30 * time.Second

// Exercise runs the whole suite.
func Exercise(t *testing.T, open Open) {
	for _, group := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"Open", exerciseOpen},
		{"Registry", exerciseRegistry},
		{"Purge", exercisePurge},
		{"Accept", exerciseAccept},
		{"Run", exerciseRun},
		{"Jobs", exerciseJobs},
		{"Many", exerciseMany},
		{"Book", exerciseBook},
		{"Ledger", exerciseLedger},
		{"Tree", exerciseTree},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, open) })
	}
}

// Key is the master key that the suite opens stores with.
func Key() []byte { return []byte("0123456789abcdef0123456789abcdef") }

// start opens a store that must open, and closes it with the test.
func start(t testing.TB, open Open, o store.Options) store.Store {
	t.Helper()
	if o.Key == nil && !o.ReadOnly {
		o.Key = Key()
	}
	s, err := open(t, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // most tests close it themselves; closing twice is harmless
	return s
}

func wantKind(t testing.TB, err error, want fault.Kind) {
	t.Helper()
	if !fault.Is(err, want) {
		t.Errorf("got error %v, want one of kind %q", err, want)
	}
}

func wantNone(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func exerciseOpen(t *testing.T, open Open) {
	t.Run("short key", func(t *testing.T) {
		_, err := open(t, store.Options{Key: []byte("short")})
		wantKind(t, err, fault.Invalid)
	})
	t.Run("no key", func(t *testing.T) {
		_, err := open(t, store.Options{})
		wantKind(t, err, fault.Invalid)
	})
	t.Run("another key", func(t *testing.T) {
		wantNone(t, start(t, open, store.Options{}).Close())
		_, err := open(t, store.Options{Key: []byte("another key, also 32 bytes long!")})
		wantKind(t, err, fault.Denied)
	})
	t.Run("nothing to read", func(t *testing.T) {
		_, err := open(t, store.Options{ReadOnly: true})
		wantKind(t, err, fault.NotFound)
	})
	t.Run("read-only", func(t *testing.T) {
		s := start(t, open, store.Options{})
		_, err := s.Install(t.Context(), acme, installation(tenant.Jira, "jira-key", "canary"))
		wantNone(t, err)
		wantNone(t, s.Close())
		s = start(t, open, store.Options{ReadOnly: true})
		wantNone(t, s.Ping(t.Context()))
		all, err := s.All(t.Context())
		wantNone(t, err)
		if len(all) != 1 || !all[0].Installations[tenant.Jira].Secret.Empty() {
			t.Errorf("got %+v, want one tenant, its secret left sealed", all)
		}
		wantKind(t, s.Enable(t.Context(), "jira-key", false), fault.Denied)
		_, err = s.Accept(t.Context(), delivery("k", review("1")))
		wantKind(t, err, fault.Denied)
		wantKind(t, s.Run(t.Context(), nil), fault.Denied)
	})
	t.Run("ping", func(t *testing.T) {
		wantNone(t, start(t, open, store.Options{}).Ping(t.Context()))
	})
	t.Run("after close", func(t *testing.T) {
		s := start(t, open, store.Options{})
		wantNone(t, s.Close())
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a closed store answered")
		}
		if _, err := s.Accept(t.Context(), delivery("k", review("1"))); err == nil {
			t.Error("a closed store accepted")
		}
	})
}
