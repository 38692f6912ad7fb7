package bolt

import (
	"bytes"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
)

// schema is the version of the layout that the package comment describes. A file of a newer one is refused.
const schema = 1

var (
	bucketMeta    = []byte("meta")
	bucketClients = []byte("clients")
	bucketTenants = []byte("tenants")
	bucketJobs    = []byte("jobs")
	bucketDedup   = []byte("dedup")

	bucketWaiting = []byte("waiting") // below jobs
	bucketRunning = []byte("running")
	bucketHeld    = []byte("held")

	bucketSecrets = []byte("secrets") // below a tenant
	bucketPages   = []byte("pages")
	bucketThreats = []byte("threats")
	bucketIssues  = []byte("issues")
	bucketLedger  = []byte("ledger")

	bucketErased      = []byte("erased") // below a tenant; missing in stores of older versions
	bucketCheckpoints = []byte("checkpoints")

	keySchema = []byte("schema") // in meta
	keyCheck  = []byte("key-check")
	keyPinged = []byte("pinged")

	keyTenant   = []byte("tenant") // in a tenant
	keySigner   = []byte("ledger-signer")
	keyVerifier = []byte("ledger-verifier")

	schemaNow = []byte(strconv.Itoa(schema))
)

// prepare checks the schema and the master key of an open file, and lays out a new one.
func (s *Store) prepare(path string) error {
	if s.options.ReadOnly {
		return s.db.View(func(btx *bbolt.Tx) error { return s.check(btx, path) })
	}
	err := s.db.Update(func(btx *bbolt.Tx) error {
		if btx.Bucket(bucketMeta) == nil {
			if err := s.layOut(btx); err != nil {
				return fault.Wrap(err, "store: lay out %s", path)
			}
		}
		return s.check(btx, path)
	})
	if err != nil {
		return err
	}
	return s.hashOlder()
}

// logBuckets are the buckets of a tenant that the tree of its ledger brought along.
func logBuckets() [][]byte { return [][]byte{bucketErased, bucketCheckpoints} }

func (s *Store) layOut(btx *bbolt.Tx) error {
	for _, name := range [][]byte{bucketMeta, bucketClients, bucketTenants, bucketJobs, bucketDedup} {
		if _, err := btx.CreateBucket(name); err != nil {
			return err
		}
	}
	for _, name := range [][]byte{bucketWaiting, bucketRunning, bucketHeld} {
		if _, err := btx.Bucket(bucketJobs).CreateBucket(name); err != nil {
			return err
		}
	}
	meta := btx.Bucket(bucketMeta)
	if err := meta.Put(keyCheck, s.seal.seal(keyCheck, keyCheck)); err != nil {
		return err
	}
	return meta.Put(keySchema, schemaNow)
}

func (s *Store) check(btx *bbolt.Tx, path string) error {
	meta := btx.Bucket(bucketMeta)
	if meta == nil {
		return fault.New(fault.Invalid, "store: %s is no store of Throughline, or was never opened for writing", path)
	}
	found, err := strconv.Atoi(string(meta.Get(keySchema)))
	switch {
	case err != nil:
		return fault.As(fault.Invalid, err, "store: %s has no readable schema version; restore it from a backup", path)
	case found > schema:
		return fault.New(fault.Invalid, "store: %s has schema %d and this program knows up to %d: run the newer program, or restore the backup made before it ran",
			path, found, schema)
	}
	if s.seal == nil {
		return nil
	}
	if plain, err := s.seal.open(meta.Get(keyCheck), keyCheck); err != nil || !bytes.Equal(plain, keyCheck) {
		return fault.New(fault.Denied, "store: %s was sealed with another master key: start with the key it was made with", path)
	}
	return nil
}
