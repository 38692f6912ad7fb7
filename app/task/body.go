package task

import (
	"sync"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/tenant"
)

// maxBodies is how many bytes of page bodies are remembered at most.
const maxBodies = 8 << 20

// bodies remembers pages as they were last read or written, so that a panel is written without reading its page once more. What
// it remembers may be out of date: a write names the version it is based on, and Confluence refuses an old one. The zero value is
// ready; it is safe for concurrent use.
type bodies struct {
	mu    sync.Mutex
	pages map[bodyKey]confluence.Page
	order []bodyKey // oldest first
	size  int
}

type bodyKey struct {
	tenant tenant.ID
	page   string
}

func (b *bodies) keep(id tenant.ID, p confluence.Page) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := bodyKey{id, p.ID}
	b.drop(key)
	if len(p.Body) > maxBodies/8 { // a giant would push out all others
		return
	}
	if b.pages == nil {
		b.pages = map[bodyKey]confluence.Page{}
	}
	b.pages[key], b.order, b.size = p, append(b.order, key), b.size+len(p.Body)
	for b.size > maxBodies {
		b.drop(b.order[0])
	}
}

// at returns a page as it is remembered, if that is the version.
func (b *bodies) at(id tenant.ID, page string, version int) (confluence.Page, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.pages[bodyKey{id, page}]
	return p, ok && p.Version.Number == version
}

func (b *bodies) forget(id tenant.ID, page string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(bodyKey{id, page})
}

// drop forgets a page; the caller holds mu.
func (b *bodies) drop(key bodyKey) {
	p, ok := b.pages[key]
	if !ok {
		return
	}
	delete(b.pages, key)
	b.size -= len(p.Body)
	for i, k := range b.order {
		if k == key {
			b.order = append(b.order[:i], b.order[i+1:]...)
			return
		}
	}
}
