package archive

import (
	"archive/zip"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"math"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
)

// Writer writes a pack. Its methods are for one goroutine. After an error the pack is worthless, and every further call repeats it.
type Writer struct {
	zip    *zip.Writer
	out    *tally      // the whole pack
	file   *FileWriter // under way; nil before the first
	packed *tally      // the same file, compressed
	files  []File      // complete
	names  map[string]bool
	failed error
}

// FileWriter is one file under way. It is complete when the next is created, or the pack is closed.
type FileWriter struct {
	// Rows is what the manifest says of the file's records; the maker counts them up as it writes.
	Rows int

	name string
	to   *tally
}

// Write implements io.Writer.
func (f *FileWriter) Write(b []byte) (int, error) { return f.to.Write(b) }

// New begins a pack on w, which stays the caller's to close.
func New(w io.Writer) *Writer {
	p := &Writer{out: newTally(w), names: map[string]bool{}}
	p.zip = zip.NewWriter(p.out)
	for _, method := range []uint16{zip.Deflate, zip.Store} {
		p.zip.RegisterCompressor(method, func(to io.Writer) (io.WriteCloser, error) {
			p.packed = newTally(to)
			if method == zip.Store {
				return asIs{p.packed}, nil
			}
			return flate.NewWriter(p.packed, flate.DefaultCompression)
		})
	}
	return p
}

// Create begins a file. Its name is a path of letters, digits, "-", "_" and "." with "/" between its parts, is no other file's, and
// does not lie under ledger/, which is the container's own.
func (p *Writer) Create(name string) (*FileWriter, error) {
	if name == manifestName || name == attestationName || OfContainer(name) {
		return nil, p.fail(fault.New(fault.Invalid, "%s is a name of the container's own", name))
	}
	return p.create(name, zip.Deflate)
}

// epoch is the time that a pack's files bear: the earliest that a ZIP file can name. The real one would tell equal packs apart.
func epoch() time.Time { return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) }

func (p *Writer) create(name string, method uint16) (*FileWriter, error) {
	if p.failed != nil {
		return nil, p.failed
	}
	if why := badName(name); why != "" {
		return nil, p.fail(fault.New(fault.Invalid, "%q is no name for a file: %s", name, why))
	}
	if p.names[strings.ToLower(name)] {
		return nil, p.fail(fault.New(fault.Invalid, "there is a file %s already", name))
	}
	p.names[strings.ToLower(name)] = true
	last, packed := p.file, p.packed
	to, err := p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: epoch()}) // completes the last
	if err != nil {
		return nil, p.fail(err)
	}
	if last != nil {
		p.files = append(p.files, File{
			Name: last.name, Rows: last.Rows,
			Bytes: last.to.n, SHA256: last.to.hex(), Packed: packed.n, Stored: packed.hex(),
		})
	}
	p.file = &FileWriter{name: name, to: newTally(to)}
	return p.file, nil
}

// put writes a whole file.
func (p *Writer) put(name string, method uint16, rows int, content []byte) error {
	f, err := p.create(name, method)
	if err != nil {
		return err
	}
	f.Rows = rows
	_, err = f.Write(content)
	return p.fail(err)
}

func (p *Writer) fail(err error) error {
	if p.failed == nil && err != nil {
		p.failed = fault.Wrap(err, "writing the pack")
	}
	return p.failed
}

// limit is how large a pack, or a file in it, can be: beyond it ZIP needs a second form, which verifying would have to admit too.
const limit = math.MaxUint32 - 1<<20

// tally counts and hashes what passes.
type tally struct {
	to  io.Writer
	sum hash.Hash
	n   uint64
}

func newTally(to io.Writer) *tally { return &tally{to: to, sum: sha256.New()} }

func (t *tally) Write(b []byte) (int, error) {
	n, err := t.to.Write(b)
	t.sum.Write(b[:n])
	if t.n += uint64(n); err == nil && t.n > limit {
		err = fault.New(fault.Invalid, "a pack, and each file in it, may have 4 GiB: choose a shorter window, or one space at a time")
	}
	return n, err
}

func (t *tally) hex() string { return hex.EncodeToString(t.sum.Sum(nil)) }

// asIs stores without compression.
type asIs struct{ io.Writer }

func (asIs) Close() error { return nil }
