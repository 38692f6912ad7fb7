package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/throughline/throughline/app/failpoint"
	"github.com/throughline/throughline/app/fault"
)

const (
	queued   = 4096            // writes that may wait for the committer; beyond it the sender is told to come back
	together = 512             // writes of one commit at most, which bounds how long one takes
	comeBack = 5 * time.Second // after a commit that failed: time to free some disk
	// resident is how many bytes are written before the mapped file is let go of. Each page that was ever read would otherwise count
	// as the process's memory until it ends, which a container's limit and an operator's eye take for a leak.
	resident = 8 << 20
)

var (
	errNothing = errors.New("nothing was written")
	errClosed  = fault.New(fault.Busy, "the store is closed")
)

// tx is one write's view of the transaction that it shares with others.
type tx struct {
	*bbolt.Tx
	now   time.Time
	wrote bool
	after []func()        // once committed, in order, before the senders are told
	queue *queue          // see jobs
	days  []*bbolt.Bucket // see remember
}

func (t *tx) put(b *bbolt.Bucket, key, value []byte) error {
	t.wrote = true
	return b.Put(key, value)
}

func (t *tx) delete(b *bbolt.Bucket, key []byte) error {
	t.wrote = true
	return b.Delete(key)
}

// write is one sender's part of a commit. do may run more than once, so it begins by resetting what it reports. It refuses
// with a classified error before its first change; an unclassified one takes the whole transaction back, which is then tried
// again without it.
type write struct {
	do   func(*tx) error
	err  error
	done chan struct{}
}

// writer commits in groups: while one commit waits for the disk, the next one gathers. Nobody waits for a timer, and the
// busier it gets the more writes share an fsync.
type writer struct {
	db      *bbolt.DB
	clock   func() time.Time
	failed  func(error) // called after the first of several commits that failed
	resync  func()      // called after the first one that succeeds again: part of the failed one may have become durable
	lost    bool        // between the two
	written int64       // bytes since the mapped file was let go of
	queue   chan *write
	closing chan struct{}
	once    sync.Once
	stopped chan struct{}
}

func newWriter(db *bbolt.DB, clock func() time.Time, failed func(error), resync func()) *writer {
	w := &writer{
		db: db, clock: clock, failed: failed, resync: resync,
		queue: make(chan *write, queued), closing: make(chan struct{}), stopped: make(chan struct{}),
	}
	go w.run()
	return w
}

// submit waits for room, then for the commit. Once it has room the write is made, whatever becomes of ctx.
func (w *writer) submit(ctx context.Context, do func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if failpoint.On {
		failpoint.Commit(failpoint.Before)
		defer failpoint.Commit(failpoint.After)
	}
	one := &write{do: do, done: make(chan struct{})}
	select {
	case w.queue <- one:
		return w.wait(one)
	case <-w.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// offer is submit for senders that can come back: it fails with fault.Busy where submit would wait for room.
func (w *writer) offer(ctx context.Context, do func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if failpoint.On {
		failpoint.Commit(failpoint.Before)
		defer failpoint.Commit(failpoint.After)
	}
	one := &write{do: do, done: make(chan struct{})}
	select {
	case <-w.closing:
		return errClosed
	default:
	}
	select {
	case w.queue <- one:
		return w.wait(one)
	default:
		return fault.BusyFor(time.Second, "%d writes are waiting for the disk", queued)
	}
}

func (w *writer) wait(one *write) error {
	select {
	case <-one.done:
		return one.err
	case <-w.stopped:
	}
	select {
	case <-one.done: // by the last commit
		return one.err
	default:
		return errClosed
	}
}

func (w *writer) close() {
	w.once.Do(func() { close(w.closing) })
	<-w.stopped
}

func (w *writer) run() {
	defer close(w.stopped)
	batch := make([]*write, 0, together)
	for {
		select {
		case one := <-w.queue:
			batch = w.gather(append(batch[:0], one))
		case <-w.closing:
			if batch = w.gather(batch[:0]); len(batch) == 0 {
				return
			}
		}
		w.commit(batch)
	}
}

// gather takes what is waiting. Senders that the last commit has just freed get the processor once, or each would find its
// predecessor's commit already begun.
func (w *writer) gather(batch []*write) []*write {
	runtime.Gosched()
	for len(batch) < together {
		select {
		case one := <-w.queue:
			batch = append(batch, one)
		default:
			return batch
		}
	}
	return batch
}

// commit makes every write of the batch durable, or tells its sender why not.
func (w *writer) commit(batch []*write) {
	for len(batch) > 0 {
		t := &tx{now: w.clock().UTC()}
		culprit := -1
		size := int64(0)
		err := w.db.Update(func(btx *bbolt.Tx) error {
			t.Tx, size = btx, btx.Size()
			for i, one := range batch {
				mark := len(t.after)
				if one.err = attempt(one.do, t); one.err == nil {
					continue
				}
				t.after = t.after[:mark]
				if fault.KindOf(one.err) == fault.Internal {
					culprit = i
					return one.err
				}
			}
			if !t.wrote {
				return errNothing
			}
			return nil
		})
		switch {
		case culprit >= 0:
			close(batch[culprit].done)
			batch = append(batch[:culprit], batch[culprit+1:]...)
			continue
		case err != nil && !errors.Is(err, errNothing):
			for _, one := range batch {
				one.err = &fault.Error{Kind: fault.Busy, After: comeBack, Err: err, Text: "commit failed; see that the disk has room"}
			}
			if !w.lost { // said once, not with every sender that comes back
				w.lost = true
				w.failed(err)
			}
		default:
			for _, do := range t.after {
				do()
			}
			if w.lost && err == nil {
				w.lost = false
				w.resync()
			}
		}
		for _, one := range batch {
			close(one.done)
		}
		stats := t.Stats()
		if w.written += stats.GetPageAlloc(); w.written > resident {
			letGo(w.db, size)
			w.written = 0
		}
		return
	}
}

// attempt turns a panic into an error: one sender's bug must not end everybody's commit.
func attempt(do func(*tx) error, t *tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write: %v", p)
		}
	}()
	return do(t)
}
