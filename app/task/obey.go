package task

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/throughline/throughline/app/atlassian/jira"
	"github.com/throughline/throughline/app/command"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
)

const (
	appAccount      = "app"
	customerAccount = "customer"
)

// FourEyes is the rule that nobody verifies, accepts or dismisses what is their own.
const FourEyes = "four eyes"

// reply is what a command is answered.
type reply struct {
	command command.Command
	refused string // why, and what to do; empty when it was not refused
	done    string // what was done
}

func (r reply) text() string {
	if r.refused == "" {
		return r.done
	}
	said := shorten(r.command.Text, 120)
	if last := strings.LastIndexByte(said, ' ') + 1; strings.Contains(said[last:], "://") {
		said += " " // the mark that follows would be taken for the end of the address
	}
	return fmt.Sprintf("“%s” was refused: %s.", said, strings.TrimRight(r.refused, "."))
}

// obey decides about one command, changes the threat by what it does, and returns the entries that record it. It is pure.
func (h *hearing) obey(s sighting, t *threat.Threat, c command.Command) ([]ledger.Entry, reply) {
	r := reply{command: c, refused: h.refuse(*t, c)}
	entries := []ledger.Entry{s.entry(ledger.Commanded, t.ID, ledger.CommandFact{Issue: t.Ticket.Key, Comment: h.said.ID, Text: c.Text, Refused: r.refused})}
	h.counted = "command refused"
	if r.refused != "" {
		return entries, r
	}
	h.counted, h.moved = "command obeyed", true
	move := func(to threat.State, why string) {
		if to != t.State || t.Stale {
			t.Stale = false
			entries = append(entries, s.move(t, to, why))
		}
	}
	var waived []string
	if !h.FourEyes {
		waived = []string{FourEyes}
	}
	switch c.Name {
	case command.Verify:
		t.Verification = &threat.Verification{Note: c.Note, Links: proofs(c.Note, h.files), Comment: h.said.ID, At: s.moment(c.Note), By: h.speaker.name, Waived: waived}
		entries = append(entries, s.entry(ledger.Verified, t.ID, ledger.VerifiedFact{Verification: *t.Verification}))
		move(threat.Verified, "verified: "+c.Note)
		r.done = fmt.Sprintf("%s is verified for version %d of its page%s.", t.ID, t.Last, keptWith(t.Verification.Links))
		if name := lost(c.Note, h.files); name != "" {
			r.done += fmt.Sprintf(" This ticket has no attachment called “%s”, so none is kept with it: if you mean one, attach it and write the comment once more.", name)
		} else if len(t.Verification.Links) == 0 {
			r.done += " It rests on your word alone: a further “/verify” with a link, or with the name of an attached file, keeps that with it."
		}
	case command.Accept:
		t.Acceptance = &threat.Acceptance{Until: c.Until, Reason: c.Note, Comment: h.said.ID, At: s.moment(c.Note), By: h.speaker.name, Waived: waived}
		entries = append(entries, s.entry(ledger.RiskAccepted, t.ID, ledger.AcceptedFact{Acceptance: *t.Acceptance}))
		move(threat.Accepted, fmt.Sprintf("risk accepted until %s: %s", c.Until, c.Note))
		r.done = fmt.Sprintf("The risk of %s is accepted until %s. With the end of that day it is open again, and this ticket will say so.", t.ID, c.Until)
	case command.Dismiss:
		move(threat.Dismissed, "dismissed: "+c.Note)
		r.done = fmt.Sprintf("%s is dismissed as no threat. “/reopen reason” undoes that.", t.ID)
	case command.Owner:
		u := h.assignable(c.Person)
		h.assignee = u.AccountID
		t.Owner = threat.Owner{Account: u.AccountID, Name: u.Name, Reason: "named by a comment of " + h.speaker.title()}
		entries = append(entries, s.entry(ledger.Owned, t.ID, ledger.OwnerFact{Owner: t.Owner}))
		r.done = fmt.Sprintf("%s owns %s now, and this ticket is assigned to them.", u.Name, t.ID)
	case command.Reopen:
		was := t.State
		if was == threat.Dismissed {
			move(threat.Open, "reopened: "+c.Note)
		}
		move(reopened(*t), "reopened: "+c.Note)
		r.done = fmt.Sprintf("%s was %s and is %s again.", t.ID, was, t.State)
		if t.State == threat.Mitigated {
			r.done += fmt.Sprintf(" It counts as done since this ticket is %q: reopen the ticket too, if the work is to be done anew.", t.Ticket.Status)
		}
	}
	return entries, r
}

// reopened is the state in which a threat is without what people decided about it: its ticket tells.
func reopened(t threat.Threat) threat.State { return threat.Follow(threat.Open, t.Ticket.Standing()) }

// refuse says why a command is not obeyed, and what to do; empty when it is. What is written in a comment can do no more than its
// author may.
func (h *hearing) refuse(t threat.Threat, c command.Command) string {
	who := h.speaker
	switch {
	case who.account == "":
		return "Jira does not say who wrote it. Write the comment anew, as yourself"
	case who.kind == appAccount:
		return "commands are for people, and this account is an app's. Have somebody write the comment as themselves"
	case who.kind == customerAccount:
		return "commands are for members of the site, and this account is a customer's. Ask somebody who works on the ticket to write the comment"
	case who.self:
		return "this is the account that Throughline itself works with. Write the comment as yourself"
	case h.said.Editor != "" && h.said.Editor != h.said.Author && h.said.Updated.After(h.said.Created):
		return "somebody else changed the comment before Throughline saw it. Write it anew, as yourself"
	case c.Wrong != "":
		return c.Wrong
	case t.State == threat.Withdrawn:
		return "its threat is withdrawn: the page does not state it any more. Put it back into the page first"
	}
	if why := h.mayNot(t, c); why != "" {
		return why
	}
	return h.cannot(t, c)
}

// mayNot is what the site's policy has against who asks.
func (h *hearing) mayNot(t threat.Threat, c command.Command) string {
	who := h.speaker
	approver := slices.Contains(h.Approvers, who.account)
	switch c.Name {
	case command.Reopen:
		return "" // whoever may comment: it only asks for another look
	case command.Owner:
		if approver || who.assignable || who.account == t.Ticket.Assignee {
			return ""
		}
		return "only people to whom tickets of this project can be assigned say who owns one. Ask one of them, or the project's administrator for the permission to be assigned"
	}
	if len(h.Approvers) > 0 && !approver {
		return "on this site only certain people verify, accept or dismiss (THROUGHLINE_APPROVERS). Ask one of them to write the comment, or an administrator to be added"
	}
	if !h.FourEyes {
		return ""
	}
	verb := map[command.Name]string{command.Verify: "verifies", command.Accept: "accepts", command.Dismiss: "dismisses"}[c.Name]
	switch who.account {
	case t.Ticket.Assignee, t.Owner.Account:
		return fmt.Sprintf("nobody %s what is their own, and this ticket is yours. Ask somebody else to look at it and to write the comment", verb)
	case t.Ticket.DoneBy:
		if c.Name == command.Verify {
			return "nobody verifies what they themselves moved to done. Ask somebody else to look at it and to write the comment"
		}
	}
	return ""
}

// cannot is why a command makes no sense now.
func (h *hearing) cannot(t threat.Threat, c command.Command) string {
	switch c.Name {
	case command.Verify:
		if declined(*t.Ticket) && (t.State == threat.Open || t.State == threat.InProgress) {
			return fmt.Sprintf("there is nothing to verify: its ticket was closed as %q, so nobody did the work. Reopen the ticket and have it done, or write “/accept-risk until %s reason” or “/dismiss reason” instead",
				t.Ticket.Resolution, h.now.AddDate(0, 3, 0).Format(time.DateOnly))
		}
		if t.State == threat.Open || t.State == threat.InProgress {
			return fmt.Sprintf("there is nothing to verify yet: its ticket is %q. Have its assignee move it to done first", t.Ticket.Status)
		}
		return settled(t, threat.Mitigated, threat.Verified)
	case command.Accept:
		today := h.now.UTC().Format(time.DateOnly)
		switch last := h.now.UTC().AddDate(1, 0, 0).Format(time.DateOnly); { // somebody looks again within a year
		case c.Until < today:
			return fmt.Sprintf("%s is in the past. Name a day from today on, such as %s", c.Until, h.now.UTC().AddDate(0, 3, 0).Format(time.DateOnly))
		case c.Until > last:
			return fmt.Sprintf("a risk is accepted for a year at most, and %s is later than %s. Name an earlier day; it can be accepted anew then", c.Until, last)
		}
		return settled(t, threat.Open, threat.InProgress, threat.Mitigated, threat.Accepted)
	case command.Dismiss:
		return settled(t, threat.Open, threat.InProgress, threat.Mitigated)
	case command.Owner:
		if h.assignable(c.Person).AccountID == "" {
			project, _, _ := strings.Cut(t.Ticket.Key, "-")
			return fmt.Sprintf("who is mentioned cannot be assigned tickets of project %s. Mention somebody else, or have them given the permission", project)
		}
	case command.Reopen:
		switch t.State {
		case threat.Open, threat.InProgress:
			return fmt.Sprintf("it is %s already. Move its ticket on as the work goes on", t.State)
		case threat.Mitigated:
			return "it is mitigated because its ticket is done. Reopen the ticket itself"
		}
	}
	return ""
}

// settled says that something else was decided about a threat, unless it is in one of some states.
func settled(t threat.Threat, fit ...threat.State) string {
	if slices.Contains(fit, t.State) {
		return ""
	}
	return fmt.Sprintf("it is %s. To decide otherwise, write “/reopen reason” first", t.State)
}

func (h *hearing) assignable(account string) jira.User {
	for _, u := range h.people {
		if u.AccountID == account {
			return u
		}
	}
	return jira.User{}
}

// title is how a speaker is named where a mention would not be read.
func (s speaker) title() string {
	if s.name != "" {
		return s.name
	}
	return s.account
}

func shorten(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return strings.TrimRight(string(r[:n-1]), " ") + "…"
	}
	return text
}
