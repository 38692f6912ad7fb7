// Package store brings the ports of the house together into one thing that a program opens: tenants, the queue, the record of
// threats and the ledger, over one backend that a DSN names.
package store

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/trace"
	"github.com/throughline/throughline/app/work"
	"github.com/throughline/throughline/store/bolt"
)

// Store is the union of the ports. All methods are safe for concurrent use. Close waits for the commits under way; Run must
// have returned before it.
type Store interface {
	tenant.Registry
	work.Queue
	trace.Book
	ledger.Log
	ledger.Tree
	ledger.Notary
	ledger.Eraser
	io.Closer

	// Ping reports whether the store can be read and, unless it is open read-only, written to: nil, or why not.
	Ping(ctx context.Context) error
	// Stats counts the jobs, for metrics and health.
	Stats(ctx context.Context) (work.Stats, error)
}

// Options says how to open a store. The zero value of each field means its default; Key has none.
type Options struct {
	// Key seals the secrets of installations with AES-256-GCM: 32 bytes. A store is bound to the key it was first opened
	// with. It may be left out with ReadOnly; installations then come back without their secrets.
	Key []byte
	// ReadOnly opens an existing store for reading, beside other readers. Methods that write fail with fault.Denied.
	ReadOnly bool

	Clock  func() time.Time // time.Now
	Logger *slog.Logger     // discards

	Workers  int            // handlers that Run lets run at once; 8
	Attempts int            // runs after which a failing job is held; 12
	Grace    time.Duration  // how long handlers may go on after Run's context ended, until theirs ends too; 20 s
	Rand     func() float64 // in [0, 1), for the jitter of retries; math/rand/v2
}

// Open opens the store that a DSN names: "bolt:///var/lib/throughline/throughline.db" is a file by its absolute path,
// "bolt://throughline.db" one relative to the working directory. A missing file is made, with its folder, unless ReadOnly.
//
// It fails with fault.Invalid for a DSN, key or file that cannot be used, fault.Denied for a key that is not the store's,
// fault.Busy when another process holds the file, and fault.NotFound when there is nothing to read.
func Open(ctx context.Context, dsn string, o Options) (Store, error) {
	scheme, rest, found := strings.Cut(dsn, "://")
	switch {
	case !found || rest == "":
		return nil, fault.New(fault.Invalid, "store: %q is no DSN: want bolt:///absolute/path/file.db or bolt://relative/file.db", Redact(dsn))
	case scheme == "bolt":
		s, err := bolt.Open(ctx, rest, bolt.Options(o))
		if err != nil {
			return nil, err
		}
		return s, nil
	default:
		return nil, fault.New(fault.Invalid, "store: unknown scheme in %q: allowed is bolt:// (one embedded file)", Redact(dsn))
	}
}

// Redact is a DSN fit for logs: user and password, where it has some, are left out.
func Redact(dsn string) string {
	scheme, rest, found := strings.Cut(dsn, "://")
	if !found {
		return dsn
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 && scheme != "bolt" {
		rest = "…" + rest[at:]
	}
	return scheme + "://" + rest
}
