package forge

import (
	"sync"
	"time"
)

// mostSeen is how many tokens one half of the window holds, about 10 MB of them. A site that calls more often than that within a
// token's life has an older token forgotten early; the queue's dedup keys still know the event that came with it.
const mostSeen = 50_000

// window knows which tokens came already, for at least as long as one may live, in bounded memory: what is seen goes into the
// young half, and the old half is forgotten when the young one is full or as old as a token can get. After a restart it is
// empty; then, too, the dedup keys of events hold.
type window struct {
	mu         sync.Mutex
	span       time.Duration
	most       int
	begun      time.Time
	young, old map[string]bool
}

func newWindow(span time.Duration, most int) *window {
	return &window{span: span, most: most, young: map[string]bool{}}
}

// take reports whether an id is seen for the first time.
func (w *window) take(id string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.young) >= w.most || now.Sub(w.begun) >= w.span {
		w.old, w.young, w.begun = w.young, map[string]bool{}, now
	}
	if w.young[id] || w.old[id] {
		return false
	}
	w.young[id] = true
	return true
}

// release forgets an id: its request came to nothing, and may come again.
func (w *window) release(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.young, id)
	delete(w.old, id)
}
