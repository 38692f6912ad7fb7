package task

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/event"
	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/command"
	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
)

// heedComment obeys the commands in a comment, or refuses them, and answers: each comment once. What becomes of the comment later
// changes nothing, and is noted.
func (d *Desk) heedComment(ctx context.Context, job work.Job) (work.Outcome, error) {
	said, err := decode[event.Comment](job)
	if err != nil {
		return work.Outcome{}, err
	}
	id, page, isHanded := ticketOf(job.Subject)
	if said.ID == "" { // two of the same moment: the next sweep tells
		return work.Outcome{Verdict: work.Discard, Reason: "nobody knows what the comment says"}, nil
	}
	threats, err := d.Book.ByIssue(ctx, job.Tenant, id)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "looking for the threats of issue %s", id)
	}
	if len(threats) == 0 {
		return work.Outcome{}, nil
	}
	if !isHanded {
		return work.Outcome{}, fault.Wrap(d.Book.Commit(ctx, handed(job, threats)), "handing over comment %s", said.ID)
	}
	rec, err := d.Book.Page(ctx, job.Tenant, page)
	if err != nil {
		return work.Outcome{}, fault.Wrap(err, "looking for the threats of issue %s", id)
	}
	h := &hearing{Policy: d.Policy, page: rec.Page, said: said, observed: job.Observed, now: d.Now(), answers: page == threats[0].Page}
	h.threats = slices.DeleteFunc(carriedBy(rec, id), outOfSight)
	if h.fresh() {
		if err := d.prepare(ctx, job, h); err != nil {
			return work.Outcome{}, err
		}
	}
	c := h.hear()
	if len(c.Threats) == 0 {
		return work.Outcome{}, nil
	}
	c.Tenant = job.Tenant
	if h.moved {
		c.Jobs = append(c.Jobs, d.follow(work.WritePanel, page, job, d.Policy.Gather))
	}
	if err := d.assign(ctx, job, h); err != nil {
		return work.Outcome{}, err
	}
	if err := d.Book.Commit(ctx, c); err != nil {
		return work.Outcome{}, fault.Wrap(err, "keeping what comment %s said", said.ID)
	}
	for _, e := range c.Entries {
		if e.Kind == ledger.Commanded {
			d.Count.Ticket(h.counted)
		}
	}
	return work.Outcome{}, nil
}

// outOfSight reports whether Throughline does not see a threat's ticket. Nothing is heard on such a one, for nobody could be answered: the sweep
// that sees it again hears what was said meanwhile.
func outOfSight(t threat.Threat) bool { return t.Ticket.Hidden }

// prepare asks Jira what a decision about commands needs to know: who Throughline itself is, who may be assigned, and which files
// a note may name.
func (d *Desk) prepare(ctx context.Context, job work.Job, h *hearing) error {
	client, err := d.Sites.Jira(ctx, job.Tenant)
	if err != nil {
		return err
	}
	who := d.asking(job.Tenant, client)
	self, err := who.self(ctx)
	if err != nil {
		return err
	}
	h.speaker = speaker{account: h.said.Author, name: h.said.AuthorName, kind: h.said.AuthorType, self: self == h.said.Author}
	project, _, _ := strings.Cut(h.threats[0].Ticket.Key, "-")
	for _, c := range h.commands() {
		switch {
		case c.Wrong != "":
		case c.Name == command.Owner:
			if _, h.speaker.assignable, err = who.CanAssign(ctx, project, h.said.Author); err != nil {
				return fault.Wrap(err, "looking up who can be assigned in %s", project)
			}
			u, ok, err := who.CanAssign(ctx, project, c.Person)
			if err != nil {
				return fault.Wrap(err, "looking up who can be assigned in %s", project)
			}
			if ok && u.Answers() {
				h.people = append(h.people, u)
			}
		case c.Name == command.Verify && namesFile(c.Note):
			if h.files, err = client.Attachments(ctx, h.said.Issue); err != nil && !fault.Is(err, fault.NotFound) {
				return fault.Wrap(err, "looking for the files that a note names")
			}
		}
	}
	return nil
}

// assign gives the ticket to whom a command named. It may be repeated, and comes before the commit: what is kept is done.
func (d *Desk) assign(ctx context.Context, job work.Job, h *hearing) error {
	if h.assignee == "" {
		return nil
	}
	client, err := d.Sites.Jira(ctx, job.Tenant)
	if err != nil {
		return err
	}
	err = client.Assign(ctx, h.said.Issue, h.assignee)
	if fault.Is(err, fault.NotFound) {
		return nil // the ticket is gone, which its own event tells
	}
	return fault.Wrap(err, "assigning %s as a comment asks", h.threats[0].Ticket.Key)
}

// hearing is one comment on the ticket of some threats of one page.
type hearing struct {
	Policy
	page     trace.Page
	said     event.Comment
	threats  []threat.Threat
	observed time.Time
	now      time.Time
	answers  bool // of several pages that share the ticket, this is the one that answers

	speaker speaker
	people  []jira.User // of those whom owner commands mention, who can be assigned
	files   []jira.Attachment

	moved    bool   // the panel has something new to show
	assignee string // whom to give the ticket to
	counted  string // for the metrics
}

// speaker is who wrote a comment.
type speaker struct {
	account, name, kind string
	self                bool // it is the account that Throughline itself works with
	assignable          bool // looked up for owner commands only
}

// number is the comment's id; 0 for what is none of Jira's.
func (h *hearing) number() int64 {
	n, err := strconv.ParseInt(h.said.ID, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func (h *hearing) commands() []command.Command { return command.Parse(h.said.Text) }

// fresh reports whether the comment holds commands that were not heard before.
func (h *hearing) fresh() bool {
	return !h.said.Deleted && len(h.threats) > 0 && len(h.commands()) > 0 && slices.ContainsFunc(h.threats, h.unheard)
}

func (h *hearing) unheard(t threat.Threat) bool {
	trail := t.Follow()
	return !trail.Knows(h.number()) && h.said.Created.After(trail.From) && !t.Ticket.Deleted
}

// version is the comment as it is remembered: its commands only, for what else it says decides nothing.
func (h *hearing) version() threat.Heard {
	v := threat.Heard{Comment: h.number(), At: h.said.Updated}
	if h.said.Deleted {
		v.At = h.said.At
		return v
	}
	v.Text = commandsOf(h.said.Text)
	return v
}

// commandsOf is what a comment commands, as one text.
func commandsOf(text string) string {
	var all []string
	for _, c := range command.Parse(text) {
		all = append(all, c.Text)
	}
	return strings.Join(all, "\n")
}

// hear decides what the comment changes. It is pure.
func (h *hearing) hear() trace.Change {
	var c trace.Change
	var replies []reply
	commands := h.commands()
	for _, t := range h.threats {
		page := h.page
		page.Version = t.Last
		s := sighting{page: page, by: h.said.Author, occurred: h.said.Updated, observed: h.observed, now: h.now}
		trail := t.Follow()
		switch v := h.version(); {
		case v.Comment == 0:
			continue
		case trail.Knows(v.Comment):
			if !trail.Alter(v) {
				continue
			}
			s.by, s.occurred = h.said.By, h.said.At
			c.Entries = append(c.Entries, s.entry(ledger.Altered, t.ID, ledger.CommandFact{Issue: t.Ticket.Key, Comment: h.said.ID, Text: v.Text}))
		case !h.said.Deleted && len(commands) > 0 && h.unheard(t):
			trail.Hear(v)
			var answers []reply
			for _, cmd := range commands {
				entries, answer := h.obey(s, &t, cmd)
				c.Entries, answers = append(c.Entries, entries...), append(answers, answer)
			}
			if replies == nil {
				replies = answers // pages may name one issue for several threats: they are told of as one
			}
		default:
			continue
		}
		t.Trail = &trail
		c.Threats = append(c.Threats, t)
	}
	if job, ok := h.answer(replies); ok {
		c.Jobs = append(c.Jobs, job)
	}
	return c
}

// answer makes the job that answers a comment on its ticket; other apps are not answered, lest two of them talk without end.
func (h *hearing) answer(replies []reply) (work.Job, bool) {
	if len(replies) == 0 || !h.answers || h.speaker.kind == appAccount {
		return work.Job{}, false
	}
	what := tale{Issue: h.said.Issue, Answer: h.said.ID, To: h.said.Author}
	for _, r := range replies {
		what.Replies = append(what.Replies, r.text())
	}
	return work.Job{
		Kind: work.TellTicket, Subject: "comment:" + h.said.Issue + "/" + h.said.ID, Lane: "ticket:" + h.said.Issue,
		Args: ledger.Encode(what), RunAt: h.now, Occurred: h.said.Updated, Observed: h.observed,
	}, true
}
