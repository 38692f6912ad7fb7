package bolt

import (
	"context"
	"encoding/json"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Erase implements ledger.Eraser.
func (s *Store) Erase(ctx context.Context, id tenant.ID, e ledger.Erasure) (told uint64, err error) {
	entries, err := asStored(e.Entries)
	if err != nil {
		return 0, fault.Wrap(err, "store: erase in the ledger of %s", id)
	}
	if len(entries) == 0 {
		return 0, fault.New(fault.Invalid, "store: erase in the ledger of %s: no entries", id)
	}
	err = s.write(ctx, "erase in the ledger of "+string(id), func(t *tx) error {
		b := t.Bucket(bucketTenants).Bucket([]byte(id))
		if b == nil {
			return fault.New(fault.NotFound, "nothing is recorded of %s", id)
		}
		told = tree{b.Bucket(bucketLedger)}.size()
		olds, err := readErased(b, entries)
		if err != nil {
			return err
		}
		fact := ledger.ErasedFact{Why: e.Why}
		for i, one := range entries {
			digest, err := t.replaceBody(b, olds[i], one, told)
			if err != nil {
				return fault.As(fault.Internal, err, "replacing entry %d", one.Seq) // take all back
			}
			fact.Entries = append(fact.Entries, ledger.ErasedEntry{Seq: one.Seq, Digest: digest.String()})
		}
		return fault.As(fault.Internal, s.putEntries(t, b, id, []ledger.Entry{
			{Kind: ledger.Erased, By: e.By, Occurred: t.now, Observed: t.now, Data: ledger.Encode(fact)},
		}), "telling of the erasure")
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

// replaceBody puts another body in the place of an entry's, under a new salt, and keeps the digest of the one that was recorded.
func (t *tx) replaceBody(b *bbolt.Bucket, old ledger.Leaf, one ledger.Entry, told uint64) (ledger.Digest, error) {
	k, salt := number(one.Seq), ledger.NewSalt()
	raw, err := json.Marshal(one)
	if err != nil {
		return ledger.Digest{}, err
	}
	was := entryRow(b.Bucket(bucketLedger).Get(k))
	row := slices.Concat(was[:len(was)-len(was.json())], raw)
	copy(row[1:], salt[:])
	for _, p := range []struct{ bucket, value []byte }{
		{bucketLedger, row}, {bucketErased, append(old.Digest[:], number(told)...)},
	} {
		if err := t.put(b.Bucket(p.bucket), k, p.value); err != nil {
			return ledger.Digest{}, err
		}
	}
	return salt.Digest(one.Body()), nil
}
