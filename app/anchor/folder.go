// Package anchor keeps a log's checkpoints outside of the store, where who holds the store does not reach: so that a store that was
// changed, or an older copy of it, cannot pass for the log that others have seen.
package anchor

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/ledger"
	"github.com/throughline/throughline/app/tenant"
)

// Folder keeps the newest checkpoint of each site as a file. Put on another disk or machine than the store, it also tells when the
// store was restored from a backup.
type Folder struct{ Path string }

func (f Folder) file(id tenant.ID) string { return filepath.Join(f.Path, url.PathEscape(string(id))) }

func (f Folder) String() string { return "folder " + f.Path }

// Read implements Place.
func (f Folder) Read(_ context.Context, id tenant.ID) ([]byte, error) {
	raw, err := os.ReadFile(f.file(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return raw, fault.As(fault.Internal, err, "reading the checkpoint kept of %s", id)
}

// Write implements Place.
func (f Folder) Write(_ context.Context, id tenant.ID, c ledger.Checkpoint) error {
	err := os.MkdirAll(f.Path, 0o700)
	if err == nil {
		err = replaceFile(f.file(id), c.Note)
	}
	return fault.As(fault.Internal, err, "keeping the checkpoint of %s", id)
}

// Forget deletes what is kept of a site.
func (f Folder) Forget(id tenant.ID) error {
	stamped, err := filepath.Glob(f.file(id) + ",*") // no site's file has a comma or a wildcard in its name: both are escaped
	for _, path := range append(stamped, f.file(id)) {
		if failed := os.Remove(path); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
		}
	}
	return fault.As(fault.Internal, err, "forgetting the checkpoints kept of %s", id)
}

func replaceFile(path string, content []byte) error {
	next, err := os.CreateTemp(filepath.Dir(path), ".checkpoint-*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name())
	_, err = next.Write(content)
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), path)
}
