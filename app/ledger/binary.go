package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// AppendBinary appends the entry in the form that stores and temporary files keep it in: numbers as varints, times as package time
// has them, texts behind their length, and the data last. It is read several times as fast as JSON. No hash rests on it; see Leaf.
func (e Entry) AppendBinary(b []byte) ([]byte, error) {
	b = binary.AppendUvarint(b, e.Seq)
	b = binary.AppendVarint(b, int64(e.Version))
	for _, t := range []time.Time{e.Occurred, e.Observed, e.Recorded} {
		b, _ = t.UTC().AppendBinary(b) // only an offset could fail, and UTC has none
	}
	for _, s := range []string{string(e.Kind), e.Page, e.Threat, e.By} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return append(b, e.Data...), nil
}

// UnmarshalBinary reads what AppendBinary wrote, and keeps nothing of b. It fails with fault.Internal for anything else.
func (e *Entry) UnmarshalBinary(b []byte) error {
	p := parser{left: b}
	*e = Entry{Seq: p.uvarint(), Version: int(p.varint())}
	for _, t := range []*time.Time{&e.Occurred, &e.Observed, &e.Recorded} {
		*t = p.time()
	}
	e.Kind = Kind(p.text())
	e.Page, e.Threat, e.By = p.text(), p.text(), p.text()
	if len(p.left) > 0 {
		e.Data = bytes.Clone(p.left)
	}
	return fault.As(fault.Internal, p.err, "reading an entry of the ledger")
}

var (
	errShort = errors.New("it ends too early")
	errForm  = errors.New("a number that is none")
)

// parser reads from the front of what is left, and keeps its first error.
type parser struct {
	left []byte
	err  error
}

func (p *parser) uvarint() uint64 {
	v, n := binary.Uvarint(p.left)
	p.skip(n)
	return v
}

func (p *parser) varint() int64 {
	v, n := binary.Varint(p.left)
	p.skip(n)
	return v
}

// skip goes on behind a number of n bytes; there was none when n is not above zero.
func (p *parser) skip(n int) {
	if n <= 0 {
		p.fail(errForm)
		return
	}
	p.left = p.left[n:]
}

func (p *parser) next(n uint64) []byte {
	if n > uint64(len(p.left)) {
		p.fail(errShort)
		return nil
	}
	some := p.left[:n]
	p.left = p.left[n:]
	return some
}

func (p *parser) text() string { return string(p.next(p.uvarint())) }

func (p *parser) time() (t time.Time) {
	const size = 15 // of a time in UTC
	if err := t.UnmarshalBinary(p.next(size)); err != nil {
		p.fail(err)
	}
	return t
}

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	p.left = nil
}
