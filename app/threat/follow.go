package threat

// Standing is the category that a ticket's work stands in: its status category, but for one that was declined. A threat whose
// ticket nobody worked on is as open as before: somebody has to accept the risk, or do it.
func (t Ticket) Standing() Category {
	if t.Category == Done && t.Declined {
		return ToDo
	}
	return t.Category
}

// Follow returns the state that a threat in state s comes into when its ticket is in a status category. What a person decided
// about the threat itself (dismissed, proposed, withdrawn) no ticket undoes; a verified threat whose ticket stays done stays
// verified; an accepted one leaves acceptance only by the work being done.
func Follow(s State, c Category) State {
	switch s {
	case Proposed, Dismissed, Withdrawn:
		return s
	case Accepted:
		if c != Done {
			return s
		}
	case Verified:
		if c == Done {
			return s
		}
	}
	switch c {
	case Done:
		return Mitigated
	case Doing:
		return InProgress
	case ToDo:
		return Open
	}
	return s
}
