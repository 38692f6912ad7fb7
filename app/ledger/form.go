package ledger

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// parseForm reads a leaf that is in its one form, as Leaf.Bytes writes it; ok is false for anything else. A pack has one for each entry,
// which is why this is not left to encoding/json.
func parseForm(raw []byte) (l Leaf, ok bool) {
	f := form{rest: raw}
	f.skip(`{"body":`)
	digest := f.text()
	f.skip(`,"kind":`)
	l.Entry.Kind = Kind(f.text())
	f.skip(`,"observed":`)
	l.Entry.Observed = f.time()
	f.skip(`,"occurred":`)
	l.Entry.Occurred = f.time()
	f.skip(`,"page":`)
	l.Entry.Page = f.text()
	f.skip(`,"recorded":`)
	l.Entry.Recorded = f.time()
	f.skip(`,"seq":`)
	l.Entry.Seq = f.unsigned()
	f.skip(`,"threat":`)
	l.Entry.Threat = f.text()
	f.skip(`,"v":1,"version":`)
	l.Entry.Version = f.integer()
	f.skip(`}`)
	if f.failed || len(f.rest) > 0 || l.Digest.parse(digest) != nil {
		return Leaf{}, false
	}
	return l, bytes.Equal(l.Bytes(), raw) // whatever was read too generously
}

// ParseBody takes a body apart as Entry.Body made it, fault.Invalid for another form. The data is part of the body's bytes, and whether it
// is JSON is not looked at.
func ParseBody(body []byte) (by string, data json.RawMessage, err error) {
	f := form{rest: body}
	f.skip(`{"by":`)
	by = f.text()
	if rest, more := bytes.CutPrefix(f.rest, []byte(`,"data":`)); more && len(rest) > 1 {
		data, f.rest = json.RawMessage(rest[:len(rest)-1]), rest[len(rest)-1:]
	}
	f.skip(`}`)
	if f.failed || len(f.rest) > 0 || !bytes.Equal(Entry{By: by, Data: data}.Body(), body) {
		return "", nil, fault.New(fault.Invalid, "a body that is not in its one form")
	}
	return by, data, nil
}

// form reads JSON of which only the values are not known. It keeps that it failed.
type form struct {
	rest   []byte
	failed bool
}

func (f *form) skip(text string) {
	rest, ok := bytes.CutPrefix(f.rest, []byte(text))
	f.rest = rest
	f.failed = f.failed || !ok
}

// text reads a string.
func (f *form) text() string {
	if f.failed || len(f.rest) == 0 || f.rest[0] != '"' {
		f.failed = true
		return ""
	}
	for i := 1; i < len(f.rest); i++ {
		switch f.rest[i] {
		case '\\':
			i++
		case '"':
			quoted := f.rest[:i+1]
			f.rest = f.rest[i+1:]
			if bytes.IndexByte(quoted, '\\') < 0 {
				return string(quoted[1:i])
			}
			var s string
			f.failed = json.Unmarshal(quoted, &s) != nil
			return s
		}
	}
	f.failed = true
	return ""
}

func (f *form) time() time.Time {
	t, err := time.Parse(time.RFC3339Nano, f.text())
	f.failed = f.failed || err != nil
	return t.UTC()
}

// digits reads a number as it stands there.
func (f *form) digits() string {
	end := 0
	for end < len(f.rest) && (f.rest[end] == '-' || '0' <= f.rest[end] && f.rest[end] <= '9') {
		end++
	}
	text := string(f.rest[:end])
	f.rest = f.rest[end:]
	return text
}

func (f *form) unsigned() uint64 {
	n, err := strconv.ParseUint(f.digits(), 10, 64)
	f.failed = f.failed || err != nil
	return n
}

func (f *form) integer() int {
	n, err := strconv.Atoi(f.digits())
	f.failed = f.failed || err != nil
	return n
}
