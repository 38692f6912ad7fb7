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

// chunk is how many entries one read transaction gives out. yield runs outside of it, so that it may take its time and write.
const chunk = 256

// walked is how many bytes of rows a walk over a ledger reads before it lets go of the mapped file: a process that reads all of a large
// one would else hold all of it in memory until the system wants it back.
const walked = 16 << 20

// Entries implements ledger.Log.
func (s *Store) Entries(ctx context.Context, id tenant.ID, from uint64, yield func(ledger.Entry) bool) error {
	return walk(ctx, s, id, from, func(_ *bbolt.Bucket, k, raw []byte, _ uint64) (ledger.Entry, error) {
		return decode[ledger.Entry](k, entryRow(raw).json())
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
func (s *Store) putEntries(t *tx, b *bbolt.Bucket, id tenant.ID, entries []ledger.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	log := tree{b.Bucket(bucketLedger)}
	recorded, next := t.now, uint64(0)
	if k, raw := log.rows.Cursor().Last(); k != nil {
		last, err := decode[ledger.Entry](k, entryRow(raw).json())
		if err != nil {
			return err
		}
		if next = last.Seq + 1; last.Recorded.After(recorded) {
			recorded = last.Recorded
		}
	}
	for _, one := range entries {
		one.Seq, one.Recorded = next, recorded
		one.Occurred, one.Observed = utc(one.Occurred), utc(one.Observed)
		raw, err := json.Marshal(one)
		if err == nil {
			err = log.put(t, one, raw)
		}
		if err != nil {
			return err
		}
		next++
	}
	return s.checkpointDue(t, b, id)
}

// checkpointDue signs a checkpoint when enough entries followed the last. One that cannot be signed keeps no change from being
// recorded: who asks for a checkpoint hears why.
func (s *Store) checkpointDue(t *tx, b *bbolt.Bucket, id tenant.ID) error {
	size, signed := tree{b.Bucket(bucketLedger)}.size(), uint64(0)
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

// asStored is the entries with their data as encoding/json will write them, since the tree hashes what is stored.
func asStored(entries []ledger.Entry) ([]ledger.Entry, error) {
	out := slices.Clone(entries)
	for i, one := range out {
		if len(one.Data) == 0 {
			continue
		}
		data, err := json.Marshal(one.Data)
		if err != nil {
			return nil, fault.As(fault.Invalid, err, "the data of a %s entry", one.Kind)
		}
		out[i].Data = data
	}
	return out, nil
}
