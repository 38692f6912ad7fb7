package outbound

import (
	"sync"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// breaker spares a site that keeps failing, and us the waiting: after so many failures in a row its calls are refused for a
// while; then one may try, and its result decides.
type breaker struct {
	now func() time.Time

	mu    sync.Mutex
	sites map[tenant.ID]*health // only those whose last call failed
}

type health struct {
	failures int
	until    time.Time // refused before
}

const (
	tolerated = 8
	rest      = 15 * time.Second
)

func newBreaker(now func() time.Time) *breaker {
	return &breaker{now: now, sites: map[tenant.ID]*health{}}
}

// open returns Busy while a site rests. The call that it lets through after the rest starts the next one, so that no herd follows it.
func (b *breaker) open(id tenant.ID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.sites[id]
	if h == nil || h.failures < tolerated {
		return nil
	}
	now := b.now()
	if wait := h.until.Sub(now); wait > 0 {
		return fault.BusyFor(wait, "%s failed %d times in a row and is left alone for %s", id, h.failures, wait.Round(time.Second))
	}
	h.until = now.Add(rest)
	return nil
}

// failed counts a failure, and reports whether it is the one from which on the site rests.
func (b *breaker) failed(id tenant.ID) (rests bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.sites[id]
	if h == nil {
		h = &health{}
		b.sites[id] = h
	}
	if h.failures++; h.failures >= tolerated {
		h.until = b.now().Add(rest)
	}
	return h.failures == tolerated
}

func (b *breaker) passed(id tenant.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sites, id)
}
