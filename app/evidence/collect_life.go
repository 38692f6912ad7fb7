package evidence

import (
	"fmt"
	"time"

	"github.com/throughline/throughline/app/threat"
)

// proven is what a verification points to, on one line.
func proven(p threat.Proof) string {
	if p.Kind != "attachment" {
		return p.URL
	}
	text := p.Name
	if !p.At.IsZero() {
		text += fmt.Sprintf(" (%d bytes, attached by %s at %s)", p.Size, p.By, p.At.UTC().Format(time.RFC3339))
	}
	return text + " " + p.URL
}

// life adds a threat's moves, sign-offs and decisions.
func (c *collection) life(t Threat) error {
	key := ""
	if t.Ticket != nil {
		key = t.Ticket.Key
	}
	sign := func(what, name, note string, at Times) {
		if len(c.summary.signed) < coverSignOffs {
			c.summary.signed = append(c.summary.signed, signOff{what, t.ID, t.Text.Title, or(name, at.By), note, at.Occurred})
		}
	}
	for _, s := range t.States {
		if err := c.table("states").add(append([]any{t.ID, string(s.From), string(s.State), s.Stale, s.Why, c.query.within(s.Recorded)}, s.Times.cells()...)...); err != nil {
			return err
		}
	}
	for i, v := range t.Verifications {
		var links []string
		for _, l := range v.Given.Links {
			links = append(links, proven(l))
		}
		in := c.query.within(v.Recorded)
		if in {
			c.summary.Verified++
			what := "verified"
			if v.Holds {
				c.summary.VerifiedHold++
			}
			if fate := t.fate(i); fate != "" {
				what += " (" + fate + ")"
			}
			sign(what, v.Given.By, v.Given.Note, v.Times)
		}
		if err := c.table("verifications").add(append([]any{t.ID, key, v.Given.Note, links, v.Holds, v.Assignee, v.byAssignee(), v.DoneBy, v.Done, v.Given.Waived, in, v.Given.By}, v.Times.cells()...)...); err != nil {
			return err
		}
	}
	for i, a := range t.Acceptances {
		in := c.query.within(a.Recorded)
		holds := t.State == threat.Accepted && a.holds(c.query.AsOf) && i+1 == len(t.Acceptances)
		if in {
			c.summary.Accepted++
			what := "accepted until " + a.Given.Until
			if holds {
				c.summary.AcceptedHold++
			} else {
				what += " (holds no more)"
			}
			sign(what, a.Given.By, a.Given.Reason, a.Times)
		}
		if err := c.table("acceptances").add(append([]any{
			t.ID, key, a.Given.Reason, a.Given.Until, holds, a.Assignee != "" && a.Assignee == a.By, a.Given.Waived, in, a.Given.By,
		}, a.Times.cells()...)...); err != nil {
			return err
		}
	}
	for _, d := range t.Decisions {
		if err := c.table("decisions").add(append([]any{t.ID, string(d.Kind), d.What, d.Why, c.query.within(d.Recorded)}, d.Times.cells()...)...); err != nil {
			return err
		}
	}
	return nil
}
