package bolt

import (
	"bytes"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/fault"
)

// schema is the version of the layout that the package comment describes. A file of a newer one is refused.
const schema = 3

// readable is the oldest schema whose files can be read as they are: since 3, entries of the ledger are stored in another form,
// and those that were there before stay as they were.
const readable = 2

var (
	bucketMeta    = []byte("meta")
	bucketClients = []byte("clients")
	bucketTenants = []byte("tenants")
	bucketQueue   = []byte("queue")
	bucketDedup   = []byte("seen")
	bucketAside   = []byte("aside") // there while something is in it

	bucketWaiting = []byte("waiting") // below queue
	bucketRunning = []byte("running")
	bucketHeld    = []byte("held")
	bucketNames   = []byte("names")
	bucketLanes   = []byte("lanes")
	bucketHeads   = []byte("heads")

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
	if err := s.migrate(); err != nil {
		return fault.Wrap(err, "store: bring %s up to schema %d", path, schema)
	}
	return s.hashOlder()
}

// logBuckets are the buckets of a tenant that the tree of its ledger brought along.
func logBuckets() [][]byte { return [][]byte{bucketErased, bucketCheckpoints} }

func (s *Store) layOut(btx *bbolt.Tx) error {
	for _, name := range [][]byte{bucketMeta, bucketClients, bucketTenants, bucketDedup} {
		if _, err := btx.CreateBucket(name); err != nil {
			return err
		}
	}
	if err := layOutQueue(btx); err != nil {
		return err
	}
	meta := btx.Bucket(bucketMeta)
	if err := meta.Put(keyCheck, s.seal.seal(keyCheck, keyCheck)); err != nil {
		return err
	}
	return meta.Put(keySchema, schemaNow)
}

func layOutQueue(btx *bbolt.Tx) error {
	b, err := btx.CreateBucket(bucketQueue)
	if err != nil {
		return err
	}
	for _, name := range [][]byte{bucketWaiting, bucketRunning, bucketHeld, bucketNames, bucketLanes, bucketHeads} {
		if _, err := b.CreateBucket(name); err != nil {
			return err
		}
	}
	return nil
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
	case s.options.ReadOnly && (found < readable || btx.Bucket(bucketJobs) != nil || btx.Bucket(bucketKeys) != nil):
		return fault.New(fault.Invalid, "store: %s has schema %d, which this program brings up to %d when it may write: start the server on it once, or on a copy",
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
