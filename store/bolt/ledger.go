package bolt

import (
	"bytes"
	"context"
	"encoding/json"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// chunk is how many entries one read transaction gives out. yield runs outside of it, so that it may take its time and write.
const chunk = 256

// walked is how many bytes of rows a walk over a ledger reads before it lets go of the mapped file: a process that reads all of a large
// one would else hold all of it in memory until the system wants it back.
const walked = 16 << 20

// Entries implements ledger.Log.
func (s *Store) Entries(ctx context.Context, id tenant.ID, from uint64, yield func(ledger.Entry) bool) error {
	return walk(ctx, s, id, from, func(_ *bbolt.Bucket, k, raw []byte, _ uint64) (ledger.Entry, error) {
		return entryRow(raw).entry(k)
	}, yield)
}

// walk reads a tenant's ledger row by row from one on, in chunks, and yields what read makes of each row. next is the number that the row
// would have without a gap before it; a walk begins anew behind what it read.
func walk[T any](ctx context.Context, s *Store, id tenant.ID, from uint64, read func(b *bbolt.Bucket, k, raw []byte, next uint64) (T, error), yield func(T) bool) error {
	some, bytes := make([]T, 0, chunk), 0
	for {
		some = some[:0]
		err := s.view(ctx, "read the ledger of "+string(id), func(btx *bbolt.Tx) error {
			b := btx.Bucket(bucketTenants).Bucket([]byte(id))
			if b == nil {
				return nil
			}
			rows := b.Bucket(bucketLedger).Cursor()
			for k, raw := rows.Seek(number(from)); k != nil && len(some) < chunk; k, raw = rows.Next() {
				one, err := read(b, k, raw, from)
				if err != nil {
					return err
				}
				some, bytes, from = append(some, one), bytes+len(raw), numberOf(k)+1
			}
			if bytes > walked {
				letGo(s.db, btx.Size())
				bytes = 0
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, one := range some {
			if !yield(one) {
				return nil
			}
		}
		if len(some) < chunk {
			return nil
		}
	}
}

// putEntries appends entries to a tenant's ledger, numbered on from its last one and recorded now: never earlier than
// the last, though the machine's clock may be set back. Who reads up to an instant stops at the first entry after it.
func (s *Store) putEntries(t *tx, b *bbolt.Bucket, id tenant.ID, leaves []ledger.Leaf) error {
	if len(leaves) == 0 {
		return nil
	}
	log := treeOf(b)
	recorded, next := t.now, uint64(0)
	if k, raw := log.rows.Cursor().Last(); k != nil {
		last, err := entryRow(raw).entry(k)
		if err != nil {
			return err
		}
		if next = last.Seq + 1; last.Recorded.After(recorded) {
			recorded = last.Recorded
		}
	}
	for _, one := range leaves {
		one.Entry.Seq, one.Entry.Recorded = next, recorded
		if err := log.put(t, one); err != nil {
			return err
		}
		next++
	}
	return s.checkpointDue(t, b, id)
}

// checkpointDue signs a checkpoint when enough entries followed the last. One that cannot be signed keeps no change from being
// recorded: who asks for a checkpoint hears why.
func (s *Store) checkpointDue(t *tx, b *bbolt.Bucket, id tenant.ID) error {
	size, signed := treeOf(b).size(), uint64(0)
	if last, _ := b.Bucket(bucketCheckpoints).Cursor().Last(); last != nil {
		signed = numberOf(last)
	}
	if size < signed+every {
		return nil
	}
	if _, err := s.checkpoint(t, b, id, size); err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	return nil
}

// leavesOf makes the leaves of entries that are to be recorded, all but their numbers and the time of recording.
func leavesOf(entries []ledger.Entry) []ledger.Leaf {
	out := make([]ledger.Leaf, len(entries))
	for i, one := range entries {
		one.Occurred, one.Observed = utc(one.Occurred), utc(one.Observed)
		out[i] = ledger.Commit(one)
	}
	return out
}

// validEntries refuses data that would not stand as it is in the one line of a leaf's body.
func validEntries(entries []ledger.Entry) error {
	for _, one := range entries {
		if len(one.Data) > 0 && (!json.Valid(one.Data) || bytes.IndexByte(one.Data, '\n') >= 0) {
			return fault.New(fault.Invalid, "the data of a %s entry is no JSON in one line", one.Kind)
		}
	}
	return nil
}
