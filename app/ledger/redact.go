package ledger

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// Erasure replaces what is personal in entries and says so in an entry of its own.
type Erasure struct {
	Why     string
	By      string  // who asked for it, as the machine knows them
	Entries []Entry // as they shall stand: By and Data may differ from what is recorded, all else must not
}

// Eraser erases.
type Eraser interface {
	// Erase replaces the bodies of entries, forgets the former ones with their salts, and appends the entry that tells of it, in one
	// transaction. The tree stays as it is, since it only knows the bodies' digests. It returns that entry's number. fault.Conflict
	// when an entry differs in more than By and Data, or is none; fault.Invalid for no entries.
	Erase(ctx context.Context, id tenant.ID, e Erasure) (uint64, error)
}

// Redact puts a placeholder where any of the words (account ids, names) stands in who did an entry, or in a text of its data. It
// reports whether anything was replaced. The data's other bytes stay as they are.
func Redact(e Entry, words []string, placeholder string) (Entry, bool) {
	replace := func(text string) string {
		for _, w := range words {
			if w != "" {
				text = strings.ReplaceAll(text, w, placeholder)
			}
		}
		return text
	}
	by, data := replace(e.By), redactJSON(e.Data, replace)
	changed := by != e.By || string(data) != string(e.Data)
	e.By, e.Data = by, data
	return e, changed
}

// redactJSON applies replace to every string of a JSON text.
func redactJSON(raw json.RawMessage, replace func(string) string) json.RawMessage {
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		begin := strings.IndexByte(string(raw), '"')
		if begin < 0 {
			break
		}
		end := begin + 1
		for end < len(raw) && raw[end] != '"' {
			if raw[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(raw))
		out = append(out, raw[:begin]...)
		out = append(out, redactString(raw[begin:end], replace)...)
		raw = raw[end:]
	}
	return append(out, raw...)
}

func redactString(quoted []byte, replace func(string) string) []byte {
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return quoted
	}
	if after := replace(text); after != text {
		return appendString(nil, after)
	}
	return quoted
}

// Names are the names that entries give a person who is known by an account id.
func Names(e Entry, account string) []string {
	switch e.Kind {
	case Owned:
		var f OwnerFact
		if json.Unmarshal(e.Data, &f) == nil && f.Owner.Account == account && f.Owner.Name != "" {
			return []string{f.Owner.Name}
		}
	case Stated, Changed:
		var f TextFact
		if json.Unmarshal(e.Data, &f) == nil && f.Text.Person.Account == account && f.Text.Person.Name != "" {
			return []string{f.Text.Person.Name}
		}
	}
	return nil
}

// Erase takes a person out of a tenant's log: the account id, and the names that the log has for it and those given, wherever they
// stand. It returns how many entries were changed, and the number of the entry that tells of it. fault.NotFound when the person is in
// none, fault.Invalid for an account id that is too short to be one: it would stand inside of other words.
func Erase(ctx context.Context, log Log, to Eraser, id tenant.ID, account string, names []string, e Erasure) (changed int, told uint64, err error) {
	if len(account) < 8 {
		return 0, 0, fault.New(fault.Invalid, "%q is no account id: Jira shows it in the address of a person's profile", account)
	}
	words := append([]string{account}, names...)
	known := map[string]bool{}
	if err := log.Entries(ctx, id, 0, func(e Entry) bool {
		for _, name := range Names(e, account) {
			if !known[name] {
				known[name] = true
				words = append(words, name)
			}
		}
		return true
	}); err != nil {
		return 0, 0, err
	}
	placeholder := "erased-" + NewSalt().String()[:8]
	if err := log.Entries(ctx, id, 0, func(entry Entry) bool {
		if entry, found := Redact(entry, words, placeholder); found && entry.Kind != Erased { // what vouches for others stays as it is
			e.Entries = append(e.Entries, entry)
		}
		return true
	}); err != nil {
		return 0, 0, err
	}
	if len(e.Entries) == 0 {
		return 0, 0, fault.New(fault.NotFound, "no entry of %s names this account", id)
	}
	told, err = to.Erase(ctx, id, e)
	return len(e.Entries), told, err
}
