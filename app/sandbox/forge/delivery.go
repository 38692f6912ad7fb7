package forge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/throughline/throughline/app/sandbox/site"
)

// answerTime is how long an app may take.
const answerTime = 5 * time.Second

// message is one call on its way to an app.
type message struct {
	app, product, route string
	payload             map[string]any
	wrapped             bool // the payload goes below "payload", as Atlassian's text shows it, and not to the root
	attempt             int
	reason              string // why the former attempt failed, in Forge's words
}

// Deliver sends an event of a product to every app, and returns at once. Like Forge it promises no order, and tells apps of restricted
// issues too, whether or not their account sees them (Atlassian's documentation of product events).
func (h *Host) Deliver(e site.Event) {
	name, payload := translate(e)
	if name == "" {
		return
	}
	for _, app := range h.Apps() {
		own := maps.Clone(payload)
		own["selfGenerated"] = e.Actor == app.AccountID
		copies := 1
		if h.Upset != nil {
			copies, _ = h.Upset(e)
		}
		// Which of the two shapes a remote gets is not settled, so that apps should take both: Jira's events have one, Confluence's the other.
		for range copies {
			h.deliver(message{app: app.ID, product: e.Product, route: app.Routes.Event, payload: own, wrapped: e.Product == Jira})
		}
	}
}

// deliver sends a message in the background until it is accepted or given up.
func (h *Host) deliver(m message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.shut {
		return
	}
	h.tally.Sent++
	h.tally.Pending++
	h.busy.Go(func() {
		err := h.send(m)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.tally.Pending--
		if err == nil {
			h.tally.Accepted++
			return
		}
		h.tally.Failed++
		h.Log.Warn("an event was given up", "app", m.app, "route", m.route, "error", err)
	})
}

func (h *Host) send(m message) error {
	for {
		app, ok := h.App(m.app)
		if !ok {
			return errors.New("the app was uninstalled")
		}
		select {
		case h.room <- struct{}{}:
		case <-h.ctx.Done():
			return h.ctx.Err()
		}
		reason, err := h.post(h.ctx, app, m)
		<-h.room
		if err == nil || m.attempt == len(h.Retry) {
			return err
		}
		m.reason = reason
		select {
		case <-time.After(h.Retry[m.attempt]):
			m.attempt++
		case <-h.ctx.Done():
			return errors.Join(err, h.ctx.Err())
		}
	}
}

// post makes one attempt, with tokens of its own. The reason is what Forge tells the next one.
func (h *Host) post(ctx context.Context, app App, m message) (reason string, err error) {
	const failed = "INVALID_REMOTE_INVOCATION_ERROR"
	h.mu.Lock()
	h.tally.Attempts++
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	body, err := m.body()
	if err != nil {
		return failed, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, app.Remote+m.route, bytes.NewReader(body))
	if err != nil {
		return failed, fmt.Errorf("call %s: %w", m.route, err)
	}
	invocation, err := h.invocationToken(app, m.product)
	if err != nil {
		return failed, err
	}
	access, err := h.accessToken(app)
	if err != nil {
		return failed, err
	}
	req.Header.Set("Authorization", "Bearer "+invocation)
	if access != "" {
		req.Header.Set("X-Forge-Oauth-System", access)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header["Idempotency-Key"] = nil // never sent; lets the transport replace a kept connection that the app has closed meanwhile
	resp, err := h.Client.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return "TIMEOUT_ERROR", fmt.Errorf("call %s: %w", m.route, err)
		}
		return failed, fmt.Errorf("call %s: %w", m.route, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection serves again
	switch {
	case resp.StatusCode/100 == 2:
		return "", nil
	case resp.StatusCode == http.StatusUnauthorized:
		return "INVALID_FORGE_INVOCATION_TOKEN", fmt.Errorf("call %s: the app answered %s", m.route, resp.Status)
	}
	return failed, fmt.Errorf("call %s: the app answered %s", m.route, resp.Status)
}

func (m message) body() ([]byte, error) {
	payload := maps.Clone(m.payload)
	if m.attempt > 0 {
		payload["retryContext"] = map[string]any{"retryCount": m.attempt, "retryReason": m.reason, "retryData": nil}
	}
	var whole any = payload
	if m.wrapped {
		whole = map[string]any{"payload": payload}
	}
	body, err := json.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("encoding a call of %s: %w", m.route, err)
	}
	return body, nil
}
