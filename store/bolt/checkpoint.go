package bolt

import (
	"context"
	"crypto/rand"
	"math"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// every is how many entries may follow a checkpoint before the commit that adds the next signs another.
const every = 1024

// Checkpoint implements ledger.Notary.
func (s *Store) Checkpoint(ctx context.Context, id tenant.ID, size uint64) (ledger.Checkpoint, error) {
	var found ledger.Checkpoint
	what := "checkpoint of " + string(id)
	err := s.view(ctx, what, func(btx *bbolt.Tx) (err error) {
		t, err := readTree(btx, id)
		if err != nil {
			return err
		}
		at := size
		if at == ledger.Newest {
			at = t.size()
		}
		found, err = readCheckpoint(btx.Bucket(bucketTenants).Bucket([]byte(id)), number(at))
		return err
	})
	if err != nil || found.Note != nil {
		return found, err
	}
	err = s.write(ctx, what, func(t *tx) (err error) {
		found, err = s.checkpoint(t, t.Bucket(bucketTenants).Bucket([]byte(id)), id, size)
		return err
	})
	return found, err
}

// checkpoint signs the checkpoint of a size, unless it is there.
func (s *Store) checkpoint(t *tx, b *bbolt.Bucket, id tenant.ID, size uint64) (ledger.Checkpoint, error) {
	of := treeOf(b)
	if size == ledger.Newest {
		size = of.size()
	}
	if size > of.size() || size > math.MaxInt64 {
		return ledger.Checkpoint{}, fault.New(fault.NotFound, "a checkpoint of %d entries: the ledger has %d", size, of.size())
	}
	if c, err := readCheckpoint(b, number(size)); err != nil || c.Note != nil {
		return c, err
	}
	signer, key, err := s.signer(t, b, id)
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	c := ledger.Checkpoint{Origin: signer.Name(), Size: size, Key: key}
	if c.Root, err = tlog.TreeHash(int64(size), of); err != nil {
		return ledger.Checkpoint{}, fault.As(fault.Conflict, err, "computing the root")
	}
	if last, _ := b.Bucket(bucketCheckpoints).Cursor().Last(); last != nil {
		signed, err := readCheckpoint(b, last)
		if err != nil {
			return ledger.Checkpoint{}, err
		}
		if err := consistent(of, signed, c); err != nil {
			return ledger.Checkpoint{}, err
		}
	}
	if c.Note, err = note.Sign(&note.Note{Text: c.Text()}, signer); err != nil {
		return ledger.Checkpoint{}, err
	}
	return c, t.put(b.Bucket(bucketCheckpoints), number(size), c.Note)
}

// consistent checks that one of two checkpoints continues the other: a log that signs two that do not is a log of lies.
func consistent(of tree, a, b ledger.Checkpoint) error {
	if a.Size > b.Size {
		a, b = b, a
	}
	if a.Size == 0 {
		return nil
	}
	if b.Size > of.size() {
		return fault.New(fault.Conflict, "a checkpoint of %d entries was signed, and the ledger has %d: entries are gone", b.Size, of.size())
	}
	proof, err := tlog.ProveTree(int64(b.Size), int64(a.Size), of)
	if err == nil {
		err = tlog.CheckTree(proof, int64(b.Size), b.Root, int64(a.Size), a.Root)
	}
	return fault.As(fault.Conflict, err,
		"the tree does not continue the checkpoint of %d entries that was signed: the store was changed by something else, and nothing more is signed", a.Size)
}

// readCheckpoint reads a kept checkpoint; its Note is nil when none of that size was signed.
func readCheckpoint(b *bbolt.Bucket, size []byte) (ledger.Checkpoint, error) {
	if b == nil || b.Bucket(bucketCheckpoints) == nil {
		return ledger.Checkpoint{}, nil
	}
	raw := b.Bucket(bucketCheckpoints).Get(size)
	if raw == nil {
		return ledger.Checkpoint{}, nil
	}
	c, err := ledger.OpenCheckpoint(append([]byte(nil), raw...), string(b.Get(keyVerifier)))
	return c, fault.As(fault.Conflict, err, "the kept checkpoint of %d entries", numberOf(size))
}

// Signed implements ledger.Tree.
func (s *Store) Signed(ctx context.Context, id tenant.ID) (signed []ledger.Checkpoint, err error) {
	err = s.view(ctx, "read the checkpoints of "+string(id), func(btx *bbolt.Tx) error {
		b := btx.Bucket(bucketTenants).Bucket([]byte(id))
		if b == nil || b.Bucket(bucketCheckpoints) == nil {
			return nil
		}
		return b.Bucket(bucketCheckpoints).ForEach(func(size, _ []byte) error {
			c, err := readCheckpoint(b, size)
			if fault.Is(err, fault.Conflict) {
				return ledger.Damaged("%v", err)
			}
			signed = append(signed, c)
			return err
		})
	})
	return signed, err
}

// Attest implements ledger.Notary.
func (s *Store) Attest(ctx context.Context, id tenant.ID, manifest ledger.Digest) (signed []byte, err error) {
	err = s.write(ctx, "sign a pack of "+string(id), func(t *tx) error {
		b := t.Bucket(bucketTenants).Bucket([]byte(id))
		if b == nil {
			return fault.New(fault.NotFound, "nothing is recorded of %s", id)
		}
		signer, _, err := s.signer(t, b, id)
		if err != nil {
			return err
		}
		signed, err = note.Sign(&note.Note{Text: ledger.Attestation(signer.Name(), manifest)}, signer)
		return err
	})
	return signed, err
}

// signer is the key of a tenant's log, made at its first use, and the public key that belongs to it.
func (s *Store) signer(t *tx, b *bbolt.Bucket, id tenant.ID) (signer note.Signer, public string, err error) {
	bound := key("ledger", string(id))
	if sealed := b.Get(keySigner); sealed != nil {
		plain, err := s.seal.open(sealed, bound)
		if err != nil {
			return nil, "", fault.As(fault.Conflict, err, "the key of the ledger of %s was not sealed here", id)
		}
		signer, err := note.NewSigner(string(plain))
		if err != nil {
			return nil, "", fault.New(fault.Conflict, "the key of the ledger of %s cannot be read", id) // the cause might say the key
		}
		return signer, string(b.Get(keyVerifier)), nil
	}
	private, public, err := note.GenerateKey(rand.Reader, ledger.Origin(id))
	if err != nil {
		return nil, "", err
	}
	if signer, err = note.NewSigner(private); err != nil {
		return nil, "", fault.New(fault.Internal, "making the key of the ledger of %s", id)
	}
	if err := t.put(b, keyVerifier, []byte(public)); err != nil {
		return nil, "", err
	}
	return signer, public, t.put(b, keySigner, s.seal.seal([]byte(private), bound))
}
