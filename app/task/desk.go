// Package task does the work that events lead to, one file a kind of job. It brings the rooms below together through narrow
// interfaces of its own; what to do is decided by pure functions, and doing it is thin.
package task

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/confluence"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/document"
	"github.com/throughline/throughline/app/extract"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/mapping"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// Sites gives a tenant's clients. They fail with fault.Denied when the product is not installed on the site.
type Sites interface {
	Confluence(ctx context.Context, id tenant.ID) (*confluence.Client, error)
	Jira(ctx context.Context, id tenant.ID) (*jira.Client, error)
	// JiraURL is the base of links to issues, without trailing slash; it is known without Jira being installed.
	JiraURL(ctx context.Context, id tenant.ID) (string, error)
	// Edition is which of Atlassian's editions the site is of: what is written into pages, and links to them, go by it.
	Edition(ctx context.Context, id tenant.ID) (tenant.Edition, error)
}

// Scanner finds the threats of a page. *extract.Engine is one.
type Scanner interface {
	Scan(doc *document.Document) extract.Report
	Version() extract.Version
}

// Policy is what a site decides about its pages and tickets.
type Policy struct {
	Labels       []string // pages with one of these labels are design pages
	Spaces       []string // keys of spaces all of whose pages are design pages
	Project      string   // key of the Jira project that tickets are filed in, where the mapping names no other
	IssueType    string   // name of the issue type of tickets, likewise
	Component    string   // name of the component tickets get when the threat's element names none, likewise; may be empty
	Mapping      mapping.Mapping
	Declined     []string // names of resolutions that mean nobody did the work
	DefaultOwner string   // account, the last resort; may be empty
	FourEyes     bool     // nobody verifies, accepts or dismisses what is their own
	Approvers    []string // accounts of those who verify, accept and dismiss; empty: whoever may comment
	DueDays      map[threat.Severity]int
	JiraLink     string        // id of Confluence's application link to Jira, on Data Center; may be empty
	PanelRows    int           // at most so many rows in a panel
	PanelNames   bool          // owners by name, not as mentions
	Gather       time.Duration // ticket changes within it share one panel write
	IndexWait    time.Duration // how long Jira's search may hide a ticket that exists
	Poll         time.Duration // how often a site is looked through for what no event told; 0 only when asked
}

// DefaultPolicy is what holds where a site decides nothing. Due days are the usual ones of vulnerability policies: a week, a
// month, a quarter, half a year.
func DefaultPolicy() Policy {
	return Policy{
		Labels:    []string{"threat-model", "design", "architecture"},
		IssueType: "Task",
		Declined:  []string{"Won't Do", "Won't Fix", "Declined", "Duplicate", "Cannot Reproduce", "Incomplete"},
		FourEyes:  true,
		DueDays:   map[threat.Severity]int{threat.Critical: 7, threat.High: 30, threat.Medium: 90, threat.Low: 180},
		Gather:    5 * time.Second,
		IndexWait: 3 * time.Minute,
	}
}

// declines reports whether a resolution means that nobody did the work.
func (p Policy) declines(resolution string) bool {
	return slices.ContainsFunc(p.Declined, func(r string) bool { return strings.EqualFold(r, resolution) })
}

// Desk does the jobs. Its methods are handlers for a work.Queue, safe for concurrent use.
type Desk struct {
	Book    trace.Book
	Sites   Sites
	Scanner Scanner
	Policy  Policy
	Now     func() time.Time
	Log     *slog.Logger
	Count   Counter

	people   directory
	statuses statuses
	bodies   bodies
}

// Counter counts what the desk did, for metrics.
type Counter interface {
	Review(result string) // "changed", "unchanged", "failed", "echo", "removed", "not a design page"
	Panel(result string)  // "written", "unchanged", "conflict"
	Ticket(result string) // "filed", "found" by its marker, "bound" as the page names it, "refused", "failed" call; "command obeyed", "command refused", "overdue", "acceptance ended"
	// Duplicates tells how many threats of a tenant were found to have more than one ticket.
	Duplicates(id tenant.ID, threats int)
}

// Handlers is the one list of what the desk does.
func (d *Desk) Handlers() map[work.Kind]work.Handler {
	return map[work.Kind]work.Handler{
		work.ReviewPage:    d.run(d.reviewPage),
		work.FileTickets:   d.run(d.fileTickets),
		work.WritePanel:    d.run(d.writePanel),
		work.SyncTicket:    d.run(d.syncTicket),
		work.HeedComment:   d.run(d.heedComment),
		work.TellTicket:    d.run(d.tellTicket),
		work.MindDates:     d.run(d.mindDates),
		work.Refile:        d.run(d.refile),
		work.Sweep:         d.run(d.sweep),
		work.RestoreTicket: d.run(d.restoreTicket),
		work.AuditTickets:  d.run(d.auditTickets),
	}
}

// run turns a job's error into its outcome, and logs it here and nowhere else.
func (d *Desk) run(do func(context.Context, work.Job) (work.Outcome, error)) work.Handler {
	return func(ctx context.Context, job work.Job) work.Outcome {
		out, err := do(ctx, job)
		if err == nil {
			return out
		}
		out = outcome(err, d.Now().Sub(job.Created))
		level := slog.LevelWarn
		switch out.Verdict {
		case work.Hold:
			level = slog.LevelError
		case work.Snooze:
			level = slog.LevelDebug // what holds calls back says so once, and not for each job that waits
		}
		if ctx.Err() == nil {
			d.Log.Log(ctx, level, "job failed", "kind", job.Kind, "tenant", job.Tenant, "subject", job.Subject, "attempt", job.Attempt, "error", err)
		}
		return out
	}
}

// outcome decides what becomes of a job of some age that failed: what a person must mend is held, all else is tried again. A
// site that is down or asks for quiet costs no attempt, however long it takes: the job waits as long again as it has waited
// already, so that an outage ends without anybody's help. A write that the site fails over is such an outage for a day; after that
// it may be this one write that the site cannot do. A site that does not know our signature is asked again too: it may be
// in the middle of an installation, or of rotating the secret.
func outcome(err error, age time.Duration) work.Outcome {
	if fault.Is(err, fault.Busy) || fault.Is(err, fault.Uncertain) && age < longestOutage {
		return work.Outcome{Verdict: work.Snooze, After: max(fault.RetryAfter(err), min(max(age, time.Second), maxPause)), Reason: err.Error()}
	}
	if forPeople(err) {
		return work.Outcome{Verdict: work.Hold, Reason: err.Error()}
	}
	return work.Outcome{Verdict: work.Retry, After: fault.RetryAfter(err), Reason: err.Error()}
}

// forPeople reports whether an error stays until a person mends something.
func forPeople(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Denied, fault.NotFound, fault.Gone:
		return true
	}
	return false
}

const (
	// maxPause bounds how long after its end an outage still delays a job.
	maxPause = 15 * time.Minute
	// longestOutage is for how long writes may fail without counting as attempts.
	longestOutage = 24 * time.Hour
)

// record reads what is known of a page; a page nobody reviewed yet is an empty record.
func (d *Desk) record(ctx context.Context, id tenant.ID, page string) (trace.Record, error) {
	rec, err := d.Book.Page(ctx, id, page)
	if fault.Is(err, fault.NotFound) {
		return trace.Record{Page: trace.Page{ID: page}}, nil
	}
	return rec, err
}

// follow makes a job of a page. All of them share the lane that is the page's id, so that one page's record is read and
// written by one job at a time. A job that may run at once takes the place in line before the one that it follows from, so that what
// was begun is finished before the next page is: its text is still at hand then, and the first tickets need not wait for the last page.
func (d *Desk) follow(kind work.Kind, page string, from work.Job, after time.Duration) work.Job {
	runAt := d.Now().Add(after)
	if after == 0 && !from.RunAt.IsZero() && from.RunAt.Before(runAt) {
		runAt = from.RunAt.Add(-time.Nanosecond) // others may wait for the same moment, such as a new hour's points
	}
	return work.Job{
		Kind: kind, Subject: page, RunAt: runAt,
		Occurred: from.Occurred, Observed: from.Observed,
	}
}

// engine names the rules of a scanner: whenever the same page may give another result, it is another name.
func engine(v extract.Version) string {
	return strings.Join(append([]string{v.Version}, v.Finders...), " ")
}

func decode[T any](job work.Job) (T, error) {
	var v T
	if len(job.Args) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(job.Args, &v); err != nil {
		return v, fault.As(fault.Invalid, err, "reading the arguments of %s job %d", job.Kind, job.ID)
	}
	return v, nil
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
