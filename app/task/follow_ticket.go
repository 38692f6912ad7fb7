package task

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
)

// shown is a ticket as an event shows it.
func (p Policy) shown(t threat.Ticket, e event.Issue) threat.Ticket {
	switch {
	case e.Deleted:
		t.Deleted, t.Hidden = true, false
		return t // and Updated stays: its other facts are of then
	case e.Hidden:
		t.Hidden = true
		return t
	}
	t.Updated = e.Updated
	t = t.In(e.Category, e.By, e.At)
	t.Hidden = false
	t.Key, t.URL = e.Key, strings.Replace(t.URL, t.Key, e.Key, 1)
	t.Status, t.StatusID, t.Assignee, t.Due, t.Resolution = e.Status, cmp.Or(e.StatusID, sameStatus(t, e)), e.Assignee, e.Due, e.Resolution
	t.Declined = p.declines(e.Resolution)
	return t
}

// sameStatus is the id of a ticket's status where an event that tells none shows it in the same.
func sameStatus(t threat.Ticket, e event.Issue) string {
	if t.Status == e.Status {
		return t.StatusID
	}
	return ""
}

// after is a ticket as a step of its history leaves it.
func (p Policy) after(t threat.Ticket, s threat.Step) threat.Ticket {
	t = t.After(s)
	t.Declined = p.declines(t.Resolution)
	return t
}

// sameTime is a ticket with another's time of change, to compare what else differs.
func sameTime(t, as threat.Ticket) threat.Ticket {
	t.Updated = as.Updated
	return t
}

// seen is an event completed by an issue as it was read.
func seen(is jira.Past, e event.Issue) event.Issue {
	return event.Issue{
		ID: is.ID, Key: is.Key, Project: is.Project, Summary: is.Summary, Status: is.Status, StatusID: is.StatusID, Category: is.Category,
		Assignee: is.Assignee, AssigneeName: is.AssigneeName, Due: is.Due, Resolution: is.Resolution, Labels: is.Labels, Updated: is.Updated,
		Steps: is.Steps, Whole: true, At: is.Updated, Event: e.Event,
	}
}

// apply decides what an issue event changes in its threat. It reports false when it is old news. It is pure.
func (p Policy) apply(page trace.Page, t threat.Threat, issue event.Issue, observed, now time.Time) (trace.Change, bool) {
	page.Version = t.Last
	f := &following{Policy: p, sighting: sighting{page: page, observed: observed, now: now}, threat: t, ticket: *t.Ticket, trail: t.Follow()}
	was := f.ticket
	taken := f.putOff(issue)
	switch {
	case issue.Event == gatherEvent && !issue.Whole:
		taken = f.gather() || taken
	case was.Deleted: // and stays so
	default:
		taken = f.follow(issue) || taken
		if f.ticket.Deleted && f.trail.PutOff != nil {
			f.gatherLater()
		}
	}
	if f.overdue(now) {
		f.remind()
	}
	if !taken && f.ticket == was && len(f.change.Entries) == 0 {
		return trace.Change{}, false
	}
	f.threat.Ticket, f.threat.Trail = &f.ticket, &f.trail
	f.change.Threats = []threat.Threat{f.threat}
	return f.change, true
}

// follow takes in what an event shows. It reports whether the trail is another.
func (f *following) follow(issue event.Issue) (taken bool) {
	newest := f.trail.Last()
	steps := slices.Clone(issue.Steps)
	slices.SortFunc(steps, func(a, b threat.Step) int { return cmp.Compare(a.ID, b.ID) })
	steps = slices.DeleteFunc(steps, f.trail.Has)
	if issue.Hidden {
		steps = nil // put off
	}
	f.begin(steps, issue)
	late := false
	for _, s := range steps {
		f.trail.Take(s)
		taken = true
		if s.ID < newest {
			late = true
			f.late(s)
			continue
		}
		f.step(s)
	}
	if late {
		f.restore()
	}
	overtaken := issue.Updated.Before(f.ticket.Updated) || len(issue.Steps) > 0 && newestStep(issue) < newest // steps of one millisecond have ids
	if !overtaken || issue.Deleted || issue.Hidden {
		f.take(issue.By, issue.At, f.shows(issue), issue.AssigneeName, 0)
	}
	if issue.Whole {
		f.trail.Close()
		if f.trail.PutOff != nil {
			f.trail.PutOff, taken = nil, true // all of it was read now
		}
	}
	if through := sweptThrough(issue); through.After(f.trail.Swept) {
		f.trail.Swept, taken = through, true
	}
	return taken
}

// shows is the ticket as an event shows it, which may be one from before it was gone.
func (f *following) shows(issue event.Issue) threat.Ticket {
	is := f.shown(f.ticket, issue)
	if f.belated {
		is.Deleted, is.Hidden = f.ticket.Deleted, f.ticket.Hidden
	}
	return is
}

// sweptThrough is up to when an event leaves nothing to be found: a sweep read all there is, and nothing comes before a creation.
func sweptThrough(e event.Issue) time.Time {
	if e.Whole && e.Event == sweepEvent || e.Created {
		return e.Updated
	}
	return time.Time{}
}

// following is one threat whose ticket is followed.
type following struct {
	Policy
	sighting
	threat threat.Threat
	ticket threat.Ticket
	trail  threat.Trail
	change trace.Change

	belated bool // what is taken in happened before the ticket was gone
}

func (f *following) record(kind ledger.Kind, fact any) {
	f.change.Entries = append(f.change.Entries, f.entry(kind, f.threat.ID, fact))
}

// begin fills in the status of a ticket that was just created, of which nobody told: the one that its first steps led away from, or
// the one in which it still is.
func (f *following) begin(steps []threat.Step, issue event.Issue) {
	if f.ticket.Status != "" || len(steps) == 0 {
		return
	}
	f.ticket.Status, f.ticket.StatusID = issue.Status, issue.StatusID
	for _, s := range steps {
		for _, c := range s.Changes {
			if c.Field == threat.FieldStatus {
				f.ticket.Status, f.ticket.StatusID = c.FromName, c.From
				return
			}
		}
	}
}

// step takes in the next step of the ticket's history.
func (f *following) step(s threat.Step) { f.take(s.By, s.At, f.after(f.ticket, s), s.Name, s.ID) }

// take takes the ticket for what it is now, with what follows from it for the threat.
func (f *following) take(by string, at time.Time, is threat.Ticket, assignee string, step int64) {
	was := f.ticket
	f.by, f.occurred, f.ticket = by, at, is
	if sameTime(is, was) == was {
		return
	}
	fact := ledger.TicketFact{Ticket: is, Step: step}
	if f.belated {
		fact.Why = "heard of after it was gone"
	}
	f.record(ledger.Ticketed, fact)
	if is.Assignee != was.Assignee && is.Assignee != f.threat.Owner.Account {
		f.threat.Owner = threat.Owner{Account: is.Assignee, Name: assignee, Reason: inJira}
		if is.Assignee == "" {
			f.threat.Owner = threat.Owner{Reason: "unassigned in Jira"}
		}
		f.record(ledger.Owned, ledger.OwnerFact{Owner: f.threat.Owner})
	}
	if (is.Deleted || is.Hidden) && !f.belated {
		return // where it stands, nobody knows any more
	}
	f.stand(is)
	if declined(is) && !declined(was) {
		f.ask()
	}
}

// stand brings the threat to where its ticket stands.
func (f *following) stand(is threat.Ticket) {
	next := threat.Follow(f.threat.State, is.Standing())
	if next == f.threat.State {
		return
	}
	f.threat.Stale = false
	f.change.Entries = append(f.change.Entries, f.move(&f.threat, next, whyMoved(is)))
}

// late takes in a step that was overtaken by later ones: it happened, and may have undone a verification, but the ticket is not
// any more as it left it.
func (f *following) late(s threat.Step) {
	is := f.after(f.ticket, s)
	f.by, f.occurred = s.By, s.At
	f.record(ledger.Ticketed, ledger.TicketFact{Ticket: is, Why: "heard of after a later change", Step: s.ID})
	f.stand(is)
}

// restore comes back from late steps to what the ticket is.
func (f *following) restore() {
	f.by, f.occurred = "", f.ticket.Updated
	f.record(ledger.Ticketed, ledger.TicketFact{Ticket: f.ticket, Why: "as it is after the later change"})
	f.stand(f.ticket)
}

func declined(t threat.Ticket) bool { return t.Category == threat.Done && t.Declined }

// ask says on a ticket that was closed without the work being done what is to be decided. It follows from one step of its
// history, which is taken in once, so it is said once.
func (f *following) ask() {
	if f.threat.State != threat.Open && f.threat.State != threat.InProgress {
		return // somebody has decided already
	}
	job := f.tell(f.threat, tale{What: fmt.Sprintf("This ticket was closed as %q: nobody did the work, so its threat stays open. "+
		"Either reopen the ticket, or have somebody other than its assignee decide in a comment of their own: "+
		"“/accept-risk until %s reason” takes the risk on until then, “/dismiss reason” says that it is no threat.",
		f.ticket.Resolution, f.now.AddDate(0, 3, 0).Format(time.DateOnly))})
	job.Subject = "ticket:" + f.ticket.ID + "/declined/" + strconv.FormatInt(f.ticket.Updated.UnixMilli(), 10)
	f.change.Jobs = append(f.change.Jobs, job)
}

func whyMoved(t threat.Ticket) string {
	if declined(t) {
		return fmt.Sprintf("its ticket %s was closed as %q: nobody did the work, and nobody has accepted the risk", t.Key, t.Resolution)
	}
	return fmt.Sprintf("its ticket %s moved to %q", t.Key, t.Status)
}
