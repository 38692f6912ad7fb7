package bolt

import (
	"context"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Erase implements ledger.Eraser.
func (s *Store) Erase(ctx context.Context, id tenant.ID, e ledger.Erasure) (told uint64, err error) {
	if err := validEntries(e.Entries); err != nil {
		return 0, fault.Wrap(err, "store: erase in the ledger of %s", id)
	}
	leaves := leavesOf(e.Entries)
	if len(leaves) == 0 {
		return 0, fault.New(fault.Invalid, "store: erase in the ledger of %s: no entries", id)
	}
	err = s.write(ctx, "erase in the ledger of "+string(id), func(t *tx) error {
		b := t.Bucket(bucketTenants).Bucket([]byte(id))
		if b == nil {
			return fault.New(fault.NotFound, "nothing is recorded of %s", id)
		}
		told = treeOf(b).size()
		olds, err := readErased(b, e.Entries)
		if err != nil {
			return err
		}
		fact := ledger.ErasedFact{Why: e.Why}
		for i, l := range leaves {
			if err := t.replaceBody(b, olds[i], l, told); err != nil {
				return fault.As(fault.Internal, err, "replacing entry %d", l.Entry.Seq) // take all back
			}
			fact.Entries = append(fact.Entries, ledger.ErasedEntry{Seq: l.Entry.Seq, Digest: l.Digest.String()})
		}
		return fault.As(fault.Internal, s.putEntries(t, b, id, []ledger.Leaf{ledger.Commit(ledger.Entry{
			Kind: ledger.Erased, By: e.By, Occurred: t.now, Observed: t.now, Data: ledger.Encode(fact),
		})}), "telling of the erasure")
	})
	return told, err
}

// readErased reads the leaves whose bodies are to be replaced, before anything is: they must differ in nothing else.
func readErased(b *bbolt.Bucket, entries []ledger.Entry) ([]ledger.Leaf, error) {
	olds := make([]ledger.Leaf, len(entries))
	for i, one := range entries {
		k := number(one.Seq)
		raw := b.Bucket(bucketLedger).Get(k)
		if raw == nil {
			return nil, fault.New(fault.Conflict, "there is no entry %d", one.Seq)
		}
		old, err := readLeaf(b, k, raw)
		if err != nil {
			return nil, fault.As(fault.Conflict, err, "entry %d", one.Seq)
		}
		if same := (ledger.Leaf{Entry: one, Digest: old.Digest}); same.Hash() != old.Hash() {
			return nil, fault.New(fault.Conflict, "entry %d cannot be replaced by one that differs in more than its body", one.Seq)
		}
		olds[i] = old
	}
	return olds, nil
}

// replaceBody puts another body in the place of an entry's, under the salt of its own, and keeps the digest of the one that was recorded.
func (t *tx) replaceBody(b *bbolt.Bucket, old, l ledger.Leaf, told uint64) error {
	k := number(l.Entry.Seq)
	row := newRow(l, entryRow(b.Bucket(bucketLedger).Get(k)).hashes())
	for _, p := range []struct{ bucket, value []byte }{
		{bucketLedger, row}, {bucketErased, append(old.Digest[:], number(told)...)},
	} {
		if err := t.put(b.Bucket(p.bucket), k, p.value); err != nil {
			return err
		}
	}
	return nil
}
