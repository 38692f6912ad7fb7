// Package work is the durable queue between the front doors and the tasks: what is accepted is done, once for each subject,
// in no request's time.
package work

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/throughline/throughline/app/tenant"
)

// Kind names what a job does. Its handler is found by it.
type Kind string

// The kinds of jobs.
const (
	ReviewPage  Kind = "review-page"  // Subject: page id
	FileTickets Kind = "file-tickets" // Subject: page id; files whatever the page's threats lack
	WritePanel  Kind = "write-panel"  // Subject: page id
	SyncTicket  Kind = "sync-ticket"  // Subject: issue id, with "#" and the step of its history that is told of, then "@" and the page id; Args: the issue as the event showed it
	HeedComment Kind = "heed-comment" // Subject: issue id "/" comment id, with what makes its versions differ, then "@" and the page id; Args: the comment
	TellTicket  Kind = "tell-ticket"  // Subject: threat id, and about what; Args: what to say on its ticket
	MindDates   Kind = "mind-dates"   // Subject: page id; acceptances that ended, and due dates that passed
	Refile      Kind = "refile"       // Subject: threat id@page id; Args: who asked; its ticket is gone, and a person wants a new one
	Sweep       Kind = "sweep"        // Subject: "site"; looks for what no event told
	// RestoreTicket has the Subject "issue id@page id"; it puts back what people took off the ticket.
	RestoreTicket Kind = "restore-ticket"
	// AuditTickets has the Subject "site"; it proves that no threat has two tickets.
	AuditTickets Kind = "audit-tickets"
)

// State says where a job is.
type State string

// The states. Done and cancelled jobs are not kept.
const (
	Waiting State = "waiting" // runs at RunAt
	Running State = "running"
	Held    State = "held" // gave up or needs a person: shown by `throughline jobs`, run again by retry
)

// Job is one piece of work. A tenant has at most one Waiting job of a Kind and Subject: another one merges into it.
type Job struct {
	ID       uint64          `json:"id"` // given by the queue, growing
	Tenant   tenant.ID       `json:"tenant"`
	Kind     Kind            `json:"kind"`
	Subject  string          `json:"subject"`
	Lane     string          `json:"lane"` // jobs of one tenant and lane never run side by side; empty means the Subject
	Args     json.RawMessage `json:"args,omitempty"`
	State    State           `json:"state"`
	RunAt    time.Time       `json:"run_at"`           // UTC
	Occurred time.Time       `json:"occurred"`         // UTC: the newest event that led to it, by the source's clock
	Observed time.Time       `json:"observed"`         // UTC: when we heard of that event
	Created  time.Time       `json:"created"`          // UTC
	Attempt  int             `json:"attempt"`          // runs begun
	Reason   string          `json:"reason,omitempty"` // why it waits, was retried or is held, with what to do
}

// Ahead reports whether a job is one that always waits for its next time, which has not come: no work that is left to do.
func (j Job) Ahead(now time.Time) bool {
	return (j.Kind == Sweep || j.Kind == AuditTickets) && j.State == Waiting && j.Reason == "" && j.RunAt.After(now)
}

// Merge is what remains when next joins waiting, a job of the same kind and subject: the earlier RunAt, and the Args, Occurred
// and Observed of the event that occurred later. Of two that occurred at once nobody can say which was last, so Args that
// differ are dropped: a handler without Args looks for itself. ID, Created, Attempt and Lane stay.
func Merge(waiting, next Job) Job {
	if next.RunAt.Before(waiting.RunAt) {
		waiting.RunAt = next.RunAt
	}
	switch next.Occurred.Compare(waiting.Occurred) {
	case 0:
		if !bytes.Equal(waiting.Args, next.Args) {
			waiting.Args = nil
		}
	case 1:
		waiting.Args, waiting.Occurred, waiting.Observed = next.Args, next.Occurred, next.Observed
	}
	return waiting
}

// Delivery is one event from outside with the jobs it leads to.
type Delivery struct {
	Tenant tenant.ID
	Key    string // dedup key within the tenant: the same event delivered again has the same key
	Seen   time.Time
	Jobs   []Job // Tenant, State, ID and Created are filled in by the queue; none means: remember the key only
}

// Verdict says what a handler made of a job. The zero value is Done.
type Verdict uint8

// The verdicts.
const (
	Done    Verdict = iota // it is done, or there was nothing to do
	Snooze                 // not yet: run again after After; counts no attempt
	Retry                  // it failed and may succeed later: back off by the attempts, at least After
	Hold                   // it cannot succeed by itself: keep it for a person, with the Reason
	Discard                // it has lost its object: drop it
)

// Outcome is a handler's result.
type Outcome struct {
	Verdict Verdict
	After   time.Duration
	Reason  string
}

// Handler does one job. It must be idempotent: after a crash it runs again.
type Handler func(ctx context.Context, job Job) Outcome

// Filter selects jobs; zero fields select all.
type Filter struct {
	Tenant tenant.ID
	Kind   Kind
	State  State
	ID     uint64
	After  uint64 // jobs of greater IDs only: the last one of a part that Limit cut off
	Limit  int    // so many at most, those of the smallest IDs
}

// Queue is the durable queue.
type Queue interface {
	// Accept commits the dedup key and the jobs in one durable transaction and reports whether the key was new. When it
	// returns without error the delivery survives a crash. Keys are remembered for at least 48 hours. A job without RunAt is
	// due at once. fault.Busy when the queue cannot take it now (full, or the disk is), with the time to come back after;
	// fault.Invalid for a delivery without tenant or key, or a job without kind or subject.
	Accept(ctx context.Context, d Delivery) (fresh bool, err error)
	// Run leases and runs jobs until ctx ends, then waits for running handlers to return; their context outlives ctx by a
	// grace period. Jobs that were running when the process died run again. A tenant's jobs never starve another's. Held are
	// jobs of a kind without handler, those whose handler panicked, and those that had their attempts. A job accepted while
	// one of the same kind and subject runs is run afterwards. fault.Conflict when this process runs jobs already.
	Run(ctx context.Context, handlers map[Kind]Handler) error
	// Peek lists jobs by ID.
	Peek(ctx context.Context, f Filter) ([]Job, error)
	// Retry lets a waiting or held job run at once; a held one has its attempts again. The Reason stays: it tells the handler that the
	// job ran before. fault.NotFound when there is none.
	Retry(ctx context.Context, id uint64) error
	// Drop discards a waiting or held job. fault.NotFound when there is none.
	Drop(ctx context.Context, id uint64) error
	// Idle reports whether no job is running or due; held jobs, and those that wait for later, do not count.
	Idle(ctx context.Context) (bool, error)
}

// Backoff is the pause before the next run after so many attempts: 1 s, doubling, at most 15 minutes. The runner adds up to a
// fifth of it at random, so that failures that came together don't come back together.
func Backoff(attempt int) time.Duration {
	d := time.Second
	for i := 1; i < attempt && d < 15*time.Minute; i++ {
		d *= 2
	}
	return min(d, 15*time.Minute)
}

// Stats counts the jobs of a queue.
type Stats struct {
	Waiting int // due ones included
	Due     int // could run now
	Running int
	Held    int
	Oldest  time.Duration // how long the job that is due longest has been so; 0 when none is
}
