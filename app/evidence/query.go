package evidence

import (
	"time"

	"github.com/throughline/throughline/app/control"
	"github.com/throughline/throughline/app/fault"
)

// Query is what an export is about.
type Query struct {
	Window
	AsOf      time.Time // what was recorded from then on is not known; from the window's beginning on
	Framework string    // of the criteria; empty means SOC 2
	Scope     Scope
	Sample    int    // how many threats to draw for closer tests; 0 draws none
	Seed      uint64 // of the draw: the same seed draws the same
}

// Check makes a query whole and says what is wrong with it, by now: an instant that comes later than now is no knowledge yet.
func (q *Query) Check(now time.Time) error {
	if err := q.Valid(now); err != nil {
		return err
	}
	if q.AsOf.IsZero() {
		q.AsOf = q.To
		if now.Before(q.AsOf) {
			q.AsOf = now
		}
	}
	switch {
	case q.AsOf.After(now):
		return fault.New(fault.Invalid, "--as-of %s is in the future: nobody knows yet what will be recorded until then", stamp(q.AsOf))
	case !q.AsOf.After(q.From):
		return fault.New(fault.Invalid, "--as-of %s is not later than the window's beginning %s: nothing of the window was known then", stamp(q.AsOf), stamp(q.From))
	case q.Sample < 0:
		return fault.New(fault.Invalid, "--sample %d: draw one threat or more", q.Sample)
	}
	c, err := control.Framework(q.Framework)
	if err != nil {
		return err
	}
	q.Framework = c.Framework
	return nil
}

// End is the end of what the query can tell of: the window's, or an earlier instant of knowledge.
func (q Query) End() time.Time {
	if q.AsOf.Before(q.To) {
		return q.AsOf
	}
	return q.To
}

// within reports whether an instant lies in the part of the window that is known of.
func (q Query) within(t time.Time) bool { return !t.Before(q.From) && t.Before(q.End()) }

// Holds reports whether a threat is of the query's population: every threat of its scope that counted at some instant of the
// window, exceptions included. Left out are only those that were withdrawn or dismissed before it began, or stated after it ended.
func (q Query) Holds(t Threat) bool {
	return t.Counted(q.From) && len(t.States) > 0 && t.States[0].Recorded.Before(q.End()) && q.Scope.threat(t)
}
