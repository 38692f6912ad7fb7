package archive

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Log is what a pack needs of a site's log; ledger.Tree and ledger.Notary say what each does.
type Log interface {
	Leaves(ctx context.Context, id tenant.ID, from uint64, yield func(ledger.Leaf) bool) error
	Checkpoint(ctx context.Context, id tenant.ID, size uint64) (ledger.Checkpoint, error)
	Attest(ctx context.Context, id tenant.ID, manifest ledger.Digest) ([]byte, error)
}

// Scope says which part of the log a pack rests on. The hashes of all of the first Size leaves go into the pack, and the entries
// that In picks.
type Scope struct {
	Size     uint64                  // entries that were recorded before Facts.AsOf
	Previous uint64                  // Size of the site's last pack before, as its Exported entry says; 0 when there was none
	In       func(ledger.Entry) bool // asked for each entry in order; entries of erasures are in the pack anyway
	Stamps   []Stamp                 // of checkpoints of at most Size entries, by size
}

// Close writes the ledger's part, the guide and the manifest, and completes the pack. It returns the manifest's SHA-256, which the
// ledger's entry of the export keeps.
func (p *Writer) Close(ctx context.Context, facts Facts, log Log, scope Scope) (ledger.Digest, error) {
	about, err := p.ledger(ctx, &facts, log, scope)
	if err != nil {
		return ledger.Digest{}, p.fail(err)
	}
	if err := p.put(guideName, zip.Deflate, 0, guide); err != nil {
		return ledger.Digest{}, err
	}
	f, err := p.create(manifestName, zip.Store) // completes the last file, so that the manifest can tell of all
	if err != nil {
		return ledger.Digest{}, err
	}
	facts.From, facts.To, facts.AsOf = facts.From.UTC(), facts.To.UTC(), facts.AsOf.UTC()
	raw, err := encode(Manifest{Format: Format, Facts: facts, Ledger: about, Files: p.files})
	if err != nil {
		return ledger.Digest{}, p.fail(err)
	}
	if _, err := f.Write(raw); err != nil {
		return ledger.Digest{}, p.fail(err)
	}
	sum := ledger.Digest(sha256.Sum256(raw))
	signed, err := log.Attest(ctx, facts.Site, sum)
	if err != nil {
		return ledger.Digest{}, p.fail(err)
	}
	if err := p.put(attestationName, zip.Store, 0, signed); err != nil {
		return ledger.Digest{}, err
	}
	return sum, p.fail(p.zip.Close())
}

//go:embed VERIFY.md
var guide []byte

func encode(m Manifest) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(m)
	return out.Bytes(), fault.As(fault.Internal, err, "encoding the manifest")
}

func (p *Writer) ledger(ctx context.Context, facts *Facts, log Log, scope Scope) (Ledger, error) {
	id := facts.Site
	head, err := log.Checkpoint(ctx, id, scope.Size)
	if err != nil {
		return Ledger{}, err
	}
	leaves, spread, err := p.entries(ctx, *facts, log, scope)
	if err != nil {
		return Ledger{}, err
	}
	if err := facts.spread(spread); err != nil {
		return Ledger{}, err
	}
	var edge ledger.Edge
	roots := map[uint64]tlog.Hash{} // by the sizes of the stamps
	for _, s := range scope.Stamps {
		roots[s.Size] = tlog.Hash{}
	}
	for at := 0; at <= len(leaves); at += tlog.HashSize {
		if _, stamped := roots[edge.Size()]; stamped {
			roots[edge.Size()] = edge.Root()
		}
		if at < len(leaves) {
			edge.Add(tlog.Hash(leaves[at : at+tlog.HashSize]))
		}
	}
	if edge.Root() != head.Root {
		return Ledger{}, fault.New(fault.Internal, "the ledger of %s does not match its checkpoint: `throughline ledger check` says more", id)
	}
	for _, f := range []struct {
		name    string
		rows    int
		content []byte
	}{
		{leavesName, len(leaves) / tlog.HashSize, leaves},
		{checkpointName, 0, head.Note},
		{keyName, 0, []byte(head.Key + "\n")},
	} {
		if err := p.put(f.name, zip.Deflate, f.rows, f.content); err != nil {
			return Ledger{}, err
		}
	}
	if scope.Previous > 0 {
		before, err := log.Checkpoint(ctx, id, scope.Previous)
		if err != nil {
			return Ledger{}, err
		}
		if err := p.put(previousName, zip.Deflate, 0, before.Note); err != nil {
			return Ledger{}, err
		}
	}
	stamps, err := p.addStamps(scope.Stamps, head, roots)
	return Ledger{
		Origin: head.Origin, Size: head.Size, Root: base64.StdEncoding.EncodeToString(head.Root[:]), Previous: scope.Previous,
		Disclosed: spread.Before.Disclosed + spread.In.Disclosed + spread.After.Disclosed, Stamps: stamps,
	}, err
}

// spread holds what the maker counted against what went into the pack, and gives the counts where the maker left them out.
func (f *Facts) spread(found Spread) error {
	if f.Entries.Before.Entries+f.Entries.In.Entries+f.Entries.After.Entries == 0 {
		f.Entries = found
		return nil
	}
	for _, z := range Zones() {
		if told, is := f.Entries.Of(z), found.Of(z); told.Entries != is.Entries || told.Disclosed != is.Disclosed {
			return fault.New(fault.Internal, "%d entries %s were counted, %d of them to disclose, and the ledger has %d and %d: was it written to in its past?",
				told.Entries, z, told.Disclosed, is.Entries, is.Disclosed)
		}
	}
	return nil
}

// entries writes the entries in scope, a line each, and returns the hashes of all leaves, one behind the other, and the counts.
//
//	{"leaf":LEAF,"salt":"HEX","body":BODY}   LEAF and BODY are the very bytes that are hashed
//	{"leaf":LEAF}                            the body was erased after what the pack is as of
func (p *Writer) entries(ctx context.Context, facts Facts, log Log, scope Scope) (leaves []byte, spread Spread, err error) {
	f, err := p.create(entriesName, zip.Deflate)
	if err != nil {
		return nil, spread, err
	}
	var failed error
	line := make([]byte, 0, 4<<10)
	err = log.Leaves(ctx, facts.Site, 0, func(l ledger.Leaf) bool {
		if l.Entry.Seq >= scope.Size {
			return false
		}
		hash := l.Hash()
		leaves = append(leaves, hash[:]...)
		share := spread.Of(ZoneOf(facts.From, facts.To, l.Entry.Recorded))
		share.Entries++
		if l.Entry.Kind != ledger.Erased && !scope.In(l.Entry) {
			return true
		}
		share.Disclosed++
		line = append(append(line[:0], lineLeaf...), l.Bytes()...)
		if l.ErasedBy < scope.Size {
			line = appendBody(line, l.Salt, l.Entry.Body())
		}
		line = append(line, "}\n"...)
		f.Rows++
		_, failed = f.Write(line)
		return failed == nil
	})
	return leaves, spread, cmp.Or(err, failed)
}

func appendBody(line []byte, salt ledger.Salt, body []byte) []byte {
	line = hex.AppendEncode(append(line, lineSalt...), salt[:])
	return append(append(line, lineBody...), body...)
}

// The parts of a line of entriesName.
const (
	lineLeaf = `{"leaf":`
	lineSalt = `,"salt":"`
	lineBody = `","body":`
)
