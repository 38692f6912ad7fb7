package bolt

import (
	"bytes"
	"context"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
)

// purged is how many rows one transaction of a purge deletes, so that it delays no other for long.
const purged = 2000

// Purge implements tenant.Registry. First the jobs go, then the tenant's bucket is put aside as a whole, by which the tenant is
// gone for everybody, then what was put aside is emptied. A crash leaves jobs that the next call deletes, or something put
// aside, which the next opening does.
func (s *Store) Purge(ctx context.Context, id tenant.ID, before time.Time) (tenant.Purged, error) {
	s.purges.Lock()
	defer s.purges.Unlock()
	var total tenant.Purged
	for aside := false; !aside; {
		step := 0
		err := s.write(ctx, "purge "+string(id), func(t *tx) (err error) {
			step, aside = 0, false
			found, err := t.purgeable(id, before)
			if err != nil {
				return err
			}
			if step, err = t.purgeJobs(id); err != nil || step == purged {
				return err
			}
			aside = true
			t.after = append(t.after, s.known.forget)
			return t.putAside(found)
		})
		if err != nil {
			return total, err
		}
		total.Jobs += step
	}
	left, err := s.emptyAside(ctx)
	total.Pages, total.Threats, total.Entries = left.Pages, left.Threats, left.Entries
	return total, err
}

// purgeable is the record of a tenant that may be purged.
func (t *tx) purgeable(id tenant.ID, before time.Time) (tenant.Tenant, error) {
	b := t.Bucket(bucketTenants).Bucket([]byte(id))
	if b == nil {
		return tenant.Tenant{}, fault.New(fault.NotFound, "no tenant %s", id)
	}
	found, err := readTenant(b, id)
	if err != nil {
		return tenant.Tenant{}, err
	}
	at, removed := found.Removed()
	switch {
	case !removed:
		return tenant.Tenant{}, fault.New(fault.Conflict, "%s is installed: uninstall it first", id)
	case !at.Before(before):
		return tenant.Tenant{}, fault.New(fault.Conflict, "%s was removed at %s, which is not before %s", id, at.Format(time.RFC3339), before.UTC().Format(time.RFC3339))
	}
	running := t.jobs().running.Cursor()
	for row, raw := running.First(); row != nil; row, raw = running.Next() {
		if tenantOf(raw) == id {
			return tenant.Tenant{}, fault.BusyFor(time.Minute, "a job of %s is running, which may still write", id)
		}
	}
	return found, nil
}

// purgeJobs deletes waiting and held jobs of a tenant, up to the bound, and says how many.
func (t *tx) purgeJobs(id tenant.ID) (n int, err error) {
	q := t.jobs()
	for _, state := range []byte{nameWaiting, nameHeld} {
		prefix := append([]byte{state}, key(string(id), "")...)
		var ids []uint64
		rows := q.names.Cursor()
		for row, job := rows.Seek(prefix); bytes.HasPrefix(row, prefix) && n+len(ids) < purged; row, job = rows.Next() {
			ids = append(ids, numberOf(job))
		}
		for _, id := range ids {
			job, err := t.find(id)
			if err == nil && state == nameWaiting {
				err = t.deleteWaiting(job)
			} else if err == nil {
				err = t.deleteHeld(job)
			}
			if err != nil {
				return n, fault.As(fault.Internal, err, "the index of names leads to job %d", id)
			}
		}
		n += len(ids)
	}
	return n, nil
}

// putAside takes a tenant out of those there are. Its secrets and clientKeys are gone at once.
func (t *tx) putAside(of tenant.Tenant) error {
	t.wrote = true
	clients := t.Bucket(bucketClients)
	for _, in := range of.Installations {
		if err := t.delete(clients, []byte(in.ClientKey)); err != nil {
			return err
		}
	}
	aside, err := t.CreateBucketIfNotExists(bucketAside)
	if err != nil {
		return err
	}
	n, err := aside.NextSequence() // the same tenant may be here already, from before it was installed again
	if err != nil {
		return err
	}
	to, err := aside.CreateBucket(number(n))
	if err != nil {
		return err
	}
	if err := t.Bucket(bucketTenants).MoveBucket([]byte(of.ID), to); err != nil {
		return err
	}
	b := to.Bucket([]byte(of.ID))
	if err := t.delete(b, keySigner); err != nil {
		return err
	}
	return b.DeleteBucket(bucketSecrets)
}

// emptyAside deletes everything that was put aside, and counts it.
func (s *Store) emptyAside(ctx context.Context) (total tenant.Purged, err error) {
	for more := true; more; {
		var step tenant.Purged
		err = s.write(ctx, "empty what was purged", func(t *tx) (err error) {
			more, step, err = t.emptySome()
			return err
		})
		if err != nil {
			return total, err
		}
		total.Pages, total.Threats, total.Entries = total.Pages+step.Pages, total.Threats+step.Threats, total.Entries+step.Entries
	}
	return total, nil
}

// emptySome deletes up to the bound of rows that were put aside, of one kind.
func (t *tx) emptySome() (more bool, deleted tenant.Purged, err error) {
	aside := t.Bucket(bucketAside)
	if aside == nil {
		return false, deleted, nil
	}
	t.wrote = true
	n, _ := aside.Cursor().First()
	if n == nil {
		return false, deleted, t.DeleteBucket(bucketAside)
	}
	outer := aside.Bucket(n)
	id, _ := outer.Cursor().First()
	b := outer.Bucket(id)
	rows := b.Cursor()
	for name, _ := rows.First(); name != nil; name, _ = rows.Next() {
		if kind := b.Bucket(name); kind != nil { // the record itself is no bucket
			err = t.emptyKind(b, kind, bytes.Clone(name), &deleted)
			return true, deleted, err
		}
	}
	return true, deleted, aside.DeleteBucket(bytes.Clone(n))
}

// emptyKind deletes up to the bound of rows of one kind, and the kind with its last.
func (t *tx) emptyKind(b, kind *bbolt.Bucket, name []byte, deleted *tenant.Purged) error {
	var keys [][]byte
	rows := kind.Cursor()
	for row, _ := rows.First(); row != nil && len(keys) < purged; row, _ = rows.Next() {
		keys = append(keys, row)
	}
	for _, row := range keys {
		if err := t.delete(kind, row); err != nil {
			return err
		}
	}
	switch string(name) {
	case string(bucketPages):
		deleted.Pages = len(keys)
	case string(bucketThreats):
		deleted.Threats = len(keys)
	case string(bucketLedger):
		deleted.Entries = len(keys)
	}
	if len(keys) < purged {
		return b.DeleteBucket(name)
	}
	return nil
}

// finishPurges ends what a crash cut off.
func (s *Store) finishPurges(ctx context.Context) {
	s.purges.Lock()
	defer s.purges.Unlock()
	if _, err := s.emptyAside(ctx); err != nil && ctx.Err() == nil {
		s.options.Logger.Warn("a purge could not be finished; it goes on with the next one, or at the next start", "error", err)
	}
}
