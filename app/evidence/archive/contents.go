package archive

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Contents reads what is in a pack that Verify found to be whole: what it says of other packs is not to be believed.
type Contents struct {
	container

	Manifest Manifest
}

// Read opens a pack's contents.
func Read(in io.ReaderAt, size int64) (*Contents, error) {
	c, err := open(in, size)
	if err != nil {
		return nil, err
	}
	out := &Contents{container: c}
	at := slices.IndexFunc(c.members, func(m member) bool { return m.name == manifestName })
	if at < 0 {
		return nil, flaw(Missing, manifestName, "there is no such file")
	}
	raw, err := c.small(c.members[at], mostManifest)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &out.Manifest); err != nil {
		return nil, flaw(Signature, manifestName, "it cannot be read: %v", err)
	}
	return out, nil
}

// File is what the manifest says of a file; false when it knows none of the name.
func (c *Contents) File(name string) (File, bool) {
	at := slices.IndexFunc(c.Manifest.Files, func(f File) bool { return f.Name == name })
	if at < 0 {
		return File{}, false
	}
	return c.Manifest.Files[at], true
}

// Open reads a file. Its bytes are checked again as they are read.
func (c *Contents) Open(name string) (io.Reader, error) {
	said, known := c.File(name)
	at := slices.IndexFunc(c.members, func(m member) bool { return m.name == name })
	if !known || at < 0 {
		return nil, flaw(Missing, name, "there is no such file")
	}
	return c.read(c.members[at], said), nil
}

// OfContainer reports whether a file is the container's own and not the maker's.
func OfContainer(name string) bool { return name == guideName || strings.HasPrefix(name, "ledger/") }

// Entries implements ledger.Log with the disclosed entries, of the pack's own site. It fails where an entry has no body.
func (c *Contents) Entries(ctx context.Context, _ tenant.ID, from uint64, yield func(ledger.Entry) bool) error {
	r, err := c.Open(entriesName)
	if err != nil {
		return err
	}
	w := &walk{entries: bufio.NewReaderSize(r, 1<<16)}
	for {
		line, err := w.readLine()
		if err != nil || line == nil {
			return err
		}
		if w.line++; w.line%(1<<12) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		e, err := entryOf(line)
		if err != nil {
			return flaw(Replay, entriesName, "line %d: %v", w.line, err)
		}
		if e.Seq >= from && !yield(e) {
			return nil
		}
	}
}

func entryOf(line []byte) (ledger.Entry, error) {
	l, _, body, err := parseLine(line)
	if err != nil {
		return l.Entry, err
	}
	l.Entry.By, l.Entry.Data, err = ledger.ParseBody(body)
	return l.Entry, err
}
