package outbound

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// Atlassian allows 100 GET and POST and 50 PUT and DELETE requests a second to one endpoint of one tenant (Jira Cloud "Rate
// limiting", August 2026). A bucket of so many, refilled at so many a second, lets no more than their sum pass in any second.
const (
	readsPerSecond, readsAtOnce   = 80, 20
	writesPerSecond, writesAtOnce = 40, 10
)

// mostPaces is how many endpoints' paces are remembered before those that rest are forgotten.
const mostPaces = 1024

// paces hold calls back for the moment that it takes to stay below the limits on bursts, so that a long run of calls, such as a
// first review, is never refused for its speed.
type paces struct {
	now func() time.Time

	mu sync.Mutex
	of map[gate]*rate.Limiter
}

func newPaces(now func() time.Time) *paces { return &paces{now: now, of: map[gate]*rate.Limiter{}} }

// wait returns when the call may be made, or with Busy when ctx ends before.
func (p *paces) wait(ctx context.Context, id tenant.ID, product tenant.Product, c call) error {
	now := p.now()
	turn := p.limiter(gate{tenant: id, product: product, endpoint: c.String()}, c.method, now).ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		turn.CancelAt(p.now())
		return fault.As(fault.Busy, ctx.Err(), "%s at %s: too many such calls wait for their turn", c, id)
	}
}

func (p *paces) limiter(key gate, method string, now time.Time) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.of[key]; l != nil {
		return l
	}
	if len(p.of) >= mostPaces {
		for k, l := range p.of {
			if l.TokensAt(now) >= float64(l.Burst()) {
				delete(p.of, k)
			}
		}
	}
	l := rate.NewLimiter(readsPerSecond, readsAtOnce)
	if method == http.MethodPut || method == http.MethodDelete {
		l = rate.NewLimiter(writesPerSecond, writesAtOnce)
	}
	p.of[key] = l
	return l
}
