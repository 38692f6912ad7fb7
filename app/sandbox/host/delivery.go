package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Delivery is one attempt to send a webhook.
type Delivery struct {
	At       time.Time `json:"at"` // UTC
	Product  string    `json:"product"`
	App      string    `json:"app"`
	Event    string    `json:"event"`
	ID       string    `json:"id"`
	Attempt  int       `json:"attempt"` // from 1
	Status   int       `json:"status"`  // 0 when there was no answer
	Error    string    `json:"error,omitzero"`
	Accepted bool      `json:"accepted"`
	Again    bool      `json:"again"` // it will be sent again
}

// Tally counts webhooks. Each is counted once as sent, and once more as accepted, failed (given up) or pending, however often it is
// attempted; one that a fault loses is counted as lost only.
type Tally struct {
	Sent     int            `json:"sent"`
	Accepted int            `json:"accepted"`
	Failed   int            `json:"failed"`
	Pending  int            `json:"pending"`
	Lost     int            `json:"lost"`
	Attempts int            `json:"attempts"`
	Events   map[string]int `json:"events"` // sent, by event
}

const keptDeliveries = 1000

type deliveryLog struct {
	mu     sync.Mutex
	tally  Tally
	recent []Delivery
	settle []chan struct{} // closed once nothing is pending
}

// settled tells who waits, once nothing is pending. The caller holds the lock.
func (l *deliveryLog) settled() {
	if l.tally.Pending > 0 {
		return
	}
	for _, c := range l.settle {
		close(c)
	}
	l.settle = nil
}

func (l *deliveryLog) begin(event string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.Sent++
	l.tally.Pending++
	l.tally.Events[event]++
}

// unwanted takes back what begin noted: the webhook's filter leaves the event out.
func (l *deliveryLog) unwanted(event string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.Sent--
	l.tally.Pending--
	l.tally.Events[event]--
	l.settled()
}

func (l *deliveryLog) lost() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.Lost++
}

// end notes an attempt; again says that the message will be sent once more.
func (l *deliveryLog) end(m message, at time.Time, status int, err error, again bool) {
	d := Delivery{
		At: at, Product: m.product, App: m.app, Event: m.event.Name, ID: m.id, Attempt: m.attempts + 1,
		Status: status, Accepted: status >= 200 && status < 300, Again: again,
	}
	if err != nil {
		d.Error = err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.Attempts++
	switch {
	case again:
	case d.Accepted:
		l.tally.Accepted++
		l.tally.Pending--
	default:
		l.tally.Failed++
		l.tally.Pending--
	}
	if len(l.recent) == keptDeliveries {
		l.recent = slices.Delete(l.recent, 0, keptDeliveries/10)
	}
	l.recent = append(l.recent, d)
	l.settled()
}

// Tally counts the webhooks since the host was opened.
func (h *Host) Tally() Tally {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	t := h.log.tally
	t.Events = maps.Clone(t.Events)
	return t
}

// Settle waits until no webhook is pending. What happens meanwhile may lead to more: then it waits for those too.
func (h *Host) Settle(ctx context.Context) error {
	h.log.mu.Lock()
	if h.log.tally.Pending == 0 {
		h.log.mu.Unlock()
		return nil
	}
	c := make(chan struct{})
	h.log.settle = append(h.log.settle, c)
	pending := h.log.tally.Pending
	h.log.mu.Unlock()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for webhooks, of which %d were pending: %w", pending, ctx.Err())
	}
}

// Deliveries returns the newest attempts, at most 1,000, oldest first.
func (h *Host) Deliveries() []Delivery {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	return slices.Clone(h.log.recent)
}

// Close ends all deliveries. What waits is dropped.
func (h *Host) Close() {
	h.mu.Lock()
	queues := slices.Collect(maps.Values(h.queues))
	h.queues = map[string]*queue{}
	h.closed = true
	h.mu.Unlock()
	for _, q := range queues {
		h.drop(q, "the site was closed")
	}
	for _, q := range queues {
		q.done.Wait()
	}
}

// drop closes a queue and notes what it held as given up.
func (h *Host) drop(q *queue, why string) {
	for _, m := range q.close() {
		h.log.end(m, h.site.Now(), 0, errors.New(why), false)
	}
}
