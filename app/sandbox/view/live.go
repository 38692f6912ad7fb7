package view

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// hub tells open pages that something changed.
type hub struct {
	mu     sync.Mutex
	subs   map[chan struct{}]struct{}
	closed chan struct{}
}

func newHub() *hub { return &hub{subs: map[chan struct{}]struct{}{}, closed: make(chan struct{})} }

func (h *hub) tell() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.subs {
		select {
		case ch <- struct{}{}:
		default: // it has one waiting
		}
	}
}

func (h *hub) follow() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs[ch] = struct{}{}
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.subs, ch)
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closed:
	default:
		close(h.closed)
	}
}

const (
	gather    = 40 * time.Millisecond // changes that follow each other this closely are told as one
	heartbeat = 20 * time.Second      // how soon a browser that has gone away is noticed
)

// stream is the one endpoint that open pages listen at: a server-sent event "change" whenever anything changed, and one at the
// start, for what happened between the page's making and its first listening.
func (v *View) stream(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	// A stream lasts longer than any answer may; a server without deadlines has none to lift.
	_ = control.SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	pages, leavePages := v.wiki.Changes()
	defer leavePages()
	others, leaveOthers := v.live.follow()
	defer leaveOthers()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	send := func(s string) bool {
		_, err := io.WriteString(w, s)
		return err == nil && control.Flush() == nil
	}
	ok := send("retry: 500\nevent: change\ndata: {}\n\n")
	for ok {
		select {
		case <-r.Context().Done():
			return
		case <-v.live.closed:
			return
		case <-beat.C:
			ok = send(": still here\n\n")
			continue
		case <-pages:
		case <-others:
		}
		time.Sleep(gather)
		ok = send("event: change\ndata: {}\n\n")
	}
}
