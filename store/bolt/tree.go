package bolt

import (
	"context"
	"slices"
	"sort"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// entryRow is a stored entry: a format, the salt of its body, the hashes that appending its leaf completed, with their number before
// them, and the entry. The hashes are the leaf's own, then those of the subtrees that end with it, smallest first. So the hash of
// level L and number n is found in the row of the entry ((n+1) << L) - 1, and an append writes one row. Rows of versions that hashed
// nothing are the entry as JSON alone.
type entryRow []byte

const (
	rowJSON   = 1                       // format of rows whose entry is JSON, as schema 2 had them
	rowBinary = 2                       // and in its binary form
	rowHashes = 1 + ledger.SaltSize + 1 // where the hashes begin
)

// hashed reports whether a row is one of a version that hashed.
func (r entryRow) hashed() bool { return len(r) > 0 && r[0] != '{' }

// count is how many hashes a row has; 0 when it cannot be read.
func (r entryRow) count() int {
	if len(r) < rowHashes || (r[0] != rowJSON && r[0] != rowBinary) || len(r) < rowHashes+int(r[rowHashes-1])*tlog.HashSize {
		return 0
	}
	return int(r[rowHashes-1])
}

func (r entryRow) salt() ledger.Salt { return ledger.Salt(r[1 : 1+ledger.SaltSize]) }

func (r entryRow) hash(level int) (tlog.Hash, bool) {
	if level >= r.count() {
		return tlog.Hash{}, false
	}
	return tlog.Hash(r[rowHashes+level*tlog.HashSize:][:tlog.HashSize]), true
}

// hashes are all that the row has.
func (r entryRow) hashes() []tlog.Hash {
	out := make([]tlog.Hash, r.count())
	for level := range out {
		out[level], _ = r.hash(level)
	}
	return out
}

// entry is the stored entry; key is the row's.
func (r entryRow) entry(key []byte) (e ledger.Entry, err error) {
	switch {
	case !r.hashed():
		return decode[ledger.Entry](key, r)
	case r.count() == 0:
		return e, fault.New(fault.Internal, "row %q cannot be read", key)
	}
	raw := r[rowHashes+r.count()*tlog.HashSize:]
	if r[0] == rowJSON {
		return decode[ledger.Entry](key, raw)
	}
	return e, fault.Wrap(e.UnmarshalBinary(raw), "row %q cannot be read", key)
}

// tree is a tenant's log as a tree of hashes.
type tree struct {
	rows  *bbolt.Bucket
	fresh [][]tlog.Hash // of the rows that this transaction appended, the last of the log: most of what an append asks for
	first uint64        // of their entries
}

// treeOf is the tree of the tenant of bucket b.
func treeOf(b *bbolt.Bucket) tree { return tree{rows: b.Bucket(bucketLedger)} }

// ReadHashes implements tlog.HashReader.
func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		row := uint64(n+1)<<level - 1
		if row >= t.first && row-t.first < uint64(len(t.fresh)) {
			out[i] = t.fresh[row-t.first][level]
			continue
		}
		hash, ok := entryRow(t.rows.Get(number(row))).hash(level)
		if !ok {
			return nil, ledger.Damaged("the tree has no hash of level %d for entry %d", level, row)
		}
		out[i] = hash
	}
	return out, nil
}

// size is how many entries there are.
func (t tree) size() uint64 {
	if last, _ := t.rows.Cursor().Last(); last != nil {
		return numberOf(last) + 1
	}
	return 0
}

// put writes the row of an entry: the next one, or one that is there without its hashes.
func (t *tree) put(to *tx, l ledger.Leaf) error {
	seq := l.Entry.Seq
	hashes, err := tlog.StoredHashesForRecordHash(int64(seq), l.Hash(), t)
	if err != nil {
		return err
	}
	if len(t.fresh) == 0 {
		t.first = seq
	}
	t.fresh = append(t.fresh, hashes)
	t.rows.FillPercent = 1 // only ever appended to
	return to.put(t.rows, number(seq), newRow(l, hashes))
}

func newRow(l ledger.Leaf, hashes []tlog.Hash) entryRow {
	row := make([]byte, 0, rowHashes+len(hashes)*tlog.HashSize+len(l.Entry.Data)+256)
	row = append(append(append(row, rowBinary), l.Salt[:]...), byte(len(hashes)))
	for _, h := range hashes {
		row = append(row, h[:]...)
	}
	row, _ = l.Entry.AppendBinary(row) // it never fails
	return row
}

// Leaves implements ledger.Tree.
func (s *Store) Leaves(ctx context.Context, id tenant.ID, from uint64, yield func(ledger.Leaf) bool) error {
	return walk(ctx, s, id, from, func(b *bbolt.Bucket, k, raw []byte, next uint64) (ledger.Leaf, error) {
		if numberOf(k) != next {
			return ledger.Leaf{}, ledger.Damaged("entry %d is missing", next)
		}
		return readLeaf(b, k, raw)
	}, yield)
}

// readLeaf makes the leaf of a stored entry and checks it against its hash, and the hashes above.
func readLeaf(b *bbolt.Bucket, k []byte, row entryRow) (ledger.Leaf, error) {
	if !row.hashed() {
		return ledger.Leaf{}, errUnhashed()
	}
	seq := numberOf(k)
	entry, err := row.entry(k)
	if err != nil {
		return ledger.Leaf{}, ledger.Damaged("entry %d cannot be read", seq)
	}
	l := ledger.Leaf{Entry: entry, Salt: row.salt()}
	l.Digest = l.Salt.Digest(entry.Body())
	if erased := b.Bucket(bucketErased).Get(k); erased != nil {
		if len(erased) != len(l.Digest)+8 {
			return ledger.Leaf{}, ledger.Damaged("the row of erased entry %d cannot be read", seq)
		}
		l.Digest, l.ErasedBy = ledger.Digest(erased[:len(l.Digest)]), numberOf(erased[len(l.Digest):])
	}
	hash := l.Hash()
	if stored, _ := row.hash(0); entry.Seq != seq || stored != hash {
		return ledger.Leaf{}, ledger.Damaged("entry %d does not match its hash: it was changed after it was recorded", seq)
	}
	hashes, err := tlog.StoredHashesForRecordHash(int64(seq), hash, treeOf(b))
	if err != nil || len(hashes) != row.count() {
		return ledger.Leaf{}, ledger.Damaged("the hashes above entry %d, or those that they build on, cannot be read", seq)
	}
	for level, want := range hashes {
		if got, _ := row.hash(level); got != want {
			return ledger.Leaf{}, ledger.Damaged("the tree above entry %d is not that of its leaves", seq)
		}
	}
	return l, nil
}

func errUnhashed() error {
	return fault.New(fault.Conflict, "this store was made by a version that hashed nothing: run the server on it once")
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
	t := treeOf(b)
	if t.older() {
		return tree{}, errUnhashed()
	}
	return t, nil
}

// older reports whether there are entries that were not hashed: the last ones then, since hashing goes in order.
func (t tree) older() bool {
	_, last := t.rows.Cursor().Last()
	return last != nil && !entryRow(last).hashed()
}

// hashedAtOnce is how many entries one transaction hashes of a ledger that an older version wrote.
const hashedAtOnce = 10_000

// hashOlder hashes the entries of ledgers that were written without: once, and further where it was interrupted.
func (s *Store) hashOlder() error {
	for {
		var older []byte
		err := s.db.View(func(btx *bbolt.Tx) error {
			tenants := btx.Bucket(bucketTenants)
			return tenants.ForEachBucket(func(id []byte) error {
				b := tenants.Bucket(id)
				if b.Bucket(bucketCheckpoints) == nil || treeOf(b).older() {
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
	to := treeOf(b)
	first := uint64(sort.Search(int(to.size()), func(seq int) bool { return !entryRow(to.rows.Get(number(uint64(seq)))).hashed() }))
	for seq := first; seq < min(to.size(), first+hashedAtOnce); seq++ {
		entry, err := entryRow(to.rows.Get(number(seq))).entry(number(seq))
		if err != nil {
			return err
		}
		if err := to.put(t, ledger.Commit(entry)); err != nil {
			return err
		}
	}
	return nil
}
