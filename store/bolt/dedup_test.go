package bolt

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

func TestDedupKeysAreForgotten(t *testing.T) {
	now := time.Date(2026, 11, 2, 23, 59, 0, 0, time.UTC)
	var clock atomic.Pointer[time.Time]
	clock.Store(&now)
	s := openTest(t, Options{Clock: func() time.Time { return *clock.Load() }})
	accept := func(key string) bool {
		t.Helper()
		fresh, err := s.Accept(t.Context(), deliver(key, "1"))
		if err != nil {
			t.Fatal(err)
		}
		return fresh
	}
	purge := func() (rounds int) {
		for {
			more, err := s.forgetSome(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				return rounds
			}
			rounds++
		}
	}
	const keys = 1 << 17 // in every row
	if err := s.write(t.Context(), "fill", func(t *tx) error {
		for i := range keys {
			if _, err := t.remember(digestOf("acme.atlassian.net", fmt.Sprint(i))); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	later := now.Add(48 * time.Hour)
	clock.Store(&later)
	if rounds := purge(); rounds != 0 || accept("0") {
		t.Errorf("after 48 hours: %d rounds, or the key is forgotten already", rounds)
	}
	later2 := now.Add(49 * time.Hour)
	clock.Store(&later2)
	if rounds := purge(); rounds != (1<<rowBits)/forgotten+2 { // those with rows, one for the day itself
		t.Errorf("purged in %d rounds, want bounded ones", rounds)
	}
	if !accept("1") {
		t.Error("an old key is remembered for ever")
	}
}
