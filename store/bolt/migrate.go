package bolt

import (
	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/work"
)

// moved is how many rows one transaction of a migration moves, which bounds the memory that it takes.
const moved = 2000

// bucketJobs held the jobs in schema 1, as JSON: waiting and held ones by tenant, kind and subject, running ones by ID.
var bucketJobs = []byte("jobs")

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
		old := btx.Bucket(bucketJobs)
		if more = old != nil; !more {
			return nil
		}
		if btx.Bucket(bucketQueue) == nil {
			if err := layOutQueue(btx); err != nil {
				return err
			}
			if err := queueOf(btx).waiting.SetSequence(old.Bucket(bucketWaiting).Sequence()); err != nil {
				return err
			}
			if err := btx.Bucket(bucketMeta).Put(keySchema, schemaNow); err != nil {
				return err
			}
		}
		return (&tx{Tx: btx}).moveJobs(old)
	})
	return more, err
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
