package outbound

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// DefaultLimit is what Atlassian allows an app of the first tier, over all its tenants, in one hour of the UTC clock
// (Jira Cloud "Rate limiting", as of August 2026).
const DefaultLimit = 65_000

// points is the account book of the hour. A tenth of the limit is kept for writes, so that reads cannot keep finished work from
// being written down; once half is spent, a tenant that has had its even share waits for the others. Reads in the background may
// take three tenths, shared out evenly among the tenants.
type points struct {
	limit int
	now   func() time.Time

	mu     sync.Mutex
	hour   time.Time
	told   time.Time // the last hour of which it was said that it is used up
	used   int       // in the hour
	by     map[tenant.ID]int
	behind map[tenant.ID]int // of by, what was read in the background
	calls  int               // since the start
	points int               // since the start
}

// ErrLater is why a read in the background was refused: its share of the hour is spent, and whoever looks on its own account
// can look again in the next.
var ErrLater = errors.New("the hour's points for looking around are used up")

type backgroundKey struct{}

// Background marks the reads made with the context as ones that nobody waits for. They have a share of the hour's points of their own,
// so that looking around never uses up what events need; beyond it they fail with ErrLater, which is Busy.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey{}, true)
}

func background(ctx context.Context) bool {
	marked, _ := ctx.Value(backgroundKey{}).(bool)
	return marked
}

// Hour is what was spent in one hour, to be kept over a restart: Atlassian's clock does not begin anew with our process.
type Hour struct {
	Begins time.Time         `json:"begins"` // UTC, a full hour
	By     map[tenant.ID]int `json:"by"`     // points of each tenant
}

func newPoints(limit int, now func() time.Time, spent Hour) *points {
	switch {
	case limit == 0:
		limit = DefaultLimit
	case limit < 0:
		limit = 0
	}
	p := &points{limit: limit, now: now, by: map[tenant.ID]int{}, behind: map[tenant.ID]int{}}
	if p.turn(); spent.Begins.Equal(p.hour) {
		for id, n := range spent.By {
			p.used += n
			p.by[id] = n
		}
	}
	return p
}

func (p *points) spentBy() Hour {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn()
	return Hour{p.hour, maps.Clone(p.by)}
}

// take books one call, or says with Busy how long it has to wait.
func (p *points) take(id tenant.ID, cost int, c call) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.turn()
	if p.limit > 0 {
		wait := p.hour.Add(time.Hour).Sub(now)
		usable := p.limit
		if !c.write {
			usable -= p.limit / 10
		}
		if p.used+cost > usable {
			return fault.BusyFor(wait, "the hour's %d points for calls to Atlassian are used up; calls go on in %s", p.limit, wait.Round(time.Second))
		}
		sharers := len(p.by)
		if _, known := p.by[id]; !known {
			sharers++
		}
		if c.background && p.behind[id]+cost > p.limit*3/10/sharers {
			return &fault.Error{Kind: fault.Busy, After: wait, Err: ErrLater, Text: fmt.Sprintf("%s has had its share of them", id)}
		}
		if !c.write && sharers > 1 && p.used > p.limit/2 && p.by[id]+cost > usable/sharers {
			return fault.BusyFor(wait, "%s has had its share of the hour's points (%d of %d); its reads go on in %s",
				id, p.by[id], p.limit, wait.Round(time.Second))
		}
	}
	p.calls++
	p.add(id, cost, c)
	return nil
}

// tell reports whether it is yet to be said that the hour's points are used up, once an hour.
func (p *points) tell() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := !p.told.Equal(p.hour)
	p.told = p.hour
	return first
}

// charge books what an answer cost beyond the call itself.
func (p *points) charge(id tenant.ID, cost int, c call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn()
	if c.searches {
		cost -= min(fullPage, p.used) // an hour that turned meanwhile has not paid for the page
	}
	p.add(id, cost, c)
}

func (p *points) add(id tenant.ID, cost int, c call) {
	if c.background {
		p.behind[id] += cost
	}
	p.used += cost
	p.points += cost
	p.by[id] += cost
}

// turn opens the hour's page and returns the time.
func (p *points) turn() time.Time {
	now := p.now().UTC()
	if hour := now.Truncate(time.Hour); !hour.Equal(p.hour) {
		p.hour, p.used = hour, 0
		clear(p.by)
		clear(p.behind)
	}
	return now
}

func (p *points) spent() Spent {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn()
	return Spent{Calls: p.calls, Points: p.points, Hour: p.used, Limit: p.limit}
}

// fullPage is how much more than itself a search costs until it is known what it finds: the clients ask for a hundred. Were it booked
// afterwards only, searches under way would be what takes the last writes of an hour over its limit.
const fullPage = 100 * ObjectPrice

// price is what a call costs before its answer is known: a write 1; a read 1 and 1 for the object that it names; a search a page of
// them. Charge says what it was.
func price(c call) int {
	switch {
	case c.searches:
		return 1 + fullPage
	case c.write || c.method == http.MethodPost || finds(c.template):
		return 1
	}
	return 2
}

type chargeKey struct{}

// The prices of what an answer holds, for Charge.
const (
	ObjectPrice = 1 // an issue, page, project or other core object
	PersonPrice = 2 // a user, group or permission
)

// Charge books the points of what a search found, once its answer is read, in place of the page that was reckoned with. A response of
// another road costs nothing.
func Charge(resp *http.Response, points int) {
	if resp == nil || resp.Request == nil || points < 0 {
		return
	}
	if charge, ok := resp.Request.Context().Value(chargeKey{}).(func(int)); ok {
		charge(points)
	}
}
