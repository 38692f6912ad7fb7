package bolt

import (
	"bytes"
	"context"
	"slices"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// treeRow is what the tree has of one entry: the leaf's format, the salt of its body, and the hashes that appending the leaf
// completed: the leaf's own, then those of the subtrees that end with it, smallest first. So the hash of level L and number n is
// found in the row of the entry ((n+1) << L) - 1, and an append writes one row.
type treeRow []byte

const (
	treeFormat = 1
	treeHashes = 1 + ledger.SaltSize // where the hashes begin
)

func (r treeRow) valid() bool {
	return len(r) > treeHashes && r[0] == treeFormat && (len(r)-treeHashes)%tlog.HashSize == 0
}

func (r treeRow) salt() ledger.Salt { return ledger.Salt(r[1:treeHashes]) }

func (r treeRow) hash(level int) (tlog.Hash, bool) {
	at := treeHashes + level*tlog.HashSize
	if !r.valid() || at+tlog.HashSize > len(r) {
		return tlog.Hash{}, false
	}
	return tlog.Hash(r[at : at+tlog.HashSize]), true
}

// tree reads the hashes of a tenant's tree.
type tree struct{ rows *bbolt.Bucket }

// ReadHashes implements tlog.HashReader.
func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		row := uint64(n+1)<<level - 1
		hash, ok := treeRow(t.rows.Get(number(row))).hash(level)
		if !ok {
			return nil, fault.New(fault.Internal, "the tree has no hash of level %d for entry %d", level, row)
		}
		out[i] = hash
	}
	return out, nil
}

// size is how many leaves the tree has.
func (t tree) size() uint64 {
	if last, _ := t.rows.Cursor().Last(); last != nil {
		return numberOf(last) + 1
	}
	return 0
}

// append adds a leaf, which must be the next.
func (t tree) append(to *tx, l ledger.Leaf) error {
	hashes, err := tlog.StoredHashesForRecordHash(int64(l.Entry.Seq), l.Hash(), t)
	if err != nil {
		return err
	}
	row := make([]byte, 0, treeHashes+len(hashes)*tlog.HashSize)
	row = append(append(row, treeFormat), l.Salt[:]...)
	for _, h := range hashes {
		row = append(row, h[:]...)
	}
	t.rows.FillPercent = 1 // only ever appended to
	return to.put(t.rows, number(l.Entry.Seq), row)
}

// Leaves implements ledger.Tree.
func (s *Store) Leaves(ctx context.Context, id tenant.ID, from uint64, yield func(ledger.Leaf) bool) error {
	leaves := make([]ledger.Leaf, 0, chunk)
	for {
		leaves = leaves[:0]
		err := s.view(ctx, "read the tree of "+string(id), func(btx *bbolt.Tx) error {
			b := btx.Bucket(bucketTenants).Bucket([]byte(id))
			if b == nil {
				return nil
			}
			hashed := b.Bucket(bucketTree)
			if hashed == nil {
				return fault.New(fault.Conflict, "this store was made by a version that hashed nothing: run the server on it once")
			}
			var seen, seenHashes stretch
			defer seen.release()
			defer seenHashes.release()
			rows, hashes := b.Bucket(bucketLedger).Cursor(), hashed.Cursor()
			k, raw := rows.Seek(number(from))
			at, row := hashes.Seek(number(from))
			for ; k != nil && len(leaves) < chunk; k, raw = rows.Next() {
				if !bytes.Equal(k, at) {
					return ledger.Damaged("entry %d and the tree's row for it do not stand together", numberOf(k))
				}
				seen.read(raw)
				seenHashes.read(row)
				l, err := readLeaf(b, k, raw, row)
				if err != nil {
					return err
				}
				leaves = append(leaves, l)
				at, row = hashes.Next()
			}
			if k == nil && at != nil {
				return ledger.Damaged("entry %d is gone: the tree knows it, the ledger does not", numberOf(at))
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, l := range leaves {
			if !yield(l) {
				return nil
			}
			from = l.Entry.Seq + 1
		}
		if len(leaves) < chunk {
			return nil
		}
	}
}

// readLeaf makes the leaf of a stored entry and checks it against its hash.
func readLeaf(b *bbolt.Bucket, k, raw []byte, row treeRow) (ledger.Leaf, error) {
	entry, err := decode[ledger.Entry](k, raw)
	if err != nil {
		return ledger.Leaf{}, ledger.Damaged("entry %d cannot be read", numberOf(k))
	}
	if !row.valid() {
		return ledger.Leaf{}, ledger.Damaged("the tree's row for entry %d cannot be read", numberOf(k))
	}
	l := ledger.Leaf{Entry: entry, Salt: row.salt()}
	l.Digest = l.Salt.Digest(entry.Body())
	if erased := b.Bucket(bucketErased).Get(k); erased != nil {
		if len(erased) != len(l.Digest)+8 {
			return ledger.Leaf{}, ledger.Damaged("the row of erased entry %d cannot be read", numberOf(k))
		}
		l.Digest, l.ErasedBy = ledger.Digest(erased[:len(l.Digest)]), numberOf(erased[len(l.Digest):])
	}
	if hash, _ := row.hash(0); entry.Seq != numberOf(k) || l.Hash() != hash {
		return ledger.Leaf{}, ledger.Damaged("entry %d does not match its hash: it was changed after it was recorded", numberOf(k))
	}
	return l, (tree{b.Bucket(bucketTree)}).whole(entry.Seq, row)
}

// whole checks that the hashes of a row are those of the subtrees that end with its leaf.
func (t tree) whole(seq uint64, row treeRow) error {
	leaf, _ := row.hash(0)
	hashes, err := tlog.StoredHashesForRecordHash(int64(seq), leaf, t)
	if err != nil || len(row) != treeHashes+len(hashes)*tlog.HashSize {
		return ledger.Damaged("the tree's row for entry %d, or one that it builds on, cannot be read", seq)
	}
	for level, want := range hashes {
		if got, _ := row.hash(level); got != want {
			return ledger.Damaged("the tree above entry %d is not that of its leaves", seq)
		}
	}
	return nil
}

// Prove implements ledger.Tree.
func (s *Store) Prove(ctx context.Context, id tenant.ID, seq, size uint64) (proof tlog.RecordProof, err error) {
	err = s.view(ctx, "prove an entry of "+string(id), func(btx *bbolt.Tx) error {
		t, err := readTree(btx, id)
		if err != nil {
			return err
		}
		if size == ledger.Newest {
			size = t.size()
		}
		if size > t.size() || seq >= size {
			return fault.New(fault.NotFound, "there is no entry %d in a tree of %d: the ledger has %d", seq, size, t.size())
		}
		proof, err = tlog.ProveRecord(int64(size), int64(seq), t)
		return err
	})
	return proof, err
}

func readTree(btx *bbolt.Tx, id tenant.ID) (tree, error) {
	b := btx.Bucket(bucketTenants).Bucket([]byte(id))
	if b == nil {
		return tree{}, fault.New(fault.NotFound, "nothing is recorded of %s", id)
	}
	rows := b.Bucket(bucketTree)
	if rows == nil {
		return tree{}, fault.New(fault.Conflict, "this store was made by a version that hashed nothing: run the server on it once")
	}
	return tree{rows}, nil
}

// hashed is how many entries one transaction hashes of a ledger that an older version wrote.
const hashed = 10_000

// hashOlder hashes the entries of ledgers that were written without: once, and further where it was interrupted.
func (s *Store) hashOlder() error {
	for {
		var older []byte
		err := s.db.View(func(btx *bbolt.Tx) error {
			tenants := btx.Bucket(bucketTenants)
			return tenants.ForEachBucket(func(id []byte) error {
				b := tenants.Bucket(id)
				last, _ := b.Bucket(bucketLedger).Cursor().Last()
				if rows := b.Bucket(bucketTree); rows == nil || last != nil && numberOf(last) >= (tree{rows}).size() {
					older = slices.Clone(id)
				}
				return nil
			})
		})
		if err == nil && older != nil {
			err = s.db.Update(func(btx *bbolt.Tx) error { return (&tx{Tx: btx}).hashSome(btx.Bucket(bucketTenants).Bucket(older)) })
		}
		if err != nil || older == nil {
			return fault.Wrap(err, "store: hash the entries that an older version wrote of %s", older)
		}
	}
}

// hashSome hashes the next of the entries that are not.
func (t *tx) hashSome(b *bbolt.Bucket) error {
	for _, name := range logBuckets() {
		if _, err := b.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	to := tree{b.Bucket(bucketTree)}
	rows := b.Bucket(bucketLedger).Cursor()
	n := 0
	for k, raw := rows.Seek(number(to.size())); k != nil && n < hashed; k, raw = rows.Next() {
		entry, err := decode[ledger.Entry](k, raw)
		if err != nil {
			return err
		}
		if err := to.append(t, ledger.Commit(entry)); err != nil {
			return err
		}
		n++
	}
	return nil
}
