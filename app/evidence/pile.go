package evidence

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
)

// pileSize is how many bytes of first statements a pile takes before new pages go onto the next: a few thousand threats, whose later
// entries follow them onto the same pile.
const pileSize = 2 << 20

// pile is a file of entries of some pages, in the ledger's order. The file has no name: it is gone when the process is.
type pile struct {
	f     *os.File
	w     *bufio.Writer
	begun int // bytes of threat.stated entries
	buf   []byte
}

// scratch makes a file without a name, which only this process can read.
func scratch() (*os.File, error) {
	f, err := os.CreateTemp("", "throughline-*")
	if err != nil {
		return nil, fault.As(fault.Internal, err, "making a temporary file: set TMPDIR to a folder with room")
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fault.As(fault.Internal, err, "hiding a temporary file"), f.Close())
	}
	return f, nil
}

func newPile() (*pile, error) {
	f, err := scratch()
	if err != nil {
		return nil, err
	}
	return &pile{f: f, w: bufio.NewWriterSize(f, 16<<10)}, nil
}

func (p *pile) close() { _ = p.f.Close() }

func (p *pile) put(e ledger.Entry) error {
	if e.Kind == ledger.Stated {
		p.begun += len(e.Data)
	}
	p.buf, _ = e.AppendBinary(p.buf[:0])                                              // it never fails
	_, _ = p.w.Write(binary.AppendUvarint(p.w.AvailableBuffer(), uint64(len(p.buf)))) // the writer keeps its first error
	_, err := p.w.Write(p.buf)
	return fault.As(fault.Internal, err, "writing a temporary file: set TMPDIR to a folder with room")
}

// each calls yield for every entry of the pile.
func (p *pile) each(yield func(ledger.Entry) error) error {
	if err := p.w.Flush(); err != nil {
		return fault.As(fault.Internal, err, "writing a temporary file: set TMPDIR to a folder with room")
	}
	r := reader{Reader: bufio.NewReaderSize(io.NewSectionReader(p.f, 0, 1<<62), 256<<10)}
	for {
		if _, err := r.Peek(1); errors.Is(err, io.EOF) {
			return nil
		}
		raw := r.bytes()
		if r.err != nil {
			return fault.As(fault.Internal, r.err, "reading a temporary file")
		}
		var e ledger.Entry
		if err := e.UnmarshalBinary(raw); err != nil {
			return err
		}
		if err := yield(e); err != nil {
			return err
		}
	}
}

// reader reads what this package wrote; it keeps its first error.
type reader struct {
	*bufio.Reader
	buf []byte
	err error
}

func (r *reader) uvarint() uint64 {
	n, err := binary.ReadUvarint(r)
	r.keep(err)
	return n
}

func (r *reader) varint() int64 {
	n, err := binary.ReadVarint(r)
	r.keep(err)
	return n
}

// bytes are good until the next ones are read.
func (r *reader) bytes() []byte {
	n := int(r.uvarint())
	if r.err != nil {
		return nil
	}
	r.buf = slices.Grow(r.buf[:0], n)[:n]
	_, err := io.ReadFull(r, r.buf)
	r.keep(err)
	return r.buf
}

func (r *reader) text() string { return string(r.bytes()) }

func (r *reader) time() (t time.Time) {
	r.keep(t.UnmarshalBinary(r.bytes()))
	return t
}

func (r *reader) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}
