package sandbox

import (
	"cmp"
	"context"
	"time"

	"github.com/throughline/throughline/app/sandbox/site"
)

// seam is the site as its products see it.
type seam struct {
	s    *Sandbox
	base string // a product's own address; empty: the site's
}

var _ site.Site = seam{}

func (m seam) Now() time.Time  { return m.s.clock().UTC() }
func (m seam) BaseURL() string { return cmp.Or(m.base, m.s.base) }

func (m seam) Users() []site.User                      { return m.s.people.all() }
func (m seam) User(accountID string) (site.User, bool) { return m.s.people.user(accountID) }
func (m seam) Keep(product string, state any) error    { return m.s.keeper.Keep(product, state) }

func (m seam) Load(product string, state any) (bool, error) { return m.s.keeper.Load(product, state) }
func (m seam) Lag() time.Duration                           { return m.s.chaos.Lag() }

type callerKey struct{}

func (m seam) Caller(ctx context.Context) site.User {
	u, _ := ctx.Value(callerKey{}).(site.User)
	return u
}

func (m seam) Emit(e site.Event) {
	m.s.host.Deliver(e)
	m.s.forge.Deliver(e)
	if m.s.view != nil {
		m.s.view.Changed()
	}
}
