package threat

// State is where a threat stands in its life.
type State string

// The states; docs of the moves between them stand at Moves.
const (
	Proposed   State = "proposed"    // inferred, waits for a person
	Dismissed  State = "dismissed"   // a person said it is none
	Open       State = "open"        // stated or accepted as a threat; work has not begun
	InProgress State = "in progress" // its ticket is being worked on
	Mitigated  State = "mitigated"   // its ticket is done; nothing proves yet that it works
	Verified   State = "verified"    // evidence says that the mitigation works
	Accepted   State = "accepted"    // the residual risk is accepted until a date
	Withdrawn  State = "withdrawn"   // its text is gone from the page; comes back as the same threat
)

// moves are the legal ones. Reopening is open ← mitigated and verified; a ticket's status category may also jump.
var moves = map[State][]State{
	Proposed:   {Open, Dismissed, Withdrawn},
	Dismissed:  {Open, Proposed, Withdrawn},
	Open:       {InProgress, Mitigated, Accepted, Dismissed, Withdrawn},
	InProgress: {Open, Mitigated, Accepted, Dismissed, Withdrawn},
	Mitigated:  {Open, InProgress, Verified, Accepted, Dismissed, Withdrawn},
	Verified:   {Open, InProgress, Mitigated, Withdrawn},
	Accepted:   {Open, InProgress, Mitigated, Withdrawn},
	Withdrawn:  {Proposed, Open, InProgress, Mitigated, Verified, Accepted, Dismissed},
}

// CanMove reports whether a threat may go from one state to another. Staying is no move.
func CanMove(from, to State) bool {
	for _, s := range moves[from] {
		if s == to {
			return true
		}
	}
	return false
}

// States lists all states in the order in which a threat's life passes them.
func States() []State {
	return []State{Proposed, Dismissed, Open, InProgress, Mitigated, Verified, Accepted, Withdrawn}
}

// Live reports whether a threat in this state counts in a page's register: it is stated there and nobody dismissed it.
func (s State) Live() bool { return s != Withdrawn && s != Dismissed && s != Proposed }
