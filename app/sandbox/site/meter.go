package site

import (
	"context"
	"sync/atomic"
)

// Meter counts what one REST request costs in points, by the rule that Atlassian publishes for Jira and Confluence Cloud
// ("Rate limiting", points-based quota): 1 for the request, and for a read 1 more per core object (issue, page, project …) and
// 2 more per identity object (user, group, permission) that it returns. It is safe for concurrent use.
type Meter struct{ core, identity atomic.Int64 }

// Points is the request's cost so far, given whether it is a read.
func (m *Meter) Points(read bool) int64 {
	if !read {
		return 1
	}
	return 1 + m.core.Load() + 2*m.identity.Load()
}

type meterKey struct{}

// WithMeter hands a request's meter to the product that serves it.
func WithMeter(ctx context.Context, m *Meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// Count tells the request's meter what the answer holds. Without a meter it does nothing.
func Count(ctx context.Context, core, identity int) {
	if m, ok := ctx.Value(meterKey{}).(*Meter); ok {
		m.core.Add(int64(core))
		m.identity.Add(int64(identity))
	}
}
