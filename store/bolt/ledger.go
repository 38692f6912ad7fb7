package bolt

import (
	"context"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// chunk is how many entries one read transaction gives out. yield runs outside of it, so that it may take its time and write.
const chunk = 256

// Entries implements ledger.Log.
func (s *Store) Entries(ctx context.Context, id tenant.ID, from uint64, yield func(ledger.Entry) bool) error {
	entries := make([]ledger.Entry, 0, chunk)
	for {
		entries = entries[:0]
		err := s.view(ctx, "read the ledger of "+string(id), func(btx *bbolt.Tx) error {
			b := btx.Bucket(bucketTenants).Bucket([]byte(id))
			if b == nil {
				return nil
			}
			rows := b.Bucket(bucketLedger).Cursor()
			for k, raw := rows.Seek(number(from)); k != nil && len(entries) < chunk; k, raw = rows.Next() {
				one, err := decode[ledger.Entry](k, raw)
				if err != nil {
					return err
				}
				entries = append(entries, one)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, one := range entries {
			if !yield(one) {
				return nil
			}
			from = one.Seq + 1
		}
		if len(entries) < chunk {
			return nil
		}
	}
}

// putEntries appends entries to a tenant's ledger, numbered on from its last one and recorded now: never earlier than the last,
// though the machine's clock may be set back. Who reads up to an instant stops at the first entry after it.
func (t *tx) putEntries(b *bbolt.Bucket, entries []ledger.Entry) error {
	log := b.Bucket(bucketLedger)
	log.FillPercent = 1 // only ever appended to
	recorded := t.now
	if k, raw := log.Cursor().Last(); k != nil && len(entries) > 0 {
		last, err := decode[ledger.Entry](k, raw)
		if err != nil {
			return err
		}
		if last.Recorded.After(recorded) {
			recorded = last.Recorded
		}
	}
	for _, one := range entries {
		n, err := log.NextSequence() // from 1
		if err != nil {
			return err
		}
		one.Seq, one.Recorded = n-1, recorded
		one.Occurred, one.Observed = utc(one.Occurred), utc(one.Observed)
		if err := t.putJSON(log, number(one.Seq), one); err != nil {
			return err
		}
	}
	return nil
}
