package bolt

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
)

// longest is the length of a name (tenant, kind, subject, page, threat, issue, clientKey) in bytes at most.
const longest = 1024

// present is the value of rows whose key says all: not empty, because bbolt reads an empty value of its own transaction as none.
var present = []byte{1}

// named refuses a part of a key that is empty, too long, or would run into the next part.
func named(what, name string) error {
	switch {
	case name == "":
		return fault.New(fault.Invalid, "store: no %s", what)
	case len(name) > longest:
		return fault.New(fault.Invalid, "store: a %s of %d bytes: at most %d", what, len(name), longest)
	case strings.IndexByte(name, 0) >= 0:
		return fault.New(fault.Invalid, "store: a NUL in %s %q", what, name)
	}
	return nil
}

// key joins the parts of a key.
func key(parts ...string) []byte { return []byte(strings.Join(parts, "\x00")) }

// number is a key that sorts as the number does.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// numberOf reads what number wrote, at the beginning of a key; 0 where there is none.
func numberOf(key []byte) uint64 {
	if len(key) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}

// putJSON encodes value into a row.
func (t *tx) putJSON(b *bbolt.Bucket, key []byte, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return t.put(b, key, raw)
}

// decode reads a row. A row that does not decode is damage or a bug, never "absent".
func decode[T any](key, raw []byte) (T, error) {
	var value T
	err := json.Unmarshal(raw, &value)
	return value, fault.As(fault.Internal, err, "row %q cannot be read", key)
}

// utc is the time in UTC, the zero time unchanged.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
