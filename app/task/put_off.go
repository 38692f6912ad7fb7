package task

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/work"
)

// A deletion may overtake the last events of its ticket, and then nobody can be asked any more what was between them: the history is gone
// with the ticket. Each of them alone does not tell its place, so they are put off, and taken in together in the order of the history.
const (
	// gathering is how long the first of them waits for the others: Jira sends again what was not taken within half an hour or so.
	gathering = time.Hour
	// gatheredMost is how many wait at most.
	gatheredMost = 64
)

// gatherEvent is what the Args of the job name as their event that takes in what was put off.
const gatherEvent = "gather"

// putOff is an event that waits, with when we heard of it.
type putOff struct {
	Issue    event.Issue `json:"issue"`
	Observed time.Time   `json:"observed"`
}

// putOff has an event wait that shows a ticket as it was before it was gone. It reports false when the event does not, or tells nothing new.
func (f *following) putOff(e event.Issue) bool {
	gone := f.ticket.Deleted || e.Hidden
	if !gone || e.Category == "" || e.Deleted || e.Whole || len(e.Steps) > 0 && !slices.ContainsFunc(e.Steps, func(s threat.Step) bool { return !f.trail.Has(s) }) {
		return false
	}
	e.Hidden = false
	f.trail.PutOff = append(f.trail.PutOff, ledger.Encode(putOff{e, f.observed}))
	if f.ticket.Deleted || len(f.trail.PutOff) >= gatheredMost {
		f.gatherLater()
	}
	return true
}

// gatherLater asks for what was put off to be taken in. Of a ticket that is only out of sight that is not asked: its deletion may be told yet, and
// where it comes back into sight its history tells.
func (f *following) gatherLater() {
	runAt := f.now.Add(gathering)
	if len(f.trail.PutOff) >= gatheredMost {
		runAt = f.now
	}
	f.change.Jobs = append(f.change.Jobs, work.Job{
		Kind: work.SyncTicket, Subject: f.ticket.ID + "/" + gatherEvent + "@" + f.threat.Page, Lane: f.threat.Page,
		Args: ledger.Encode(event.Issue{ID: f.ticket.ID, Event: gatherEvent}), RunAt: runAt, Occurred: f.now, Observed: f.observed,
	})
}

// gather takes in what was put off. It reports false when nothing was.
func (f *following) gather() bool {
	if f.trail.PutOff == nil {
		return false
	}
	var waited []putOff
	for _, raw := range f.trail.PutOff {
		var w putOff
		if json.Unmarshal(raw, &w) == nil { // as it was encoded here
			waited = append(waited, w)
		}
	}
	slices.SortStableFunc(waited, func(a, b putOff) int {
		return cmp.Or(a.Issue.Updated.Compare(b.Issue.Updated), cmp.Compare(newestStep(a.Issue), newestStep(b.Issue)))
	})
	f.trail.PutOff, f.belated = nil, true
	for _, w := range waited {
		f.observed = w.Observed
		f.follow(w.Issue)
	}
	f.belated, f.change.Jobs = false, nil // who would be told on the ticket cannot read it
	return true
}

func newestStep(e event.Issue) (id int64) {
	for _, s := range e.Steps {
		id = max(id, s.ID)
	}
	return id
}
