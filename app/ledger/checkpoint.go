package ledger

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// Newest asks for the tree with all entries there are.
const Newest = ^uint64(0)

// Tree reads what proves a tenant's log. The tree is RFC 6962's over the leaves in the order of their entries.
type Tree interface {
	// Leaves calls yield for each entry from seq on, as Log.Entries does. It fails with a *Damage when a stored entry, or a hash
	// above it, does not match what the tree has of it: the store was changed by something else.
	Leaves(ctx context.Context, id tenant.ID, from uint64, yield func(Leaf) bool) error
	// Prove returns the proof that the entry seq is in the tree of the first size entries (RFC 6962, section 2.1.1). fault.NotFound
	// when there is no such entry.
	Prove(ctx context.Context, id tenant.ID, seq, size uint64) (tlog.RecordProof, error)
	// Signed returns the checkpoints that were signed, by size.
	Signed(ctx context.Context, id tenant.ID) ([]Checkpoint, error)
}

// Notary signs for a tenant's log, with a key that it makes at the first use and that nobody else sees.
type Notary interface {
	// Checkpoint returns the signed checkpoint of the tree's first size entries. The same size gives the same bytes. One that was
	// not signed before is signed and kept only when it is consistent with the newest that was: fault.Conflict when it is not, which
	// means that the store was changed by something else. fault.NotFound when there are fewer entries.
	Checkpoint(ctx context.Context, id tenant.ID, size uint64) (Checkpoint, error)
	// Attest signs that a pack with this manifest (its SHA-256) was made from the log; see Attestation.
	Attest(ctx context.Context, id tenant.ID, manifest Digest) ([]byte, error)
}

// Damage is what is wrong with a log: the first thing found.
type Damage struct{ Text string }

func (d *Damage) Error() string { return d.Text }

// Damaged makes a Damage of the kind fault.Internal.
func Damaged(format string, args ...any) error {
	return &fault.Error{Kind: fault.Internal, Err: &Damage{fmt.Sprintf(format, args...)}}
}

// Checkpoint says what a log's tree was at some size.
type Checkpoint struct {
	Origin string    // the log's name, see Origin
	Size   uint64    // entries
	Root   tlog.Hash // of the tree over them
	Note   []byte    // Text with its signature, in the form of C2SP signed-note; nil while unsigned
	Key    string    // the public key that Note verifies by, as C2SP has it: name+hash+key
}

// Origin names a tenant's log, and the key that signs it.
func Origin(id tenant.ID) string {
	name := strings.Map(func(r rune) rune {
		if r <= ' ' || r == '+' || r == 0x7f || r > 0x7f {
			return '_' // names of keys hold neither spaces nor plus
		}
		return r
	}, string(id))
	return name + "/throughline"
}

// Text is the checkpoint in the form of C2SP tlog-checkpoint, before it is signed: origin, size and root, a line each.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatUint(c.Size, 10) + "\n" + c.root() + "\n"
}

func (c Checkpoint) root() string { return base64.StdEncoding.EncodeToString(c.Root[:]) }

// OpenCheckpoint reads a signed checkpoint, when it is signed by key. fault.Invalid for what is no checkpoint, fault.Unverified
// when the signature is not the key's or the origin is not its name.
func OpenCheckpoint(signed []byte, key string) (Checkpoint, error) {
	text, name, err := open(signed, key)
	if err != nil {
		return Checkpoint{}, fault.Wrap(err, "checkpoint")
	}
	c, err := parseCheckpoint(text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != name {
		return Checkpoint{}, fault.New(fault.Unverified, "checkpoint: it is of the log %q, and signed as %q", c.Origin, name)
	}
	c.Note, c.Key = signed, key
	return c, nil
}

// ReadCheckpoint reads a checkpoint without a look at its signature: what it says is a claim.
func ReadCheckpoint(signed []byte) (Checkpoint, error) {
	text, _, found := strings.Cut(string(signed), "\n\n")
	if !found {
		return Checkpoint{}, fault.New(fault.Invalid, "checkpoint: no signature stands below it")
	}
	return parseCheckpoint(text + "\n")
}

func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, fault.New(fault.Invalid, "checkpoint: it has not the three lines origin, size and root")
	}
	c := Checkpoint{Origin: lines[0]}
	var err error
	if c.Size, err = strconv.ParseUint(lines[1], 10, 63); err != nil {
		return Checkpoint{}, fault.New(fault.Invalid, "checkpoint: %q is no size", lines[1])
	}
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil {
		return Checkpoint{}, fault.New(fault.Invalid, "checkpoint: %q is no root", lines[2])
	}
	if c.Text() != text {
		return Checkpoint{}, fault.New(fault.Invalid, "checkpoint: it is not in its one form")
	}
	return c, nil
}

// Attestation is what is signed of a pack: a first line that no checkpoint has, so that neither passes for the other, and the
// SHA-256 of its manifest.
func Attestation(origin string, manifest Digest) string {
	return origin + "/pack\nmanifest sha256 " + hex.EncodeToString(manifest[:]) + "\n"
}

// OpenAttestation checks that key attests a manifest. fault.Unverified when it does not.
func OpenAttestation(signed []byte, key string, manifest Digest) error {
	text, name, err := open(signed, key)
	switch {
	case err != nil:
		return fault.Wrap(err, "the manifest's signature")
	case text != Attestation(name, manifest):
		return fault.New(fault.Unverified, "the manifest's signature: it is for another manifest")
	}
	return nil
}

// open checks a signed note in which only one signature stands.
func open(signed []byte, key string) (text, name string, err error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return "", "", fault.As(fault.Invalid, err, "%q is no public key of the form name+hash+key", key)
	}
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return "", "", fault.As(fault.Unverified, err, "not signed by %s", key)
	}
	if len(n.UnverifiedSigs) > 0 {
		return "", "", fault.New(fault.Unverified, "it carries a signature of %q, which is not known here", n.UnverifiedSigs[0].Name)
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	if err != nil || n.Text+"\n— "+n.Sigs[0].Name+" "+base64.StdEncoding.EncodeToString(sig)+"\n" != string(signed) {
		return "", "", fault.New(fault.Unverified, "its signature is not in its one form")
	}
	return n.Text, verifier.Name(), nil
}
