package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
)

// walk goes through the leaves and the disclosed entries side by side, both in the order of the log, and holds neither in memory.
type walk struct {
	entries  *bufio.Reader
	line     int       // of the entries
	hash     tlog.Hash // of the leaf on it
	recorded time.Time
	facts    Facts
	bounds   bounds

	replaced map[uint64]string // erased entries: the digest of what stands there instead, until the erasure vouches for it

	bodies, erased, withheld int
}

// longest is how long a line of the entries may be.
const longest = 64 << 20

func (v *verifier) walk(ctx context.Context, head ledger.Checkpoint, pins []pin) (*walk, error) {
	entries, leaves, err := v.openLedger()
	if err != nil {
		return nil, err
	}
	w := &walk{entries: bufio.NewReaderSize(entries, 1<<16), facts: v.report.Manifest.Facts, replaced: map[uint64]string{}}
	err = w.run(ctx, bufio.NewReaderSize(leaves, 1<<16), head, pins)
	// Both are read to their ends: that their bytes were changed is the better reason than what the change led to.
	for _, r := range []*reader{leaves, entries} {
		if _, drained := io.Copy(io.Discard, r); drained != nil {
			return nil, drained
		}
	}
	if err != nil {
		return nil, err
	}
	for _, count := range []struct {
		r    *reader
		rows int
	}{{leaves, int(head.Size)}, {entries, w.line}} {
		if count.r.said.Rows != count.rows {
			return nil, flaw(Rows, count.r.m.name, "it has %d records and the manifest says %d", count.rows, count.r.said.Rows)
		}
	}
	if said := v.report.Manifest.Ledger.Disclosed; said != w.line {
		return nil, flaw(Rows, entriesName, "it has %d entries and the manifest says %d", w.line, said)
	}
	w.bounds.close(ZoneOf(w.facts.From, w.facts.To, w.facts.AsOf.Add(-1))) // the log's last instant
	return w, w.bounds.check(w.facts.Entries, head.Size)
}

func (v *verifier) openLedger() (entries, leaves *reader, err error) {
	for i, m := range v.members[:len(v.members)-2] {
		switch r := v.read(m, v.report.Manifest.Files[i]); m.name {
		case entriesName:
			entries = r
		case leavesName:
			leaves = r
		}
	}
	if entries == nil {
		return nil, nil, flaw(Missing, entriesName, "there is no such file")
	}
	if leaves == nil {
		return nil, nil, flaw(Missing, leavesName, "there is no such file")
	}
	return entries, leaves, nil
}

func (w *walk) run(ctx context.Context, leaves *bufio.Reader, head ledger.Checkpoint, pins []pin) error {
	var edge ledger.Edge
	next, err := w.next()
	if err != nil {
		return err
	}
	var anew error // matters only when the leaves are those of the checkpoint
	for {
		for _, p := range pins {
			if p.Size == edge.Size() && p.Root != edge.Root() && anew == nil {
				anew = p.otherwise
			}
		}
		if edge.Size()%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var leaf tlog.Hash
		if _, err := io.ReadFull(leaves, leaf[:]); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return within(leavesName, err)
		}
		if next != nil && next.Entry.Seq == edge.Size() {
			if w.hash != leaf {
				return flaw(Entry, entriesName, "line %d: entry %d is not the one in the tree", w.line, next.Entry.Seq)
			}
			w.bounds.disclosed(ZoneOf(w.facts.From, w.facts.To, next.Entry.Recorded))
			if next, err = w.next(); err != nil {
				return err
			}
		} else {
			w.bounds.hidden()
		}
		edge.Add(leaf)
	}
	switch {
	case edge.Size() != head.Size:
		return flaw(Leaves, leavesName, "it has %d hashes, and the checkpoint is of %d entries", edge.Size(), head.Size)
	case edge.Root() != head.Root:
		return flaw(Leaves, leavesName, "its hashes do not make up the tree of the checkpoint")
	case next != nil:
		return flaw(Entry, entriesName, "line %d: there is no entry %d in a tree of %d, or it stands out of order", w.line, next.Entry.Seq, head.Size)
	case anew != nil:
		return anew
	}
	for seq := range w.replaced {
		return flaw(Entry, entriesName, "entry %d: what it says is not what was recorded, and no entry tells of its erasure", seq)
	}
	return nil
}

// within is an error of reading a file: the flaw that was found, or what is missing at its end.
func within(name string, err error) error {
	var found *Flaw
	if errors.As(err, &found) || !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return flaw(Leaves, name, "it ends in the middle of a hash")
}

// next reads the next entry; nil when there is none.
func (w *walk) next() (*ledger.Leaf, error) {
	line, err := w.readLine()
	if err != nil || line == nil {
		return nil, err
	}
	w.line++
	l, leaf, body, err := parseLine(line)
	if err != nil {
		return nil, flaw(Entry, entriesName, "line %d: %v", w.line, err)
	}
	e := l.Entry
	if e.Recorded.Before(w.recorded) {
		return nil, flaw(Entry, entriesName, "line %d: entry %d was recorded before the one above it", w.line, e.Seq)
	}
	if !e.Recorded.Before(w.facts.AsOf) {
		return nil, flaw(Entry, entriesName, "line %d: entry %d was recorded at %s, which is not before the instant that the pack is as of", w.line, e.Seq, e.Recorded.Format(time.RFC3339Nano))
	}
	w.recorded, w.hash = e.Recorded, tlog.RecordHash(leaf)
	if body == nil {
		w.withheld++
		return &l, nil
	}
	w.bodies++
	if found := l.Salt.Digest(body); found != l.Digest {
		w.replaced[e.Seq] = found.String()
	}
	if e.Kind == ledger.Erased {
		err = w.vouch(e.Seq, body)
	}
	return &l, err
}

// vouch takes the entries that an erasure tells of off the list of those that do not match.
func (w *walk) vouch(seq uint64, body []byte) error {
	if _, changed := w.replaced[seq]; changed {
		return nil // is found at the end
	}
	var of struct {
		Data ledger.ErasedFact `json:"data"`
	}
	if err := json.Unmarshal(body, &of); err != nil {
		return flaw(Entry, entriesName, "line %d: the erasure cannot be read: %v", w.line, err)
	}
	for _, one := range of.Data.Entries {
		if w.replaced[one.Seq] == one.Digest {
			delete(w.replaced, one.Seq)
			w.erased++
		}
	}
	return nil
}

func (w *walk) readLine() ([]byte, error) {
	var whole []byte
	for {
		part, err := w.entries.ReadSlice('\n')
		switch {
		case err == nil && whole == nil:
			return part[:len(part)-1], nil // good until the next read
		case err == nil:
			return append(whole, part[:len(part)-1]...), nil
		case errors.Is(err, bufio.ErrBufferFull) && len(whole) < longest:
			whole = append(whole, part...)
		case errors.Is(err, io.EOF) && len(whole)+len(part) == 0:
			return nil, nil
		case errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull):
			return nil, flaw(Entry, entriesName, "line %d: it has no end", w.line+1)
		default:
			return nil, err
		}
	}
}

// parseLine takes a line of the entries apart; leaf and body are its bytes, the body nil where it is withheld.
func parseLine(line []byte) (l ledger.Leaf, leaf, body []byte, err error) {
	bad := fault.New(fault.Invalid, "it is not of the form %s…%s…%s…}", lineLeaf, lineSalt, lineBody)
	rest, ok := bytes.CutPrefix(line, []byte(lineLeaf))
	end := endOfObject(rest)
	if !ok || end < 0 || end == len(rest) || line[len(line)-1] != '}' {
		return l, nil, nil, bad
	}
	leaf = rest[:end]
	if l, err = ledger.ParseLeaf(leaf); err != nil {
		return l, nil, nil, err
	}
	rest = rest[end : len(rest)-1]
	if len(rest) == 0 {
		return l, leaf, nil, nil
	}
	rest, ok = bytes.CutPrefix(rest, []byte(lineSalt))
	if !ok || len(rest) < 2*ledger.SaltSize {
		return l, nil, nil, bad
	}
	salt := rest[:2*ledger.SaltSize]
	if _, err := hex.Decode(l.Salt[:], salt); err != nil || !bytes.Equal(salt, hex.AppendEncode(nil, l.Salt[:])) {
		return l, nil, nil, fault.New(fault.Invalid, "its salt is not %d bytes in hexadecimal", ledger.SaltSize)
	}
	body, ok = bytes.CutPrefix(rest[len(salt):], []byte(lineBody))
	if !ok || !json.Valid(body) {
		return l, nil, nil, bad
	}
	return l, leaf, body, nil
}

// endOfObject is where a flat JSON object that begins raw ends; -1 when it does not.
func endOfObject(raw []byte) int {
	quoted := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '}' && !quoted:
			return i + 1
		}
	}
	return -1
}
