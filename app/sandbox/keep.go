package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/throughline/throughline/app/sandbox/site"
)

// writeDelay is how long changes are gathered before they are written. A crash may lose as much; it never leaves half a file.
const writeDelay = 300 * time.Millisecond

// keeper keeps the site's state in a folder, one JSON file a name, or only in memory where there is no folder.
type keeper struct {
	dir  string
	log  *slog.Logger
	lock *os.File // held while the site runs: two sites would overwrite each other

	mu    sync.Mutex
	dirty map[string]any // json.RawMessage or site.Snapshot
	timer *time.Timer
	write sync.Mutex // one writer at a time
}

func newKeeper(dir string, log *slog.Logger) (*keeper, error) {
	k := &keeper{dir: dir, log: log, dirty: map[string]any{}}
	if dir == "" {
		return k, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the sandbox's folder: %w", err)
	}
	var err error
	if k.lock, err = os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("the sandbox's folder: %w", err)
	}
	if err := syscall.Flock(int(k.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another sandbox or demo runs on %s: end it first, or name another folder", dir), k.lock.Close())
	}
	return k, nil
}

// Keep takes a state to be written.
func (k *keeper) Keep(name string, state any) error {
	if k.dir == "" {
		return nil
	}
	if _, later := state.(site.Snapshot); !later {
		raw, err := json.Marshal(state)
		if err != nil {
			return fmt.Errorf("keeping %s: %w", name, err)
		}
		state = json.RawMessage(raw)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dirty[name] = state
	if k.timer == nil {
		k.timer = time.AfterFunc(writeDelay, func() {
			if err := k.flush(); err != nil {
				k.log.Error("the sandbox's state was not written; it is tried again with the next change", "error", err)
			}
		})
	}
	return nil
}

// Load reads a state as it was last written.
func (k *keeper) Load(name string, into any) (bool, error) {
	if k.dir == "" {
		return false, nil
	}
	raw, err := os.ReadFile(k.path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return false, fmt.Errorf("%s: %w", k.path(name), err)
	}
	return true, nil
}

func (k *keeper) path(name string) string { return filepath.Join(k.dir, filepath.Base(name)+".json") }

// flush writes what is dirty. What could not be written stays dirty.
func (k *keeper) flush() error {
	k.write.Lock()
	defer k.write.Unlock()
	k.mu.Lock()
	dirty := k.dirty
	k.dirty, k.timer = map[string]any{}, nil
	k.mu.Unlock()
	var failed error
	for _, name := range slices.Sorted(maps.Keys(dirty)) {
		if err := k.put(name, dirty[name]); err != nil {
			failed = errors.Join(failed, err)
			k.mu.Lock()
			if _, newer := k.dirty[name]; !newer {
				k.dirty[name] = dirty[name]
			}
			k.mu.Unlock()
		}
	}
	return failed
}

// put replaces a file whole: a reader sees the old one or the new one.
func (k *keeper) put(name string, state any) error {
	raw, _ := state.(json.RawMessage)
	if snapshot, later := state.(site.Snapshot); later {
		var err error
		if raw, err = snapshot(); err != nil {
			return fmt.Errorf("encoding %s: %w", name, err)
		}
	}
	f, err := os.CreateTemp(k.dir, ".new-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	defer os.Remove(f.Name()) // nothing is there once it was renamed
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), k.path(name))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

func (k *keeper) close() error {
	k.mu.Lock()
	if k.timer != nil {
		k.timer.Stop()
	}
	k.mu.Unlock()
	if k.dir == "" {
		return nil
	}
	return errors.Join(k.flush(), k.lock.Close())
}

// abandon forgets what was not written.
func (k *keeper) abandon() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer != nil {
		k.timer.Stop()
	}
	k.dirty = map[string]any{}
	if k.lock != nil {
		_ = k.lock.Close() // nothing was written to it
	}
}
