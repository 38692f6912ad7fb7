package bolt

import (
	"bytes"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/work"
)

// moved is how many rows one transaction of a migration moves, which bounds the memory that it takes.
const moved = 2000

// The buckets of schema 1 that are no more.
var (
	bucketJobs = []byte("jobs")  // as JSON: waiting and held ones by tenant, kind and subject, running ones by ID
	bucketKeys = []byte("dedup") // below a day, 16 bytes of the hash of tenant and dedup key
)

// migrate brings an older file up to the schema of today. The first of its transactions sets the schema, so that no older program
// opens a file that is half moved; the next opening of this one goes on where a crash ended it.
func (s *Store) migrate() error {
	for more := true; more; {
		var err error
		if more, err = s.migrateSome(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) migrateSome() (more bool, err error) {
	err = s.db.Update(func(btx *bbolt.Tx) error {
		old, keys := btx.Bucket(bucketJobs), btx.Bucket(bucketKeys)
		if more = old != nil || keys != nil; !more {
			return setSchema(btx)
		}
		if btx.Bucket(bucketQueue) == nil {
			if _, err := btx.CreateBucket(bucketDedup); err != nil {
				return err
			}
			if err := layOutQueue(btx); err != nil {
				return err
			}
			if err := queueOf(btx).waiting.SetSequence(old.Bucket(bucketWaiting).Sequence()); err != nil {
				return err
			}
			if err := setSchema(btx); err != nil {
				return err
			}
		}
		t := &tx{Tx: btx}
		if old != nil {
			return t.moveJobs(old)
		}
		return t.moveKeys(keys)
	})
	return more, err
}

func setSchema(btx *bbolt.Tx) error {
	meta := btx.Bucket(bucketMeta)
	if bytes.Equal(meta.Get(keySchema), schemaNow) {
		return nil
	}
	return meta.Put(keySchema, schemaNow)
}

// moveJobs moves some of the jobs of schema 1, and ends it when there are none left.
func (t *tx) moveJobs(old *bbolt.Bucket) error {
	for _, shelf := range []struct {
		name []byte
		put  func(work.Job) error
	}{
		{bucketWaiting, t.putWaiting},
		{bucketHeld, t.hold},
		{bucketRunning, func(job work.Job) error { return t.put(t.jobs().running, number(job.ID), encodeJob(job)) }},
	} {
		from := old.Bucket(shelf.name)
		var rows [][]byte
		cursor := from.Cursor()
		for row, raw := cursor.First(); row != nil && len(rows) < moved; row, raw = cursor.Next() {
			job, err := decode[work.Job](row, raw)
			if err != nil {
				return err
			}
			if err := shelf.put(job); err != nil {
				return err
			}
			rows = append(rows, row)
		}
		for _, row := range rows {
			if err := t.delete(from, row); err != nil {
				return err
			}
		}
		if len(rows) > 0 {
			return nil
		}
	}
	return t.DeleteBucket(bucketJobs)
}

// moveKeys moves some of the dedup keys of schema 1, in their order, and ends it when there are none left.
func (t *tx) moveKeys(old *bbolt.Bucket) error {
	name, _ := old.Cursor().First()
	if name == nil {
		return t.DeleteBucket(bucketKeys)
	}
	from := old.Bucket(name)
	to, err := t.Bucket(bucketDedup).CreateBucketIfNotExists(name)
	if err != nil {
		return err
	}
	var rows [][]byte
	cursor := from.Cursor()
	for row, _ := cursor.First(); row != nil && len(rows) < moved; row, _ = cursor.Next() {
		if err := t.note(to, digestAt(row)); err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return old.DeleteBucket(append([]byte(nil), name...))
	}
	for _, row := range rows {
		if err := t.delete(from, row); err != nil {
			return err
		}
	}
	return nil
}
