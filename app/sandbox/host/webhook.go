package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/throughline/throughline/app/sandbox/signing"
	"github.com/throughline/throughline/app/sandbox/site"
)

const webhookTimeout = 10 * time.Second

// message is one webhook on its way to one app.
type message struct {
	app      string // key
	product  string
	event    site.Event
	path     string
	filter   string // JQL
	id       string // the same however often it is sent
	attempts int
	late     bool
	hook     *Hook // an administrator's webhook instead of an app's
}

// Deliver queues an event for every app that listens for it, and returns at once. Apps are told side by side; one app is told in
// the order of the events, a message that must be sent again apart. An app is not told of what its account does not see; whether Atlassian
// does the same, its documentation leaves open. Administrators' webhooks are told of everything.
func (h *Host) Deliver(e site.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.tell(message{product: e.Product, event: e})
	for _, app := range h.apps {
		if app.Product != e.Product || e.Sees != nil && !e.Sees(app.AccountID) {
			continue
		}
		for _, w := range app.Descriptor.webhooks() {
			if w.Event != e.Name {
				continue
			}
			copies, late := 1, false
			if h.Upset != nil {
				copies, late = h.Upset(e)
			}
			id := signing.NewID()
			if copies == 0 {
				h.log.lost()
			}
			for range copies {
				h.log.begin(e.Name)
				h.queue(app).push(message{app: app.Descriptor.Key, product: app.Product, event: e, path: w.URL, filter: w.Filter, id: id, late: late})
			}
		}
	}
}

// wanted applies a webhook's JQL filter, before the first attempt. Of an issue that is gone no query can tell; its deletion is told.
func (h *Host) wanted(m message) bool {
	if m.filter == "" || h.Match == nil || m.attempts > 0 || m.event.Name == "jira:issue_deleted" {
		return true
	}
	var body struct {
		Issue struct{ Key string } `json:"issue"`
	}
	if json.Unmarshal(m.event.Body, &body) != nil || body.Issue.Key == "" {
		return true
	}
	ok, err := h.Match(body.Issue.Key, m.filter)
	if err != nil {
		h.Log.Warn("a webhook's filter is no query; it is passed over", "filter", m.filter, "error", err)
		return true
	}
	return ok
}

func (h *Host) queue(app App) *queue {
	return h.queueOf(app.Product + " " + app.Descriptor.Key)
}

func (h *Host) queueOf(name string) *queue {
	q := h.queues[name]
	if q == nil {
		q = newQueue(h.send)
		h.queues[name] = q
	}
	return q
}

// send posts a message once. Of Jira's it decides whether and when it is sent again; Confluence sends a message once, whatever comes back.
func (h *Host) send(ctx context.Context, m message) (again time.Duration) {
	var status int
	var err error
	if m.hook != nil {
		status, err = h.postHook(ctx, m)
	} else {
		app, ok := h.App(m.product, m.app)
		if !ok {
			h.log.end(m, h.site.Now(), 0, errors.New("the app was uninstalled"), false)
			return 0
		}
		if !h.wanted(m) {
			h.log.unwanted(m.event.Name)
			return 0
		}
		status, err = h.post(ctx, app, m)
	}
	if m.product == Jira && m.attempts < len(h.Retry) && repeatable(status, err) {
		h.log.end(m, h.site.Now(), status, err, true)
		return max(h.Retry[m.attempts], time.Millisecond)
	}
	h.log.end(m, h.site.Now(), status, err, false)
	return 0
}

// repeatable are the answers after which Jira sends a webhook again.
func repeatable(status int, err error) bool {
	return err != nil || status >= 500 ||
		slices.Contains([]int{http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests}, status)
}

var variable = regexp.MustCompile(`\$\{([a-zA-Z.]+)\}|\{([a-zA-Z.]+)\}`)

// post sends a message to where its webhook says, with who did it in the query.
func (h *Host) post(ctx context.Context, app App, m message) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	u, err := url.Parse(app.address(fill(m.path, m.event.Body)))
	if err != nil {
		return 0, fmt.Errorf("webhook %s of %s: %w", m.event.Name, m.app, err)
	}
	q := u.Query()
	q.Set("user_id", m.event.Actor)
	q.Set("user_key", m.event.Actor)
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(m.event.Body))
	if err != nil {
		return 0, fmt.Errorf("webhook %s of %s: %w", m.event.Name, m.app, err)
	}
	claims := h.claims(app.ClientKey)
	claims["qsh"] = QSH(req.Method, req.URL, app.Descriptor.BaseURL)
	if m.event.Actor != "" {
		claims["sub"] = m.event.Actor
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(app.Secret))
	if err != nil {
		return 0, fmt.Errorf("webhook %s of %s: %w", m.event.Name, m.app, err)
	}
	req.Header.Set("Authorization", "JWT "+token)
	req.Header.Set("Content-Type", "application/json; charset=UTF-8")
	if m.product == Jira {
		req.Header.Set("X-Atlassian-Webhook-Identifier", m.id)
		req.Header.Set("X-Atlassian-Webhook-Flow", "Primary")
		if m.attempts > 0 {
			req.Header.Set("X-Atlassian-Webhook-Retry", strconv.Itoa(m.attempts))
		}
	}
	req.Header["Idempotency-Key"] = nil // never sent; lets the transport replace a kept connection that the app has closed meanwhile
	resp, err := h.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("webhook %s of %s: %w", m.event.Name, m.app, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection serves again
	return resp.StatusCode, nil
}

// fill replaces the variables that a webhook's address may hold, such as ${issue.key}, by values of the payload.
func fill(path string, body json.RawMessage) string {
	return variable.ReplaceAllStringFunc(path, func(s string) string {
		var payload struct {
			Issue   struct{ ID, Key string }
			Comment struct{ ID string }
		}
		_ = json.Unmarshal(body, &payload) // what is not there is empty
		switch variable.FindString(s) {
		case "${issue.id}", "{issue.id}":
			return url.PathEscape(payload.Issue.ID)
		case "${issue.key}", "{issue.key}":
			return url.PathEscape(payload.Issue.Key)
		case "${comment.id}", "{comment.id}":
			return url.PathEscape(payload.Comment.ID)
		}
		return ""
	})
}
