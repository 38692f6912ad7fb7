package bolt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/tenant"
)

const (
	// remembered is how many whole days before today a dedup key is remembered: never less than 48 hours in all.
	remembered = 2
	dayFormat  = "2006-01-02"
	// forgotten is how many rows of old keys one transaction deletes, so that it delays no other for long.
	forgotten = 2000
	// forgetEvery is how often old days are looked for.
	forgetEvery = time.Hour
)

// digest is what is kept of a dedup key, in two parts: the row that it stands in, and what tells it from the others there.
//
// Digests fall anywhere, so each that is remembered changes another page. With many of them in one row a page has few rows, and
// changing it is cheap: 2^14 rows suit up to some millions of events a day, with tens or hundreds in a row.
type digest struct{ row, rest []byte }

const (
	rowBits    = 14
	digestSize = 14 // 112 bits beside those of the row: no two deliveries meet by chance
)

func digestOf(id tenant.ID, dedup string) digest {
	sum := sha256.Sum256(key(string(id), dedup))
	return digestAt(sum[:])
}

// digestAt takes the parts from a hash of at least 16 bytes.
func digestAt(sum []byte) digest {
	row := binary.BigEndian.Uint16(sum) >> (16 - rowBits)
	return digest{binary.BigEndian.AppendUint16(nil, row), sum[2 : 2+digestSize]}
}

// in reports whether a row's value holds the digest.
func (d digest) in(value []byte) bool {
	for ; len(value) >= digestSize; value = value[digestSize:] {
		if bytes.Equal(value[:digestSize], d.rest) {
			return true
		}
	}
	return false
}

// remember notes a digest under today and reports whether it was known.
func (t *tx) remember(d digest) (known bool, err error) {
	if t.days == nil {
		days := t.Bucket(bucketDedup)
		today, err := days.CreateBucketIfNotExists(dayName(t.now, 0))
		if err != nil {
			return false, err
		}
		t.days = []*bbolt.Bucket{today}
		for back := range remembered {
			if day := days.Bucket(dayName(t.now, back+1)); day != nil {
				t.days = append(t.days, day)
			}
		}
	}
	for _, day := range t.days {
		if d.in(day.Get(d.row)) {
			return true, nil
		}
	}
	return false, t.note(t.days[0], d)
}

// note adds a digest to its row of a day.
func (t *tx) note(day *bbolt.Bucket, d digest) error {
	row := day.Get(d.row)
	return t.put(day, d.row, append(append(make([]byte, 0, len(row)+digestSize), row...), d.rest...))
}

func dayName(now time.Time, back int) []byte {
	return now.AddDate(0, 0, -back).AppendFormat(nil, dayFormat)
}

// forgetOldKeys purges old days until ctx ends.
func (s *Store) forgetOldKeys(ctx context.Context) {
	tick := time.NewTicker(forgetEvery)
	defer tick.Stop()
	for {
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = s.forgetSome(ctx); err != nil && ctx.Err() == nil {
				s.options.Logger.Warn("old dedup keys were not purged; tried again in an hour", "error", err)
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// forgetSome deletes up to so many keys of the oldest day that is over, and the day when it is empty.
func (s *Store) forgetSome(ctx context.Context) (more bool, err error) {
	err = s.write(ctx, "purge dedup keys", func(t *tx) error {
		more = false
		days := t.Bucket(bucketDedup)
		oldest, _ := days.Cursor().First()
		if oldest == nil || string(oldest) >= string(dayName(t.now, remembered)) {
			return nil
		}
		more, t.wrote = true, true
		return t.forget(days, append([]byte(nil), oldest...))
	})
	return more, err
}

func (t *tx) forget(days *bbolt.Bucket, name []byte) error {
	keys := make([][]byte, 0, forgotten)
	day := days.Bucket(name)
	rows := day.Cursor()
	for k, _ := rows.First(); k != nil && len(keys) < forgotten; k, _ = rows.Next() {
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return days.DeleteBucket(name)
	}
	for _, k := range keys {
		if err := t.delete(day, k); err != nil {
			return err
		}
	}
	return nil
}
