package evidence

import (
	"time"

	"github.com/throughline/throughline/app/threat"
)

func (v Verification) byAssignee() bool { return v.Assignee != "" && v.Assignee == v.By }

// end is the move by which a verification, by its place among the threat's, ended: nil when it stands, or when the next one came before.
// A text that was gone for a while and came back verified ended nothing.
func (t Threat) end(i int) *Step {
	var end *Step
	for at, s := range t.States {
		switch {
		case s.Entry <= t.Verifications[i].Entry:
		case i+1 < len(t.Verifications) && s.Entry > t.Verifications[i+1].Entry:
			return end
		case s.State == threat.Verified:
			end = nil
		case end == nil || end.State == threat.Withdrawn:
			end = &t.States[at]
		}
	}
	return end
}

// fate says what became of a verification; empty when it stands as it was given.
func (t Threat) fate(i int) string {
	end := t.end(i)
	on := func(at time.Time) string { return " " + at.UTC().Format(time.DateOnly) }
	switch {
	case end == nil && i+1 < len(t.Verifications):
		return "anew" + on(t.Verifications[i+1].Occurred)
	case end == nil && t.Stale:
		return stale
	case end == nil:
		return ""
	case end.State == threat.Withdrawn:
		return "text gone" + on(end.Occurred)
	case end.State == threat.Open || end.State == threat.InProgress:
		return reopened + on(end.Occurred)
	}
	return "withdrawn" + on(end.Occurred)
}

// taken is the verification that a move took back; nil when the ledger has none before it.
func (t Threat) taken(by Step) *Verification {
	for i := len(t.Verifications) - 1; i >= 0; i-- {
		if t.Verifications[i].Entry <= by.Entry {
			return &t.Verifications[i]
		}
	}
	return nil
}

// words say who verified, and when.
func (v *Verification) words() string {
	if v == nil {
		return "it was verified"
	}
	return "verified by " + or(v.Given.By, v.By) + " on " + v.Occurred.UTC().Format(time.DateOnly)
}
