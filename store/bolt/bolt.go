// Package bolt is the embedded backend: one bbolt file, no server. All writes go through one committer that takes whatever
// queued while the last commit was in flight, so that many of them share one fsync. One process at a time holds the file.
//
// The buckets:
//
//	meta                 schema, key check
//	clients              clientKey → tenant and product
//	tenants/<id>         tenant: the record as JSON
//	  secrets            product → sealed secret
//	  pages              page id → header
//	  threats            page id, threat id → Rev, issue id and threat, one row each
//	  issues             Jira issue id, page id, threat id → nothing
//	  ledger             sequence number, big endian → entry with its salt and hashes; see entryRow
//	  erased             the same number → digest of the body that was recorded, number of the entry that tells of its erasure
//	  checkpoints        number of entries → signed checkpoint
//	  ledger-signer      the key that signs them, sealed; ledger-verifier: its public key
//	queue/waiting        job id, big endian → job
//	queue/running        job id → job; whatever is in it when Run begins died with its process
//	queue/held           job id → job
//	queue/names          state, tenant, kind, subject → job id: at most one waiting and one held by construction
//	queue/lanes          tenant, lane, time, job id → nothing: the waiting jobs, each lane's in order
//	queue/heads          tenant, time, job id → lane: the first of each lane
//	seen/<day>           first bits of the hash of tenant and dedup key → the next ones of all hashes that begin so
//	aside/<n>/<id>       a tenant that was purged, while it is emptied
//
// Parts of a key are parted by NUL, which no name may contain. Times are stored in UTC.
package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/throughline/throughline/app/fault"
)

// Options says how to open a store; store.Options tells what each field means.
type Options struct {
	Key      []byte
	ReadOnly bool
	Clock    func() time.Time
	Logger   *slog.Logger
	Workers  int
	Attempts int
	Grace    time.Duration
	Rand     func() float64
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Workers <= 0 {
		o.Workers = 8
	}
	if o.Attempts <= 0 {
		o.Attempts = 12
	}
	if o.Grace <= 0 {
		o.Grace = 20 * time.Second
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	return o
}

// Store is an open bbolt file. Its methods are those of the ports.
type Store struct {
	db       *bbolt.DB
	options  Options
	seal     *sealer // nil when opened read-only without a key
	writer   *writer // nil when read-only
	schedule *schedule
	known    known
	runs     sync.Mutex // held while Run runs
	purges   sync.Mutex // held while Purge runs
	stop     context.CancelFunc
	idle     sync.WaitGroup // background work
}

// lockTimeout is how long Open waits for another process to let go of the file: long enough for a restart that overlaps.
const lockTimeout = time.Second

// mapped is how much address space is mapped at once. Growing beyond it makes writers wait for readers to finish.
const mapped = 1 << 28

// Open opens or makes the file at path.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	s := &Store{options: o, schedule: newSchedule(o.Workers)}
	if len(o.Key) > 0 || !o.ReadOnly {
		var err error
		if s.seal, err = newSealer(o.Key); err != nil {
			return nil, err
		}
	}
	db, err := openFile(path, o.ReadOnly)
	if err != nil {
		return nil, err
	}
	s.db = db
	if err := s.prepare(path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if !o.ReadOnly {
		s.writer = newWriter(db, o.Clock, s.commitFailed, s.resync)
		background, stop := context.WithCancel(context.Background())
		s.stop = stop
		s.idle.Go(func() { s.finishPurges(background) })
		s.idle.Go(func() { s.forgetOldKeys(background) })
	}
	return s, nil
}

func openFile(path string, readOnly bool) (*bbolt.DB, error) {
	if !readOnly {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fault.As(fault.Invalid, err, "store: make the folder of %s", path)
		}
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         lockTimeout,
		ReadOnly:        readOnly,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: mapped,
	})
	switch {
	case err == nil:
	case errors.Is(err, bbolterrors.ErrTimeout):
		return nil, &fault.Error{Kind: fault.Busy, After: lockTimeout, Err: err, Text: fmt.Sprintf(
			"store: %s is held by another process, most likely a running server: stop it first, or work on a copy of the file", path)}
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.As(fault.NotFound, err, "store: open %s", path)
	default:
		return nil, fault.As(fault.Invalid, err, "store: open %s: it is no readable store file; restore it from a backup or name another", path)
	}
	if !readOnly {
		if err := syncFolder(path); err != nil {
			return nil, errors.Join(fault.As(fault.Invalid, err, "store: sync the folder of %s", path), db.Close())
		}
	}
	return db, nil
}

// syncFolder makes a new file's name as durable as its content.
func syncFolder(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Close waits for the commits under way and lets go of the file.
func (s *Store) Close() error {
	if s.writer != nil {
		s.stop()
		s.idle.Wait()
		s.writer.close()
	}
	return fault.Wrap(s.db.Close(), "store: close")
}

// Ping reads the schema, and commits a proof that the file can be written to unless it is read-only.
func (s *Store) Ping(ctx context.Context) error {
	err := s.db.View(func(btx *bbolt.Tx) error {
		if meta := btx.Bucket(bucketMeta); meta == nil || !bytes.Equal(meta.Get(keySchema), schemaNow) {
			return fault.New(fault.Internal, "store: the schema mark is gone")
		}
		return nil
	})
	if err != nil || s.writer == nil {
		return err
	}
	return s.write(ctx, "ping", func(t *tx) error {
		return t.put(t.Bucket(bucketMeta), keyPinged, []byte(t.now.Format(time.RFC3339Nano)))
	})
}

// Backup writes a copy of the store as it is now; writes go on meanwhile. The copy is a store file, sealed with the same key.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	return s.view(ctx, "back up", func(btx *bbolt.Tx) error {
		_, err := btx.WriteTo(w)
		return err
	})
}

// write runs do in a transaction, shared with others, and returns when it is durable. See writer for what do must keep to.
func (s *Store) write(ctx context.Context, what string, do func(*tx) error) error {
	if s.writer == nil {
		return fault.New(fault.Denied, "store: %s: opened read-only", what)
	}
	return fault.Wrap(s.writer.submit(ctx, do), "store: %s", what)
}

// view runs do in a read transaction, unless ctx has ended.
func (s *Store) view(ctx context.Context, what string, do func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("store: %s: %w", what, err)
	}
	return fault.Wrap(s.db.View(do), "store: %s", what)
}
