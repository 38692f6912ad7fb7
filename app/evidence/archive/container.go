package archive

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"

	"github.com/throughline/throughline/app/fault"
)

// The ZIP file of a pack has one form only (APPNOTE.TXT 6.3.10, the sections in brackets): local headers and contents one behind the
// other from the first byte on, no gaps, no comments, no other extra fields than the time; then the directory in the same order;
// then its end, which is the last thing in the file. So every byte of it is either checked against that form or under a hash.
const (
	localSize      = 30 // [4.3.7]
	descriptorSize = 16 // [4.3.9]
	centralSize    = 46 // [4.3.12]
	endSize        = 22 // [4.3.16]

	mostFiles     = 1000
	mostDirectory = mostFiles * (centralSize + 256)
)

// member is one file in the container.
type member struct {
	name   string
	method uint16
	crc    uint32
	packed int64
	plain  int64
	start  int64 // of its local header
}

// container is a ZIP file whose form was checked, the contents of its files not yet.
type container struct {
	in      io.ReaderAt
	members []member // in their order
}

// open checks a container's form. It fails with a Flaw, or the error of reading.
func open(in io.ReaderAt, size int64) (container, error) {
	directory, count, at, err := openEnd(in, size)
	if err != nil {
		return container{}, err
	}
	c := container{in: in}
	seen := map[string]bool{}
	next := int64(0)
	for range count {
		m, rest, err := parseCentral(directory)
		if err != nil {
			return container{}, err
		}
		if seen[strings.ToLower(m.name)] {
			return container{}, flaw(Name, m.name, "there are two files of this name")
		}
		seen[strings.ToLower(m.name)] = true
		directory = rest
		if m.start != next {
			return container{}, flaw(Container, m.name, "it begins at byte %d where %d was expected: something stands between the files, or before them", m.start, next)
		}
		if next = m.end(); next > at {
			return container{}, flaw(Container, m.name, "it runs into the directory of the files")
		}
		if err := m.checkHeaders(in); err != nil {
			return container{}, err
		}
		c.members = append(c.members, m)
	}
	if len(directory) > 0 || next != at {
		return container{}, flaw(Container, "", "there is something between the files and the end of the ZIP file that belongs to neither")
	}
	return c, nil
}

// openEnd finds the directory: its bytes, the number of files in it, and where it begins.
func openEnd(in io.ReaderAt, size int64) (directory []byte, count int, at int64, err error) {
	if size < endSize || size > limit+mostDirectory {
		return nil, 0, 0, flaw(Container, "", "a file of %d bytes is no pack", size)
	}
	end := make([]byte, endSize)
	if err := readAt(in, end, size-endSize); err != nil {
		return nil, 0, 0, err
	}
	if !bytes.HasPrefix(end, []byte("PK\x05\x06")) {
		return nil, 0, 0, noEnd(in, size)
	}
	le := binary.LittleEndian
	count, length, at := int(le.Uint16(end[10:])), int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	if le.Uint16(end[20:]) != 0 {
		return nil, 0, 0, flaw(Container, "", "the ZIP file says that it ends with a comment, and is cut off there")
	}
	switch {
	case count > mostFiles || length > mostDirectory:
		return nil, 0, 0, flaw(Container, "", "a directory of %d files in %d bytes: more than a pack can have", count, length)
	case at+length < size-endSize:
		return nil, 0, 0, flaw(Container, "", "%d bytes stand before the ZIP file, or between its files and its end", size-endSize-at-length)
	case at+length > size-endSize:
		return nil, 0, 0, flaw(Container, "", "the directory of the ZIP file is cut off")
	}
	want := le.AppendUint32(nil, 0x06054b50)
	want = append(want, 0, 0, 0, 0)
	want = le.AppendUint16(le.AppendUint16(want, uint16(count)), uint16(count))
	want = le.AppendUint32(le.AppendUint32(want, uint32(length)), uint32(at))
	if !bytes.Equal(end, append(want, 0, 0)) {
		return nil, 0, 0, flaw(Container, "", "the end of the ZIP file is not as it was written")
	}
	directory = make([]byte, length)
	return directory, count, at, readAt(in, directory, at)
}

// noEnd says why there is no end of a ZIP file where it must be.
func noEnd(in io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, 1<<17))
	if err := readAt(in, tail, size-int64(len(tail))); err != nil {
		return err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	switch {
	case at < 0 || at+endSize > len(tail):
		return flaw(Container, "", "this is no ZIP file, or its end is cut off")
	case int(binary.LittleEndian.Uint16(tail[at+20:])) == len(tail)-at-endSize:
		return flaw(Container, "", "the ZIP file has a comment")
	default:
		return flaw(Container, "", "%d bytes follow the end of the ZIP file", len(tail)-at-endSize)
	}
}

// parseCentral reads one entry of the directory.
func parseCentral(directory []byte) (m member, rest []byte, err error) {
	le := binary.LittleEndian
	if len(directory) < centralSize {
		return m, nil, flaw(Container, "", "the directory of the ZIP file is cut off")
	}
	length := centralSize + int(le.Uint16(directory[28:])) + int(le.Uint16(directory[30:])) + int(le.Uint16(directory[32:]))
	if length > len(directory) {
		return m, nil, flaw(Container, "", "the directory of the ZIP file is cut off")
	}
	m = member{
		name: string(directory[centralSize:][:le.Uint16(directory[28:])]), method: le.Uint16(directory[10:]), crc: le.Uint32(directory[16:]),
		packed: int64(le.Uint32(directory[20:])), plain: int64(le.Uint32(directory[24:])), start: int64(le.Uint32(directory[42:])),
	}
	if why := badName(m.name); why != "" {
		return m, nil, flaw(Name, "", "a file is named %q: %s", m.name, why)
	}
	if le.Uint16(directory[32:]) > 0 {
		return m, nil, flaw(Container, m.name, "the ZIP file has a comment on it")
	}
	if m.method != zip.Deflate && m.method != zip.Store {
		return m, nil, flaw(Container, m.name, "it is packed by a method that packs do not use")
	}
	if !bytes.Equal(directory[:length], m.central()) {
		return m, nil, flaw(Container, m.name, "its entry in the directory of the ZIP file is not as it was written")
	}
	return m, directory[length:], nil
}

// common is what local header and directory entry have in common, from the version needed on.
func (m member) common(out []byte, crc, packed, plain uint32) []byte {
	le := binary.LittleEndian
	for _, n := range []uint16{20, 8, m.method, 0, 0x21} { // version, sizes follow the content, method, midnight, 1 January 1980
		out = le.AppendUint16(out, n)
	}
	out = le.AppendUint32(le.AppendUint32(le.AppendUint32(out, crc), packed), plain)
	return le.AppendUint16(le.AppendUint16(out, uint16(len(m.name))), uint16(len(m.extra())))
}

// extra is the extended time stamp that archive/zip writes.
func (m member) extra() []byte {
	return binary.LittleEndian.AppendUint32([]byte{'U', 'T', 5, 0, 1}, uint32(epoch().Unix()))
}

func (m member) local() []byte {
	out := append(m.common([]byte("PK\x03\x04"), 0, 0, 0), m.name...)
	return append(out, m.extra()...)
}

func (m member) descriptor() []byte {
	le := binary.LittleEndian
	return le.AppendUint32(le.AppendUint32(le.AppendUint32([]byte("PK\x07\x08"), m.crc), uint32(m.packed)), uint32(m.plain))
}

func (m member) central() []byte {
	le := binary.LittleEndian
	out := m.common([]byte("PK\x01\x02\x14\x00"), m.crc, uint32(m.packed), uint32(m.plain))
	out = append(out, make([]byte, 10)...) // no comment, one disk, no attributes
	out = append(le.AppendUint32(out, uint32(m.start)), m.name...)
	return append(out, m.extra()...)
}

// content is where the packed content begins.
func (m member) content() int64 { return m.start + int64(localSize+len(m.name)+len(m.extra())) }

func (m member) end() int64 { return m.content() + m.packed + descriptorSize }

func (m member) checkHeaders(in io.ReaderAt) error {
	for _, part := range []struct {
		at   int64
		want []byte
	}{{m.start, m.local()}, {m.content() + m.packed, m.descriptor()}} {
		got := make([]byte, len(part.want))
		if err := readAt(in, got, part.at); err != nil {
			return err
		}
		if !bytes.Equal(got, part.want) {
			return flaw(Container, m.name, "what the ZIP file says of it at byte %d is not as it was written", part.at)
		}
	}
	return nil
}

func readAt(in io.ReaderAt, into []byte, at int64) error {
	n, err := in.ReadAt(into, at)
	if n == len(into) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return flaw(Container, "", "the file is cut off")
	}
	return fault.As(fault.Internal, err, "reading the pack")
}

// reader reads a file's content, and fails at its end with a Flaw when it is not what said tells of.
type reader struct {
	m      member
	said   File
	raw    *tally // the packed bytes that were read
	packed io.Reader
	plain  io.Reader
	sum    *tally
	crc    uint32
	failed error
}

// read opens a file that the manifest says this of.
func (c container) read(m member, said File) *reader {
	r := &reader{m: m, said: said, raw: newTally(io.Discard), sum: newTally(io.Discard)}
	r.packed = io.TeeReader(io.NewSectionReader(c.in, m.content(), m.packed), r.raw)
	r.plain = r.packed
	if m.method == zip.Deflate {
		r.plain = flate.NewReader(r.packed)
	}
	return r
}

// Read implements io.Reader.
func (r *reader) Read(b []byte) (int, error) {
	if r.failed != nil {
		return 0, r.failed
	}
	n, err := r.plain.Read(b)
	_, _ = r.sum.Write(b[:n])
	r.crc = crc32.Update(r.crc, crc32.IEEETable, b[:n])
	switch {
	case int64(r.sum.n) > r.m.plain:
		r.failed = flaw(Content, r.m.name, "it unpacks to more than the %d bytes that it should have", r.m.plain)
	case err == nil:
	case errors.Is(err, io.EOF):
		r.failed = r.check()
	default:
		var corrupt flate.CorruptInputError
		if r.failed = fault.As(fault.Internal, err, "reading the pack"); errors.As(err, &corrupt) || errors.Is(err, io.ErrUnexpectedEOF) {
			r.failed = flaw(Content, r.m.name, "it cannot be unpacked: it was changed")
		}
	}
	return n, r.failed
}

// check compares what was read with what was said; io.EOF when all is well.
func (r *reader) check() error {
	if _, err := io.Copy(io.Discard, r.packed); err != nil { // what the compression did not need
		return fault.As(fault.Internal, err, "reading the pack")
	}
	if r.said.Bytes != r.sum.n || r.said.SHA256 != r.sum.hex() || r.said.Packed != r.raw.n || r.said.Stored != r.raw.hex() ||
		r.crc != r.m.crc || int64(r.sum.n) != r.m.plain {
		return flaw(Content, r.m.name, "it was changed: it is not what the manifest tells of")
	}
	return io.EOF
}
