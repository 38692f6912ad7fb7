package evidence

import (
	"slices"

	"github.com/throughline/throughline/app/threat"
)

// tickets adds a row for each ticket that the threat had: one, but where another was bound to it later.
func (c *collection) tickets(t Threat) error {
	for len(t.Tickets) > 0 {
		id := t.Tickets[len(t.Tickets)-1].ID
		steps := t.steps(id)
		t.Tickets = slices.DeleteFunc(slices.Clone(t.Tickets), func(s TicketStep) bool { return s.ID == id })
		first, last := steps[0], steps[len(steps)-1]
		by := "Throughline"
		if last.ByPage {
			by = "the page"
		}
		var days any
		if n, _ := lateness(steps, c.query.AsOf); n > 0 {
			days = n
		}
		c.countTicket(t, last.Ticket)
		err := c.table("tickets").add(last.Key, last.ID, last.URL, t.ID, last.Status, string(last.Category), last.Resolution, last.Declined, last.Assignee, last.Due,
			first.Occurred, by, doneAt(steps), days, reopenings(steps), last.Deleted, last.Hidden, len(steps)-1, int(last.Entry))
		if err != nil {
			return err
		}
	}
	return nil
}

// countTicket counts a ticket by who filed it, and whether the register still has it.
func (c *collection) countTicket(t Threat, is threat.Ticket) {
	s := c.summary
	s.Tickets++
	if is.ByPage {
		return
	}
	s.Filed++
	switch {
	case is.Deleted:
		s.Deleted++
	case is.ID == t.Ticket.ID:
		s.There++
	}
}

// ticketSteps adds a row for each change of the threat's tickets.
func (c *collection) ticketSteps(t Threat) error {
	for _, s := range t.Tickets {
		err := c.table("ticket_steps").add(append([]any{
			t.ID, s.Key, s.ID, string(s.Kind), s.Status, string(s.Category), s.Resolution, s.Declined, s.Assignee, s.Due, s.Deleted, s.Hidden, s.Why, c.query.within(s.Recorded),
		}, s.Times.cells()...)...)
		if err != nil {
			return err
		}
	}
	return nil
}
