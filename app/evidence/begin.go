package evidence

import (
	"time"

	"github.com/throughline/throughline/app/evidence/archive"
)

// beginsLate reports whether the log begins after a window does: of what was before, there is no evidence. A window that nobody gave a
// beginning begins with the log.
func beginsLate(log time.Time, w Window) bool { return w.From.Unix() > 0 && log.After(w.From) }

func logBegins(log time.Time, w Window) string {
	words := clock(log) + " UTC, by its first entry"
	if log.IsZero() {
		words = "it has no entry yet"
	}
	if beginsLate(log, w) {
		words += ": there is no evidence of what was before it, although the window begins at " + clock(w.From) + " UTC"
	}
	return words
}

// claimBegin takes from a pack when the log begins, where the first entry is not disclosed, as far as the others and the counts by window
// leave room for it.
func (c *collection) claimBegin(said time.Time, m archive.Manifest) error {
	s := c.summary
	if m.Ledger.Size == 0 || !s.Begins.IsZero() && c.first == 0 {
		return nil // the entries tell
	}
	if !s.Begins.IsZero() && said.After(s.Begins) || said.Before(c.query.From) != (m.Entries.Before.Entries > 0) || !said.Before(c.query.AsOf) {
		return wrongly("summary.json", "it says that the log begins at %s, and neither its entries nor its counts by window leave room for that", stamp(said))
	}
	s.Begins = said
	return nil
}
