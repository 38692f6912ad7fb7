package host

import (
	"context"
	"slices"
	"sync"
	"time"
)

// queue sends one app's messages one after the other. A message that must be sent again waits apart and holds up none.
type queue struct {
	send   func(context.Context, message) time.Duration
	ctx    context.Context // ends what is on its way when the queue is closed
	cancel context.CancelFunc
	wake   chan struct{}
	done   sync.WaitGroup

	mu      sync.Mutex
	waiting []message
	timers  map[*time.Timer]message
}

func newQueue(send func(context.Context, message) time.Duration) *queue {
	ctx, cancel := context.WithCancel(context.Background())
	q := &queue{send: send, ctx: ctx, cancel: cancel, wake: make(chan struct{}, 1), timers: map[*time.Timer]message{}}
	q.done.Go(q.run)
	return q
}

// push puts a message at the end. A message that is late lets the next one pass.
func (q *queue) push(m message) {
	q.mu.Lock()
	if n := len(q.waiting); n > 0 && q.waiting[n-1].late && !m.late {
		q.waiting = slices.Insert(q.waiting, n-1, m)
		q.waiting[n].late = false
	} else {
		q.waiting = append(q.waiting, m)
	}
	q.mu.Unlock()
	q.nudge()
}

func (q *queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// reorderPatience is how long a late message waits for another to let pass.
const reorderPatience = 500 * time.Millisecond

func (q *queue) run() {
	for {
		m, ok, late := q.take()
		switch {
		case ok:
			again := q.send(q.ctx, m)
			q.finish(m, again)
		case late:
			select {
			case <-q.ctx.Done():
				return
			case <-q.wake:
			case <-time.After(reorderPatience):
				q.mu.Lock()
				if len(q.waiting) > 0 {
					q.waiting[0].late = false
				}
				q.mu.Unlock()
			}
		default:
			select {
			case <-q.ctx.Done():
				return
			case <-q.wake:
			}
		}
	}
}

// take returns the next message; late means that the only one there waits for another.
func (q *queue) take() (m message, ok, late bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ctx.Err() != nil || len(q.waiting) == 0 {
		return message{}, false, false
	}
	if q.waiting[0].late && len(q.waiting) == 1 {
		return message{}, false, true
	}
	m = q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	return m, true, false
}

func (q *queue) finish(m message, again time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if again == 0 || q.timers == nil {
		return
	}
	m.attempts++
	m.late = false
	var timer *time.Timer
	timer = time.AfterFunc(again, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if _, ok := q.timers[timer]; ok {
			delete(q.timers, timer)
			q.waiting = append(q.waiting, m)
			q.nudge()
		}
	})
	q.timers[timer] = m
}

// close ends the queue and returns what waited.
func (q *queue) close() []message {
	q.cancel()
	q.mu.Lock()
	defer q.mu.Unlock()
	dropped := q.waiting
	q.waiting = nil
	for t, m := range q.timers {
		if t.Stop() {
			dropped = append(dropped, m)
		}
	}
	q.timers = nil
	return dropped
}
