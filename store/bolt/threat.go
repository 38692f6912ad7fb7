package bolt

import (
	"encoding/binary"
	"encoding/json"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/threat"
)

// row is a threat as it is stored: what a commit must know of the one before, its Rev and its ticket's issue id, stands before
// the JSON, so that a commit decodes none.
type row struct {
	key   []byte
	issue string
	value []byte
}

func threatKey(t threat.Threat) []byte { return key(t.Page, string(t.ID)) }

func issueOf(t threat.Threat) string {
	if t.Ticket == nil {
		return ""
	}
	return t.Ticket.ID
}

// encodeRows encodes threats with the Rev that their commit gives them.
func encodeRows(threats []threat.Threat) ([]row, error) {
	rows := make([]row, len(threats))
	for i, one := range threats {
		one.Rev++
		body, err := json.Marshal(threatUTC(one))
		if err != nil {
			return nil, err
		}
		issue := issueOf(one)
		value := make([]byte, 0, 2*binary.MaxVarintLen32+len(issue)+len(body))
		value = binary.AppendUvarint(value, uint64(one.Rev))
		value = binary.AppendUvarint(value, uint64(len(issue)))
		value = append(append(value, issue...), body...)
		rows[i] = row{threatKey(one), issue, value}
	}
	return rows, nil
}

// splitRow takes a stored row apart.
func splitRow(key, raw []byte) (rev int, issue string, body []byte, err error) {
	n, used := binary.Uvarint(raw)
	size, more := binary.Uvarint(raw[max(used, 0):])
	if used <= 0 || more <= 0 || size > uint64(len(raw)-used-more) {
		return 0, "", nil, fault.New(fault.Internal, "row %q cannot be read", key)
	}
	rest := raw[used+more:]
	return int(n), string(rest[:size]), rest[size:], nil
}

func decodeRow(key, raw []byte) (threat.Threat, error) {
	_, _, body, err := splitRow(key, raw)
	if err != nil {
		return threat.Threat{}, err
	}
	return decode[threat.Threat](key, body)
}

// readHead reads a stored threat's Rev and issue id; zero when there is none, or b is nil.
func readHead(b *bbolt.Bucket, key []byte) (rev int, issue string, err error) {
	if b == nil {
		return 0, "", nil
	}
	raw := b.Bucket(bucketThreats).Get(key)
	if raw == nil {
		return 0, "", nil
	}
	rev, issue, _, err = splitRow(key, raw)
	return rev, issue, err
}

// putThreat writes a row and keeps the index of issues.
func (t *tx) putThreat(b *bbolt.Bucket, one row) error {
	_, old, err := readHead(b, one.key)
	if err != nil {
		return err
	}
	issues := b.Bucket(bucketIssues)
	if old != one.issue {
		if old != "" {
			if err := t.delete(issues, key(old, string(one.key))); err != nil {
				return err
			}
		}
		if one.issue != "" {
			if err := t.put(issues, key(one.issue, string(one.key)), present); err != nil {
				return err
			}
		}
	}
	return t.put(b.Bucket(bucketThreats), one.key, one.value)
}

// threatUTC is the threat with its times in UTC; what it points to is not changed.
func threatUTC(t threat.Threat) threat.Threat {
	for _, m := range []*threat.Moment{&t.Stated, &t.Moved} {
		m.Occurred, m.Observed, m.Recorded = utc(m.Occurred), utc(m.Observed), utc(m.Recorded)
	}
	if t.Intent != nil {
		intent := *t.Intent
		intent.At = utc(intent.At)
		t.Intent = &intent
	}
	if t.Ticket != nil {
		ticket := *t.Ticket
		ticket.Updated, ticket.DoneAt = utc(ticket.Updated), utc(ticket.DoneAt)
		t.Ticket = &ticket
	}
	if t.Trail != nil {
		trail := *t.Trail
		trail.From, trail.Swept = utc(trail.From), utc(trail.Swept)
		t.Trail = &trail
	}
	return t
}
