package trace

import (
	"encoding/json"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/threat"
)

// Legal checks the moves of a change by the rules of threat.CanMove: each begins where a threat may come from, the next one begins
// where it ended, and the threat is stored in the state to which the last one leads. fault.Internal for a change that must not be
// written. Stores ask it before every commit.
func Legal(c Change) error {
	at := map[string]threat.State{}
	for _, e := range c.Entries {
		if e.Kind != ledger.Moved {
			continue
		}
		var m ledger.MoveFact
		if err := json.Unmarshal(e.Data, &m); err != nil {
			return fault.As(fault.Internal, err, "reading a move of threat %s", e.Threat)
		}
		if before, moved := at[e.Threat]; moved && before != m.From {
			return fault.New(fault.Internal, "threat %s moves from %q, where it is not: it is %q", e.Threat, m.From, before)
		}
		if !allowed(m) {
			return fault.New(fault.Internal, "threat %s must not move from %q to %q", e.Threat, m.From, m.To)
		}
		at[e.Threat] = m.To
	}
	for _, t := range c.Threats {
		if to, moved := at[string(t.ID)]; moved && to != t.State {
			return fault.New(fault.Internal, "threat %s is to be stored as %q after a move to %q", t.ID, t.State, to)
		}
	}
	return nil
}

// allowed reports whether a move may be. A threat begins open or proposed; a verified one may stay so, its text having changed
// since, or having been looked at again.
func allowed(m ledger.MoveFact) bool {
	switch m.From {
	case "":
		return m.To == threat.Open || m.To == threat.Proposed
	case m.To:
		return m.To == threat.Verified
	}
	return threat.CanMove(m.From, m.To)
}
